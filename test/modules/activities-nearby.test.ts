import fc from 'fast-check'
import { isOver, type NearbyPage, quietMeters } from '../../src/modules/activities/index.ts'
import { byRank, scoreOf } from '../../src/modules/activities/ranking.ts'
import { tileOf } from '../../src/modules/activities/tiles.ts'
import { type Band, bandBetween, bandLimits, createGrids, isWithin } from '../../src/modules/presence/index.ts'
import { areaOf, distanceMeters, mapLatitude, type Position } from '../../src/platform/geo/index.ts'
import { createId } from '../../src/platform/ids.ts'
import { act, activityUuid, look, nearby, nearbyDocument, start } from '../kit/activities.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { runs } from '../kit/fuzz.ts'
import { codeOf } from '../kit/gql.ts'
import { createRedisMonitor } from '../kit/monitor.ts'
import { createPhone, newClientId, type Phone } from '../kit/phones.ts'
import { offset } from '../kit/places.ts'

let app: TestApp
let other: TestApp
beforeAll(async () => {
  app = await createTestApp()
  other = await app.node()
})

const minutes = 60_000
const now = () => new Date(app.clock.now())
const radii = ['HERE', 'UNDER_1_KM', 'UNDER_3_KM', 'UNDER_10_KM', 'UNDER_50_KM'] as const

/** A place of a test's own, so far from all others that they do not see each other. */
let used = 0
const somewhere = (): Position => {
  used += 1
  return { latitude: -40 + (used % 80), longitude: -170 + Math.floor(used / 80) * 10 + (used % 7) }
}
/** A phone that stands there. */
async function standing(at: Position): Promise<Phone> {
  const phone = await createPhone(app)
  await phone.beat(at, now())
  return phone
}
const titles = async (phone: Phone, radius?: string) =>
  (await nearby(phone, radius)).edges.map(({ node }) => node.title).sort()

/** A person without a phone: the same services, without HTTP. */
const person = () => createId(app.clock.now())
const made = (personId: string, at: Position, more: object = {}) =>
  app.services.activities.create(personId, { clientId: newClientId(), title: 'Dot', emoji: '📍', ...at, ...more })
const beat = (personId: string, at: Position) =>
  app.services.presence.heartbeat(personId, { ...at, accuracyMeters: 5, observedAt: now() })

async function everyPage(viewerId: string, radius: Band) {
  const edges: NearbyPage['edges'] = []
  let after: string | undefined
  do {
    const page = await app.services.activities.nearby(viewerId, { radius, first: 100, after })
    edges.push(...page.edges)
    after = page.hasNextPage ? page.edges.at(-1)?.cursor : undefined
  } while (after)
  return edges
}

describe('what nobody has joined', () => {
  test('is shown within 200 m, and to its host; joined, it is shown as far as it is looked for', async () => {
    const here = somewhere()
    const [ann, near, far] = [
      await standing(here),
      await standing(offset(here, 100, 0)),
      await standing(offset(here, 300, 0)),
    ]
    const away = await standing(offset(here, 20_000, 0))
    const host = await standing(offset(here, 20_000, 0))
    const party = await start(ann, { ...here, title: 'Party' })
    await start(host, { ...here, title: 'Own' })
    expect(await titles(near)).toEqual(['Own', 'Party'])
    expect(await titles(far)).toEqual([])
    expect(await titles(host)).toEqual(['Own'])
    expect(await titles(away)).toEqual([])
    // Whoever has its id sees it: that cannot be guessed.
    expect(await look(far, party.id)).not.toBeNull()
    await act(near, 'joinActivity', { activityId: party.id })
    for (const phone of [far, away]) expect(await titles(phone)).toEqual(['Party'])
    expect(await titles(away, 'UNDER_10_KM')).toEqual([])
    await act(near, 'leaveActivity', { activityId: party.id })
    expect(await titles(far)).toEqual([])
  })
})

