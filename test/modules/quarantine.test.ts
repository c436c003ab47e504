import type { QuarantineDecision, QuarantineState } from '../../src/modules/scanning/index.ts'
import { createId } from '../../src/platform/ids.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { globalId } from '../kit/authorization/rows.ts'
import { rounds } from '../kit/fuzz.ts'
import { ask, codeOf } from '../kit/gql.ts'
import { createOrganizer, type Organizer, venueDocument } from '../kit/organizers.ts'
import { createStaff } from '../kit/staff.ts'

let app: TestApp
let other: TestApp
let moderator: Awaited<ReturnType<typeof createStaff>>
let colleague: Awaited<ReturnType<typeof createStaff>>
let organizer: Organizer
let looker: Organizer
beforeAll(async () => {
  app = await createTestApp()
  other = await app.node()
  ;[moderator, colleague] = await Promise.all([createStaff(app, 'MODERATOR'), createStaff(app, 'MODERATOR')])
  ;[organizer, looker] = await Promise.all([createOrganizer(app), createOrganizer(app)])
})

const itemFields = 'id subject { kind id } kind locator labels { label level } state decidedById decidedAt'
const listDocument = `query ($filter: QuarantineFilter, $first: Int, $after: String) {
  quarantine(filter: $filter, first: $first, after: $after) { edges { node { ${itemFields} } } pageInfo { endCursor hasNextPage } } }`
const decideDocument = `mutation ($input: DecideQuarantineInput!) { decideQuarantine(input: $input) { __typename
  ... on DecideQuarantinePayload { item { ${itemFields} } }
  ... on QuarantineDecidedError { code decision decidedById decidedAt } } }`

interface Item {
  id: string
  state: QuarantineState
  locator: string
  decidedById: string | null
}
type Decided = { __typename: string; item?: Item; decision?: string; decidedById?: string | null }
type Page = { quarantine: { edges: { node: Item }[]; pageInfo: { endCursor: string | null; hasNextPage: boolean } } }

const idBehind = (id: string) => Buffer.from(id, 'base64').toString().split(':')[1] as string

/** Something of a venue that others can look at. */
async function venue() {
  const owner = await createOrganizer(app)
  const { id } = await owner.venue()
  return {
    id,
    ownerId: owner.accountId,
    subject: { kind: 'VENUE' as const, id: idBehind(id) },
    seenByOthers: async () => codeOf(await ask(other, venueDocument, { id }, { token: looker.token })) === undefined,
    seenByItsOwner: async () => codeOf(await ask(app, venueDocument, { id }, { token: owner.token })) === undefined,
  }
}

const put = async (more: Partial<Parameters<TestApp['services']['quarantine']['quarantine']>[0]> = {}, on = app) =>
  on.services.quarantine.quarantine({
    subject: { kind: 'MESSAGE', id: createId(app.clock.now()) },
    ownerId: organizer.accountId,
    kind: 'image',
    locator: 'a0b1c2d3e4f50617',
    labels: { nsfw: 'medium' },
    state: 'NEEDS_REVIEW',
    ...more,
  })
const decide = async (
  itemId: string,
  decision: QuarantineDecision,
  { token = moderator.token, on = app, note = null as string | null } = {},
) => {
  const input = { itemId: globalId('QuarantineItem', itemId), decision, note }
  return ask<{ decideQuarantine: Decided }>(on, decideDocument, { input }, { token })
}
const audited = async (target: string) => {
  const text = 'select actor_id, action, detail, person_id, personal from audit_log where target = $1 order by seq'
  return (await app.postgres.pool.query(text, [target])).rows
}
const caseOf = async (subjectId: string) => {
  const text = `select c.severity, c.reasons, d.action, d.decided_by from moderation_cases c left join decisions d on d.case_id = c.id
                where c.subject_id = $1`
  return (await app.postgres.pool.query(text, [subjectId])).rows
}

test('what is in quarantine is hidden until somebody has looked, and shown again when nothing is wrong with it', async () => {
  const place = await venue()
  const item = await put({
    subject: place.subject,
    ownerId: place.ownerId,
    state: 'QUARANTINED',
    labels: { nsfw: 'high' },
  })
  expect([await place.seenByOthers(), await place.seenByItsOwner()]).toEqual([false, true])
  const { data } = await decide(item.id, 'CLEAN', { note: 'A painting.' })
  expect(data?.decideQuarantine).toMatchObject({
    __typename: 'DecideQuarantinePayload',
    item: {
      state: 'CLEAN',
      kind: 'IMAGE',
      subject: { kind: 'VENUE', id: place.id },
      labels: [{ label: 'nsfw', level: 'HIGH' }],
    },
  })
  expect(await place.seenByOthers()).toBe(true)
  expect(await caseOf(place.subject.id)).toEqual([])
  expect(await audited(`quarantine:${item.id}`)).toMatchObject([
    {
      ...{ actor_id: moderator.id, action: 'DECIDE_QUARANTINE', person_id: place.ownerId },
      ...{ personal: { note: 'A painting.' }, detail: { decision: 'CLEAN', kind: 'image', subjectKind: 'VENUE' } },
    },
  ])
})

