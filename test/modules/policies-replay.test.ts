import { createHash } from 'node:crypto'
import type { Features } from '../../src/modules/policies/index.ts'
import { createJudgedStore } from '../../src/modules/policies/judged-store.ts'
import { canonicalJson, digestOf } from '../../src/modules/policies/replay-report.ts'
import { replayed } from '../../src/modules/policies/replays.ts'
import { rawId } from '../kit/accounts.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { ask, codeOf } from '../kit/gql.ts'
import { newClientId } from '../kit/phones.ts'
import { activated, changePolicy, draft, judged, newPerson, policyDocument } from '../kit/policies.ts'
import { createStaff } from '../kit/staff.ts'

let app: TestApp
let admin: Awaited<ReturnType<typeof createStaff>>
beforeAll(async () => {
  app = await createTestApp()
  admin = await createStaff(app)
})

interface Replay {
  id: string
  state: string
  events: number
  accounts: number
  unchanged: number
  unknown: number
  differences: { from: string; to: string; count: number }[]
  rules: { rule: string; matched: number; accounts: number; share: number; unknown: number }[]
  examples: string[]
  digest: string | null
}

const replayFields = `id state events accounts unchanged unknown differences { from to count }
  rules { rule matched accounts share unknown } examples digest`
const replayDocument = `mutation ($input: ReplayPolicyInput!) { result: replayPolicy(input: $input) {
  __typename ... on Error { code } ... on ReplayPolicyPayload { replay { ${replayFields} } } } }`

const iso = (ms: number) => new Date(ms).toISOString()
async function replay(
  on: TestApp,
  token: string,
  policyId: string,
  span: { since: number; until: number },
  clientId = newClientId(),
) {
  const input = { clientId, policyId, since: iso(span.since), until: iso(span.until) }
  return ask<{ result: { replay?: Replay; code?: string } }>(on, replayDocument, { input }, { token })
}
async function report(on: TestApp, token: string, id: string): Promise<Replay> {
  const query = `query ($id: ID!) { policyReplay(id: $id) { ${replayFields} } }`
  const { data } = await ask<{ policyReplay: Replay }>(on, query, { id }, { token })
  if (!data) throw new Error('there is no such replay')
  return data.policyReplay
}

/** Past writes of an own deployment: 60 of 30 people, one minute apart. */
async function past() {
  const own = await createTestApp()
  const staff = await createStaff(own)
  const since = own.clock.now()
  const people = Array.from({ length: 30 }, () => newPerson(own))
  await activated(own, staff.token, policyDocument({ matches: 'cats' }))
  for (let i = 0; i < 60; i += 1) {
    own.clock.advance(60_000)
    const changed: Partial<Features> = { trust: i, surface: i % 2 ? 'EVENT' : 'ACTIVITY' }
    judged(own, changed, { personId: people[i % 30] ?? '', folded: i % 10 === 0 ? 'cats' : 'dogs' })
  }
  own.clock.advance(60_000)
  await own.services.policies.flush()
  return { own, staff, span: { since, until: own.clock.now() } }
}