describe('nearbyActivities', () => {
  test('leaves out what is over, called off, flagged away, or of somebody blocked either way', async () => {
    const here = somewhere()
    const [ann, ben] = [await standing(here), await standing(here)]
    const hosts = await Promise.all(Array.from({ length: 6 }, () => createPhone(app)))
    const [short, off, bad, blocked, blocker, good] = await Promise.all(
      hosts.map((host, i) => start(host, { ...here, title: `T${i}`, ...(i === 0 ? { lifetimeMinutes: 1 } : {}) })),
    )
    expect(await titles(ann)).toHaveLength(6)
    await act(hosts[1] as Phone, 'cancelActivity', { activityId: off?.id })
    for (const phone of [ann, ben, hosts[0] as Phone])
      await act(phone, 'flagActivity', { activityId: bad?.id, reason: 'SPAM' })
    await app.services.social.block(ann.personId, (hosts[3] as Phone).personId)
    await app.services.social.block((hosts[4] as Phone).personId, ann.personId)
    app.clock.advance(minutes + 1)
    expect(await titles(ann)).toEqual(['T5'])
    expect([short, blocked, blocker, good].every(Boolean)).toBe(true)
    await (hosts[2] as Phone).beat(here, now())
    expect(await titles(hosts[2] as Phone)).toEqual(['T2', 'T3', 'T4', 'T5'])
  })

  test('needs a presence, and a radius that cells can have', async () => {
    const here = somewhere()
    const nobody = await createPhone(app)
    expect(codeOf(await nobody.ask(nearbyDocument, { radius: 'HERE' }))).toBe('NOT_FOUND')
    const ann = await standing(here)
    expect(codeOf(await ann.ask(nearbyDocument, { radius: 'IN_REACH' }))).toBe('BAD_USER_INPUT')
    expect(codeOf(await ann.ask(nearbyDocument, { radius: 'UNDER_7_KM' }))).toBe('BAD_USER_INPUT')
    for (const first of [0, -1, 101])
      expect(codeOf(await ann.ask(nearbyDocument, { radius: 'HERE', first }))).toBe('BAD_USER_INPUT')
    app.clock.advance(2 * minutes)
    expect(codeOf(await ann.ask(nearbyDocument, { radius: 'HERE' }))).toBe('NOT_FOUND')
  })

  test('goes on from a cursor in the same order, and from no other list’s cursor', async () => {
    const here = somewhere()
    const ann = await standing(here)
    const hosts = Array.from({ length: 30 }, person)
    for (const [i, host] of hosts.entries()) await made(host, offset(here, (i % 10) * 10, 0), { title: `N${i}` })
    const all = await nearby(ann, 'UNDER_1_KM', { first: 100 })
    expect(all.edges).toHaveLength(30)
    const paged: string[] = []
    let page = await nearby(ann, 'UNDER_1_KM', { first: 7 })
    for (;;) {
      paged.push(...page.edges.map(({ node }) => node.id))
      if (!page.pageInfo.hasNextPage) break
      // As time passes the order stays that of the first page; what is new is not in it.
      app.clock.advance(5000)
      await made(person(), here, { title: 'New' })
      page = await nearby(ann, 'UNDER_1_KM', { first: 7, after: page.pageInfo.endCursor ?? '' })
    }
    expect(paged).toEqual(all.edges.map(({ node }) => node.id))

    const cursor = all.edges[3]?.cursor ?? ''
    const ben = await standing(here)
    for (const [phone, radius, after] of [
      [ann, 'UNDER_3_KM', cursor],
      [ben, 'UNDER_1_KM', cursor],
      [ann, 'UNDER_1_KM', 'AAAA'],
      [ann, 'UNDER_1_KM', `${cursor}x`],
    ] as const)
      expect(codeOf(await phone.ask(nearbyDocument, { radius, after }))).toBe('BAD_USER_INPUT')
  })

  test('answers from where the viewer stands now, on whichever node they said so', async () => {
    const [here, there] = [somewhere(), offset(somewhere(), 0, 0)]
    const viewer = person()
    await Promise.all([made(person(), here, { title: 'Here' }), made(person(), there, { title: 'There' })])
    const seen = async (node: TestApp) =>
      (await node.services.activities.nearby(viewer, { radius: 'HERE', first: 10 })).edges.map(({ node }) => node.title)
    await beat(viewer, here)
    for (const node of [app, other]) expect(await seen(node)).toEqual(['Here'])
    await app.services.presence.end(viewer)
    app.clock.advance(5 * 60 * minutes)
    await other.services.presence.heartbeat(viewer, { ...there, accuracyMeters: 5, observedAt: now() })
    await made(person(), there, { title: 'There too' })
    for (const node of [app, other]) expect((await seen(node)).sort()).toEqual(['There', 'There too'])
  })

  test('tells a band on each activity, and null to who has no presence', async () => {
    const here = somewhere()
    const [ann, ben] = [await standing(here), await createPhone(app)]
    const party = await start(ben, offset(here, 0, 2500))
    const document = 'query ($id: ID!) { activity(id: $id) { band } }'
    expect((await ann.ask(document, { id: party.id })).data).toEqual({ activity: { band: 'UNDER_3_KM' } })
    expect((await ben.ask(document, { id: party.id })).data).toEqual({ activity: { band: null } })
  })
})

