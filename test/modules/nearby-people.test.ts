import { createTestApp, type TestApp } from '../kit/app.ts'
import { codeOf } from '../kit/gql.ts'
import { createRedisMonitor } from '../kit/monitor.ts'
import { changedDocument, namesOf, nearbyDocument, openFence, type PeoplePage, peopleAround } from '../kit/nearby.ts'
import { beaconAt, createPhone, type Phone } from '../kit/phones.ts'
import { offset } from '../kit/places.ts'
import { follow } from '../kit/socket.ts'

let app: TestApp
let other: TestApp
beforeAll(async () => {
  app = await createTestApp()
  other = await app.node()
})

type At = { latitude: number; longitude: number }
let places = 0
/** A place of its own for each test. */
const somewhere = (): At => {
  places += 1
  return { latitude: 30 + places * 1.1, longitude: 20 }
}
const now = () => new Date(app.clock.now())
const beat = (phone: Phone, at: At, north = 0, east = 0) => phone.beat(offset(at, north, east), now())
async function person(at?: At, north = 0, east = 0): Promise<Phone> {
  const phone = await createPhone(app)
  if (at) await beat(phone, at, north, east)
  return phone
}
const setVisibility = (phone: Phone, input: object) =>
  phone.ask('mutation ($input: SetVisibilityInput!) { setVisibility(input: $input) { __typename } }', { input })
const block = (viewer: Phone, input: object) =>
  viewer.ask<{ block: { block: { id: string } } }>(
    'mutation ($input: BlockInput!) { block(input: $input) { ... on BlockPayload { block { id } } } }',
    { input },
  )
const list = (viewer: Phone, variables: object) =>
  viewer.ask<{ nearbyPeople: PeoplePage }>(nearbyDocument, { radius: 'UNDER_1_KM', ...variables })
const listed = async (viewer: Phone, radius = 'UNDER_1_KM') => Object.keys(await peopleAround(viewer, radius))

