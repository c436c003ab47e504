import type { DomainError } from '../../src/platform/errors.ts'
import { type ActivityOutcome, act, activityInput, activityUuid, look, start } from '../kit/activities.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { codeOf } from '../kit/gql.ts'
import { createPhone, newClientId, type Phone } from '../kit/phones.ts'
import { offset, zurich } from '../kit/places.ts'

let app: TestApp
let other: TestApp
beforeAll(async () => {
  app = await createTestApp()
  other = await app.node()
})

const minutes = 60_000
const iso = (aheadMs: number) => new Date(app.clock.now() + aheadMs).toISOString()
const two = async () => [await createPhone(app), await createPhone(app)] as const
const people = async (count: number) => {
  const found: Phone[] = []
  while (found.length < count) {
    const batch = Math.min(25, count - found.length)
    found.push(...(await Promise.all(Array.from({ length: batch }, () => createPhone(app)))))
  }
  return found
}

/** Every key that has an activity's id in it, or is made of it. */
async function keysAbout(id: string) {
  const found = await app.redis.command.keys(`${app.config.redisPrefix}*${activityUuid(id)}*`)
  return Promise.all(found.map(async (key) => ({ key, ttl: await app.redis.command.pttl(key) })))
}

async function childrenEndWithTheRecord(id: string) {
  const keys = await keysAbout(id)
  const record = keys.find(
    ({ key }) => key.includes(':activity:') && key.endsWith(activityUuid(id)) && !key.includes('delivery'),
  )
  const children = keys.filter(({ key }) => key !== record?.key && !key.includes(':made:'))
  expect(record?.ttl).toBeGreaterThan(0)
  // Read one after the other: what was read later has less left.
  for (const { key, ttl } of children) expect([key, ttl > 0 && ttl <= (record?.ttl ?? 0) + 50]).toEqual([key, true])
  return { record, children }
}