test('a page costs one command, and one more for the seats on it, whether 10 or 1,000 are around', async () => {
  const monitor = await createRedisMonitor(app)
  const counted = monitor.during
  const here = { latitude: 46.9, longitude: 7.4 }
  const ann = await standing(here)
  let there = 0
  const fill = async (count: number) => {
    while (there < count) {
      const batch = Math.min(20, count - there)
      await Promise.all(
        Array.from({ length: batch }, (_, i) => made(person(), offset(here, (i % 17) * 9, (i % 13) * 9))),
      )
      there += batch
    }
  }
  for (const count of [10, 1000]) {
    await fill(count)
    await nearby(ann, 'UNDER_1_KM')
    const bare = `{ nearbyActivities(radius: UNDER_1_KM, first: 100) { edges { band node { id title emoji joinCount state place { latitude } } } } }`
    expect(await counted(() => ann.ask(bare))).toEqual(['evalsha'])
    expect(await counted(() => nearby(ann, 'UNDER_1_KM', { first: 100 }))).toEqual(['evalsha', 'evalsha'])
  }
  // One script for each of the others too, once the area is known.
  const party = await start(ann, here)
  const ben = await createPhone(app)
  await act(ben, 'leaveActivity', { activityId: party.id })
  const once = async (phone: Phone, name: string, input: object) =>
    counted(() =>
      phone.ask(
        `mutation ($input: ${name[0]?.toUpperCase()}${name.slice(1)}Input!) { ${name}(input: $input) { __typename } }`,
        {
          input,
        },
      ),
    )
  const activityId = party.id
  expect(await once(ben, 'joinActivity', { activityId })).toEqual(['evalsha'])
  expect(await once(ben, 'flagActivity', { activityId, reason: 'SPAM' })).toEqual(['evalsha'])
  expect(await once(ben, 'leaveActivity', { activityId })).toEqual(['evalsha'])
  expect(await once(ann, 'cancelActivity', { activityId })).toEqual(['evalsha'])
  monitor.close()
}, 60_000)