describe('who is listed', () => {
  test('everybody fresh within the radius, with the band of their cell; never oneself', async () => {
    const at = somewhere()
    const ann = await person(at)
    const others = [await person(at), await person(at, 2000), await person(at, 6000), await person(at, 30_000)]
    await person(at, 52_000)
    const [here = '', under3 = '', under10 = '', under50 = ''] = namesOf(app, ann, ...others)
    const all = { [here]: 'HERE', [under3]: 'UNDER_3_KM', [under10]: 'UNDER_10_KM', [under50]: 'UNDER_50_KM' }
    expect(await peopleAround(ann, 'UNDER_50_KM')).toEqual(all)
    expect(await listed(ann, 'UNDER_10_KM')).toHaveLength(3)
    expect(await listed(ann, 'UNDER_3_KM')).toHaveLength(2)
    expect(await listed(ann, 'HERE')).toEqual([here])
    app.clock.advance(91_000)
    await beat(ann, at)
    expect(await peopleAround(ann, 'UNDER_50_KM')).toEqual({})
  })

  const hidden: [string, (ben: Phone, ann: Phone) => Promise<unknown>][] = [
    ['a ghost', (ben) => setVisibility(ben, { ghost: true })],
    ['shown to nobody', (ben) => setVisibility(ben, { visibility: 'NOBODY' })],
    ['shown to friends', (ben) => setVisibility(ben, { visibility: 'FRIENDS' })],
    ['blocked by the viewer', (ben, ann) => block(ann, { personId: namesOf(app, ann, ben)[0] })],
    ['blocking the viewer', (ben, ann) => block(ben, { personId: namesOf(app, ben, ann)[0] })],
    ['gone', (ben) => ben.ask('mutation { endPresence { __typename } }')],
  ]
  test.each(hidden)('not who is %s: in no list, count or stream', async (_how, hide) => {
    const at = somewhere()
    const [ann, ben, eve] = [await person(at), await person(at), await person()]
    const [benName = '', eveName = ''] = namesOf(app, ann, ben, eve)
    expect(await listed(ann)).toEqual([benName])
    await hide(ben, ann)
    const fence = await openFence(other, ann, { radius: 'UNDER_1_KM' })
    await beat(eve, at)
    await beat(ben, at, 100).catch(() => undefined)
    if (_how === 'gone') await ben.ask('mutation { endPresence { __typename } }')
    await fence.until((inside) => inside.has(eveName))
    expect(await listed(ann)).toEqual([eveName])
    expect(await listed(ann, 'UNDER_50_KM')).toEqual([eveName])
    expect([...fence.inside.keys()]).toEqual([eveName])
    fence.stream.stop()
  })

  test('a ghost sees who is around', async () => {
    const at = somewhere()
    const [ann, ben] = [await person(), await person(at)]
    await setVisibility(ann, { ghost: true })
    await beat(ann, at)
    expect(await listed(ann)).toEqual(namesOf(app, ann, ben))
    expect(await listed(ben)).toEqual([])
  })

  test('two viewers know a person by two names, and neither is of use to the other', async () => {
    const at = somewhere()
    const [ann, ben, eve] = [await person(at), await person(at), await person(at)]
    const [atAnn = '', atBen = ''] = [namesOf(app, ann, eve)[0], namesOf(app, ben, eve)[0]]
    expect(atAnn).not.toBe(atBen)
    expect(await listed(ann)).toContain(atAnn)
    expect(await listed(ben)).toContain(atBen)
    expect(codeOf(await block(ann, { personId: atBen }))).toBe('NOT_FOUND')
    expect(await listed(ann)).toContain(atAnn)
  })

  test('after any sequence of moves, blocks and visits, whoever is blocked is in neither stream from then on', async () => {
    const at = somewhere()
    const [ann, ben] = [await person(at), await person(at)]
    const pairs = [
      { viewer: ann, whom: ben },
      { viewer: ben, whom: ann },
    ]
    const fences = await Promise.all(
      pairs.map(({ viewer }, i) => openFence(i ? app : other, viewer, { radius: 'UNDER_1_KM', stayed: true })),
    )
    await block(ann, { personId: namesOf(app, ann, ben)[0] })
    for (const [i, { viewer, whom }] of pairs.entries())
      await fences[i]?.until(() => JSON.stringify(fences[i]?.seen).includes(namesOf(app, viewer, whom)[0] ?? ''))
    for (const fence of fences) fence.seen.length = 0
    for (const north of [100, 700, 0]) {
      app.clock.advance(61_000)
      for (const { viewer, whom } of pairs) {
        await beat(viewer, at, north)
        await beat(whom, at, north)
        await setVisibility(whom, { ghost: north > 0 })
        expect(await listed(viewer)).toEqual([])
      }
    }
    for (const { whom } of pairs) await setVisibility(whom, { ghost: false })
    const eve = await person(at)
    for (const [i, { viewer, whom }] of pairs.entries()) {
      await fences[i]?.until((inside) => inside.has(namesOf(app, viewer, eve)[0] ?? ''))
      expect(JSON.stringify(fences[i]?.seen)).not.toContain(namesOf(app, viewer, whom)[0])
      fences[i]?.stream.stop()
    }
  })
})

describe('in reach', () => {
  async function talker(at?: At, north = 0) {
    const phone = await person(at, north)
    const session = await phone.open([['jazz', 'philosophy'][places % 2] ?? 'jazz'])
    return { phone, session, beacon: () => beaconAt(session.beacons, now()) }
  }
  type Talker = Awaited<ReturnType<typeof talker>>
  const hear = (who: Talker, whom: Talker) => who.phone.report([whom.beacon()], now())

  test('are two whose phones heard each other in the last two minutes, whatever they share', async () => {
    const at = somewhere()
    const [ann, ben] = [await talker(at), await talker(at)]
    const [name = ''] = namesOf(app, ann.phone, ben.phone)
    await hear(ann, ben)
    expect(await peopleAround(ann.phone, 'UNDER_1_KM')).toEqual({ [name]: 'HERE' })
    expect(await listed(ann.phone, 'IN_REACH')).toEqual([])
    await hear(ben, ann)
    expect(await peopleAround(ann.phone, 'UNDER_1_KM')).toEqual({ [name]: 'IN_REACH' })
    expect(await peopleAround(ann.phone, 'IN_REACH')).toEqual({ [name]: 'IN_REACH' })
    expect(await listed(ben.phone, 'IN_REACH')).toEqual(namesOf(app, ben.phone, ann.phone))
    app.clock.advance(60_000)
    await Promise.all([beat(ann.phone, at), beat(ben.phone, at)])
    await hear(ann, ben)
    expect(await listed(ann.phone, 'IN_REACH')).toEqual([name])
    app.clock.advance(61_000)
    await Promise.all([beat(ann.phone, at), beat(ben.phone, at)])
    expect(await peopleAround(ann.phone, 'UNDER_1_KM')).toEqual({ [name]: 'HERE' })
  })

  test('is over with the session of either', async () => {
    const at = somewhere()
    const [ann, ben] = [await talker(at), await talker(at)]
    await hear(ann, ben)
    await hear(ben, ann)
    expect(await listed(ann.phone, 'IN_REACH')).toHaveLength(1)
    await ben.phone.ask('mutation { closeSession(input: {}) { __typename } }')
    expect(await listed(ann.phone, 'IN_REACH')).toEqual([])
    expect(await listed(ben.phone, 'IN_REACH')).toEqual([])
  })

  test('is nobody who is hidden', async () => {
    const at = somewhere()
    const [ann, ben] = [await talker(at), await talker(at)]
    await hear(ann, ben)
    await hear(ben, ann)
    await setVisibility(ben.phone, { ghost: true })
    expect(await listed(ann.phone, 'IN_REACH')).toEqual([])
  })
})

