import { randomBytes } from 'node:crypto'
import * as fc from 'fast-check'
import { mayResolve } from '../../src/modules/appeals/appeals.ts'
import { createId } from '../../src/platform/ids.ts'
import { createAccount, type TestAccount } from '../kit/accounts.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { createCase, decideNow, globalId, newDecision, revertNow, tracesOf } from '../kit/decisions.ts'
import { rounds, runs } from '../kit/fuzz.ts'
import { ask, codeOf } from '../kit/gql.ts'
import { createPhone, newClientId } from '../kit/phones.ts'
import { follow } from '../kit/socket.ts'
import { createStaff } from '../kit/staff.ts'

let app: TestApp
let other: TestApp
type Staff = Awaited<ReturnType<typeof createStaff>>
let [decider, colleague]: Staff[] = []
beforeAll(async () => {
  app = await createTestApp()
  other = await app.node()
  decider = await createStaff(app, 'MODERATOR')
  colleague = await createStaff(app, 'MODERATOR')
})

const note = 'This was a quotation, and I said so.'
const createDocument = `mutation ($input: CreateAppealInput!) { createAppeal(input: $input) { __typename
  ... on CreateAppealPayload { appeal { id state note answer decision { id state } } } ... on AppealExistsError { code conflictingId }
  ... on NotAppealableError { code reason } ... on IdempotencyMismatchError { code } } }`
const resolveDocument = `mutation ($input: ResolveAppealInput!) { resolveAppeal(input: $input) { __typename
  ... on ResolveAppealPayload { appeal { id state answer decision { state } decidedById } } ... on AppealResolvedError { code state }
  ... on OwnDecisionError { code } } }`

interface Result {
  __typename: string
  code?: string
  reason?: string
  conflictingId?: string
  state?: string
  appeal?: { id: string; state: string; note: string | null; decision: { id: string; state: string } }
}

async function appeal(who: { token: string }, decisionId: string, more: object = {}, on: TestApp = app) {
  const input = { clientId: newClientId(), decisionId: globalId('Decision', decisionId), note, ...more }
  const answer = await ask<{ createAppeal: Result }>(on, createDocument, { input }, { token: who.token })
  return answer.data?.createAppeal ?? { __typename: String(codeOf(answer)) }
}

async function resolve(staff: Staff | undefined, appealId = '', outcome = 'ACCEPTED', on: TestApp = app) {
  const input = { appealId, outcome, answer: 'We looked at it again.' }
  const answer = await ask<{ resolveAppeal: Result }>(on, resolveDocument, { input }, { token: staff?.token })
  return answer.data?.resolveAppeal ?? { __typename: String(codeOf(answer)) }
}

/** A decision about an account, in a case. */
async function decided(
  who: TestAccount,
  action: 'MUTE' | 'WARN' | 'SHADOW' = 'MUTE',
  by: Staff | null = decider ?? null,
) {
  const subject = { kind: 'ACCOUNT' as const, id: who.accountId }
  const { rows } = await app.postgres.pool.query('select id from moderation_cases where subject_id = $1', [
    who.accountId,
  ])
  const caseId: string = rows[0]?.id ?? (await createCase(app, subject, who.accountId))
  // As a moderator may decide it: without an end it would be for ADMIN.
  const minutes = action === 'MUTE' ? 60 : null
  const given = newDecision(subject, who.accountId, action, { caseId, minutes, decidedBy: by?.id ?? null })
  return { caseId, decisionId: await decideNow(app, app.services.enforcement, given) }
}