test('a replay tells what would have been decided otherwise, which rule touches whom, and what nobody can tell', async () => {
  const { own, staff, span } = await past()
  const rules = [
    { id: 'cats', when: { matches: 'cats', surfaces: ['ACTIVITY'] }, outcome: { action: 'REJECT', severity: 3 } },
    { id: 'trust', when: { trustBelow: 15 }, outcome: { action: 'CHALLENGE', severity: 1 } },
    { id: 'birds', when: { matches: 'birds', trustBelow: 4 }, outcome: { action: 'REJECT', severity: 4 } },
  ].map(({ id, when, outcome }) => JSON.parse(policyDocument(when, outcome, id)).rules[0])
  const id = await draft(own, staff.token, JSON.stringify({ rules }))
  const clientId = newClientId()
  const asked = await replay(own, staff.token, id, span, clientId)
  expect(asked.data?.result.replay).toMatchObject({ state: 'QUEUED', events: 0, digest: null })
  await own.idle()
  const told = await report(own, staff.token, asked.data?.result.replay?.id ?? '')
  // Cats were at 0, 10, …, 50. Of 0 to 3 nobody knows whether they were about birds.
  expect(told).toMatchObject({ state: 'DONE', events: 60, accounts: 30, unknown: 4, unchanged: 41 })
  expect(told.differences).toEqual([
    { from: 'ALLOW', to: 'CHALLENGE', count: 10 },
    { from: 'HIDE', to: 'REJECT', count: 5 },
  ])
  expect(told.rules).toEqual([
    { rule: 'cats', matched: 6, accounts: 3, share: 0.1, unknown: 0 },
    { rule: 'trust', matched: 15, accounts: 15, share: 0.5, unknown: 0 },
    { rule: 'birds', matched: 0, accounts: 0, share: 0, unknown: 4 },
  ])
  // It changed nothing, and asking for it again does not run it again.
  expect((await replay(own, staff.token, id, span, clientId)).data?.result.replay).toEqual(told)
  const mismatch = await replay(own, staff.token, id, { ...span, since: span.since + 1 }, clientId)
  expect(mismatch.data?.result.code).toBe('IDEMPOTENCY_MISMATCH')
  const another = await replay(own, staff.token, id, span)
  await own.idle()
  expect(await report(own, staff.token, another.data?.result.replay?.id ?? '')).toMatchObject({ digest: told.digest })
})

test('the report is the same to the byte, however many writes are read at once', async () => {
  const { own, staff, span } = await past()
  const id = rawId(await draft(own, staff.token, policyDocument({ trustBelow: 33 }, { action: 'REJECT' })))
  const store = createJudgedStore(own.postgres)
  const version = await own.services.policies.policy(id)
  const range = { since: new Date(span.since), until: new Date(span.until) }
  // Some of them at the same millisecond.
  await own.postgres.pool.query('update judged_writes set at = date_trunc($1, at)', ['hour'])
  range.since = new Date(span.since - 3_600_000)
  const reports = []
  for (const batch of [1, 7, 59, 60, 61, 1000]) reports.push(await replayed(store, version, { ...range, batch }))
  expect(new Set(reports.map(canonicalJson)).size).toBe(1)
  expect(reports[0]).toMatchObject({ events: 60, examples: { length: 20 } })
  const [first] = reports
  expect(first && digestOf(first)).toBe(createHash('sha256').update(canonicalJson(first)).digest('hex'))
})

test('times that are not over, or in the wrong order, are refused, and a version that is not there', async () => {
  const id = await draft(app, admin.token, policyDocument({ trustBelow: 5 }))
  const now = app.clock.now()
  for (const span of [
    { since: now - 1000, until: now + 60_000 },
    { since: now - 1000, until: now - 1000 },
    { since: now - 1000, until: now - 2000 },
  ])
    expect(codeOf(await replay(app, admin.token, id, span))).toBe('BAD_USER_INPUT')
  const never = Buffer.from('Policy:01900000-0000-7000-8000-000000000000').toString('base64')
  expect(codeOf(await replay(app, admin.token, never, { since: now - 1000, until: now }))).toBe('NOT_FOUND')
  const moderator = await createStaff(app, 'MODERATOR')
  expect(codeOf(await replay(app, moderator.token, id, { since: now - 1000, until: now }))).toBe('FORBIDDEN')
})

/** An own deployment in which 100 people have written, 30 of them with a trust of 10. */
async function crowd() {
  const own = await createTestApp()
  const [maker, approver, third] = [await createStaff(own), await createStaff(own), await createStaff(own)]
  for (let i = 0; i < 100; i += 1) judged(own, { trust: i < 30 ? 10 : 60 })
  await own.services.policies.flush()
  return { own, maker, approver, third }
}
const wide = policyDocument({ trustBelow: 20 }, { action: 'REJECT' }, 'wide')