describe('an activity', () => {
  test('is where its host says, to the middle of a cell, for six hours', async () => {
    const [ann, ben] = await two()
    const made = await start(ann, { title: '  Chess in the park ' })
    expect(made).toMatchObject({
      ...{ title: 'Chess in the park', emoji: '♟️', kind: 'SPONTANEOUS', state: 'LIVE', joinCount: 0 },
      ...{ capacity: null, seatsLeft: null, viewerIsHost: true, viewerHasJoined: false },
    })
    expect(Math.abs(made.place.latitude - zurich.latitude)).toBeLessThan(0.0006)
    expect(made.place).not.toEqual(zurich)
    expect(new Date(made.endsAt).getTime() - new Date(made.startsAt).getTime()).toBe(360 * minutes)
    expect(await look(ben, made.id)).toEqual({ ...made, viewerIsHost: false })
    const { data } = await ben.ask<{ node: { id: string; title: string } }>(
      'query ($id: ID!) { node(id: $id) { id ... on Activity { title } } }',
      { id: made.id },
    )
    expect(data?.node).toEqual({ id: made.id, title: made.title })
  })

  test('is made once, however often it is asked for, and by however many at once', async () => {
    const [ann, ben] = await two()
    const input = activityInput()
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, (_, i) => act(ann, 'createActivity', input, i % 2 ? app : other)),
    )
    expect(new Set(outcomes.map(({ activity }) => activity?.id)).size).toBe(1)
    expect(await act(ann, 'createActivity', { ...input, title: 'Checkers' })).toMatchObject({
      __typename: 'IdempotencyMismatchError',
    })
    // In another area too.
    expect(await act(ann, 'createActivity', { ...input, latitude: 10 })).toMatchObject({
      __typename: 'IdempotencyMismatchError',
    })
    expect((await act(ben, 'createActivity', input)).activity?.id).not.toBe(outcomes[0]?.activity?.id)
  })

  test('that was asked for to start at a moment that has passed since is found again', async () => {
    const [ann] = await two()
    const input = activityInput({ startsAt: iso(5 * minutes) })
    const { activity } = await act(ann, 'createActivity', input)
    app.clock.advance(20 * minutes)
    expect((await act(ann, 'createActivity', input)).activity).toEqual({ ...activity, state: 'LIVE' })
    expect(await act(ann, 'createActivity', { ...input, clientId: newClientId() })).toMatchObject({
      code: 'BAD_USER_INPUT',
      field: 'startsAt',
    })
  })

  test('is scheduled, live, ended and gone as time passes', async () => {
    const [ann, ben] = await two()
    const made = await start(ann, { startsAt: iso(60 * minutes), lifetimeMinutes: 30 })
    const state = async () => (await look(ben, made.id))?.state
    expect(await state()).toBe('SCHEDULED')
    app.clock.advance(60 * minutes)
    expect(await state()).toBe('LIVE')
    expect((await act(ben, 'joinActivity', { activityId: made.id })).activity).toMatchObject({ joinCount: 1 })
    app.clock.advance(30 * minutes)
    expect(await state()).toBe('ENDED')
    expect(await act(ben, 'joinActivity', { activityId: made.id })).toMatchObject({ activity: { joinCount: 1 } })
    const cyd = await createPhone(app)
    for (const [phone, name] of [
      [cyd, 'joinActivity'],
      [ann, 'cancelActivity'],
    ] as const)
      expect(await act(phone, name, { activityId: made.id })).toMatchObject({ __typename: 'ActivityOverError' })
    expect(await act(ann, 'updateActivity', { activityId: made.id, title: 'Late' })).toMatchObject({
      __typename: 'ActivityOverError',
    })
  })

  test('that is cancelled stays so, and is erased soon after', async () => {
    const [ann, ben] = await two()
    const made = await start(ann)
    await act(ben, 'joinActivity', { activityId: made.id, displayName: 'Ben' })
    expect(await act(ben, 'cancelActivity', { activityId: made.id })).toMatchObject({ code: 'FORBIDDEN' })
    const cancelled = await act(ann, 'cancelActivity', { activityId: made.id })
    expect(cancelled.activity).toMatchObject({ state: 'CANCELLED', joinCount: 1 })
    expect(await act(ann, 'cancelActivity', { activityId: made.id })).toEqual(cancelled)
    expect(await act(await createPhone(app), 'joinActivity', { activityId: made.id })).toMatchObject({
      __typename: 'ActivityOverError',
    })
    const { record } = await childrenEndWithTheRecord(made.id)
    // Ten minutes, and half a minute for the sweep that erases it before.
    expect(record?.ttl).toBeLessThanOrEqual(630_000)
    expect(record?.ttl).toBeGreaterThan(590_000)
  })

  test('that is not there is not there in the same way as one that is hidden', async () => {
    const [ann, ben] = await two()
    const made = await start(ann)
    await app.services.social.block(ben.personId, ann.personId)
    const missing = Buffer.from(`Activity:${activityUuid(made.id).replace(/^.{8}/, '00000000')}`).toString('base64')
    for (const [phone, id] of [
      [ben, made.id],
      [ben, missing],
    ] as const) {
      expect(await look(phone, id)).toBeNull()
      for (const name of ['joinActivity', 'leaveActivity', 'cancelActivity'])
        expect(await act(phone, name, { activityId: id })).toMatchObject({ code: 'NOT_FOUND' })
      expect(await act(phone, 'updateActivity', { activityId: id, title: 'Mine' })).toMatchObject({ code: 'NOT_FOUND' })
      expect(await act(phone, 'flagActivity', { activityId: id, reason: 'SPAM' })).toMatchObject({ code: 'NOT_FOUND' })
    }
  })

  test.each(['the host blocked', 'the other blocked'])(
    'is nothing to somebody apart from its host: %s',
    async (who) => {
      const [ann, ben] = await two()
      const made = await start(ann)
      await act(ben, 'joinActivity', { activityId: made.id })
      const [from, to] = who === 'the host blocked' ? [ann, ben] : [ben, ann]
      await app.services.social.block(from.personId, to.personId)
      expect(await look(ben, made.id)).toBeNull()
      expect(await act(ben, 'joinActivity', { activityId: made.id })).toMatchObject({ code: 'NOT_FOUND' })
      expect(await look(ann, made.id)).toMatchObject({ joinCount: 1 })
      // Who cannot see it any more can still give the seat back.
      expect(await act(ben, 'leaveActivity', { activityId: made.id })).toMatchObject({ code: 'NOT_FOUND' })
      expect(await look(ann, made.id)).toMatchObject({ joinCount: 0 })
    },
  )
})

