import fc from 'fast-check'
import { createId } from '../../src/platform/ids.ts'
import { createAccount } from '../kit/accounts.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { runs } from '../kit/fuzz.ts'
import { codeOf } from '../kit/gql.ts'
import {
  type CaseNode,
  caseFields,
  caseGlobalId,
  createModerator,
  type Moderator,
  openCase,
} from '../kit/moderation.ts'
import { createPhone, newClientId } from '../kit/phones.ts'

let app: TestApp
let other: TestApp
let mia: Moderator
let ben: Moderator
let ada: Moderator
beforeAll(async () => {
  app = await createTestApp({ DATABASE_POOL_SIZE: '10' })
  other = await app.node()
  mia = await createModerator(app)
  ben = await createModerator(app)
  ada = await createModerator(app, 'ADMIN')
})
afterAll(() => {
  expect(app.logs.filter(({ level }) => level === 'error')).toEqual([])
})

const rows = async (text: string, values: unknown[] = []) => (await app.postgres.pool.query(text, values)).rows
const audited = async (caseId: string) =>
  (await rows('select action from audit_log where target = $1 order by seq', [`case:${caseId}`])).map(
    ({ action }) => action,
  )
const open = async (more: Parameters<typeof openCase>[1] = {}) => {
  const raw = await openCase(app, more)
  return { raw, caseId: caseGlobalId(raw) }
}
const warn = { action: 'WARN', reason: 'advertising', explanation: 'Please do not advertise here.' }
const campus = async () => {
  const id = createId(app.clock.now())
  const values = [id, `Campus ${id.slice(-6)}`, `${id.slice(-8)}.example`]
  const text = 'insert into campuses (id, name, latitude, longitude, email_domain) values ($1, $2, 47, 8, $3)'
  await app.postgres.pool.query(text, values)
  return { id, globalId: Buffer.from(`Campus:${id}`).toString('base64') }
}

test('of many who claim a case at once on two nodes one has it, and all others are told who', async () => {
  const crowd = Array.from({ length: 20 }, (_, i) => ({ accountId: i % 2 === 0 ? mia.id : ben.id, isAdmin: false }))
  // Each as somebody of their own.
  const people = (await Promise.all(crowd.map(() => createModerator(app)))).map(({ staff }) => staff)
  for (let round = 0; round < 25; round += 1) {
    const raw = await openCase(app)
    const tries = people.map((staff, i) =>
      (i % 2 === 0 ? app : other).services.moderation.claim(staff, raw).then(
        ({ claimedBy }) => (claimedBy === staff.accountId ? 'won' : 'wrong'),
        (error: Error) => error.name,
      ),
    )
    const outcomes = await Promise.all(tries)
    expect(outcomes.filter((outcome) => outcome === 'won')).toHaveLength(1)
    expect(outcomes.filter((outcome) => outcome === 'CaseClaimedError')).toHaveLength(people.length - 1)
  }
})

test('a claim lasts five minutes from when it was last made, and only its holder decides meanwhile', async () => {
  const { raw, caseId } = await open()
  expect((await mia.act('claimCase', { caseId })).case?.claimedBy).toEqual({ username: mia.username })
  const dismiss = { caseId, dismiss: true }
  const refused = await ben.act('resolveCase', { ...dismiss, clientId: newClientId() })
  expect(refused).toMatchObject({ __typename: 'CaseClaimedError', claimedBy: { username: mia.username } })
  app.clock.advance(4 * 60_000)
  expect((await mia.act('claimCase', { caseId }, other)).__typename).toBe('ClaimCasePayload')
  app.clock.advance(4 * 60_000)
  expect((await ben.act('claimCase', { caseId })).__typename).toBe('CaseClaimedError')
  app.clock.advance(60_000)
  expect((await ben.act('claimCase', { caseId })).__typename).toBe('ClaimCasePayload')
  expect((await mia.act('releaseCase', { caseId })).code).toBe('CONFLICT')
  expect((await ada.act('releaseCase', { caseId })).case?.claimedBy).toBeNull()
  expect((await mia.act('releaseCase', { caseId })).case?.claimedBy).toBeNull()
  expect(await audited(raw)).toEqual(['CLAIM_CASE', 'CLAIM_CASE', 'CLAIM_CASE', 'RELEASE_CASE'])
  app.clock.advance(-9 * 60_000)
})

