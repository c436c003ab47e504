import { randomBytes } from 'node:crypto'
import type { Surface } from '../../src/modules/gate/index.ts'
import { createId } from '../../src/platform/ids.ts'
import type { TestApp } from './app.ts'

const dayMs = 24 * 60 * 60 * 1000

/** A device that has been there for two days, or since `sinceMs`, without anything else of a phone. */
export async function createPerson(app: TestApp, sinceMs = app.clock.now() - 2 * dayMs): Promise<string> {
  const id = createId(sinceMs)
  const values = [id, randomBytes(16).toString('hex'), new Date(sinceMs)]
  await app.postgres.pool.query('insert into devices (id, registration, registered_at) values ($1, $2, $3)', values)
  return id
}

let attempts = 0

/** Asks the gate as a module that writes does; every time a new attempt unless one is given. */
export const askGate = (
  app: TestApp,
  personId: string,
  {
    surface = 'ACTIVITY',
    attempt = `attempt-${++attempts}`,
    texts = [`Coffee, number ${attempts}`],
  }: { surface?: Surface; attempt?: string; texts?: string[] } = {},
) => app.services.gate.ask({ surface, personId, attempt, texts })

type Given = Parameters<TestApp['services']['gate']['restrictions']['impose']>[1]
const usual = { surface: null, reason: 'test', explanation: 'For a test.', authorId: null, decisionId: null }

/** Restricts somebody as enforcement does. */
export async function impose(
  app: TestApp,
  given: Pick<Given, 'personId' | 'kind' | 'minutes'> & Partial<Given>,
): Promise<string> {
  const { gate } = app.services
  const made = await app.postgres.transaction((sql) => gate.restrictions.impose(sql, { ...usual, ...given }))
  await gate.refresh(given.personId)
  if (!made) throw new Error('nobody is there')
  return made.id
}

/** Changes how somebody stands. */
export async function setStanding(app: TestApp, personId: string, { trust = 50, risk = 30 }): Promise<void> {
  await app.postgres.pool.query(
    `insert into standings (person_id, trust, risk, version, known_since) values ($1, $2, $3, 1, now() - interval '2 days')
     on conflict (person_id) do update set trust = $2, risk = $3, version = standings.version + 1`,
    [personId, trust, risk],
  )
  await app.services.gate.refresh(personId)
}
