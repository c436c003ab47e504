import {
  createActivityCounts,
  createActivityStore,
  createAuthorLabel,
  createEnding,
  createEndingStore,
} from '../../src/modules/activities/index.ts'
import { surroundingsKey, surroundingsTopic } from '../../src/modules/presence/index.ts'
import { areaOfId } from '../../src/platform/geo/index.ts'
import { act, activityUuid, look, nearby, start } from '../kit/activities.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { createOrganizer, rawId } from '../kit/organizers.ts'
import { createPhone, newClientId, type Phone } from '../kit/phones.ts'
import { offset, zurich } from '../kit/places.ts'
import { follow } from '../kit/socket.ts'
import { redisDump, traces } from '../kit/stores.ts'

let app: TestApp
let other: TestApp
beforeAll(async () => {
  app = await createTestApp()
  other = await app.node()
})

const minute = 60_000
const retentionMs = 600_000
const now = () => new Date(app.clock.now())
const iso = (aheadMs: number) => new Date(app.clock.now() + aheadMs).toISOString()

const sendDocument = `mutation ($input: SendActivityMessageInput!) { sendActivityMessage(input: $input) { __typename ... on Error { code } } }`
const signalDocument = `mutation ($input: SignalActivityInput!) { signalActivity(input: $input) { __typename } }`
const say = async (phone: Phone, activityId: string, body: string) => {
  const answer = await phone.ask(sendDocument, { input: { clientId: newClientId(), activityId, body } })
  expect(answer).toMatchObject({ data: { sendActivityMessage: { __typename: 'SendActivityMessagePayload' } } })
}
const events = (phone: Phone, id: string, on = app) =>
  follow<{ __typename: string; activity?: { state: string }; cancelled?: boolean }>(
    on,
    `subscription ($id: ID!) { activityEvents(id: $id) { __typename ... on ActivityChanged { activity { state } } ... on ActivityEnded { cancelled } } }`,
    { token: phone.token, variables: { id } },
  )

/** Time passes, and whatever is due is done on the way. */
async function pass(ms: number) {
  app.clock.advance(ms)
  await app.idle()
}

async function counted() {
  const { rows } = await app.postgres.pool.query<{ activities: number; joins: number; messages: number }>(
    'select coalesce(sum(activities), 0)::int as activities, coalesce(sum(joins), 0)::int as joins, coalesce(sum(messages), 0)::int as messages from activity_daily_counts',
  )
  return rows[0] ?? { activities: 0, joins: 0, messages: 0 }
}

/** What was counted while something happened. */
async function countedBy(work: () => Promise<void>) {
  await app.idle()
  const before = await counted()
  await work()
  const after = await counted()
  return {
    activities: after.activities - before.activities,
    joins: after.joins - before.joins,
    messages: after.messages - before.messages,
  }
}

const keysAbout = async (id: string) =>
  [...(await redisDump(app)).keys()].filter((key) => key.includes(activityUuid(id)) && !key.includes(':made:'))