describe('pages', () => {
  test('hold everybody once, the nearest band first, in an order that stays for a day and is each viewer’s own', async () => {
    const at = somewhere()
    const [ann, ben] = [await person(at), await person(at)]
    for (let i = 0; i < 12; i += 1) await person(at, 0, i)
    for (let i = 0; i < 12; i += 1) await person(at, 2500, i)
    const whole = await list(ann, { radius: 'UNDER_10_KM', first: 100 })
    const all = whole.data?.nearbyPeople.edges.map(({ node }) => node) ?? []
    expect(all).toHaveLength(25)
    expect(all.map(({ band }) => band)).toEqual([...Array(13).fill('HERE'), ...Array(12).fill('UNDER_3_KM')])

    const paged: unknown[] = []
    let after: string | null | undefined
    do {
      const { data } = await list(ann, { radius: 'UNDER_10_KM', first: 4, after })
      paged.push(...(data?.nearbyPeople.edges.map(({ node }) => node) ?? []))
      after = data?.nearbyPeople.pageInfo.hasNextPage ? data.nearbyPeople.pageInfo.endCursor : null
    } while (after)
    expect(paged).toEqual(all)
    const people = new Map<string, string>()
    const positions = async (viewer: Phone) =>
      (await list(viewer, { radius: 'HERE', first: 100 })).data?.nearbyPeople.edges.map(({ node }) => node.id) ?? []
    for (const name of await positions(ann)) people.set(name, name)
    expect((await positions(ben)).some((name) => people.has(name))).toBe(false)
  })

  test('go on over midnight in the order they began with, and not into the day after', async () => {
    const at = somewhere()
    const day = 24 * 60 * 60 * 1000
    app.clock.set(Math.ceil(app.clock.now() / day) * day - 20_000)
    const ann = await person(at)
    for (let i = 0; i < 8; i += 1) await person(at)
    const before = (await list(ann, { first: 100 })).data?.nearbyPeople.edges ?? []
    app.clock.advance(30_000)
    await beat(ann, at)
    const after = before[3]?.cursor
    const rest = (await list(ann, { first: 100, after })).data?.nearbyPeople.edges ?? []
    expect(rest.map(({ node }) => node)).toEqual(before.slice(4).map(({ node }) => node))
    app.clock.advance(day + 1000)
    await beat(ann, at)
    expect(codeOf(await list(ann, { after }))).toBe('BAD_USER_INPUT')
  })

  test('refuse cursors of other lists, sizes out of range, and radii that are no band', async () => {
    const at = somewhere()
    const [ann, ben] = [await person(at), await person(at)]
    await person(at)
    const cursor = (await list(ann, { first: 1 })).data?.nearbyPeople.edges[0]?.cursor ?? ''
    expect(codeOf(await list(ann, { after: cursor }))).toBeUndefined()
    for (const [viewer, variables] of [
      [ben, { after: cursor }],
      [ann, { after: cursor, radius: 'HERE' }],
      [ann, { after: `${cursor}A` }],
      [ann, { after: `B${cursor.slice(1)}` }],
      [ann, { after: '' }],
      [ann, { after: '\u0000' }],
      [ann, { after: 'x'.repeat(10_000) }],
      [ann, { first: 0 }],
      [ann, { first: 101 }],
      [ann, { radius: 'UNDER_2_KM' }],
      [ann, { radius: 500 }],
    ] as const)
      expect([JSON.stringify(variables).slice(0, 60), codeOf(await list(viewer, variables))]).toEqual([
        JSON.stringify(variables).slice(0, 60),
        variables.after === '' ? undefined : 'BAD_USER_INPUT',
      ])
  })

  test('need a presence, and a phone', async () => {
    const ann = await person()
    expect(codeOf(await list(ann, {}))).toBe('NOT_FOUND')
    const stream = follow(app, changedDocument, { variables: { radius: 'HERE' } })
    expect((await stream.ended).errors?.[0]?.extensions?.['code']).toBe('UNAUTHENTICATED')
  })
})

