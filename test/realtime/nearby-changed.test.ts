import { act, start } from '../kit/activities.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { changedDocument, type Fence, namesOf, openFence, peopleAround } from '../kit/nearby.ts'
import { createPhone, heartbeatDocument, type Phone } from '../kit/phones.ts'
import { offset } from '../kit/places.ts'
import { openSocket } from '../kit/raw-socket.ts'
import { follow } from '../kit/socket.ts'

let app: TestApp
let other: TestApp
beforeAll(async () => {
  app = await createTestApp()
  other = await app.node()
})

const now = () => new Date(app.clock.now())
/** A place of its own for each test, so that nobody of another test is around. */
let places = 0
const somewhere = () => {
  places += 1
  return { latitude: 40 + (places % 20) * 1.1, longitude: -100 + Math.floor(places / 20) }
}
type At = { latitude: number; longitude: number }
const beat = (phone: Phone, at: At, north = 0, on: TestApp = app) => phone.beat(offset(at, north, 0), now(), on)

/** A walk that nobody takes for a jump. */
async function walk(phone: Phone, at: At, fromNorth: number, toNorth: number) {
  const steps = Math.ceil(Math.abs(toNorth - fromNorth) / 600)
  for (let i = 1; i <= steps; i += 1) {
    app.clock.advance(61_000)
    await beat(phone, at, fromNorth + ((toNorth - fromNorth) * i) / steps)
  }
}

async function person(at?: At, north = 0): Promise<Phone> {
  const phone = await createPhone(app)
  if (at) await beat(phone, at, north)
  return phone
}
const setVisibility = (phone: Phone, input: object) =>
  phone.ask('mutation ($input: SetVisibilityInput!) { setVisibility(input: $input) { __typename } }', { input })
const block = (viewer: Phone, personId: string | undefined) =>
  viewer.ask<{ block: { block: { id: string } } }>(
    'mutation ($input: BlockInput!) { block(input: $input) { ... on BlockPayload { block { id } } } }',
    { input: { personId } },
  )
const unblock = (viewer: Phone, blockId: unknown) =>
  viewer.ask('mutation ($input: UnblockInput!) { unblock(input: $input) { __typename } }', { input: { blockId } })
const endPresence = (phone: Phone) => phone.ask('mutation { endPresence { __typename } }')

const changesOf = (fence: Fence) =>
  fence.seen.flatMap((event) => (event.__typename === 'NearbyChanged' ? event.changes : []))

