import { createAccount } from '../kit/accounts.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { ask, codeOf } from '../kit/gql.ts'
import { createPhone } from '../kit/phones.ts'
import { createStaff } from '../kit/staff.ts'

let app: TestApp
let other: TestApp
let admin: Awaited<ReturnType<typeof createStaff>>
beforeAll(async () => {
  app = await createTestApp()
  other = await app.node()
  admin = await createStaff(app)
})

const documents = {
  grant: `mutation ($input: GrantRoleInput!) { change: grantRole(input: $input) { __typename
    ... on GrantRolePayload { account { id roles } } } }`,
  withdraw: `mutation ($input: WithdrawRoleInput!) { change: withdrawRole(input: $input) { __typename
    ... on Error { code } ... on WithdrawRolePayload { account { id roles } } } }`,
  hold: `mutation ($input: HoldAccountInput!) { change: holdAccount(input: $input) { __typename
    ... on HoldAccountPayload { account { id } } } }`,
  revoke: `mutation ($input: RevokeAccountInput!) { change: revokeAccount(input: $input) { __typename
    ... on RevokeAccountPayload { account { id revokedAt } } } }`,
}
type Change = { change: { __typename: string; code?: string; account?: { id: string; roles?: string[] } } }
const change = (what: keyof typeof documents, input: object, token: string | undefined = admin.token) =>
  ask<Change>(app, documents[what], { input }, { token })
const globalId = (id: string) => Buffer.from(`Account:${id}`).toString('base64')
const audits = async (accountId: string) => {
  const text = 'select actor_id, action, detail from account_audits where account_id = $1 order by at, id'
  return (await app.postgres.pool.query(text, [accountId])).rows
}

test('roles are given and taken by ADMIN, count within ten seconds, and are written down once each', async () => {
  const { accountId, token } = await createAccount(app)
  for (const id of [globalId(accountId), accountId]) {
    const { data } = await change('grant', { accountId: id, role: 'ORGANIZER' })
    expect(data?.change.account).toEqual({ id: globalId(accountId), roles: ['USER', 'ORGANIZER'] })
  }
  app.clock.advance(10_000)
  for (const on of [app, other])
    expect(await on.services.identity.authenticate(token)).toMatchObject({ roles: ['USER', 'ORGANIZER'] })
  for (let i = 0; i < 2; i++) {
    const { data } = await change('withdraw', { accountId, role: 'ORGANIZER' })
    expect(data?.change.account?.roles).toEqual(['USER'])
  }
  app.clock.advance(10_000)
  expect(await other.services.identity.authenticate(token)).toMatchObject({ roles: ['USER'] })
  app.clock.advance(-20_000)
  expect(await audits(accountId)).toEqual([
    { actor_id: admin.id, action: 'GRANT_ROLE', detail: { role: 'ORGANIZER' } },
    { actor_id: admin.id, action: 'WITHDRAW_ROLE', detail: { role: 'ORGANIZER' } },
  ])
})

test('the last ADMIN keeps the role; a revoked one is none', async () => {
  const own = await createTestApp()
  const [first, second, third] = [await createStaff(own), await createStaff(own), await createStaff(own)]
  const withdraw = (accountId: string) =>
    ask<Change>(own, documents.withdraw, { input: { accountId, role: 'ADMIN' } }, { token: first.token })
  expect((await withdraw(third.id)).data?.change.__typename).toBe('WithdrawRolePayload')
  await ask(own, documents.revoke, { input: { accountId: second.id } }, { token: first.token })
  expect((await withdraw(first.id)).data?.change).toEqual({ __typename: 'LastAdminError', code: 'CONFLICT' })
})

test('an account is held and let go, and why is written down', async () => {
  const { accountId } = await createAccount(app)
  const held = async () =>
    (await app.postgres.pool.query('select held_at from accounts where id = $1', [accountId])).rows[0].held_at
  await change('hold', { accountId, held: true, reason: ' asked by a court ' })
  await change('hold', { accountId, held: true, reason: 'again' })
  expect(await held()).toBeInstanceOf(Date)
  await change('hold', { accountId, held: false, reason: 'decided' })
  expect(await held()).toBeNull()
  expect(await audits(accountId)).toEqual([
    { actor_id: admin.id, action: 'HOLD', detail: { reason: 'asked by a court' } },
    { actor_id: admin.id, action: 'RELEASE', detail: { reason: 'decided' } },
  ])
})

test('an account is revoked by its id in either form, and that is written down', async () => {
  for (const form of [globalId, (id: string) => id]) {
    const { accountId, token } = await createAccount(app)
    for (let i = 0; i < 2; i++)
      expect((await change('revoke', { accountId: form(accountId) })).data?.change.__typename).toBe(
        'RevokeAccountPayload',
      )
    expect(codeOf(await ask(app, '{ me { id } }', {}, { token }))).toBe('SESSION_REVOKED')
    expect(await audits(accountId)).toEqual([{ actor_id: admin.id, action: 'REVOKE', detail: {} }])
  }
})

test('all of that is for ADMIN, about accounts that are there', async () => {
  const { accountId } = await createAccount(app)
  const wishes = [
    ['grant', { role: 'ADMIN' }],
    ['withdraw', { role: 'ADMIN' }],
    ['hold', { held: true, reason: 'because' }],
    ['revoke', {}],
  ] as const
  const [user, moderator, phone] = [
    await createAccount(app),
    await createStaff(app, 'MODERATOR'),
    await createPhone(app),
  ]
  for (const [what, more] of wishes) {
    for (const { token } of [user, moderator, phone])
      expect(codeOf(await change(what, { accountId, ...more }, token))).toBe('FORBIDDEN')
    expect(codeOf(await ask(app, documents[what], { input: { accountId, ...more } }))).toBe('UNAUTHENTICATED')
    for (const id of [
      '',
      '*',
      "' or 1=1",
      accountId.toUpperCase(),
      globalId('1'),
      phone.deviceId,
      accountId.replace(/^..../, '0000'),
    ])
      expect(codeOf(await change(what, { accountId: id, ...more }))).toBe('NOT_FOUND')
  }
  expect(codeOf(await change('withdraw', { accountId, role: 'USER' }))).toBe('BAD_USER_INPUT')
  for (const reason of ['', ' ', 'x'.repeat(501), 'a\0b'])
    expect(codeOf(await change('hold', { accountId, held: true, reason }))).toBe('BAD_USER_INPUT')
  expect(await audits(accountId)).toEqual([])
})

test('what is written down stays as it is', async () => {
  for (const text of ['delete from account_audits', `update account_audits set action = ''`, 'truncate account_audits'])
    await expect(app.postgres.pool.query(text)).rejects.toThrow('only added to')
})
