import { createAccount, loginDocument, refreshDocument, type SignInResult } from '../kit/accounts.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { askGate, impose } from '../kit/gate.ts'
import { ask, codeOf } from '../kit/gql.ts'
import { createPhone } from '../kit/phones.ts'

let app: TestApp
let other: TestApp
beforeAll(async () => {
  app = await createTestApp()
  other = await app.node()
})

const more = '... on AccountBannedError { explanation retryAfterMs }'
const withMore = (document: string) =>
  document.replace('... on Error { code message }', `... on Error { code message } ${more}`)
type Answer = SignInResult & { explanation?: string; retryAfterMs?: number | null }
const login = async (username: string, password: string, on = app) =>
  (await ask<{ login: Answer }>(on, withMore(loginDocument), { input: { username, password } })).data?.login
const refresh = async (refreshToken: string) =>
  (await ask<{ refresh: Answer }>(app, withMore(refreshDocument), { input: { refreshToken } })).data?.refresh
const minuteMs = 60 * 1000

test('who is banned is signed out everywhere within a second, and told why only by the right password', async () => {
  const account = await createAccount(app)
  const streams = [app, other].map((on) => account.follow<object>('subscription { inbox { __typename } }', {}, on))
  for (const stream of streams) await stream.next()
  await impose(app, { personId: account.accountId, kind: 'BAN', minutes: 60 })
  for (const stream of streams) expect((await stream.ended).code).toBe(4410)
  for (const on of [app, other]) expect(codeOf(await account.ask('{ me { id } }', {}, on))).toBe('SESSION_REVOKED')
  expect(await login(account.username, 'not the password')).toMatchObject({ __typename: 'InvalidCredentialsError' })
  const refused = await login(account.username, account.password, other)
  expect(refused).toMatchObject({ __typename: 'AccountBannedError', code: 'FORBIDDEN', explanation: 'For a test.' })
  expect(refused?.retryAfterMs).toBeLessThanOrEqual(60 * minuteMs)
  expect(refused?.retryAfterMs).toBeGreaterThan(59 * minuteMs)
  expect(await refresh(account.refreshToken)).toMatchObject({ __typename: 'AccountBannedError' })
  const { rows } = await app.postgres.pool.query('select 1 from sign_ins where account_id = $1 and ended_at is null', [
    account.accountId,
  ])
  expect(rows).toEqual([])
})

test('after the ban has ended, or was lifted, signing in works again', async () => {
  const [patient, forgiven] = [await createAccount(app), await createAccount(app)]
  await impose(app, { personId: patient.accountId, kind: 'BAN', minutes: 60 })
  const id = await impose(app, { personId: forgiven.accountId, kind: 'BAN', minutes: null })
  expect(await login(forgiven.username, forgiven.password)).toMatchObject({
    __typename: 'AccountBannedError',
    retryAfterMs: null,
  })
  app.clock.advance(60 * minuteMs)
  expect(await login(patient.username, patient.password)).toMatchObject({ __typename: 'LoginPayload' })
  app.clock.advance(-60 * minuteMs)
  await app.postgres.transaction((sql) => app.services.gate.restrictions.revoke(sql, { id, by: null }))
  expect(await login(forgiven.username, forgiven.password, other)).toMatchObject({ __typename: 'LoginPayload' })
})

test('of a ban and a signing-in at once no signing-in is left', async () => {
  for (let round = 0; round < 8; round++) {
    const { accountId, username, password } = await createAccount(app)
    await Promise.all([
      login(username, password),
      impose(other, { personId: accountId, kind: 'BAN', minutes: 60 }),
      login(username, password, other),
    ])
    const { rows } = await app.postgres.pool.query(
      'select 1 from sign_ins where account_id = $1 and ended_at is null',
      [accountId],
    )
    expect(rows).toEqual([])
  }
})

test('where the ledger does not answer nobody is signed in', async () => {
  const own = await createTestApp()
  const { username, password } = await createAccount(own)
  await own.postgres.pool.query('alter table restrictions rename to restrictions_away')
  const answer = await ask(own, loginDocument, { input: { username, password } })
  expect(answer.data?.['login'] ?? null).toBeNull()
  await own.postgres.pool.query('alter table restrictions_away rename to restrictions')
})

test('a device that is banned writes nothing, and whoever signs in on it is somebody else', async () => {
  const phone = await createPhone(app)
  const account = await createAccount(app, { onDevice: phone })
  await impose(app, { personId: phone.personId, kind: 'BAN', minutes: null })
  for (const surface of ['ACTIVITY', 'ACTIVITY_MESSAGE', 'REPORT'] as const)
    await expect(askGate(other, phone.personId, { surface })).rejects.toMatchObject({
      restriction: 'BAN',
      retryAfterMs: null,
    })
  expect(await askGate(app, account.accountId, { surface: 'MESSAGE' })).toMatchObject({ hiddenBy: null })
  expect((await account.ask<{ me: object }>('{ me { id } }')).data?.me).toBeDefined()
})