describe('the end of an activity', () => {
  test('leaves nothing of what was said, who was there and where, in any store or log', async () => {
    const [ann, ben, cyd] = [await createPhone(app), await createPhone(app), await createPhone(app)]
    const canary = (name: string) => `${name}kanarie`
    const made = await start(ann, { title: canary('first'), ...offset(zurich, 4321, 1234), lifetimeMinutes: 30 })
    const { id } = made
    await act(ann, 'updateActivity', { activityId: id, title: canary('second') })
    await act(ben, 'joinActivity', { activityId: id, displayName: canary('ben') })
    await act(cyd, 'joinActivity', { activityId: id, displayName: canary('cyd') })
    await say(ann, id, canary('hello'))
    await say(ben, id, canary('answer'))
    await ben.ask(signalDocument, { input: { activityId: id, typing: true } })
    await act(cyd, 'leaveActivity', { activityId: id })
    const fay = await createPhone(app)
    await act(fay, 'flagActivity', { activityId: id, reason: 'SPAM' })
    await ben.beat(offset(zurich, 4321, 1234), now())
    await nearby(ben)
    const stream = events(ben, id)
    await stream.next()

    const texts = ['first', 'second', 'ben', 'cyd', 'hello', 'answer'].map(canary)
    const place = [made.place.latitude, made.place.longitude].map((degrees) => String(degrees))
    const cell = String(
      await app.redis.command.hget(
        (await keysAbout(id)).find((key) => key.includes(':activity:') && !key.includes('delivery')) ?? '',
        'cell',
      ),
    )
    const everything = [...texts, ...place, `"${cell}"`]
    // What it was called before is nowhere already.
    for (const text of everything)
      expect([text, (await traces(app, text)).length > 0]).toEqual([text, text !== texts[0]])
    expect(await keysAbout(id)).not.toEqual([])

    await pass(30 * minute)
    expect(await stream.next()).toMatchObject({ __typename: 'ActivityEnded', cancelled: false })
    // It may still be read by those who were there.
    expect(await look(ben, id)).toMatchObject({ state: 'ENDED' })
    expect(await traces(app, canary('hello'))).not.toEqual([])
    await pass(retentionMs / 2)
    await pass(retentionMs / 2)
    await pass(minute)
    expect(await look(ben, id)).toBeNull()
    for (const text of everything) expect([text, await traces(app, text)]).toEqual([text, []])
    expect(await keysAbout(id)).toEqual([])
    for (const { personId } of [ann, ben, cyd, fay])
      expect(
        (await traces(app, personId)).filter((name) =>
          /:(joined|hosting|people|attendees|names|seen|flags):/.test(name),
        ),
      ).toEqual([])
  })

  test('is the end of every key of it by itself, too, should nothing ever sweep', async () => {
    const [ann, ben] = [await createPhone(app), await createPhone(app)]
    const { id } = await start(ann, { lifetimeMinutes: 20 })
    await act(ben, 'joinActivity', { activityId: id, displayName: 'Ben' })
    await say(ben, id, 'Hello')
    await ben.ask(signalDocument, { input: { activityId: id, typing: true } })
    await act(ann, 'updateActivity', { activityId: id, lifetimeMinutes: 10 })
    const keys = await keysAbout(id)
    for (const child of ['attendees', 'names', 'people', 'chat', 'clients', 'seen', 'typing', 'head', 'log'])
      expect(keys.some((key) => key.includes(child))).toBe(true)
    const { command } = app.redis
    const record = keys.find((key) => key.includes(':activity:') && !key.includes('delivery')) ?? ''
    const atMost = (await command.pttl(record)) + 50
    expect(atMost).toBeLessThanOrEqual(10 * minute + retentionMs + minute)
    for (const key of keys) {
      const ttl = await command.pttl(key)
      expect([key, ttl > 0 && ttl <= atMost]).toEqual([key, true])
    }
  })

  test('and its beginning are told to whoever follows, once, on every node', async () => {
    const [ann, ben] = [await createPhone(app), await createPhone(app)]
    const { id } = await start(ann, { startsAt: iso(5 * minute), lifetimeMinutes: 5 })
    const streams = [events(ben, id), events(ann, id, other)]
    for (const stream of streams) await stream.next()
    await app.idle()
    await Promise.all([pass(5 * minute), other.idle()])
    for (const stream of streams)
      expect(await stream.next()).toEqual({ __typename: 'ActivityChanged', activity: { state: 'LIVE' } })
    await Promise.all([pass(5 * minute), other.idle()])
    for (const stream of streams) {
      expect(await stream.next()).toEqual({ __typename: 'ActivityEnded', cancelled: false })
      await stream.ended
      expect(stream.waiting()).toEqual([])
    }
  })

  test('takes it off the map: no list, no cluster, and whoever keeps up with the area is told', async () => {
    const [ann, ben] = [await createPhone(app), await createPhone(app)]
    const { id, place } = await start(ann, { latitude: 46.2, longitude: 6.14, lifetimeMinutes: 5 })
    await act(ben, 'joinActivity', { activityId: id })
    const tag = /\{g\d+\}/.exec((await keysAbout(id))[0] ?? '')?.[0] ?? ''
    const onMap = async () =>
      [...(await redisDump(app))].filter(
        ([key]) => key.includes(`activities:${tag}:`) && /:(index|clusters:\d+)$/.test(key),
      )
    expect((await onMap()).map(([key]) => key.split('}:')[1]).sort()).toEqual([
      'clusters:11',
      'clusters:14',
      'clusters:17',
      'clusters:8',
      'index',
    ])
    expect((await traces(app, String(place.latitude))).some((key) => key.endsWith(':index'))).toBe(true)
    await pass(5 * minute)
    expect(await onMap()).toEqual([])
    const stream = { topic: surroundingsTopic, key: surroundingsKey(areaOfId(activityUuid(id))) }
    const [head] = await app.delivery.log.positions([stream])
    const beginning = { epoch: head?.epoch ?? '', seq: 0 }
    const { entries } = await app.delivery.log.read(stream.topic, stream.key, beginning, 1000)
    expect(entries.map(({ payload }) => payload).at(-1)).toMatchObject({ id: activityUuid(id), to: null })
  })

  test('counts in its day: that it was, and how many joined and spoke', async () => {
    const found = await countedBy(async () => {
      const [ann, ben] = [await createPhone(app), await createPhone(app)]
      const ids = [await start(ann, { lifetimeMinutes: 5 }), await start(ben, { lifetimeMinutes: 5 })].map(
        ({ id }) => id,
      )
      await act(ben, 'joinActivity', { activityId: ids[0] })
      await say(ann, ids[0] ?? '', 'One')
      await say(ben, ids[0] ?? '', 'Two')
      await act(ben, 'cancelActivity', { activityId: ids[1] })
      await pass(5 * minute)
      await pass(retentionMs + minute)
    })
    expect(found).toEqual({ activities: 2, joins: 1, messages: 2 })
  })

  test('of many at once is swept by two nodes together, each once', async () => {
    const found = await countedBy(async () => {
      const hosts = await Promise.all(Array.from({ length: 10 }, () => createPhone(app)))
      const guest = await createPhone(app)
      for (let round = 0; round < 20; round += 1)
        await Promise.all(
          hosts.map(async (host, i) => {
            const { id } = await start(host, { lifetimeMinutes: 5, ...offset(zurich, 0, i * 150_000) })
            await act(guest, 'joinActivity', { activityId: id })
          }),
        )
      app.clock.advance(5 * minute)
      await Promise.all(Array.from({ length: 6 }, (_, i) => (i % 2 ? app : other).idle()))
      await app.idle()
    })
    expect(found).toEqual({ activities: 200, joins: 200, messages: 0 })
  })

  test('is counted once, whatever dies half-way', async () => {
    const { redis, delivery, postgres, clock, services } = app
    const store = createActivityStore({ redis, delivery, retentionMs })
    const counts = createActivityCounts(postgres)
    let dies: 'before' | 'after' | undefined
    const dying = createEnding({
      ...{ store, clock, authorLabel: createAuthorLabel(app.config.secret), archive: services.places.archive },
      ending: createEndingStore({ redis, delivery, store }),
      counts: {
        async add(batch) {
          if (dies === 'before') throw new Error('killed')
          await counts.add(batch)
          if (dies === 'after') throw new Error('killed')
        },
      },
    })
    const found = await countedBy(async () => {
      for (const how of ['before', 'after', undefined] as const) {
        await start(await createPhone(app), { lifetimeMinutes: 5 })
        app.clock.advance(5 * minute)
        dies = how
        await expect(
          dying.sweep().then(
            () => 'done',
            () => 'killed',
          ),
        ).resolves.toBe(how ? 'killed' : 'done')
      }
      await Promise.all([app.idle(), other.idle()])
    })
    expect(found).toEqual({ activities: 3, joins: 0, messages: 0 })
  })

  test('whose record has gone by itself still takes it off the map', async () => {
    const [ann, ben] = [await createPhone(app), await createPhone(app)]
    const { id } = await start(ann, { latitude: 43.7, longitude: 7.26, lifetimeMinutes: 5 })
    await act(ben, 'joinActivity', { activityId: id })
    const keys = await keysAbout(id)
    const tag = /\{g\d+\}/.exec(keys[0] ?? '')?.[0] ?? ''
    const onMap = async () =>
      [...(await redisDump(app)).keys()].filter(
        (key) => key.includes(`activities:${tag}:`) && /:(index|clusters:\d+)$/.test(key),
      )
    await app.redis.command.unlink(...keys)
    expect(await onMap()).toHaveLength(5)
    await pass(5 * minute)
    expect(await onMap()).toEqual([])
  })

  test('of nothing is nothing: a Redis that lost everything is swept in peace', async () => {
    const own = await createTestApp()
    await start(await createPhone(own))
    const keys = [...(await redisDump(own)).keys()]
    await own.redis.command.unlink(...keys)
    own.clock.advance(24 * 60 * minute)
    await own.idle()
    expect(own.logs.filter(({ level }) => level !== 'info' && level !== 'debug')).toEqual([])
  })
})

