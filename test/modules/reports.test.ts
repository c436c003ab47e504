import { createAccount, type TestAccount } from '../kit/accounts.ts'
import { start } from '../kit/activities.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { insertAccounts, openDirect, send } from '../kit/conversations.ts'
import { rounds } from '../kit/fuzz.ts'
import { ask } from '../kit/gql.ts'
import {
  caseGlobalId,
  createModerator,
  type Moderator,
  moderate,
  moderationDocument,
  reportInput,
} from '../kit/moderation.ts'
import { createOrganizer, type Organizer } from '../kit/organizers.ts'
import { createPhone, newClientId } from '../kit/phones.ts'
import { zurich } from '../kit/places.ts'

let app: TestApp
let other: TestApp
let organizer: Organizer
let moderator: Moderator
beforeAll(async () => {
  app = await createTestApp()
  other = await app.node()
  organizer = await createOrganizer(app)
  moderator = await createModerator(app)
})
afterAll(() => {
  expect(app.logs.filter(({ level }) => level === 'error')).toEqual([])
})

const report = (who: { token: string }, subjectId: string, more: object = {}, on = app) =>
  moderate(on, who.token, 'createReport', reportInput(subjectId, more))
const rows = async (text: string, values: unknown[] = []) => (await app.postgres.pool.query(text, values)).rows
const caseOf = async (subjectId: string) =>
  (await rows('select * from moderation_cases where subject_id = $1', [subjectId]))[0]
/** A message's id has a colon of its own. */
const rawId = (globalId: string) =>
  Buffer.from(globalId, 'base64')
    .toString()
    .replace(/^[A-Za-z]+:/, '')
const accountIds = async (usernames: string[]): Promise<string[]> =>
  (await rows('select id from accounts where username = any($1)', [usernames])).map(({ id }) => id)
const myReports = 'query { myReports { edges { node { id reason note state resolvedAt } } } }'
type Mine = { myReports: { edges: { node: { id: string; note: string | null; state: string } }[] } }
const mine = async (who: Pick<TestAccount, 'ask'>) =>
  (await who.ask<Mine>(myReports)).data?.myReports.edges.map(({ node }) => node) ?? []

test('a message is reported by who reads it: its words are kept, and who reported it is shown to nobody else', async () => {
  const [anna, ben] = [await createAccount(app), await createAccount(app)]
  const conversationId = await openDirect(anna, ben)
  const { id } = (await send(ben, conversationId, 'you owe me')) as { id: string }
  const made = await report(anna, id, { reason: 'HARASSMENT', note: 'since weeks' })
  expect(made).toMatchObject({ __typename: 'CreateReportPayload', report: { state: 'OPEN', note: 'since weeks' } })
  expect(await mine(anna)).toMatchObject([{ id: made.report?.id, state: 'OPEN' }])
  expect(await mine(ben)).toEqual([])
  const caseId = (await caseOf(rawId(id)))?.id as string
  const query = `query ($id: ID!) { case(id: $id) { subject { kind id } severity reasons reportCount
    reports { edges { node { reason note weight } } } evidence { excerpts { text } now } } }`
  const { data } = await moderator.ask<{ case: unknown }>(query, { id: caseGlobalId(caseId) })
  expect(data?.case).toEqual({
    ...{ subject: { kind: 'MESSAGE', id }, severity: 3, reasons: ['HARASSMENT'], reportCount: 1 },
    reports: { edges: [{ node: { reason: 'HARASSMENT', note: 'since weeks', weight: 0.5 } }] },
    evidence: { excerpts: [{ text: 'you owe me' }], now: 'you owe me' },
  })
  expect(JSON.stringify(data)).not.toContain(anna.accountId)
  const [read] = await rows(`select * from audit_log where action = 'READ_EVIDENCE'`)
  expect(read).toMatchObject({ actor_id: moderator.id, target: `case:${caseId}`, person_id: ben.accountId })
})