describe('joining', () => {
  test('takes one seat, once, and leaving gives it back', async () => {
    const [ann, ben] = await two()
    const made = await start(ann, { capacity: 1 })
    const joined = await act(ben, 'joinActivity', { activityId: made.id, displayName: 'Ben' })
    expect(joined.activity).toMatchObject({ joinCount: 1, seatsLeft: 0, viewerHasJoined: true })
    expect(await act(ben, 'joinActivity', { activityId: made.id })).toEqual(joined)
    const cyd = await createPhone(app)
    expect(await act(cyd, 'joinActivity', { activityId: made.id })).toMatchObject({ __typename: 'ActivityFullError' })
    const left = await act(ben, 'leaveActivity', { activityId: made.id })
    expect(left.activity).toMatchObject({ joinCount: 0, seatsLeft: 1, viewerHasJoined: false })
    expect(await act(ben, 'leaveActivity', { activityId: made.id })).toEqual(left)
    expect((await act(cyd, 'joinActivity', { activityId: made.id })).activity).toMatchObject({ joinCount: 1 })
    expect(await act(ben, 'joinActivity', { activityId: made.id })).toMatchObject({ __typename: 'ActivityFullError' })
  })

  test('needs no seat for the host, who leaves by cancelling', async () => {
    const [ann] = await two()
    const made = await start(ann, { capacity: 1 })
    expect((await act(ann, 'joinActivity', { activityId: made.id })).activity).toMatchObject({
      ...{ joinCount: 0, viewerHasJoined: false, viewerIsHost: true },
    })
    expect(await act(ann, 'leaveActivity', { activityId: made.id })).toMatchObject({
      __typename: 'HostCannotLeaveError',
    })
  })

  test('admits one of a thousand who want the last seat at once, on two nodes', async () => {
    const [ann] = await two()
    const made = await start(ann, { capacity: 3 })
    for (const phone of await people(2)) await act(phone, 'joinActivity', { activityId: made.id })
    const id = activityUuid(made.id)
    // Over HTTP two hundred of them, the rest at the services: what decides is one script either way. A store that is too busy for
    // a thousand at once says so, and a join is safe to repeat.
    const crowd = await people(200)
    const others = Array.from({ length: 800 }, (_, i) => `018f0000-0000-7000-8000-${String(i).padStart(12, '0')}`)
    for (const node of [app, other]) await node.services.social.visible(ann.personId, others)
    const node = (i: number) => (i % 2 ? app : other)
    async function until(ask: () => Promise<string | undefined>): Promise<string | undefined> {
      for (;;) {
        const outcome = await ask()
        if (outcome !== 'UNAVAILABLE') return outcome
      }
    }
    const outcomes = await Promise.all([
      ...crowd.map((phone, i) =>
        until(async () => {
          const { __typename, code } = await act(phone, 'joinActivity', { activityId: made.id }, node(i))
          return __typename === 'refused' ? code : __typename
        }),
      ),
      ...others.map((personId, i) =>
        until(() =>
          node(i)
            .services.activities.join(personId, id)
            .then(
              () => 'JoinActivityPayload',
              (error: DomainError) => (error.code === 'CONFLICT' ? error.name : error.code),
            ),
        ),
      ),
    ])
    expect(outcomes.filter((name) => name === 'JoinActivityPayload')).toHaveLength(1)
    expect(outcomes.filter((name) => name === 'ActivityFullError')).toHaveLength(999)
    expect(await look(ann, made.id)).toMatchObject({ joinCount: 3, seatsLeft: 0 })
  }, 60_000)

  test('is counted right through a thousand joins and leaves at once', async () => {
    const [ann] = await two()
    const made = await start(ann, { capacity: 10 })
    const id = activityUuid(made.id)
    const person = (i: number) => `018f0000-0000-7000-8000-${String(i % 20).padStart(12, '0')}`
    await Promise.all(
      Array.from({ length: 1000 }, (_, i) => {
        const { activities } = (i % 2 ? app : other).services
        return (i % 3 ? activities.join(person(i), id) : activities.leave(person(i), id)).catch(() => undefined)
      }),
    )
    const seats = await app.redis.command.zcard(
      (await keysAbout(made.id)).find(({ key }) => key.includes('attendees:'))?.key ?? '',
    )
    const seen = await look(ann, made.id)
    expect(seen?.joinCount).toBe(seats)
    expect(seats).toBeLessThanOrEqual(10)
  }, 30_000)
})