test('an accepted appeal undoes the decision at once, counts for the appellant, and both are told within a second', async () => {
  const ann = await createAccount(app)
  const { caseId, decisionId } = await decided(ann)
  const made = await appeal(ann, decisionId)
  expect(made).toMatchObject({
    __typename: 'CreateAppealPayload',
    appeal: { state: 'OPEN', note, decision: { state: 'APPLIED' } },
  })
  const stream = follow<{ __typename: string; status?: { seq: number; state?: string; reverted?: boolean } }>(
    other,
    `subscription { myModerationStatus { __typename ... on ModerationStatusChanged { status { seq
      ... on DecisionStatus { reverted } ... on AppealStatus { state answer appeal { id state } } } } } }`,
    { token: ann.token },
  )
  await stream.next()
  const began = Date.now()
  expect(await resolve(colleague, made.appeal?.id)).toMatchObject({
    __typename: 'ResolveAppealPayload',
    appeal: { state: 'ACCEPTED', decidedById: globalId('Account', colleague?.id ?? '') },
  })
  expect((await stream.next()).status).toEqual({
    ...{ seq: 2, state: 'ACCEPTED', answer: 'We looked at it again.' },
    appeal: { id: made.appeal?.id, state: 'ACCEPTED' },
  })
  expect((await stream.next()).status).toMatchObject({ seq: 3, reverted: true })
  expect(Date.now() - began).toBeLessThan(5000)
  stream.stop()
  const { restrictions, events } = await tracesOf(app, ann.accountId)
  expect(restrictions.every(({ revoked_at: revokedAt }) => revokedAt !== null)).toBe(true)
  expect(events.map(({ kind }) => kind).sort()).toEqual(['appeal_accepted', 'restricted', 'restricted_undone'])
  const { rows } = await app.postgres.pool.query(
    `select c.state, c.appeal_open, array_agg(e.change order by e.seq) as changes from moderation_cases c
     join case_events e on e.case_id = c.id where c.id = $1 group by c.id`,
    [caseId],
  )
  expect(rows).toEqual([{ state: 'CLOSED', appeal_open: false, changes: ['APPEALED', 'REVERTED', 'CLOSED'] }])
})

test('a rejected appeal leaves the decision, counts against the appellant, and cannot be repeated', async () => {
  const ann = await createAccount(app)
  const { decisionId } = await decided(ann)
  const made = await appeal(ann, decisionId)
  expect((await resolve(colleague, made.appeal?.id, 'REJECTED')).appeal).toMatchObject({
    ...{ state: 'REJECTED', decision: { state: 'APPLIED' } },
  })
  expect((await tracesOf(app, ann.accountId)).events.at(-1)).toMatchObject({ kind: 'appeal_rejected', trust_delta: -3 })
  expect(await resolve(colleague, made.appeal?.id)).toMatchObject({
    __typename: 'AppealResolvedError',
    state: 'REJECTED',
  })
  expect(await appeal(ann, decisionId)).toMatchObject({ __typename: 'NotAppealableError', reason: 'DECIDED' })
})

test('only whose it is may appeal, account or phone, and not what they are not told of', async () => {
  const phone = await createPhone(app)
  const [ann, ben] = [await createAccount(app), await createAccount(app)]
  const [warn, shadow] = [await decided(ann, 'WARN'), await decided(ann, 'SHADOW')]
  expect(await appeal(ben, warn.decisionId)).toEqual({ __typename: 'NOT_FOUND' })
  expect(await appeal(ann, shadow.decisionId)).toEqual({ __typename: 'NOT_FOUND' })
  expect(await appeal(ann, createId(0))).toEqual({ __typename: 'NOT_FOUND' })
  const device = { kind: 'DEVICE' as const, id: phone.personId }
  const own = await decideNow(app, app.services.enforcement, newDecision(device, phone.personId, 'WARN'))
  expect((await appeal(phone, own)).appeal).toMatchObject({ state: 'OPEN' })
  expect(await appeal(ann, own)).toEqual({ __typename: 'NOT_FOUND' })
})

test('a repeated appeal is the same one; a second one in the matter is refused, and so is one with other words', async () => {
  const ann = await createAccount(app)
  const [first, second] = [await decided(ann, 'WARN'), await decided(ann, 'MUTE')]
  const clientId = newClientId()
  const both = await Promise.all([app, other].map((node) => appeal(ann, first.decisionId, { clientId }, node)))
  expect(both[0]?.appeal?.id).toBeTruthy()
  expect(both[1]?.appeal?.id).toBe(both[0]?.appeal?.id)
  expect(await appeal(ann, first.decisionId, { clientId, note: `${note} Really.` })).toMatchObject({
    __typename: 'IdempotencyMismatchError',
  })
  for (const { decisionId } of [first, second])
    expect(await appeal(ann, decisionId)).toMatchObject({ conflictingId: both[0]?.appeal?.id })
  for (const bad of ['too short', 'x'.repeat(2001)])
    expect(await appeal(ann, second.decisionId, { note: bad })).toEqual({ __typename: 'BAD_USER_INPUT' })
})

