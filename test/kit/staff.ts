import { randomBytes } from 'node:crypto'
import { createId } from '../../src/platform/ids.ts'
import type { TestApp } from './app.ts'

/** An account of a role, and a token for it. */
export async function createStaff(
  app: TestApp,
  role = 'ADMIN',
): Promise<{ id: string; username: string; token: string }> {
  const id = createId(app.clock.now())
  const username = `staff-${randomBytes(6).toString('hex')}`
  const values = [id, username, role]
  await app.postgres.pool.query(
    'insert into accounts (id, username, roles) values ($1, $2, array[$3]::"Role"[])',
    values,
  )
  return { id, username, token: await app.services.identity.mintAccountToken(username) }
}