test('what only needs a look is seen meanwhile', async () => {
  const place = await venue()
  await put({ subject: place.subject, ownerId: place.ownerId })
  expect(await place.seenByOthers()).toBe(true)
})

test('what is hidden for good is its author’s only, and its case is urgent', async () => {
  const place = await venue()
  const item = await put({ subject: place.subject, ownerId: place.ownerId, state: 'QUARANTINED' })
  await decide(item.id, 'HIDDEN')
  expect([await place.seenByOthers(), await place.seenByItsOwner()]).toEqual([false, true])
  const hidden = { severity: 4, reasons: ['quarantine'], action: 'HIDE', decided_by: moderator.id }
  expect(await caseOf(place.subject.id)).toEqual([hidden])
})

test('what is blocked is gone for everybody, and its case is as urgent as any', async () => {
  const place = await venue()
  const item = await put({ subject: place.subject, ownerId: place.ownerId })
  await decide(item.id, 'BLOCKED')
  expect([await place.seenByOthers(), await place.seenByItsOwner()]).toEqual([false, false])
  const removed = { severity: 5, reasons: ['quarantine'], action: 'REMOVE', decided_by: moderator.id }
  expect(await caseOf(place.subject.id)).toEqual([removed])
})

test('what is known is blocked at once, by nobody', async () => {
  const place = await venue()
  const item = await put({
    subject: place.subject,
    ownerId: place.ownerId,
    state: 'BLOCKED',
    labels: { known: 'high' },
  })
  expect(item).toMatchObject({ state: 'BLOCKED', decidedBy: null, decidedAt: expect.any(Date) })
  expect(await place.seenByItsOwner()).toBe(false)
  expect(await caseOf(place.subject.id)).toMatchObject([{ severity: 5, action: 'REMOVE', decided_by: null }])
  expect((await decide(item.id, 'CLEAN')).data?.decideQuarantine).toMatchObject({
    ...{ __typename: 'QuarantineDecidedError', decision: 'BLOCKED', decidedById: null },
  })
})

test('the same thing is put there once; it may get worse while it waits, and stays as somebody decided it', async () => {
  const place = await venue()
  const same = { subject: place.subject, ownerId: place.ownerId, locator: 'https://example.com/a' }
  const items = await Promise.all(Array.from({ length: 10 }, (_, i) => put(same, i % 2 ? app : other)))
  expect(new Set(items.map(({ id }) => id)).size).toBe(1)
  const worse = await put({ ...same, state: 'QUARANTINED', labels: { nsfw: 'high' } })
  expect(worse).toMatchObject({ id: items[0]?.id, state: 'QUARANTINED', labels: { nsfw: 'high' } })
  expect(await place.seenByOthers()).toBe(false)
  expect(await put(same)).toMatchObject({ state: 'QUARANTINED' })
  await decide(worse.id, 'CLEAN')
  expect(await put({ ...same, state: 'BLOCKED' })).toMatchObject({ id: worse.id, state: 'CLEAN' })
  expect(await place.seenByOthers()).toBe(true)
  expect((await put({ ...same, locator: 'https://example.com/b' })).id).not.toBe(worse.id)
  // Longer than an index takes, and different at the end only.
  const long = (end: string) => put({ ...same, locator: `https://example.com/${'ü'.repeat(5000)}${end}` })
  const [one, again, another] = [await long('a'), await long('a'), await long('b')]
  expect(again.id).toBe(one.id)
  expect(another.id).not.toBe(one.id)
  expect(one.locator).toMatch(/^https:\/\/example\.com\/ü+… sha256:[0-9a-f]{64}$/)
})

test('whoever decides again what they decided is answered the same; otherwise it is too late', async () => {
  const item = await put()
  const first = await decide(item.id, 'CLEAN')
  expect((await decide(item.id, 'CLEAN', { on: other })).data).toEqual(first.data)
  expect(await audited(`quarantine:${item.id}`)).toHaveLength(1)
  const late = {
    __typename: 'QuarantineDecidedError',
    code: 'CONFLICT',
    decision: 'CLEAN',
    decidedById: globalId('Account', moderator.id),
  }
  expect((await decide(item.id, 'HIDDEN')).data?.decideQuarantine).toMatchObject(late)
  expect((await decide(item.id, 'CLEAN', { token: colleague.token })).data?.decideQuarantine).toMatchObject(late)
})