test('a case is decided once: again with the same client id is the same, and with anything else it is refused', async () => {
  const { caseId, raw } = await open()
  const input = { clientId: newClientId(), caseId, ...warn }
  const [first, again] = await Promise.all([mia.act('resolveCase', input), mia.act('resolveCase', input, other)])
  expect([first.case?.state, again.case?.state]).toEqual(['ACTIONED', 'ACTIONED'])
  expect((await mia.act('resolveCase', { ...input, note: 'other' })).code).toBe('IDEMPOTENCY_MISMATCH')
  expect(await ben.act('resolveCase', { ...input, clientId: newClientId() })).toMatchObject({
    ...{ __typename: 'CaseStateError', state: 'ACTIONED' },
  })
  expect(await rows('select action, state from decisions where case_id = $1', [raw])).toEqual([
    { action: 'WARN', state: 'APPLIED' },
  ])
  expect(await audited(raw)).toContain('ACTION_CASE')
})

test('what is done has a reason and is explained in plain words; what is dismissed has neither', async () => {
  const { caseId } = await open()
  const input = { clientId: newClientId(), caseId }
  const wrong: object[] = [
    ...[{}, { dismiss: true, ...warn }, { action: 'WARN' }, { action: 'WARN', reason: 'x' }, { dismiss: false }],
    ...[
      { ...warn, explanation: ' ' },
      { ...warn, minutes: 5 },
      { ...warn, surface: 'MESSAGE' },
      { dismiss: true, minutes: 1 },
    ],
    ...[
      { action: 'MUTE', reason: 'x', explanation: 'y', minutes: 0 },
      { dismiss: true, note: 'x'.repeat(2001) },
    ],
  ]
  for (const more of wrong)
    expect([more, (await mia.act('resolveCase', { ...input, ...more })).code]).toEqual([more, 'BAD_USER_INPUT'])
  const lasting = { ...warn, action: 'MUTE' }
  for (const more of [lasting, { ...warn, action: 'BAN', minutes: 5 }])
    expect((await mia.act('resolveCase', { ...input, ...more })).code).toBe('FORBIDDEN')
  expect((await mia.act('resolveCase', { ...input, ...lasting, minutes: 5 })).case?.state).toBe('ACTIONED')
})

test('a case that is handed up is the business of ADMIN, and is told of when it is urgent', async () => {
  const { caseId } = await open({ severity: 4 })
  await mia.act('claimCase', { caseId })
  const escalated = await mia.act('escalateCase', { caseId, note: 'over my head' })
  expect(escalated.case).toMatchObject({ state: 'ESCALATED', escalationLevel: 1, claimedBy: null })
  expect((await ben.act('claimCase', { caseId })).code).toBe('FORBIDDEN')
  expect((await ben.act('resolveCase', { caseId, clientId: newClientId(), dismiss: true })).code).toBe('FORBIDDEN')
  expect((await ben.act('escalateCase', { caseId, note: '' })).case?.escalationLevel).toBe(2)
  expect((await ada.act('resolveCase', { caseId, clientId: newClientId(), dismiss: true })).case?.state).toBe(
    'DISMISSED',
  )
})

test('a case is given to whoever handles cases, and to nobody else', async () => {
  const { caseId } = await open()
  expect((await mia.act('assignCase', { caseId, accountId: ben.globalId })).case?.assignee).toEqual({
    username: ben.username,
  })
  const stranger = await createAccount(app)
  expect((await mia.act('assignCase', { caseId, accountId: stranger.profileId })).code).toBe('BAD_USER_INPUT')
  expect((await ben.cases({ filter: { assignee: 'me' } })).map(({ id }) => id)).toEqual([caseId])
  expect((await mia.cases({ filter: { assignee: ben.globalId } })).map(({ id }) => id)).toEqual([caseId])
  expect((await mia.act('assignCase', { caseId })).case?.assignee).toBeNull()
  expect(await ben.cases({ filter: { assignee: 'me' } })).toEqual([])
})

test('many cases are decided at once, each by itself: what one is refused with keeps back no other', async () => {
  const found = await Promise.all(Array.from({ length: 6 }, () => open()))
  const [held = await open(), done = await open()] = found
  await mia.act('claimCase', { caseId: held.caseId })
  await mia.act('resolveCase', { caseId: done.caseId, clientId: newClientId(), dismiss: true })
  const never = caseGlobalId('018f4a3e-0000-7000-8000-000000000000')
  const input = {
    clientId: newClientId(),
    caseIds: [...found.map(({ caseId }) => caseId), never],
    dismiss: true,
    note: 'sweep',
  }
  expect((await mia.act('bulkResolveCases', input)).code).toBe('FORBIDDEN')
  const { results = [] } = await ada.act('bulkResolveCases', input)
  expect(results.map(({ error }) => error?.code ?? 'done')).toEqual([
    'CONFLICT',
    'CONFLICT',
    ...Array(4).fill('done'),
    'NOT_FOUND',
  ])
  await mia.act('releaseCase', { caseId: held.caseId })
  const { results: again = [] } = await ada.act('bulkResolveCases', input, other)
  expect(again.map(({ error }) => error?.code ?? 'done')).toEqual([
    'done',
    'CONFLICT',
    ...Array(4).fill('done'),
    'NOT_FOUND',
  ])
  expect((await ada.act('bulkResolveCases', { ...input, note: 'another' })).code).toBe('IDEMPOTENCY_MISMATCH')
  expect((await ada.act('bulkResolveCases', { ...input, caseIds: [] })).code).toBe('BAD_USER_INPUT')
})