test('what is not in effect, or was too long ago, cannot be appealed', async () => {
  const [ann, ben] = [await createAccount(app), await createAccount(app)]
  const [undone, old] = [await decided(ann, 'WARN'), await decided(ben, 'WARN')]
  await revertNow(app, app.services.enforcement, undone.decisionId)
  expect(await appeal(ann, undone.decisionId)).toMatchObject({ reason: 'NOT_IN_EFFECT' })
  await app.postgres.pool.query(`update decisions set applied_at = applied_at - interval '30 days' where id = $1`, [
    old.decisionId,
  ])
  expect(await appeal(ben, old.decisionId)).toMatchObject({ reason: 'TOO_LATE' })
})

test('what a policy decided without a case gets one when it is appealed', async () => {
  const ann = await createAccount(app)
  const { id } = await app.services.enforcement.decideBySystem({
    ...{ subject: { kind: 'ACCOUNT', id: ann.accountId }, ownerId: ann.accountId, action: 'WARN' },
    ...{ reason: 'words', explanation: 'This word is not for here.', rule: 'words' },
  })
  const made = await appeal(ann, id)
  expect((await resolve(decider, made.appeal?.id)).appeal).toMatchObject({ state: 'ACCEPTED' })
})

test('whoever decided, or decided something else that stands in the matter, or is it, does not decide the appeal', async () => {
  const third = await createStaff(app, 'ADMIN')
  const ann = await createAccount(app)
  const [mute] = [await decided(ann, 'MUTE'), await decided(ann, 'WARN', third)]
  const made = await appeal(ann, mute.decisionId)
  for (const staff of [decider, third])
    expect(await resolve(staff, made.appeal?.id)).toMatchObject({ __typename: 'OwnDecisionError' })
  expect((await resolve(colleague, made.appeal?.id)).__typename).toBe('ResolveAppealPayload')
  expect((await resolve(ann as never, made.appeal?.id)).__typename).toBe('FORBIDDEN')
})

test('of ten thousand appeals with random deciders none is decided by one of its deciders', async () => {
  const staff = fc.constantFrom('a', 'b', 'c', 'd', null)
  const decision = fc.record({ decidedBy: staff, ownerId: staff })
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('a', 'b', 'c', 'd'),
      staff,
      fc.array(decision, { minLength: 1, maxLength: 5 }),
      async (by, appellantId, all) => {
        const isParty = by === appellantId || all.some(({ decidedBy, ownerId }) => decidedBy === by || ownerId === by)
        expect(mayResolve(by, { appellantId }, all)).toBe(!isParty)
      },
    ),
    runs(10_000),
  )
})

/** Appeals of warnings, put where they belong at once. */
async function insertAppeals(count: number, deciders: readonly (Staff | undefined)[]) {
  const rows = Array.from({ length: count }, (_, index) => ({
    ...{ id: createId(app.clock.now()), caseId: createId(app.clock.now()), decisionId: createId(app.clock.now()) },
    ...{ personId: createId(app.clock.now(), randomBytes(16)), by: deciders[index % deciders.length]?.id ?? null },
  }))
  const arrays = (['id', 'caseId', 'decisionId', 'personId', 'by'] as const).map((name) => rows.map((row) => row[name]))
  const given =
    'unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[]) g(id, case_id, decision_id, person_id, by)'
  const people = 'insert into devices (id, registration) select id, id::text from unnest($1::uuid[]) as g(id)'
  await app.postgres.pool.query(people, [rows.map(({ personId }) => personId)])
  for (const text of [
    `insert into moderation_cases (id, subject_kind, subject_id, owner_id, state, reasons, severity, due_at, appeal_open)
     select g.case_id, 'DEVICE', g.person_id::text, g.person_id, 'ACTIONED', '{ABUSE}', 2, now(), true from ${given}`,
    `insert into decisions (id, case_id, subject_kind, subject_id, owner_id, action, reason, explanation, decided_by, state, applied_at)
     select g.decision_id, g.case_id, 'DEVICE', g.person_id::text, g.person_id, 'WARN', 'rude', 'Kinder.', g.by, 'APPLIED', now() from ${given}`,
    `insert into appeals (id, case_id, decision_id, appellant_id, note) select g.id, g.case_id, g.decision_id, g.person_id, 'a word or two' from ${given}`,
  ])
    await app.postgres.pool.query(text, arrays)
  return rows
}