describe('against every activity in the world, looked at one by one', () => {
  const { places } = createGrids('a secret that only tests use, 32+ characters', 700)
  const world = new Map<string, { id: string; host: string }>()

  /** Where it is hard: at the antimeridian, where the map ends, where areas meet, and anywhere. */
  const middles = fc.oneof(
    fc.record({
      latitude: fc.double({ min: -80, max: 80, noNaN: true }),
      longitude: fc.constantFrom(180, -180, 179.95, -179.99),
    }),
    fc.record({
      latitude: fc.constantFrom(85, -85, 84.7, -84.9),
      longitude: fc.double({ min: -180, max: 180, noNaN: true }),
    }),
    fc.record({ latitude: fc.constantFrom(85, -85), longitude: fc.constantFrom(180, -179.9) }),
    fc.record({
      latitude: fc.integer({ min: -22, max: 22 }).map((row) => row * 3.5963),
      longitude: fc.double({ min: -180, max: 180, noNaN: true }),
    }),
    fc.record({
      latitude: fc.double({ min: -85, max: 85, noNaN: true }),
      longitude: fc.double({ min: -180, max: 180, noNaN: true }),
    }),
  )
  const steps = fc.record({
    meters: fc.oneof(fc.double({ min: 0, max: 400, noNaN: true }), fc.double({ min: 0, max: 60_000, noNaN: true })),
    turn: fc.double({ min: 0, max: 2 * Math.PI, noNaN: true }),
    joins: fc.integer({ min: 0, max: 3 }),
  })
  const at = (middle: Position, { meters, turn }: { meters: number; turn: number }): Position => {
    const { latitude, longitude } = offset(middle, Math.cos(turn) * meters, Math.sin(turn) * meters)
    return {
      latitude: Math.max(-mapLatitude, Math.min(mapLatitude, latitude)),
      longitude: ((((longitude + 180) % 360) + 360) % 360) - 180,
    }
  }

  test('finds exactly what is near enough, in the order of the ranking', async () => {
    let found = 0
    let worlds = 0
    await fc.assert(
      fc.asyncProperty(middles, fc.array(steps, { minLength: 1, maxLength: 25 }), steps, async (middle, dots, step) => {
        for (const dot of dots) {
          const host = person()
          const activity = await made(host, at(middle, dot))
          for (let i = 0; i < dot.joins; i += 1) await app.services.activities.join(person(), activity.id)
          world.set(activity.id, { id: activity.id, host })
        }
        // More than 500 in one place are for another test.
        worlds += 1
        if (worlds > 100) {
          for (const { id, host } of [...world.values()].slice(0, dots.length)) {
            await app.services.activities.cancel(host, id).catch(() => undefined)
            world.delete(id)
          }
        }
        const viewer = person()
        const stands = at(middle, step)
        await beat(viewer, stands)
        const near = places.snap(stands)
        const everything = await app.services.activities.load(viewer, [...world.keys()])
        for (const radius of radii) {
          const edges = await everyPage(viewer, radius)
          const asked = {
            radiusMeters: bandLimits[radius],
            nowMs: 0,
            weights: { distance: 1, freshness: 0, joins: 0.5 },
          }
          const expected = everything.flatMap((activity) => {
            if (!activity || isOver(activity, app.clock.now())) return []
            const cell = places.cell(activity.cellId)
            const band: Band | undefined = cell && bandBetween(near, cell)
            const meters = cell ? distanceMeters(near, cell) : 0
            if (!band || !isWithin(band, radius) || (activity.joins === 0 && meters > quietMeters)) return []
            return [{ id: activity.id, band, score: scoreOf(activity, meters, asked) }]
          })
          // Ages are milliseconds: what is equal but for those may come in either order.
          const got = edges.map(({ node, band }) => ({ id: node.id, band }))
          expect(got.sort((a, b) => (a.id < b.id ? -1 : 1))).toEqual(
            expected.map(({ id, band }) => ({ id, band })).sort((a, b) => (a.id < b.id ? -1 : 1)),
          )
          const scores = new Map(expected.map((each) => [each.id, each.score]))
          const inOrder = edges.map(({ node }) => scores.get(node.id) ?? 0)
          for (const [i, score] of inOrder.entries())
            if (i > 0) expect(score).toBeLessThan((inOrder[i - 1] ?? 0) + 0.001)
          found += got.length
        }
      }),
      runs(60),
    )
    expect(found).toBeGreaterThan(500)
  }, 120_000)

  test('counts exactly what is in each tile, for this viewer', async () => {
    const viewer = person()
    const everything = (await app.services.activities.load(viewer, [...world.keys()])).flatMap((each) => each ?? [])
    const joined = everything.filter(({ joins }) => joins > 0)
    expect(joined.length).toBeGreaterThan(100)
    // Two hosts are blocked, one activity is cancelled, one is left by everybody, one is over.
    const [a, b, c] = joined
    if (!a || !b || !c) throw new Error('Too few.')
    await app.services.social.block(viewer, a.hostId)
    await app.services.social.block(b.hostId, viewer)
    await app.services.activities.cancel(c.hostId, c.id)
    const over = await made(person(), { latitude: 12.3, longitude: 45.6 }, { lifetimeMinutes: 1 })
    await app.services.activities.join(person(), over.id)
    app.clock.advance(61_000)
    const counted = joined.filter(({ id }) => ![a.id, b.id, c.id].includes(id))

    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...joined, { latitude: 12.3, longitude: 45.6 }),
        fc.integer({ min: 0, max: 21 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        async (around, zoom, up, along) => {
          const level = [8, 11, 14, 17].find((each) => each > zoom) ?? 17
          // So many areas as are reckoned together hold ten of the coarsest tiles.
          const side = (360 / 2 ** level) * (level === 8 ? 10 : 20)
          const east = around.longitude + side * along
          const bounds = {
            south: Math.max(-90, around.latitude - side * (1 - up) * 0.7),
            north: Math.min(90, around.latitude + side * up * 0.7),
            west:
              around.longitude - side * (1 - along) < -180
                ? around.longitude - side * (1 - along) + 360
                : around.longitude - side * (1 - along),
            east: east > 180 ? east - 360 : east,
          }
          const clusters = await app.services.activities.clusters(viewer, bounds, zoom).catch((error: Error) => error)
          if (clusters instanceof Error) {
            // At the poles a few degrees of latitude are many tiles.
            expect(Math.abs(around.latitude)).toBeGreaterThan(60)
            return
          }
          const clamp = (latitude: number) => Math.max(-mapLatitude, Math.min(mapLatitude, latitude))
          const low = tileOf({ latitude: clamp(bounds.south), longitude: bounds.west }, level)
          const high = tileOf({ latitude: clamp(bounds.north), longitude: bounds.east }, level)
          const expected = new Map<string, number>()
          for (const activity of counted) {
            const { x, y } = tileOf(activity, level)
            const inColumn = bounds.west <= bounds.east ? x >= low.x && x <= high.x : x >= low.x || x <= high.x
            if (inColumn && y >= high.y && y <= low.y)
              expected.set(`${level}:${x}:${y}`, (expected.get(`${level}:${x}:${y}`) ?? 0) + 1)
          }
          expect(new Map(clusters.map(({ id, count }) => [id, count]))).toEqual(expected)
          for (const { id, latitude, longitude, zoom: of } of clusters) {
            const { x, y } = tileOf({ latitude, longitude }, of)
            expect(`${of}:${x}:${y}`).toBe(id)
          }
        },
      ),
      runs(150),
    )
  }, 60_000)

  test('no counter stays when its activities are gone', async () => {
    const host = person()
    const here = somewhere()
    const fields = async () => {
      const keys = await app.redis.command.keys(`${app.config.redisPrefix}*{g${areaOf(places.snap(here))}}:clusters:*`)
      return (await Promise.all(keys.map((key) => app.redis.command.hlen(key)))).reduce(
        (sum, length) => sum + length,
        0,
      )
    }
    const before = await fields()
    const activity = await made(host, here)
    const guest = person()
    await app.services.activities.join(guest, activity.id)
    expect(await fields()).toBe(before + 4)
    await app.services.activities.update(host, activity.id, offset(here, 5000, 5000))
    expect(await fields()).toBeGreaterThanOrEqual(before + 3)
    await app.services.activities.leave(guest, activity.id)
    expect(await fields()).toBe(before)
    await app.services.activities.join(guest, activity.id)
    await app.services.activities.cancel(host, activity.id)
    expect(await fields()).toBe(before)
  })
})