const resolveDocument = 'mutation ($input: ResolveCaseInput!) { resolveCase(input: $input) { __typename } }'

test('a device has nothing to hide, one by one or many at once; what holds it back is decided', async () => {
  const phone = await createPhone(app)
  const subject = { kind: 'DEVICE' as const, id: phone.personId }
  const notice = { subject, ownerId: phone.personId, severity: 1, reasons: ['links'], texts: [] }
  const caseId = caseGlobalId(await app.services.moderation.noticed(notice))
  for (const action of ['HIDE', 'REMOVE']) {
    const input = { ...warn, action, clientId: newClientId() }
    const { errors } = await ada.ask(resolveDocument, { input: { ...input, caseId } })
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', field: 'action' })
    const { results = [] } = await ada.act('bulkResolveCases', { ...input, clientId: newClientId(), caseIds: [caseId] })
    expect(results.map(({ error }) => error?.code)).toEqual(['BAD_USER_INPUT'])
  }
  const text =
    'select from decisions where subject_id = $1 union all select from moderation_statuses where person_id = $2'
  expect(await rows(text, [phone.personId, phone.personId])).toEqual([])
  const mute = { ...warn, action: 'MUTE', minutes: 5, clientId: newClientId(), caseId }
  expect((await mia.act('resolveCase', mute)).case?.state).toBe('ACTIONED')
})

test('what is exported runs as no formula, and once a minute', async () => {
  const own = await createTestApp({ RATE_LIMITS: 'on' })
  const admin = await createModerator(own, 'ADMIN')
  await openCase(own, { reasons: ['=cmd|calc', '"quoted", too'] })
  const { csv = '', rows: count } = await admin.act('exportCases', {})
  expect(count).toBe(1)
  expect(csv.split('\r\n')[0]).toBe(
    'id,subject,state,reasons,severity,round,reports,escalation,assignee,campus,appeal,opened,due,resolved',
  )
  expect(csv).toContain(`,"'=cmd|calc ""quoted"", too",`)
  expect((await admin.act('exportCases', {})).code).toBe('RATE_LIMITED')
  own.clock.advance(60_000)
  expect((await admin.act('exportCases', { filter: { states: ['CLOSED'] } })).rows).toBe(0)
  const { rows: entries } = await own.postgres.pool.query(
    `select count(*)::int from audit_log where action = 'EXPORT_CASES'`,
  )
  expect(entries[0].count).toBe(2)
})

test('a moderator with campuses sees their cases and those of none, and others as if they were not there', async () => {
  const [here, there] = [await campus(), await campus()]
  const moderator = await createModerator(app)
  const [near, far, none] = [await open(), await open(), await open()]
  for (const [{ raw }, { id }] of [
    [near, here],
    [far, there],
  ] as const)
    await rows('update moderation_cases set campus_id = $2 where id = $1', [raw, id])
  const set = (campusIds: string[]) => ada.act('setModeratorCampuses', { accountId: moderator.globalId, campusIds })
  expect((await set([here.globalId])).campusIds).toEqual([here.globalId])
  const filter = { campusIds: [here.globalId, there.globalId] }
  expect((await moderator.cases({ filter })).map(({ id }) => id)).toEqual([near.caseId])
  const visible = (await moderator.cases({ first: 100, orderBy: 'OPENED' })).map(({ id }) => id)
  expect([near, far, none].map(({ caseId }) => visible.includes(caseId))).toEqual([true, false, true])
  const get = (id: string) =>
    moderator.ask<{ case: CaseNode | null }>(`query ($id: ID!) { case(id: $id) { ${caseFields} } }`, { id })
  expect(codeOf(await get(far.caseId))).toBe('NOT_FOUND')
  expect((await get(near.caseId)).data?.case?.id).toBe(near.caseId)
  expect(
    (await moderator.ask<{ node: unknown }>('query ($id: ID!) { node(id: $id) { id } }', { id: far.caseId })).data,
  ).toEqual({ node: null })
  for (const [name, more] of Object.entries({
    claimCase: {},
    releaseCase: {},
    assignCase: {},
    escalateCase: { note: '' },
  }))
    expect([name, (await moderator.act(name, { caseId: far.caseId, ...more })).code]).toEqual([name, 'NOT_FOUND'])
  expect(
    (await moderator.act('resolveCase', { caseId: far.caseId, clientId: newClientId(), dismiss: true })).code,
  ).toBe('NOT_FOUND')
  await set([])
  expect((await get(far.caseId)).data?.case?.id).toBe(far.caseId)
  expect((await mia.act('setModeratorCampuses', { accountId: mia.globalId, campusIds: [] })).code).toBe('FORBIDDEN')
})