describe('attendees', () => {
  const attendeesDocument = `query ($id: ID!, $first: Int, $after: String) { activity(id: $id) {
    attendees(first: $first, after: $after) { edges { cursor node { id displayName isHost isViewer joinedAt } } pageInfo { hasNextPage endCursor } } } }`
  interface Page {
    edges: { cursor: string; node: { id: string; displayName: string | null; isHost: boolean; isViewer: boolean } }[]
    pageInfo: { hasNextPage: boolean; endCursor: string | null }
  }
  async function attendees(phone: Phone, id: string, page: object = {}) {
    const answer = await phone.ask<{ activity: { attendees: Page | null } }>(attendeesDocument, { id, ...page })
    return answer.data?.activity.attendees
  }

  test('are listed for those who have a part in it, as they joined, a page at a time', async () => {
    const [ann, zoe] = await two()
    const made = await start(ann)
    const joined = await people(7)
    for (const [i, phone] of joined.entries())
      await act(phone, 'joinActivity', { activityId: made.id, displayName: `P${i}` })
    expect(await attendees(zoe, made.id)).toBeNull()
    const all = await attendees(ann, made.id)
    expect(all?.edges.map(({ node }) => node.displayName)).toEqual([null, 'P0', 'P1', 'P2', 'P3', 'P4', 'P5', 'P6'])
    expect(all?.edges.map(({ node }) => node.isHost)).toEqual([true, ...Array(7).fill(false)])
    expect(all?.edges.map(({ node }) => node.isViewer)).toEqual([true, ...Array(7).fill(false)])
    const paged: string[] = []
    let after: string | null | undefined
    do {
      const page = await attendees(joined[0] as Phone, made.id, { first: 3, ...(after ? { after } : {}) })
      paged.push(...(page?.edges.map(({ node }) => node.id) ?? []))
      after = page?.pageInfo.hasNextPage ? page.pageInfo.endCursor : undefined
    } while (after)
    // The same names for everybody here,
    expect(paged).toEqual(all?.edges.map(({ node }) => node.id))
    // and others elsewhere.
    const second = await start(ann)
    expect((await attendees(ann, second.id))?.edges[0]?.node.id).not.toBe(paged[0])
    expect(codeOf(await ann.ask(attendeesDocument, { id: second.id, after: all?.edges[0]?.cursor }))).toBe(
      'BAD_USER_INPUT',
    )
  })

  test('leave out who hides, and who is blocked either way', async () => {
    const [ann] = await two()
    const made = await start(ann)
    const [ben, cyd, dan] = (await people(3)) as [Phone, Phone, Phone]
    for (const phone of [ben, cyd, dan]) await act(phone, 'joinActivity', { activityId: made.id })
    await app.services.social.setVisibility(cyd.personId, { ghost: true })
    await app.services.social.block(dan.personId, ben.personId)
    expect((await attendees(ben, made.id))?.edges).toHaveLength(2)
    expect((await attendees(dan, made.id))?.edges).toHaveLength(2)
    expect((await attendees(cyd, made.id))?.edges).toHaveLength(4)
    // Seats are seats, whoever sits there.
    expect(await look(ben, made.id)).toMatchObject({ joinCount: 3 })
  })
})

