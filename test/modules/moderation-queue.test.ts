import { createTestApp, type TestApp } from '../kit/app.ts'
import { eventually } from '../kit/eventually.ts'
import { caseGlobalId, createModerator, type Moderator, openCase, type QueueEvent } from '../kit/moderation.ts'
import { newClientId } from '../kit/phones.ts'
import type { Stream } from '../kit/socket.ts'

let app: TestApp
let other: TestApp
let mia: Moderator
let ada: Moderator
beforeAll(async () => {
  app = await createTestApp()
  other = await app.node()
  mia = await createModerator(app)
  ada = await createModerator(app, 'ADMIN')
})
const streams: Stream<unknown>[] = []
afterEach(() => {
  for (const stream of streams.splice(0)) stream.stop()
})
afterAll(() => {
  expect(app.logs.filter(({ level }) => level === 'error')).toEqual([])
})

async function followed(variables: { filter?: object; after?: string } = {}, who = mia, on: TestApp = app) {
  const stream = who.queue(variables, on)
  streams.push(stream)
  expect((await stream.next()).__typename).toBe('Ready')
  return stream
}
const changeOf = ({ change, case: { id } }: QueueEvent) => [change, id]
/** What follows until a change of one case, of that case. */
async function until(stream: Stream<QueueEvent>, caseId: string, change: string) {
  const seen: string[] = []
  for (;;) {
    const event = await stream.next()
    if (event.case?.id !== caseId) continue
    seen.push(event.change)
    if (event.change === change) return seen
  }
}
const sweepUntil = (stream: Stream<QueueEvent>, change: string) =>
  eventually(
    async () => {
      await app.services.moderation.sweep()
      return stream.waiting().map((event) => event.change)
    },
    (changes) => changes.includes(change),
  )

test('every screen is told of everything that happens to a case, in one order, on whichever node', async () => {
  const screens = [await followed(), await followed({}, ada, other)]
  const caseId = caseGlobalId(await openCase(app, { severity: 2 }))
  await mia.act('claimCase', { caseId })
  await mia.act('releaseCase', { caseId }, other)
  await mia.act('assignCase', { caseId, accountId: ada.globalId })
  await ada.act('resolveCase', { caseId, clientId: newClientId(), dismiss: true })
  const expected = ['OPENED', 'CLAIMED', 'RELEASED', 'ASSIGNED', 'DISMISSED']
  for (const screen of screens) expect(await until(screen, caseId, 'DISMISSED')).toEqual(expected)
})

test('a screen with a filter is told of what begins to fit it, and of what ceases to, and of nothing else', async () => {
  const [urgent, mine, waiting] = [
    await followed({ filter: { severityAtLeast: 3 } }),
    await followed({ filter: { assignee: 'me' } }),
    await followed({ filter: { states: ['OPEN'], claimed: false } }),
  ]
  const subject = { kind: 'VENUE' as const, id: '018f4a3e-0000-7000-8000-00000000abcd' }
  const notice = { subject, ownerId: null, reasons: ['links'], texts: [] }
  const caseId = caseGlobalId(await app.services.moderation.noticed({ ...notice, severity: 1 }))
  await app.services.moderation.noticed({ ...notice, severity: 3 })
  await mia.act('assignCase', { caseId, accountId: mia.globalId })
  await mia.act('assignCase', { caseId })
  await mia.act('claimCase', { caseId })
  await mia.act('releaseCase', { caseId })
  await mia.act('resolveCase', { caseId, clientId: newClientId(), dismiss: true })
  expect(await until(urgent, caseId, 'DISMISSED')).toEqual([
    'RAISED',
    'ASSIGNED',
    'ASSIGNED',
    'CLAIMED',
    'RELEASED',
    'DISMISSED',
  ])
  expect([changeOf(await mine.next()), changeOf(await mine.next())]).toEqual([
    ['ASSIGNED', caseId],
    ['ASSIGNED', caseId],
  ])
  const all = ['OPENED', 'RAISED', 'ASSIGNED', 'ASSIGNED', 'CLAIMED', 'RELEASED', 'DISMISSED']
  expect(await until(waiting, caseId, 'DISMISSED')).toEqual(all)
  expect(mine.waiting()).toEqual([])
})