describe('a fence', () => {
  test('starts empty with Ready, and tells who comes, with their band, and who goes', async () => {
    const at = somewhere()
    const [ann, ben] = [await person(at), await person()]
    const fence = await openFence(other, ann, { radius: 'UNDER_1_KM' })
    expect(fence.seen).toEqual([{ __typename: 'Ready', cursor: expect.any(String) }])
    await beat(ben, at)
    const [name = ''] = namesOf(app, ann, ben)
    expect(await fence.next()).toEqual({
      ...{ __typename: 'NearbyChanged', cursor: expect.any(String) },
      changes: [
        {
          ...{ change: 'ENTERED', personId: name, person: { id: name, band: 'HERE' }, band: 'HERE' },
          ...{ activityId: null, activity: null },
        },
      ],
    })
    expect(await peopleAround(ann, 'UNDER_1_KM')).toEqual({ [name]: 'HERE' })
    await endPresence(ben)
    expect(await fence.next()).toMatchObject({
      changes: [{ change: 'LEFT', personId: name, person: null, activityId: null, band: null }],
    })
    fence.stream.stop()
  })

  test('says nothing of who is inside already, of oneself, or of one’s own phone moving inside', async () => {
    const at = somewhere()
    const [ann, ben, eve] = [await person(at), await person(at), await person()]
    const fence = await openFence(app, ann, { radius: 'UNDER_10_KM' })
    for (const phone of [ann, ben])
      for (const north of [0, 600]) {
        await walk(phone, at, north, north + 600)
        await Promise.all([beat(ann, at, phone === ann ? north + 600 : 1200), phone === ann && beat(ben, at)])
      }
    await beat(eve, at)
    await fence.until((inside) => inside.size > 0)
    expect([...fence.inside.keys()]).toEqual(namesOf(app, ann, eve))
    expect(changesOf(fence)).toHaveLength(1)
    fence.stream.stop()
  })

  test('goes with the viewer, shown or hidden: whom they leave behind leaves, and whom they meet enters', async () => {
    const at = somewhere()
    const ann = await person(at)
    await setVisibility(ann, { ghost: true })
    const [near, far] = [await person(at), await person(at, 6000)]
    const [nearName = '', farName = ''] = namesOf(app, ann, near, far)
    const fence = await openFence(app, ann, { radius: 'UNDER_3_KM' })
    for (let north = 0; north < 6000; north += 1200) {
      await walk(ann, at, north, north + 1200)
      await Promise.all([beat(near, at), beat(far, at, 6000)])
    }
    await fence.until((inside) => inside.has(farName))
    const told = changesOf(fence).map(({ change, personId }) => [change, personId])
    expect(told).toEqual(
      expect.arrayContaining([
        ['LEFT', nearName],
        ['ENTERED', farName],
      ]),
    )
    expect(told).toHaveLength(2)
    fence.stream.stop()
  })

  test('tells of other bands only who asked for it', async () => {
    const at = somewhere()
    const [ann, ben] = [await person(at), await person(at)]
    const [name = ''] = namesOf(app, ann, ben)
    const [all, few] = [
      await openFence(app, ann, { radius: 'UNDER_10_KM', stayed: true }),
      await openFence(app, ann, { radius: 'UNDER_10_KM' }),
    ]
    for (let north = 0; north < 2400; north += 600) {
      await walk(ben, at, north, north + 600)
      await beat(ann, at)
    }
    await all.until((inside) => inside.get(name) === 'UNDER_3_KM')
    expect(changesOf(all).every(({ change }) => change === 'STAYED')).toBe(true)
    expect(few.stream.waiting()).toEqual([])
    for (const fence of [all, few]) fence.stream.stop()
  })

  test('comes and goes within a second are nothing', async () => {
    const at = somewhere()
    const [ann, ben, eve] = [await person(at), await person(), await person()]
    const fence = await openFence(app, ann, { radius: 'HERE' })
    await beat(eve, at)
    await fence.next()
    await beat(ben, at)
    await endPresence(ben)
    await endPresence(eve)
    await fence.until((inside) => inside.size === 0)
    expect(changesOf(fence).map(({ personId }) => personId)).not.toContain(namesOf(app, ann, ben)[0])
    fence.stream.stop()
  })

  test('a viewer who is gone has nothing inside, and finds everything again when they are back', async () => {
    const at = somewhere()
    const [ann, ben] = [await person(at), await person()]
    const [name = ''] = namesOf(app, ann, ben)
    const fence = await openFence(app, ann, { radius: 'UNDER_1_KM' })
    await beat(ben, at)
    await fence.until((inside) => inside.has(name))
    await endPresence(ann)
    await fence.until((inside) => !inside.has(name))
    await beat(ann, at)
    await fence.until((inside) => inside.has(name))
    app.clock.advance(60_000)
    await beat(ben, at)
    app.clock.advance(31_000)
    await fence.until((inside) => !inside.has(name))
    fence.stream.stop()
  })

  test('a viewer without presence may follow: their fence begins where they appear', async () => {
    const at = somewhere()
    const [ann, ben] = [await person(), await person(at)]
    const fence = await openFence(app, ann, { radius: 'UNDER_1_KM' })
    await beat(ann, at)
    await fence.until((inside) => inside.has(namesOf(app, ann, ben)[0] ?? ''))
    fence.stream.stop()
  })
})

