// biome-ignore-all lint/suspicious/noThenProperty: the word of the documents, which nobody awaits
import { newUsername, password, registerDocument, type SignInResult } from '../kit/accounts.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { eventually } from '../kit/eventually.ts'
import { ask } from '../kit/gql.ts'
import { createRedisMonitor } from '../kit/monitor.ts'
import { newClientId } from '../kit/phones.ts'
import { activated } from '../kit/policies.ts'
import { createStaff } from '../kit/staff.ts'

let app: TestApp
let staffToken: string
const mute = { kind: 'MUTE', surface: null, minutes: 30 }
const rules = [
  ['raffle', { action: 'HIDE', severity: 3, reason: 'Raffles wait for staff.', openCase: true }],
  ['drum', { action: 'SHADOW', severity: 1, reason: 'Drums.' }],
  ['oracle', { action: 'CHALLENGE', severity: 1, reason: 'Oracles.' }],
  ['volcano', { action: 'REJECT', severity: 4, reason: 'No volcanoes here.' }],
  ['noisy', { action: 'ALLOW', severity: 1, reason: 'Too noisy.', restrict: mute }],
  ['shop', { action: 'STRIP_LINKS', severity: 1, reason: 'No shops.' }],
] as const

beforeAll(async () => {
  app = await createTestApp()
  staffToken = (await createStaff(app)).token
  const document = { rules: rules.map(([word, then]) => ({ id: word, when: { matches: word }, then })) }
  await activated(app, staffToken, JSON.stringify(document))
})

async function register(more: { username?: string; displayName?: string; clientId?: string }, on = app) {
  const input = { username: newUsername(), password, displayName: '', ...more }
  const { data, errors } = await ask<{ register: SignInResult }>(on, registerDocument, { input })
  const id =
    Buffer.from(data?.register?.account?.id ?? '', 'base64')
      .toString()
      .split(':')[1] ?? ''
  return { ...input, id, result: data?.register, refused: errors?.[0]?.extensions, token: data?.register?.accessToken }
}
const rows = async (text: string, values: unknown[]) => (await app.postgres.pool.query(text, values)).rows
const decisionsOn = (id: string) => rows('select action, state, rule from decisions where subject_id = $1', [id])
/** What others see, and what the account itself sees. */
async function names({ id, token }: { id: string; token: string | undefined }) {
  const { profiles } = app.services
  const { data } = await ask<{ me: { displayName: string } }>(app, '{ me { displayName } }', {}, { token })
  return [(await profiles.byIds(null, [id])).get(id)?.displayName, data?.me.displayName]
}

test('a display name that is not allowed makes no account, and says why', async () => {
  const { username, result } = await register({ displayName: 'Ann of the volcano' })
  expect(result).toMatchObject({ __typename: 'ContentRejectedError', code: 'CONTENT_REJECTED' })
  expect(await rows('select from accounts where username = $1', [username])).toEqual([])
  const again = await register({ username, displayName: 'Ann' })
  expect(again.result).toMatchObject({ __typename: 'RegisterPayload', account: { username } })
})

test.each([
  ['raffle', 'HIDE'],
  ['drum', 'SHADOW'],
])('a name of a %s is its owner’s only from the first moment, until staff shows it', async (word, action) => {
  const made = await register({ displayName: `Ann of the ${word}` })
  const hidden = [made.username, made.displayName]
  expect(await names(made)).toEqual(hidden)
  for (let i = 0; i < 2; i++) await app.idle()
  expect(await decisionsOn(made.id)).toEqual([{ action, state: 'APPLIED', rule: word }])
  const cases = await rows('select severity from moderation_cases where subject_id = $1', [made.id])
  expect(cases).toEqual(action === 'HIDE' ? [{ severity: 3 }] : [])
  expect(await names(made)).toEqual(hidden)
  const [decision] = await rows('select id from decisions where subject_id = $1', [made.id])
  const input = { decisionId: Buffer.from(`Decision:${decision.id}`).toString('base64'), reason: 'a nice name' }
  const revert = 'mutation ($input: RevertDecisionInput!) { revertDecision(input: $input) { __typename } }'
  await ask(app, revert, { input }, { token: staffToken })
  expect(await names(made)).toEqual([made.displayName, made.displayName])
})

test('nobody is challenged before they are there; what holds them back does so from then on', async () => {
  const made = await register({ displayName: 'Ann of the oracle' })
  expect(made.result).toMatchObject({ __typename: 'RegisterPayload' })
  expect(await names(made)).toEqual([made.displayName, made.displayName])
  const loud = await register({ displayName: 'Noisy Ann' })
  const kinds = (id: string) => rows('select kind from restrictions where person_id = $1', [id])
  const held = await eventually(
    () => kinds(loud.id),
    ({ length }) => length > 0,
  )
  expect(held).toEqual([{ kind: 'MUTE' }])
  expect(await kinds(made.id)).toEqual([])
})

test('links are taken out of a name, and the same registration again is the same', async () => {
  const wish = { clientId: newClientId(), username: newUsername(), displayName: 'Ann of the shop https://shop.example' }
  const [first, again] = [await register(wish), await register(wish)]
  expect(await names(first)).toEqual(['Ann of the shop', 'Ann of the shop'])
  expect(again.id).toBe(first.id)
  const hidden = { clientId: newClientId(), username: newUsername(), displayName: 'Ben of the raffle' }
  expect((await register(hidden)).id).toBe((await register(hidden, await app.node())).id)
})

test('a slur is no username, however it is written; that is all that is said', async () => {
  for (const username of ['raghead', 'Rag_Head', 'r.a.g.h.e.a.d', 'raghead_lopez']) {
    const { result, refused } = await register({ username })
    expect(result ?? null).toBeNull()
    expect(refused).toMatchObject({ code: 'BAD_USER_INPUT', field: 'username' })
  }
  for (const username of [`scunthorpe_${newUsername()}`, `dick.smith.${newUsername()}`])
    expect((await register({ username })).result).toMatchObject({ account: { username } })
})

test('a name costs one step of Redis more, and is judged while that is away', async () => {
  const monitor = await createRedisMonitor(app)
  const plain = await monitor.during(() => register({}))
  const named = await monitor.during(() => register({ displayName: 'Ada' }))
  monitor.close()
  expect(named.length - plain.length).toBeLessThanOrEqual(1)
  const own = await app.node()
  own.redis.command.disconnect()
  expect((await register({ displayName: 'Ann of the volcano' }, own)).result?.code).toBe('CONTENT_REJECTED')
  const made = await register({ displayName: 'Ben of the drum' }, own)
  expect(await names(made)).toEqual([made.username, made.displayName])
  await own.redis.command.connect()
})