test('a person who moves inside their cell changes no byte of what anybody is answered', async () => {
  const at = somewhere()
  const [ann, ben, eve] = [await person(at), await person(at), await person(at, 3000)]
  const answers = async () =>
    JSON.stringify([
      await Promise.all([ann, eve].map((viewer) => peopleAround(viewer, 'UNDER_10_KM'))),
      (await list(ann, { radius: 'UNDER_10_KM' })).data,
      (await list(ben, { radius: 'UNDER_10_KM' })).data?.nearbyPeople.edges.map(({ node }) => node),
    ])
  const fence = await openFence(app, ann, { radius: 'UNDER_10_KM', stayed: true })
  const first = await answers()
  const { services } = app
  const cellOf = async () => (await services.presence.whereIs(ben.personId))?.stand.split('|')[0]
  const cell = await cellOf()
  let moved = 0
  for (let i = 0; i < 30; i += 1) {
    const [north, east] = [((i * 7) % 11) * 40 - 200, ((i * 5) % 13) * 30 - 180]
    app.clock.advance(2500)
    await beat(ben, at, north / 10, east / 10)
    if ((await cellOf()) !== cell) continue
    moved += 1
    expect(await answers()).toBe(first)
  }
  expect(moved).toBeGreaterThan(10)
  expect(fence.stream.waiting()).toEqual([])
  fence.stream.stop()
})

test('a page costs one script for the people and one for who is in reach, however many are around', async () => {
  const monitor = await createRedisMonitor(app)
  const at = somewhere()
  const ann = await person(at)
  const counted: string[][] = []
  const crowd = async (count: number) => {
    for (let i = 0; i < count; i += 1) await person(at)
  }
  await crowd(10)
  await listed(ann)
  counted.push(await monitor.during(() => listed(ann)))
  await crowd(190)
  await beat(ann, at)
  await listed(ann)
  counted.push(await monitor.during(() => listed(ann)))
  expect(counted).toEqual([
    ['evalsha', 'evalsha'],
    ['evalsha', 'evalsha'],
  ])
  monitor.close()
})

describe('block', () => {
  test('takes one of a match and a person', async () => {
    const at = somewhere()
    const [ann, ben] = [await person(at), await person(at)]
    const [name] = namesOf(app, ann, ben)
    expect(codeOf(await block(ann, {}))).toBe('BAD_USER_INPUT')
    expect(codeOf(await block(ann, { matchId: 'a'.repeat(40), personId: name }))).toBe('BAD_USER_INPUT')
    expect(codeOf(await block(ann, { personId: 'nobody' }))).toBe('NOT_FOUND')
    const first = await block(ann, { personId: name })
    expect(first.data?.block.block.id).toEqual(expect.any(String))
    expect((await block(ann, { personId: name })).data).toEqual(first.data)
  })

  test('of a person takes their match along', async () => {
    const at = somewhere()
    const [ann, ben] = [await person(at), await person(at)]
    const [mine, yours] = [await ann.open(['jazz']), await ben.open(['jazz'])]
    await ann.report([beaconAt(yours.beacons, now())], now())
    await ben.report([beaconAt(mine.beacons, now())], now())
    const matches = async (phone: Phone) =>
      (
        await phone.ask<{ session: { matches: { edges: unknown[] } } }>(
          '{ session { matches { edges { node { id } } } } }',
        )
      ).data?.session.matches.edges.length
    expect([await matches(ann), await matches(ben)]).toEqual([1, 1])
    await block(ann, { personId: namesOf(app, ann, ben)[0] })
    expect([await matches(ann), await matches(ben)]).toEqual([0, 0])
  })
})