describe('whoever may not be shown any more leaves within two seconds', () => {
  const ways: [string, (ben: Phone, ann: Phone) => Promise<unknown>][] = [
    ['ghost mode', (ben) => setVisibility(ben, { ghost: true })],
    ['being shown to nobody', (ben) => setVisibility(ben, { visibility: 'NOBODY' })],
    ['being shown to friends only', (ben) => setVisibility(ben, { visibility: 'FRIENDS' })],
    ['endPresence', (ben) => endPresence(ben)],
    ['a block of theirs', (ben, ann) => block(ben, namesOf(app, ben, ann)[0])],
    ['a block of the viewer', (ben, ann) => block(ann, namesOf(app, ann, ben)[0])],
  ]
  test.each(ways)('by %s', async (way, act) => {
    const at = somewhere()
    const [ann, ben] = [await person(at), await person()]
    const [name = ''] = namesOf(app, ann, ben)
    const fences = [
      await openFence(app, ann, { radius: 'UNDER_1_KM' }),
      await openFence(other, ann, { radius: 'UNDER_50_KM' }),
    ]
    await beat(ben, at)
    for (const fence of fences) await fence.until((inside) => inside.has(name))
    const from = Date.now()
    await act(ben, ann)
    for (const fence of fences) {
      await fence.until((inside) => !inside.has(name))
      expect(Date.now() - from).toBeLessThan(way.includes('block') ? 1000 : 2000)
      expect(Object.keys(await peopleAround(ann, 'UNDER_1_KM'))).not.toContain(name)
      fence.stream.stop()
    }
  })

  test('by an end of their heartbeats, swept within a second or so', async () => {
    const at = somewhere()
    const [ann, ben] = [await person(at), await person()]
    const [name = ''] = namesOf(app, ann, ben)
    const fence = await openFence(other, ann, { radius: 'UNDER_1_KM' })
    await beat(ben, at)
    await fence.until((inside) => inside.has(name))
    app.clock.advance(60_000)
    await beat(ann, at)
    app.clock.advance(31_000)
    await app.idle()
    await fence.until((inside) => !inside.has(name))
    fence.stream.stop()
  })

  test('by losing the socket that their heartbeats came over', async () => {
    const at = somewhere()
    const [ann, ben] = [await person(at), await person()]
    const [name = ''] = namesOf(app, ann, ben)
    const fence = await openFence(app, ann, { radius: 'UNDER_1_KM' })
    const socket = await openSocket(other, { init: { authorization: `Bearer ${ben.token}` } })
    const input = { ...at, accuracyMeters: 5, observedAt: now().toISOString() }
    await socket.answer(heartbeatDocument, { input })
    await fence.until((inside) => inside.has(name))
    const from = Date.now()
    socket.socket.terminate()
    await fence.until((inside) => !inside.has(name))
    expect(Date.now() - from).toBeLessThan(2500)
    fence.stream.stop()
  })

  test('who is unblocked comes back by themselves; who was blocked all along is never named', async () => {
    const at = somewhere()
    const [ann, ben, eve] = [await person(at), await person(at), await person(at)]
    const [benName = '', eveName = ''] = namesOf(app, ann, ben, eve)
    await block(eve, namesOf(app, eve, ann)[0])
    const fence = await openFence(other, ann, { radius: 'UNDER_1_KM' })
    const blocked = await block(ann, benName)
    await fence.until(() => changesOf(fence).length > 0)
    await unblock(ann, blocked.data?.block.block.id)
    await fence.until((inside) => inside.has(benName))
    await block(ann, eveName)
    await endPresence(eve)
    await endPresence(ben)
    await fence.until((inside) => !inside.has(benName))
    expect(JSON.stringify(fence.seen)).not.toContain(eveName)
    fence.stream.stop()
  })
})

describe('activities', () => {
  test('enter when they begin, with what they are, stay when they change, and leave when they are called off', async () => {
    const at = somewhere()
    const [ann, ben] = [await person(at), await person(at)]
    const fence = await openFence(other, ann, { radius: 'UNDER_1_KM', stayed: true })
    const activity = await start(ben, { title: 'Table tennis', ...at })
    expect(await fence.next()).toMatchObject({
      changes: [
        {
          ...{ change: 'ENTERED', activityId: activity.id, activity: { title: 'Table tennis' }, band: 'HERE' },
          ...{ personId: null, person: null },
        },
      ],
    })
    await act(ann, 'joinActivity', { activityId: activity.id })
    expect(await fence.next()).toMatchObject({ changes: [{ change: 'STAYED', activityId: activity.id }] })
    await act(ben, 'cancelActivity', { activityId: activity.id })
    expect(await fence.next()).toMatchObject({ changes: [{ change: 'LEFT', activityId: activity.id, activity: null }] })
    fence.stream.stop()
  })

  test('that nobody has joined are inside for whoever is within 200 m, and for their host', async () => {
    const at = somewhere()
    const [host, close, away] = [await person(at, 700), await person(at), await person(at, 700)]
    const [atHost, atClose, atAway] = [
      await openFence(app, host, { radius: 'UNDER_3_KM' }),
      await openFence(other, close, { radius: 'UNDER_3_KM' }),
      await openFence(other, away, { radius: 'UNDER_3_KM' }),
    ]
    const { id } = await start(host, at)
    await atHost.until((inside) => inside.has(id))
    await atClose.until((inside) => inside.has(id))
    expect(atAway.stream.waiting()).toEqual([])
    await act(close, 'joinActivity', { activityId: id })
    await atAway.until((inside) => inside.has(id))
    await act(close, 'leaveActivity', { activityId: id })
    await atAway.until((inside) => !inside.has(id))
    await walk(away, at, 700, 0)
    await atAway.until((inside) => inside.has(id))
    for (const fence of [atHost, atClose, atAway]) fence.stream.stop()
  })

  test('of somebody whom a block hides are not inside', async () => {
    const at = somewhere()
    const [ann, ben] = [await person(at), await person(at)]
    const fence = await openFence(app, ann, { radius: 'UNDER_1_KM' })
    const { id } = await start(ben, at)
    await fence.until((inside) => inside.has(id))
    const blocked = await block(ben, namesOf(app, ben, ann)[0])
    await fence.until((inside) => !inside.has(id))
    await unblock(ben, blocked.data?.block.block.id)
    await fence.until((inside) => inside.has(id))
    fence.stream.stop()
  })
})