test('two who decide at the same moment, a thousand times: one does, the other is told who, and only what is grave has a case', async () => {
  const batch = 25
  const outcomes: Record<string, number> = {}
  for (let done = 0; done < rounds(1000); done += batch) {
    const items = await Promise.all(Array.from({ length: batch }, () => put()))
    await Promise.all(
      items.map(async ({ id, subject }, i) => {
        const told = await Promise.all([
          decide(id, 'CLEAN'),
          decide(id, i % 5 === 0 ? 'HIDDEN' : 'CLEAN', { token: colleague.token, on: other }),
        ])
        const [one, two] = told.map(({ data }) => data?.decideQuarantine)
        const [won, lost] = one?.item ? [one, two] : [two, one]
        expect(lost).toMatchObject({ __typename: 'QuarantineDecidedError', decision: won?.item?.state })
        expect(lost?.decidedById).toBe(won?.item?.decidedById)
        expect(await caseOf(subject.id)).toHaveLength(won?.item?.state === 'HIDDEN' ? 1 : 0)
        outcomes[String(won?.item?.decidedById)] = (outcomes[String(won?.item?.decidedById)] ?? 0) + 1
      }),
    )
    const ids = items.map(({ id }) => `quarantine:${id}`)
    const count =
      'select count(*)::int as n, count(distinct target)::int as targets from audit_log where target = any($1)'
    expect((await app.postgres.pool.query(count, [ids])).rows).toEqual([{ n: batch, targets: batch }])
  }
  expect(Object.values(outcomes).reduce((sum, n) => sum + n, 0)).toBe(rounds(1000))
}, 180_000)

test('what waits is listed oldest first, page by page, and whoever reads it is written down', async () => {
  const { token, id: reader } = await createStaff(app, 'MODERATOR')
  const waiting = async () => {
    const found: Item[] = []
    let after: string | null = null
    do {
      const { data }: { data?: Page | null } = await ask<Page>(app, listDocument, { first: 7, after }, { token })
      found.push(...(data?.quarantine.edges ?? []).map(({ node }) => node))
      after = data?.quarantine.pageInfo.hasNextPage ? (data.quarantine.pageInfo.endCursor ?? null) : null
    } while (after !== null)
    return found.map(({ id }) => idBehind(id))
  }
  const before = await waiting()
  const added: string[] = []
  for (let i = 0; i < 10; i += 1) {
    app.clock.advance(1)
    added.push((await put({ state: i % 2 ? 'QUARANTINED' : 'NEEDS_REVIEW' })).id)
  }
  await decide(added[3] as string, 'CLEAN')
  expect(await waiting()).toEqual([...before, ...added.filter((_, i) => i !== 3)])
  const { data } = await ask<Page>(app, listDocument, { filter: { state: 'BLOCKED' } }, { token })
  expect(new Set(data?.quarantine.edges.map(({ node }) => node.state))).toEqual(new Set(['BLOCKED']))
  const reads = (await audited('quarantine')).filter(({ actor_id }) => actor_id === reader)
  expect(reads.flatMap(({ detail }) => detail.items)).toEqual(expect.arrayContaining(added.filter((_, i) => i !== 3)))
})

test('nobody else sees that there is any', async () => {
  const item = await put()
  const id = globalId('QuarantineItem', item.id)
  const node = 'query ($id: ID!) { node(id: $id) { id } }'
  expect((await ask(app, node, { id }, { token: moderator.token })).data).toEqual({ node: { id } })
  expect((await ask(app, node, { id }, { token: organizer.token })).data).toEqual({ node: null })
  expect(codeOf(await ask(app, listDocument, {}, { token: organizer.token }))).toBe('FORBIDDEN')
  expect(codeOf(await decide(item.id, 'CLEAN', { token: organizer.token }))).toBe('FORBIDDEN')
  expect(codeOf(await decide(createId(app.clock.now()), 'CLEAN'))).toBe('NOT_FOUND')
})

test('what was decided is dropped after thirty days, and so is what was part of something that passed by', async () => {
  const id = createId(app.clock.now())
  const [decided, waits] = [await put(), await put()]
  const passed = await put({ subject: { kind: 'ACTIVITY_MESSAGE', id: `${id}:1` } })
  await decide(decided.id, 'CLEAN')
  const kept = async () => {
    await app.services.quarantine.dropOld()
    const ids = [decided.id, waits.id, passed.id]
    return [...(await app.services.quarantine.byIds(moderator.id, ids)).keys()].sort()
  }
  const dayMs = 24 * 60 * 60 * 1000
  app.clock.advance(30 * dayMs - 60_000)
  expect(await kept()).toEqual([decided.id, waits.id, passed.id].sort())
  app.clock.advance(120_000)
  expect(await kept()).toEqual([waits.id])
  app.clock.advance(-30 * dayMs - 60_000)
})

test('nothing of an erased person is left there, and what they decided is nobody’s', async () => {
  const leaver = await createOrganizer(app)
  const gone = await put({ ownerId: leaver.accountId })
  const staff = await createStaff(app, 'MODERATOR')
  const kept = await put()
  await decide(kept.id, 'CLEAN', { token: staff.token })
  expect(await app.services.quarantine.erase(leaver.accountId)).toBe(1)
  expect(await app.services.quarantine.erase(staff.id)).toBe(1)
  expect(await app.services.quarantine.erase(staff.id)).toBe(0)
  const found = await app.services.quarantine.byIds(moderator.id, [gone.id, kept.id])
  expect([...found.values()]).toMatchObject([{ id: kept.id, state: 'CLEAN', decidedBy: null }])
})