test('what is not there, and what is not theirs to see, is answered with the very same bytes', async () => {
  const [anna, ben, eve] = [await createAccount(app), await createAccount(app), await createAccount(app)]
  const { id } = (await send(ben, await openDirect(anna, ben), 'between us')) as { id: string }
  const bytes = async (subjectId: string) => {
    const input = reportInput(subjectId)
    const { status, data, errors } = await ask(app, moderationDocument('createReport'), { input }, { token: eve.token })
    const shown = errors?.map(({ extensions: { requestId: _, ...extensions } = {}, ...rest }) => ({
      ...rest,
      extensions,
    }))
    return JSON.stringify({ status, data, shown })
  }
  const never = Buffer.from('Message:018f4a3e-0000-7000-8000-000000000000').toString('base64')
  const nothing = await bytes(never)
  expect(nothing).toContain('NOT_FOUND')
  expect(await bytes(id)).toBe(nothing)
  expect(await bytes(Buffer.from('Message:junk').toString('base64'))).toBe(nothing)
  expect(await caseOf(rawId(id))).toBeUndefined()
})

test('nobody reports themselves, or what is theirs', async () => {
  const [anna, ben] = [await createAccount(app), await createAccount(app)]
  const { id } = (await send(anna, await openDirect(anna, ben), 'mine')) as { id: string }
  const venue = await organizer.venue()
  const phone = await createPhone(app)
  await phone.beat(zurich, new Date(app.clock.now()))
  const activity = await start(phone)
  const codes = [
    (await report(anna, anna.profileId)).code,
    (await report(anna, id)).code,
    (await report({ token: organizer.token }, venue.id)).code,
    (await report(phone, activity.id)).code,
  ]
  expect(codes).toEqual(Array(4).fill('BAD_USER_INPUT'))
})

test('a phone reports an activity and its people, and its account is told of none of it', async () => {
  const [phone, host] = [await createPhone(app), await createPhone(app)]
  for (const one of [phone, host]) await one.beat(zurich, new Date(app.clock.now()))
  const activity = await start(host)
  const made = await report(phone, activity.id, { reason: 'SCAM' })
  expect(made.__typename).toBe('CreateReportPayload')
  const [personId] = app.services.discovery.namesOf(phone.personId, [host.personId])
  const input = { clientId: newClientId(), personId, reason: 'VIOLENCE' }
  expect((await moderate(app, phone.token, 'createReport', input)).__typename).toBe('CreateReportPayload')
  expect(await caseOf(host.personId)).toMatchObject({ subject_kind: 'DEVICE', severity: 4, owner_id: host.personId })
  const account = await createAccount(app)
  expect((await moderate(app, account.token, 'createReport', { ...input, clientId: newClientId() })).code).toBe(
    'FORBIDDEN',
  )
  expect((await report(account, activity.id)).code).toBe('FORBIDDEN')
})

test('the same thing is reported once until it is decided, at most three wait, and a client id is one report', async () => {
  const anna = await createAccount(app)
  const venues = [await organizer.venue(), await organizer.venue(), await organizer.venue(), await organizer.venue()]
  const [a, b, c, d] = venues.map(({ id }) => id) as [string, string, string, string]
  const input = reportInput(a)
  const first = await moderate(app, anna.token, 'createReport', input)
  expect(await moderate(other, anna.token, 'createReport', input)).toEqual(first)
  expect((await moderate(app, anna.token, 'createReport', { ...input, reason: 'HATE' })).code).toBe(
    'IDEMPOTENCY_MISMATCH',
  )
  expect(await report(anna, a)).toMatchObject({ __typename: 'DuplicateReportError', conflictingId: first.report?.id })
  for (const one of [b, c]) expect((await report(anna, one)).__typename).toBe('CreateReportPayload')
  expect(await report(anna, d)).toMatchObject({ __typename: 'ReportLimitError', limit: 3 })

  const { id: caseId } = (await caseOf(rawId(a))) as { id: string }
  const dismiss = { clientId: newClientId(), caseId: caseGlobalId(caseId), dismiss: true }
  expect((await moderator.act('resolveCase', dismiss)).case?.state).toBe('DISMISSED')
  expect((await mine(anna)).map(({ state }) => state)).toEqual(['OPEN', 'OPEN', 'DISMISSED'])
  expect((await report(anna, a)).__typename).toBe('CreateReportPayload')
  expect(await caseOf(rawId(a))).toMatchObject({ state: 'OPEN', round: 2, report_count: 2 })
  expect(await moderate(app, anna.token, 'createReport', input)).toMatchObject({ report: { id: first.report?.id } })
})

