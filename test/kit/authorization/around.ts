import type { TestApp } from '../app.ts'
import { createPhone } from '../phones.ts'
import { createStaff } from '../staff.ts'
import type { Tokens } from './rows.ts'

/** Those who have to do with nothing. */
export async function createAround(app: TestApp): Promise<Tokens> {
  return {
    device: (await createPhone(app)).token,
    account: (await createStaff(app, 'USER')).token,
    MODERATOR: (await createStaff(app, 'MODERATOR')).token,
    ADMIN: (await createStaff(app, 'ADMIN')).token,
  }
}