describe('editing', () => {
  test('changes what is named, and nothing else', async () => {
    const [ann, ben] = await two()
    const made = await start(ann, { capacity: 5 })
    await act(ben, 'joinActivity', { activityId: made.id })
    const changed = await act(ann, 'updateActivity', { activityId: made.id, title: 'Checkers', emoji: '🏁' })
    expect(changed.activity).toEqual({ ...made, title: 'Checkers', emoji: '🏁', joinCount: 1, seatsLeft: 4 })
    expect(await act(ann, 'updateActivity', { activityId: made.id, title: 'Checkers', emoji: '🏁' })).toEqual(changed)
    expect((await act(ann, 'updateActivity', { activityId: made.id, capacity: null })).activity?.capacity).toBeNull()
    expect(await act(ben, 'updateActivity', { activityId: made.id, title: 'Mine' })).toMatchObject({
      code: 'FORBIDDEN',
    })
  })

  test('cannot take away seats that are taken', async () => {
    const [ann, ben] = await two()
    const made = await start(ann)
    await act(ben, 'joinActivity', { activityId: made.id })
    await act(await createPhone(app), 'joinActivity', { activityId: made.id })
    expect(await act(ann, 'updateActivity', { activityId: made.id, capacity: 1 })).toMatchObject({
      ...{ __typename: 'CapacityBelowJoinsError', joins: 2 },
    })
    expect((await act(ann, 'updateActivity', { activityId: made.id, capacity: 2 })).activity?.seatsLeft).toBe(0)
  })

  test('moves it around the corner, not into another town', async () => {
    const [ann] = await two()
    const made = await start(ann)
    const near = await act(ann, 'updateActivity', { activityId: made.id, ...offset(zurich, 3000, 4000) })
    expect(near.activity?.place).not.toEqual(made.place)
    expect(await act(ann, 'updateActivity', { activityId: made.id, ...offset(zurich, 20_000, 0) })).toMatchObject({
      ...{ __typename: 'PlaceTooFarError', limitMeters: 10_000 },
    })
    expect(await act(ann, 'updateActivity', { activityId: made.id, latitude: 47 })).toMatchObject({
      ...{ code: 'BAD_USER_INPUT', field: 'longitude' },
    })
  })

  test('moves its start until it has begun, and its end with everything that ends with it', async () => {
    const [ann, ben] = await two()
    const made = await start(ann, { startsAt: iso(60 * minutes), lifetimeMinutes: 60 })
    await act(ben, 'joinActivity', { activityId: made.id, displayName: 'Ben' })
    await act(await createPhone(app), 'flagActivity', { activityId: made.id, reason: 'OTHER' })
    const later = await act(ann, 'updateActivity', { activityId: made.id, startsAt: iso(120 * minutes) })
    expect(later.activity?.state).toBe('SCHEDULED')
    expect(new Date(later.activity?.endsAt ?? 0).getTime() - app.clock.now()).toBeGreaterThan(179 * minutes)
    const longest = await childrenEndWithTheRecord(made.id)
    expect(longest.children.length).toBeGreaterThanOrEqual(4)
    expect(longest.record?.ttl).toBeGreaterThan(189 * minutes)
    await act(ann, 'updateActivity', { activityId: made.id, startsAt: iso(30 * minutes), lifetimeMinutes: 10 })
    const { record } = await childrenEndWithTheRecord(made.id)
    expect(record?.ttl).toBeLessThanOrEqual(50.5 * minutes)
    app.clock.advance(31 * minutes)
    expect(await act(ann, 'updateActivity', { activityId: made.id, startsAt: iso(60 * minutes) })).toMatchObject({
      __typename: 'ActivityStartedError',
    })
    const longer = await act(ann, 'updateActivity', { activityId: made.id, lifetimeMinutes: 1440 })
    expect(longer.activity?.state).toBe('LIVE')
    expect(await act(ann, 'updateActivity', { activityId: made.id, lifetimeMinutes: 1 })).toMatchObject({
      ...{ code: 'BAD_USER_INPUT', field: 'lifetimeMinutes' },
    })
  })

  test('at once on two nodes loses no change', async () => {
    const [ann] = await two()
    const made = await start(ann)
    const outcomes = await Promise.all([
      ...['A', 'B'].map((title) => act(ann, 'updateActivity', { activityId: made.id, title }, other)),
      ...['🎲', '🎯'].map((emoji) => act(ann, 'updateActivity', { activityId: made.id, emoji }, app)),
    ])
    expect(outcomes.map(({ __typename }) => __typename)).toEqual(Array(4).fill('UpdateActivityPayload'))
    const seen = await look(ann, made.id)
    expect(['A', 'B']).toContain(seen?.title)
    expect(['🎲', '🎯']).toContain(seen?.emoji)
  })
})

