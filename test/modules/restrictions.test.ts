import { createAccount } from '../kit/accounts.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'

let app: TestApp
let other: TestApp
beforeAll(async () => {
  app = await createTestApp()
  other = await app.node()
})

const minuteMs = 60 * 1000
let attempts = 0
const write = (personId: string, surface: 'MESSAGE' | 'PROFILE' = 'MESSAGE', on = app) =>
  on.services.gate.ask({ surface, personId, attempt: `attempt-${attempts++}`, texts: ['Hello'] })
const usual = { surface: null, reason: 'test', explanation: 'For a test.', authorId: null, decisionId: null }
const { impose, revoke } = {
  impose: async (
    given: Omit<Parameters<TestApp['services']['gate']['restrictions']['impose']>[1], keyof typeof usual> &
      Partial<typeof usual>,
  ) => {
    const made = await app.postgres.transaction((sql) =>
      app.services.gate.restrictions.impose(sql, { ...usual, ...given }),
    )
    await app.services.gate.refresh(given.personId)
    return made
  },
  revoke: async (personId: string, which: { id: string } | { decisionId: string }) => {
    const made = await app.postgres.transaction((sql) =>
      app.services.gate.restrictions.revoke(sql, { ...which, by: null }),
    )
    await app.services.gate.refresh(personId)
    return made
  },
}

test('a restriction holds on every node until it is over, to the millisecond', async () => {
  const { accountId } = await createAccount(app)
  await impose({ personId: accountId, kind: 'MUTE', minutes: 10 })
  for (const on of [app, other])
    await expect(write(accountId, 'MESSAGE', on)).rejects.toMatchObject({
      restriction: 'MUTE',
      explanation: 'For a test.',
    })
  app.clock.advance(10 * minuteMs)
  await expect(write(accountId)).resolves.toMatchObject({ hiddenBy: null })
  app.clock.advance(-10 * minuteMs)
})

test('without an end it holds until it is revoked', async () => {
  const { accountId } = await createAccount(app)
  const made = await impose({ personId: accountId, kind: 'BLOCK', minutes: null })
  await expect(write(accountId)).rejects.toMatchObject({ restriction: 'BLOCK', retryAfterMs: null })
  expect(await revoke(accountId, { id: String(made?.id) })).toMatchObject({ id: made?.id })
  expect(await revoke(accountId, { id: String(made?.id) })).toBeUndefined()
  await expect(write(accountId)).resolves.toMatchObject({ hiddenBy: null })
})