test('who comes back with a cursor is told what they missed, once and in order', async () => {
  const first = await followed()
  const caseId = caseGlobalId(await openCase(app))
  const { cursor } = await first.next()
  first.drop()
  await mia.act('claimCase', { caseId })
  await mia.act('escalateCase', { caseId, note: '' })
  const back = await followed({ after: cursor }, mia, other)
  expect([changeOf(await back.next()), changeOf(await back.next())]).toEqual([
    ['CLAIMED', caseId],
    ['ESCALATED', caseId],
  ])
  const stream = mia.queue({ after: 'junk' })
  expect((await stream.ended).errors?.[0]?.extensions?.['code']).toBe('BAD_USER_INPUT')
})

test('what nobody told of, because its process died after the commit, is told by the sweep', async () => {
  const screen = await followed()
  const raw = await openCase(app)
  expect((await screen.next()).change).toBe('OPENED')
  await app.postgres.transaction((sql) => app.services.moderation.appealed(sql, raw))
  expect(await sweepUntil(screen, 'APPEALED')).toEqual(['APPEALED'])
})

test('a claim that ran out is back in the queue, and what is late is told once', async () => {
  const own = await createTestApp()
  const moderator = await createModerator(own)
  const caseId = caseGlobalId(await openCase(own, { severity: 4 }))
  await moderator.act('claimCase', { caseId })
  const screen = moderator.queue({ filter: { claimed: false } })
  streams.push(screen)
  await screen.next()
  await own.services.moderation.sweep()
  own.clock.advance(5 * 60_000)
  await Promise.all([own.services.moderation.sweep(), own.services.moderation.sweep()])
  expect(await screen.next()).toMatchObject({ change: 'CLAIM_EXPIRED', case: { claimedBy: null, overdue: false } })
  own.clock.advance(25 * 60_000)
  for (let i = 0; i < 3; i += 1) await own.services.moderation.sweep()
  expect(await screen.next()).toMatchObject({ change: 'OVERDUE', case: { overdue: true } })
  expect(screen.waiting()).toEqual([])
})

test('a moderator’s screen tells of their campuses, and is complete when those are others', async () => {
  const moderator = await createModerator(app)
  const { rows } = await app.postgres.pool.query(
    `insert into campuses (id, name, latitude, longitude, email_domain) values (gen_random_uuid(), 'Here', 47, 8, 'here.example'),
     (gen_random_uuid(), 'There', 47, 8, 'there.example') returning id`,
  )
  const [here, there] = rows.map(({ id }) => id) as [string, string]
  const set = (ids: string[]) =>
    ada.act('setModeratorCampuses', {
      accountId: moderator.globalId,
      campusIds: ids.map((id) => Buffer.from(`Campus:${id}`).toString('base64')),
    })
  await set([here])
  const screen = await followed({}, moderator)
  const cases = [await openCase(app), await openCase(app)]
  for (const [i, id] of [there, here].entries()) {
    await app.postgres.pool.query('update moderation_cases set campus_id = $2 where id = $1', [cases[i], id])
    await mia.act('claimCase', { caseId: caseGlobalId(cases[i] ?? '') })
  }
  // Both were opened without a campus.
  const told = [await screen.next(), await screen.next(), await screen.next()].map(changeOf)
  expect(told).toEqual([
    ...[
      ['OPENED', caseGlobalId(cases[0] ?? '')],
      ['OPENED', caseGlobalId(cases[1] ?? '')],
    ],
    ['CLAIMED', caseGlobalId(cases[1] ?? '')],
  ])
  await set([there])
  expect((await screen.ended).errors).toBeUndefined()
})

test('fifty screens with the same filter cost one reading of each change, and none while nothing happens', async () => {
  const own = await createTestApp({ SOCKETS_PER_VIEWER: '1000' })
  const moderators = await Promise.all(Array.from({ length: 5 }, () => createModerator(own)))
  const screens = moderators.flatMap((moderator) =>
    Array.from({ length: 10 }, () => moderator.queue({ filter: { states: ['OPEN'] } })),
  )
  streams.push(...screens)
  await Promise.all(screens.map((screen) => screen.next()))
  const { pool } = own.postgres
  const texts: string[] = []
  const query = pool.query.bind(pool)
  pool.query = ((...args: Parameters<typeof query>) => {
    texts.push(String((args[0] as { name?: string }).name))
    return query(...args)
  }) as typeof pool.query
  await openCase(own)
  await Promise.all(screens.map((screen) => screen.next()))
  expect(texts.filter((name) => name === 'cases-by-ids')).toHaveLength(1)
})