test('reporters are told what became of it, and are trusted more or less for it', async () => {
  const [anna, ben] = [await createAccount(app), await createAccount(app)]
  const venue = await organizer.venue()
  await report(anna, venue.id)
  await report(ben, venue.id)
  const { id } = (await caseOf(rawId(venue.id))) as { id: string }
  const action = { action: 'WARN', reason: 'advertising', explanation: 'Please do not advertise here.' }
  await moderator.act('resolveCase', { clientId: newClientId(), caseId: caseGlobalId(id), ...action })
  const told = await rows(
    `select person_id, kind, data->>'outcome' as outcome from moderation_statuses
    where person_id = any($1::uuid[]) order by person_id`,
    [[anna.accountId, ben.accountId]],
  )
  expect(told.map(({ person_id, outcome }) => [person_id, outcome])).toEqual(
    [anna, ben].map(({ accountId }) => [accountId, 'ACTIONED']).sort(),
  )
  const standings = await app.services.gate.standings.of([anna.accountId, ben.accountId])
  expect([...standings.values()].map(({ trust }) => trust)).toEqual([51, 51])
})

test('a hundred accounts made for it make a case one step more urgent, and decide nothing', async () => {
  const venue = await organizer.venue()
  const puppets = await accountIds(await insertAccounts(app, 100))
  const subject = { kind: 'VENUE' as const, id: rawId(venue.id) }
  for (const accountId of puppets) {
    const made = { clientId: newClientId(), reason: 'SPAM' as const, note: null }
    await app.services.moderation.report({ deviceId: null, accountId }, [accountId], async () => subject, made)
  }
  expect(await caseOf(subject.id)).toMatchObject({ state: 'OPEN', severity: 2, report_count: 100 })
  expect(await rows('select * from decisions where subject_id = $1', [subject.id])).toEqual([])
  const kinds = await rows('select kind from reputation_events where person_id = $1', [organizer.accountId])
  expect(kinds.filter(({ kind }) => kind === 'reported_by_many')).toHaveLength(1)
})

test('of many reports at once on two nodes exactly three wait', async () => {
  const venues = await Promise.all(Array.from({ length: 4 }, () => organizer.venue()))
  const people = await accountIds(await insertAccounts(app, rounds(250)))
  const tries = async (accountId: string) => {
    const outcomes = venues.map(({ id }, i) => {
      const { moderation } = (i % 2 === 0 ? app : other).services
      const made = { clientId: newClientId(), reason: 'OTHER' as const, note: null }
      const subject = async () => ({ kind: 'VENUE' as const, id: rawId(id) })
      return moderation.report({ deviceId: null, accountId }, [accountId], subject, made).then(
        () => 'made',
        (error: Error) => error.name,
      )
    })
    expect((await Promise.all(outcomes)).sort()).toEqual(['ReportLimitError', 'made', 'made', 'made'])
  }
  for (const accountId of people) await tries(accountId)
})

test('who is erased is named by no report, case or evidence', async () => {
  const [anna, ben] = [await createAccount(app), await createAccount(app)]
  const { id } = (await send(ben, await openDirect(anna, ben), 'words of ben')) as { id: string }
  await report(anna, id, { note: 'words of anna' })
  await report(anna, ben.profileId)
  for (const { accountId } of [anna, ben]) {
    await app.services.moderation.erase(accountId)
    await app.services.moderation.erase(accountId)
  }
  for (const table of [
    'reports',
    'moderation_cases',
    'case_evidence',
    'case_resolutions',
    'staff_campuses',
    'case_events',
  ]) {
    const all = JSON.stringify(await rows(`select * from ${table}`))
    for (const trace of [anna.accountId, ben.accountId, 'words of'])
      expect([table, all.includes(trace)]).toEqual([table, false])
  }
})