test('no words are read that are not written down: where that fails, they are not answered', async () => {
  const { caseId, raw } = await open({ texts: ['seen by nobody'] })
  const query = 'query ($id: ID!) { case(id: $id) { evidence { excerpts { text } } } }'
  await rows('alter table audit_log rename to audit_log_away')
  try {
    const answer = await mia.ask(query, { id: caseId })
    expect(JSON.stringify(answer.data)).not.toContain('seen by nobody')
    expect(answer.errors).toHaveLength(1)
  } finally {
    await rows('alter table audit_log_away rename to audit_log')
  }
  app.logs.splice(0)
  expect(JSON.stringify((await mia.ask(query, { id: caseId })).data)).toContain('seen by nobody')
  expect(await audited(raw)).toEqual(['READ_EVIDENCE'])
})

test('what was said is forgotten thirty days after a case is over, and not before', async () => {
  const own = await createTestApp()
  const admin = await createModerator(own, 'ADMIN')
  const [over, waiting] = [await openCase(own, { texts: ['over'] }), await openCase(own, { texts: ['waiting'] })]
  await own.services.moderation.resolve(admin.staff, over, { clientId: newClientId(), measure: null, note: '' })
  const kept = async () =>
    (await own.postgres.pool.query('select text from case_evidence order by text')).rows.map(({ text }) => text)
  own.clock.advance(29 * 86_400_000)
  await own.services.moderation.dropEvidence()
  expect(await kept()).toEqual(['over', 'waiting'])
  own.clock.advance(2 * 86_400_000)
  await own.services.moderation.dropEvidence()
  expect(await kept()).toEqual(['waiting'])
  expect(waiting).not.toBe(over)
})

test('policies open a case once, make it more urgent, and open it again only for something new', async () => {
  const id = createId(app.clock.now())
  const first = await openCase(app, { id, severity: 2, texts: ['a'] })
  expect(await openCase(app, { id, severity: 2, texts: ['a'] })).toBe(first)
  expect(await openCase(app, { id, severity: 4, texts: ['a'], reasons: ['worse'] })).toBe(first)
  const changes = async () =>
    (await rows('select change from case_events where case_id = $1 order by seq', [first])).map(({ change }) => change)
  expect(await changes()).toEqual(['OPENED', 'RAISED'])
  await mia.act('resolveCase', { caseId: caseGlobalId(first), clientId: newClientId(), dismiss: true })
  await openCase(app, { id, severity: 4, texts: ['a'] })
  expect((await changes()).at(-1)).toBe('DISMISSED')
  await openCase(app, { id, severity: 1, texts: ['b'] })
  expect((await changes()).at(-1)).toBe('REOPENED')
})