test('two who decide the same appeal at once: one does, every time', async () => {
  const third = await createStaff(app, 'MODERATOR')
  const rows = await insertAppeals(rounds(1000), [decider])
  let refused = 0
  for (let from = 0; from < rows.length; from += 10) {
    await Promise.all(
      rows.slice(from, from + 10).map(async ({ id }) => {
        const outcomes = ['ACCEPTED', 'REJECTED'] as const
        const tried = await Promise.allSettled(
          [app, other].map((node, index) =>
            node.services.appeals.resolveAppeal(
              { accountId: (index === 0 ? colleague : third)?.id ?? '', isAdmin: false },
              { appealId: id, outcome: outcomes[index] ?? 'ACCEPTED', answer: 'So it is.' },
            ),
          ),
        )
        refused += tried.filter(({ status }) => status === 'rejected').length
        expect(tried.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      }),
    )
  }
  expect(refused).toBe(rows.length)
  const { rows: counted } = await app.postgres.pool.query(
    `select count(*)::int as statuses, count(distinct appeal_id)::int as appeals from moderation_statuses
     where kind = 'APPEAL' and appeal_id = any($1::uuid[])`,
    [rows.map(({ id }) => id)],
  )
  expect(counted).toEqual([{ statuses: rows.length, appeals: rows.length }])
}, 90_000)

test('lists: staff see the oldest first, by state; everybody their own', async () => {
  const ann = await createAccount(app)
  const { decisionId } = await decided(ann)
  const made = await appeal(ann, decisionId)
  const mine = await ann.ask<{ myAppeals: { edges: { node: { id: string } }[] } }>(
    '{ myAppeals { edges { node { id } } } }',
  )
  expect(mine.data?.myAppeals.edges.map(({ node }) => node.id)).toEqual([made.appeal?.id])
  const listDocument =
    'query ($state: AppealState) { appeals(filter: { state: $state }, last: 100) { edges { node { id state } } } }'
  expect(codeOf(await ann.ask(listDocument))).toBe('FORBIDDEN')
  const list = await ask<{ appeals: { edges: { node: { id: string; state: string } }[] } }>(
    ...([app, listDocument, { state: 'OPEN' }, { token: colleague?.token }] as const),
  )
  const nodes = list.data?.appeals.edges.map(({ node }) => node) ?? []
  expect(nodes.at(-1)?.id).toBe(made.appeal?.id)
  expect(nodes.every(({ state }) => state === 'OPEN')).toBe(true)
})

test('a moderator of one campus neither sees nor decides appeals of another', async () => {
  const ann = await createAccount(app)
  const { caseId, decisionId } = await decided(ann)
  const made = await appeal(ann, decisionId)
  const local = await createStaff(app, 'MODERATOR')
  const [here, there] = [createId(app.clock.now()), createId(app.clock.now())]
  for (const id of [here, there])
    await app.postgres.pool.query(
      `insert into campuses (id, name, latitude, longitude, email_domain) values ($1, $2, 47, 8, $3)`,
      [id, `Campus ${id}`, `${id}.example`],
    )
  await app.postgres.pool.query('insert into staff_campuses (account_id, campus_id) values ($1, $2)', [local.id, here])
  await app.postgres.pool.query('update moderation_cases set campus_id = $2 where id = $1', [caseId, there])
  expect(await resolve(local, made.appeal?.id)).toEqual({ __typename: 'NOT_FOUND' })
  const node = `query ($id: ID!) { node(id: $id) { ... on Appeal { note } } }`
  const looked = await ask<{ node: unknown }>(app, node, { id: made.appeal?.id }, { token: local.token })
  expect(looked.data?.node).toBeNull()
  const undo = `mutation ($input: RevertDecisionInput!) { revertDecision(input: $input) { __typename } }`
  const input = { decisionId: globalId('Decision', decisionId), reason: 'elsewhere' }
  expect(codeOf(await ask(app, undo, { input }, { token: local.token }))).toBe('NOT_FOUND')
  await app.postgres.pool.query('update moderation_cases set campus_id = $2 where id = $1', [caseId, here])
  expect((await resolve(local, made.appeal?.id)).__typename).toBe('ResolveAppealPayload')
})

test('erasing somebody forgets what they said, and that it was them', async () => {
  const ann = await createAccount(app)
  const { decisionId } = await decided(ann)
  await appeal(ann, decisionId)
  expect(await app.services.appeals.erase(ann.accountId)).toBe(1)
  const { rows } = await app.postgres.pool.query(
    'select appellant_id, note, client_id from appeals where decision_id = $1',
    [decisionId],
  )
  expect(rows).toEqual([{ appellant_id: null, note: null, client_id: null }])
})