describe('the end of an event of a venue', () => {
  async function live(more: object) {
    const organizer = await createOrganizer(app)
    const venue = await organizer.venue()
    const event = await organizer.event(venue.id, { startsAt: iso(minute), endsAt: iso(30 * minute), ...more })
    await organizer.publish(event.id)
    await app.idle()
    const [ben, cyd] = [await createPhone(app), await createPhone(app)]
    await ben.beat({ latitude: 47.3729, longitude: 8.5409 }, now())
    const found = (await nearby(ben, 'UNDER_1_KM', { first: 100 })).edges.find(({ node }) => node.title === event.title)
    const id = found?.node.id ?? ''
    for (const phone of [ben, cyd]) await act(phone, 'joinActivity', { activityId: id, displayName: 'Kanarienvogel' })
    return { organizer, event, id, ben, cyd }
  }
  const row = async (event: { id: string }) =>
    (
      await app.postgres.pool.query<{ status: string; joins: number; messages: number }>(
        'select status::text, joins, messages from events where id = $1',
        [rawId(event.id)],
      )
    ).rows[0]

  test('keeps its record with its counts and, if its organizer wants them, its messages, under labels', async () => {
    const { event, id, ben, cyd } = await live({ title: 'Kept', archiveMessages: true })
    await say(ben, id, 'kept for ever')
    await say(cyd, id, 'this too')
    await pass(30 * minute)
    await other.idle()
    expect(await row(event)).toEqual({ status: 'ARCHIVED', joins: 2, messages: 2 })
    await pass(retentionMs)
    await pass(minute)
    expect(await traces(app, 'kept for ever')).toEqual(['public.event_messages'])
    expect(await traces(app, 'Kanarienvogel')).toEqual([])
    expect(await keysAbout(id)).toEqual([])
    const { rows } = await app.postgres.pool.query<{ seq: number; author: string; body: string }>(
      'select seq, author, body from event_messages where event_id = $1 order by seq',
      [rawId(event.id)],
    )
    expect(rows.map(({ body }) => body)).toEqual(['kept for ever', 'this too'])
    expect(new Set(rows.map(({ author }) => author)).size).toBe(2)
    for (const { author } of rows) expect(author).toMatch(/^[A-Za-z0-9_-]{22}$/)
    for (const { personId } of [ben, cyd])
      expect((await traces(app, personId)).filter((name) => name.startsWith('public.event'))).toEqual([])
  })

  test('keeps no message that nobody asked to keep, and counts it', async () => {
    const { event, id, ben } = await live({ title: 'Unkept', archiveMessages: false })
    await say(ben, id, 'soon forgotten')
    await pass(30 * minute)
    expect(await row(event)).toEqual({ status: 'ARCHIVED', joins: 2, messages: 1 })
    await pass(retentionMs)
    await pass(minute)
    expect(await traces(app, 'soon forgotten')).toEqual([])
  })

  test('that was called off is forgotten without a trace but its own record', async () => {
    const { organizer, event, id, ben } = await live({ title: 'Called off', archiveMessages: true })
    await say(ben, id, 'what a pity')
    await organizer.cancel(event.id)
    await app.idle()
    expect(await look(ben, id)).toMatchObject({ state: 'CANCELLED' })
    await pass(retentionMs)
    await pass(minute)
    expect(await row(event)).toMatchObject({ status: 'CANCELLED' })
    expect(await traces(app, 'what a pity')).toEqual([])
    expect(await keysAbout(id)).toEqual([])
  })

  test('is archived even if its activity was lost', async () => {
    const { event, id } = await live({ title: 'Lost', archiveMessages: true })
    await app.redis.command.unlink(...(await keysAbout(id)))
    await pass(30 * minute)
    await pass(retentionMs)
    await pass(10 * minute)
    await app.jobs.add('archive-missed')
    await app.idle()
    expect(await row(event)).toEqual({ status: 'ARCHIVED', joins: 0, messages: 0 })
  })
})