test('what touches many is activated once somebody else has approved it: two people, however one of them tries', async () => {
  const { own, maker, approver, third } = await crowd()
  const id = await draft(own, maker.token, wide)
  const typeOf = async (who: { token: string }, what: 'activate' | 'approve') =>
    (await changePolicy(own, who.token, what, id)).data?.result?.__typename
  const { data } = await changePolicy(own, maker.token, 'activate', id)
  expect(data?.result).toMatchObject({ __typename: 'ApprovalNeededError', code: 'CONFLICT', rule: 'wide', share: 0.3 })
  // Again and again, at once, and in every order.
  const alone = await Promise.all(Array.from({ length: 20 }, (_, i) => typeOf(maker, i % 2 ? 'activate' : 'approve')))
  expect(new Set(alone)).toEqual(new Set(['OwnPolicyError', 'ApprovalNeededError']))
  expect(await typeOf(approver, 'approve')).toBe('ApprovePolicyPayload')
  expect(await typeOf(approver, 'activate')).toBe('ApprovalNeededError')
  expect(await typeOf(approver, 'approve')).toBe('ApprovePolicyPayload')
  expect(await typeOf(maker, 'activate')).toBe('ActivatePolicyPayload')
  const { rows } = await own.postgres.pool.query(
    `select action, actor_id as by from audit_log where target = $1 order by seq`,
    [`policy:${rawId(id)}`],
  )
  expect(rows).toEqual([
    { action: 'CREATE_POLICY', by: maker.id },
    { action: 'APPROVE_POLICY', by: approver.id },
    { action: 'ACTIVATE_POLICY', by: maker.id },
  ])
  // Whoever approves it is not who activates it, also if that is neither of the two.
  const next = await draft(own, maker.token, wide)
  await changePolicy(own, third.token, 'approve', next)
  expect((await changePolicy(own, approver.token, 'activate', next)).data?.result?.__typename).toBe(
    'ActivatePolicyPayload',
  )
})

test('an expression that was never tried may touch anybody; once it was tried beside the active version its share is known', async () => {
  const { own, maker } = await crowd()
  const document = policyDocument({ matches: 'cats' }, { action: 'REJECT' }, 'cats')
  const id = await draft(own, maker.token, document)
  const activation = async () => (await changePolicy(own, maker.token, 'activate', id)).data?.result
  expect(await activation()).toMatchObject({ __typename: 'ApprovalNeededError', rule: 'cats', share: 1 })
  await changePolicy(own, maker.token, 'shadow', id)
  const write = async (count: number, folded: string) => {
    for (let i = 0; i < count; i += 1) judged(own, {}, { folded })
    await own.services.policies.flush()
  }
  await write(99, 'dogs')
  expect(await activation()).toMatchObject({ __typename: 'ApprovalNeededError' })
  await write(25, 'cats')
  expect(await activation()).toMatchObject({ __typename: 'ApprovalNeededError', share: 0.201613 })
  await write(500, 'dogs')
  expect(await activation()).toMatchObject({ __typename: 'ActivatePolicyPayload' })
})

test('what touches few, lets pass, or touches a part of a handful needs nobody else; a default action that touches all does', async () => {
  const { own, maker } = await crowd()
  const needs = async (document: string) => {
    const id = await draft(own, maker.token, document)
    const query = 'query ($id: ID!) { policy(id: $id) { needsApproval } }'
    const { data } = await ask<{ policy: { needsApproval: boolean } }>(own, query, { id }, { token: maker.token })
    const activation = await changePolicy(own, maker.token, 'activate', id)
    expect(activation.data?.result?.__typename === 'ApprovalNeededError').toBe(data?.policy.needsApproval)
    return data?.policy.needsApproval
  }
  expect(await needs(wide)).toBe(true)
  expect(await needs(policyDocument({ trustBelow: 10 }, { action: 'REJECT' }))).toBe(false)
  expect(await needs(policyDocument({ trustBelow: 20 }, { action: 'ALLOW', openCase: true }))).toBe(false)
  const muting = { action: 'ALLOW', restrict: { kind: 'MUTE', minutes: 5 } }
  expect(await needs(policyDocument({ trustBelow: 20 }, muting))).toBe(true)
  expect(await needs(JSON.stringify({ defaultAction: 'CHALLENGE', rules: [] }))).toBe(true)
  // Of people who wrote longer ago nothing is known any more.
  own.clock.advance(31 * 24 * 60 * 60 * 1000)
  for (let i = 0; i < 19; i += 1) judged(own, { trust: 10 })
  await own.services.policies.flush()
  const later = await createStaff(own)
  const id = await draft(own, later.token, wide)
  expect((await changePolicy(own, later.token, 'activate', id)).data?.result?.__typename).toBe('ActivatePolicyPayload')
})