test('activityClusters refuses bounds that are upside down, too large, or no zoom', async () => {
  const ann = await createPhone(app)
  const document =
    'query ($bounds: MapBoundsInput!, $zoom: Int!) { activityClusters(bounds: $bounds, zoom: $zoom) { id count } }'
  const zurich = { south: 47.3, west: 8.4, north: 47.5, east: 8.7 }
  expect((await ann.ask(document, { bounds: zurich, zoom: 10 })).data).toEqual({ activityClusters: [] })
  for (const [bounds, zoom] of [
    [{ ...zurich, south: 48 }, 10],
    [{ south: -80, west: -180, north: 80, east: 180 }, 3],
    [zurich, 20],
    [zurich, 22],
    [zurich, -1],
    [{ ...zurich, south: -91 }, 10],
  ] as const)
    expect(codeOf(await ann.ask(document, { bounds, zoom }))).toBe('BAD_USER_INPUT')
})

test.each([
  ['nearer first', { meters: 0 }, { meters: 500 }],
  ['nearer first, further out', { meters: 500 }, { meters: 1000 }],
  ['fresher first', { createdAtMs: 0 }, { createdAtMs: -12 * 60 * minutes }],
  ['fresher first, within a day', { createdAtMs: -12 * 60 * minutes }, { createdAtMs: -24 * 60 * minutes }],
  ['more joined first', { joins: 5 }, { joins: 1 }],
  ['a fresh one before a near one', { meters: 900, createdAtMs: 0 }, { meters: 0, createdAtMs: -20 * 60 * minutes }],
  ['by id where nothing else tells', { id: 'a' }, { id: 'b' }],
])('the ranking puts %s', (_name, first, second) => {
  const asked = { radiusMeters: 1000, nowMs: 0, weights: { distance: 1, freshness: 2, joins: 0.5 } }
  const entry = (given: object) => {
    const activity = { id: 'm', meters: 100, createdAtMs: -60 * minutes, joins: 2, ...given }
    return { id: activity.id, score: scoreOf(activity, activity.meters, asked) }
  }
  expect(byRank(entry(first), entry(second))).toBeLessThan(0)
  expect(byRank(entry(second), entry(first))).toBeGreaterThan(0)
})