test('lists of cases, by whatever filter and order, page by page, are what they should be', async () => {
  const own = await createTestApp()
  const moderator = await createModerator(own)
  await own.postgres.pool.query(
    `insert into moderation_cases (id, subject_kind, subject_id, state, reasons, severity, opened_at, due_at, assignee_id, appeal_open)
     select gen_random_uuid(), (array['VENUE', 'EVENT', 'MESSAGE'])[1 + i % 3]::"SubjectKind", i::text,
       (array['OPEN', 'ESCALATED', 'ACTIONED', 'DISMISSED', 'CLOSED'])[1 + i % 5]::"CaseState", array[(array['SPAM', 'HATE'])[1 + i % 2]],
       i % 6, $1::timestamptz - (i % 7) * interval '10 minutes', $1::timestamptz + (i % 11 - 5) * interval '10 minutes',
       case when i % 4 = 0 then $2::uuid end, i % 9 = 0
     from generate_series(1, 120) i`,
    [new Date(own.clock.now()), moderator.id],
  )
  const now = own.clock.now()
  const iso = (minutes: number) => new Date(now + minutes * 60_000 + 30_000).toISOString()
  const filters = fc.record(
    {
      states: fc.subarray(['OPEN', 'ESCALATED', 'ACTIONED', 'DISMISSED', 'CLOSED'], { minLength: 1 }),
      severityAtLeast: fc.integer({ min: 0, max: 5 }),
      severityAtMost: fc.integer({ min: 0, max: 5 }),
      assignee: fc.constantFrom('me', 'none'),
      claimed: fc.boolean(),
      kinds: fc.subarray(['VENUE', 'EVENT', 'MESSAGE'], { minLength: 1 }),
      reasons: fc.subarray(['SPAM', 'HATE'], { minLength: 1 }),
      appealOpen: fc.boolean(),
      overdue: fc.boolean(),
      openedAfter: fc.integer({ min: -70, max: 0 }).map(iso),
      openedBefore: fc.integer({ min: -70, max: 0 }).map(iso),
    },
    { requiredKeys: [] },
  )
  const query = `query ($filter: CaseFilter, $orderBy: CaseOrder, $first: Int, $after: String, $last: Int, $before: String) {
    cases(filter: $filter, orderBy: $orderBy, first: $first, after: $after, last: $last, before: $before) {
      edges { node { id state severity reasons openedAt dueAt appealOpen overdue assignee { username } subject { kind } } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`
  type Node = Pick<
    CaseNode,
    'id' | 'state' | 'severity' | 'reasons' | 'appealOpen' | 'overdue' | 'assignee' | 'subject'
  > & { openedAt: string; dueAt: string }
  type Data = {
    cases: {
      edges: { node: Node }[]
      pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string; endCursor: string }
    }
  }
  const page = async (variables: object) => {
    const answer = await moderator.ask<Data>(query, variables, own)
    if (!answer.data?.cases) throw new Error(JSON.stringify([variables, answer]))
    return answer.data.cases
  }
  const everything = async (filter: object, orderBy: string, size: number) => {
    const found: Node[] = []
    for (let after: string | null = null; ; ) {
      const { edges, pageInfo } = await page({ filter, orderBy, first: size, after })
      found.push(...edges.map(({ node }) => node))
      if (!pageInfo.hasNextPage) return { found, last: pageInfo.endCursor }
      after = pageInfo.endCursor
    }
  }
  const all = (await everything({}, 'OPENED', 100)).found
  expect(all).toHaveLength(120)
  const keys: Record<string, (node: Node) => number[]> = {
    SEVERITY: ({ severity, openedAt }) => [-severity, Date.parse(openedAt)],
    OPENED: ({ openedAt }) => [-Date.parse(openedAt)],
    DUE: ({ dueAt }) => [Date.parse(dueAt)],
  }
  await fc.assert(
    fc.asyncProperty(
      filters,
      fc.constantFrom('SEVERITY', 'OPENED', 'DUE'),
      fc.integer({ min: 9, max: 40 }),
      async (filter, orderBy, size) => {
        const { found } = await everything(filter, orderBy, size)
        const expected = all.filter(
          (one) =>
            (filter.states?.includes(one.state) ?? true) &&
            one.severity >= (filter.severityAtLeast ?? 0) &&
            one.severity <= (filter.severityAtMost ?? 5) &&
            (filter.assignee === undefined || (one.assignee !== null) === (filter.assignee === 'me')) &&
            filter.claimed !== true &&
            (filter.kinds?.includes(one.subject.kind) ?? true) &&
            (filter.reasons?.includes(one.reasons[0] ?? '') ?? true) &&
            (filter.appealOpen === undefined || one.appealOpen === filter.appealOpen) &&
            (filter.overdue === undefined || one.overdue === filter.overdue) &&
            Date.parse(one.openedAt) > Date.parse(filter.openedAfter ?? '2000-01-01') &&
            Date.parse(one.openedAt) < Date.parse(filter.openedBefore ?? '3000-01-01'),
        )
        expect(found.map(({ id }) => id).sort()).toEqual(expected.map(({ id }) => id).sort())
        const sorted = found.map((node) => keys[orderBy]?.(node) ?? [])
        expect(sorted).toEqual([...sorted].sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0) || (a[1] ?? 0) - (b[1] ?? 0)))
        const { edges } = await page({ filter, orderBy, last: 5 })
        expect(edges.map(({ node }) => node.id)).toEqual(found.slice(-5).map(({ id }) => id))
      },
    ),
    runs(25),
  )
})