describe('a flag', () => {
  test('counts once a person, and three people hide it from all but its host', async () => {
    const [ann, ben] = await two()
    const made = await start(ann)
    const [cyd, dan] = (await people(2)) as [Phone, Phone]
    const flag = (phone: Phone) => act(phone, 'flagActivity', { activityId: made.id, reason: 'SPAM' })
    for (let i = 0; i < 5; i += 1) expect(await flag(ben)).toMatchObject({ __typename: 'FlagActivityPayload' })
    await flag(cyd)
    expect(await look(ben, made.id)).not.toBeNull()
    await flag(dan)
    expect(await look(ben, made.id)).toBeNull()
    expect(await flag(ben)).toMatchObject({ code: 'NOT_FOUND' })
    expect(await act(ben, 'joinActivity', { activityId: made.id })).toMatchObject({ code: 'NOT_FOUND' })
    expect(await look(ann, made.id)).toMatchObject({ title: made.title })
    expect(await flag(ann)).toMatchObject({ code: 'BAD_USER_INPUT' })
  })
})

describe('bad input', () => {
  const rows: [string, object, string | undefined][] = [
    ['latitude 90.0001', { latitude: 90.0001 }, undefined],
    ['longitude 180.1', { longitude: 180.1 }, undefined],
    ['lifetime 0', { lifetimeMinutes: 0 }, 'lifetimeMinutes'],
    ['lifetime −5', { lifetimeMinutes: -5 }, 'lifetimeMinutes'],
    ['lifetime 10 years', { lifetimeMinutes: 5_256_000 }, 'lifetimeMinutes'],
    ['capacity 0', { capacity: 0 }, 'capacity'],
    ['capacity −1', { capacity: -1 }, 'capacity'],
    ['capacity 10,001', { capacity: 10_001 }, 'capacity'],
    ['no title', { title: '' }, 'title'],
    ['a title of spaces', { title: '   ' }, 'title'],
    ['a title of zero-width characters', { title: '\u200b\u200d\u2060' }, 'title'],
    ['a title with NUL', { title: 'a\u0000b' }, undefined],
    ['a title with half a surrogate pair', { title: 'a\ud800b' }, undefined],
    ['a title of 51', { title: 'x'.repeat(51) }, 'title'],
    ['two emoji', { emoji: '♟️🎲' }, 'emoji'],
    ['a letter for an emoji', { emoji: 'a' }, 'emoji'],
    ['a client id of 7', { clientId: 'abcdefg' }, 'input.clientId'],
  ]
  test.each(rows)('%s is refused, and nothing is written', async (_name, more, field) => {
    const [ann] = await two()
    const before = await app.redis.command.keys(`${app.config.redisPrefix}v1:activities:*`)
    const outcome = await act(ann, 'createActivity', activityInput(more))
    expect(outcome).toMatchObject({ code: 'BAD_USER_INPUT', ...(field ? { field } : {}) })
    expect((await app.redis.command.keys(`${app.config.redisPrefix}v1:activities:*`)).sort()).toEqual(before.sort())
  })

  test.each([NaN, Infinity])('latitude %s is refused', async (latitude) => {
    const [ann] = await two()
    expect(await act(ann, 'createActivity', activityInput({ latitude }))).toMatchObject({ code: 'BAD_USER_INPUT' })
  })

  test('too near to a pole has an error of its own; −0 is 0', async () => {
    const [ann] = await two()
    expect(await act(ann, 'createActivity', activityInput({ latitude: 85.06 }))).toMatchObject({
      ...{ __typename: 'LatitudeOutOfRangeError', limit: 85.05 },
    })
    const made = await start(ann, { latitude: -0, longitude: -0 })
    expect(Math.abs(made.place.latitude)).toBeLessThan(0.001)
  })

  test.each([-61_000, 24 * 60 * minutes + 1000])('a start %s ms from now is refused', async (fromNow) => {
    const [ann] = await two()
    expect(await act(ann, 'createActivity', activityInput({ startsAt: iso(fromNow) }))).toMatchObject({
      ...{ code: 'BAD_USER_INPUT', field: 'startsAt' },
    })
  })

  test('a display name of 41 is refused, and takes no seat', async () => {
    const [ann, ben] = await two()
    const made = await start(ann)
    expect(await act(ben, 'joinActivity', { activityId: made.id, displayName: 'x'.repeat(41) })).toMatchObject({
      code: 'BAD_USER_INPUT',
      field: 'displayName',
    })
    expect(await look(ben, made.id)).toMatchObject({ joinCount: 0 })
  })
})