test('an activity’s uuid tells its area', async () => {
  const ann = await createPhone(app)
  const here = somewhere()
  const party = await start(ann, here)
  expect(Number.parseInt(activityUuid(party.id).slice(-4), 16)).toBe(areaOf(party.place))
})

// After the counts of clusters, which know of nothing but what they made.
test('of more than 500 in one area the nearest bands are all there', async () => {
  const here = somewhere()
  const venueId = person()
  const put = (at: Position, title: string) =>
    app.services.activities.project({
      ...{ eventId: person(), version: 1, hostId: person(), venueId, title, emoji: '🎪', place: at, capacity: null },
      ...{ startsAtMs: app.clock.now(), endsAtMs: app.clock.now() + 60 * minutes },
      ...{ archiveMessages: false, cancelled: false, state: 'VISIBLE' },
    })
  const ring = async (count: number, meters: number, title: string) => {
    for (let i = 0; i < count; i += 20)
      await Promise.all(
        Array.from({ length: Math.min(20, count - i) }, (_, j) => {
          const turn = (2 * Math.PI * (i + j)) / count
          return put(offset(here, Math.cos(turn) * meters, Math.sin(turn) * meters), title)
        }),
      )
  }
  await ring(3, 0, 'here')
  await ring(30, 600, 'near')
  await ring(600, 2000, 'further')
  await ring(30, 20_000, 'far')
  const viewer = person()
  await beat(viewer, here)
  const found = async (radius: Band) => {
    const counts: Record<string, number> = {}
    for (const { node } of await everyPage(viewer, radius)) counts[node.title] = (counts[node.title] ?? 0) + 1
    return counts
  }
  expect(await found('UNDER_1_KM')).toEqual({ here: 3, near: 30 })
  for (const radius of ['UNDER_3_KM', 'UNDER_50_KM'] as const) {
    const { here: own, near, further = 0, far } = await found(radius)
    expect({ own, near, far }).toEqual({ own: 3, near: 30, far: undefined })
    expect(further).toBeGreaterThanOrEqual(467)
  }
}, 30_000)