describe('a fence that is resumed', () => {
  test('tells in one frame what its client missed, on any node: who came, who went, and nothing of who did both', async () => {
    const at = somewhere()
    const [ann, stays, goes] = [await person(at), await person(), await person()]
    const [comes, both] = [await person(), await person()]
    const names = namesOf(app, ann, stays, goes, comes, both)
    const fence = await openFence(app, ann, { radius: 'UNDER_1_KM' })
    await Promise.all([beat(stays, at), beat(goes, at)])
    await fence.until((inside) => inside.size === 2)
    fence.stream.drop()

    await beat(comes, at)
    await beat(both, at)
    await endPresence(both)
    await endPresence(goes)
    const again = await openFence(other, ann, { radius: 'UNDER_1_KM', after: fence.cursor, inside: fence.inside })
    expect(again.seen).toEqual([{ __typename: 'Ready', cursor: fence.cursor }])
    await again.next()
    expect(changesOf(again).map(({ change, personId }) => [change, personId])).toEqual(
      expect.arrayContaining([
        ['ENTERED', names[2]],
        ['LEFT', names[1]],
      ]),
    )
    expect(changesOf(again)).toHaveLength(2)
    expect([...again.inside.keys()].sort()).toEqual([names[0], names[2]].sort())
    again.stream.stop()
  })

  test('tells what a walk and a block of its viewer’s absence come to', async () => {
    const at = somewhere()
    const [ann, old, fresh, blocked] = [
      await person(at),
      await person(at),
      await person(at, 3000),
      await person(at, 2900),
    ]
    const [freed, hater] = [await person(at, 2800), await person(at)]
    const names = namesOf(app, ann, old, fresh, blocked, freed, hater)
    const first = await block(ann, names[3])
    const fence = await openFence(app, ann, { radius: 'UNDER_1_KM' })
    for (const name of [names[0], names[4]]) fence.inside.set(name ?? '', 'HERE')
    fence.stream.drop()
    await block(hater, namesOf(app, hater, ann)[0])
    await block(ann, names[2])
    await unblock(ann, first.data?.block.block.id)
    await walk(ann, at, 0, 3000)
    await Promise.all([beat(old, at), beat(fresh, at, 3000), beat(blocked, at, 2900), beat(freed, at, 2800)])
    const again = await openFence(other, ann, { radius: 'UNDER_1_KM', after: fence.cursor, inside: fence.inside })
    await again.until((inside) => inside.has(names[1] ?? ''))
    expect([...again.inside.keys()].sort()).toEqual([names[1], names[3]].sort())
    expect(changesOf(again).map(({ personId }) => personId)).not.toContain(names[2])
    again.stream.stop()
  })

  test('is refused with a cursor of another viewer, radius or stream, and says ResyncRequired where the logs do not reach', async () => {
    const at = somewhere()
    const [ann, ben] = [await person(at), await person(at)]
    const fence = await openFence(app, ann, { radius: 'UNDER_1_KM' })
    fence.stream.stop()
    const refusal = async (viewer: Phone, radius: string, after: string) => {
      const stream = follow(app, changedDocument, { token: viewer.token, variables: { radius, after } })
      const { errors } = await stream.ended
      return errors?.[0]?.extensions?.['code']
    }
    expect(await refusal(ben, 'UNDER_1_KM', fence.cursor)).toBe('BAD_USER_INPUT')
    expect(await refusal(ann, 'UNDER_3_KM', fence.cursor)).toBe('BAD_USER_INPUT')
    expect(await refusal(ann, 'UNDER_1_KM', 'eHh4')).toBe('BAD_USER_INPUT')
    expect(await refusal(ann, 'UNDER_1_KM', `${fence.cursor.slice(0, -4)}AAAA`)).toBe('BAD_USER_INPUT')
    expect(await refusal(ann, 'IN_REACH', fence.cursor)).toBe('BAD_USER_INPUT')

    for (const key of await app.redis.command.keys(`${app.config.redisPrefix}*surroundings*`))
      await app.redis.command.del(key)
    const again = await openFence(await app.node(), ann, { radius: 'UNDER_1_KM', after: fence.cursor })
    expect(again.seen).toEqual([{ __typename: 'ResyncRequired', reason: 'EPOCH_CHANGED', cursor: expect.any(String) }])
    again.stream.stop()
  })
})