describe('rates', () => {
  test('5 creations, 20 joins and 5 flags an hour, repetitions not counted', async () => {
    const strict = await app.node({ RATE_LIMITS: 'on' })
    const [ann, ben] = await two()
    const [first, ...rest] = Array.from({ length: 5 }, () => activityInput())
    const made: ActivityOutcome[] = []
    for (const input of [first, ...rest]) {
      made.push(await act(ann, 'createActivity', input ?? {}, strict))
      // Three within a minute are too many whatever the hour says.
      app.clock.advance(61_000)
    }
    const [target] = made
    expect(await act(ann, 'createActivity', activityInput(), strict)).toMatchObject({ code: 'RATE_LIMITED' })
    expect((await act(ann, 'createActivity', first ?? {}, strict)).activity?.id).toBe(target?.activity?.id)
    const activityId = target?.activity?.id
    for (let i = 0; i < 20; i += 1) {
      expect((await act(ben, 'joinActivity', { activityId }, strict)).__typename).toBe('JoinActivityPayload')
      expect((await act(ben, 'joinActivity', { activityId }, strict)).__typename).toBe('JoinActivityPayload')
      await act(ben, 'leaveActivity', { activityId }, strict)
    }
    const refused = await act(ben, 'joinActivity', { activityId }, strict)
    expect(refused).toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: expect.any(Number) })
    for (const each of made) {
      const input = { activityId: each.activity?.id, reason: 'SPAM' }
      expect((await act(ben, 'flagActivity', input, strict)).__typename).toBe('FlagActivityPayload')
    }
    const more = await start(await createPhone(app))
    expect(await act(ben, 'flagActivity', { activityId: more.id, reason: 'SPAM' }, strict)).toMatchObject({
      code: 'RATE_LIMITED',
    })
  })
})
