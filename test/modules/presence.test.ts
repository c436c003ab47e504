import { createPersonIds } from '../../src/platform/person-ids.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { ask, codeOf } from '../kit/gql.ts'
import { createPhone, heartbeatDocument, type Phone } from '../kit/phones.ts'
import { offset, zurich } from '../kit/places.ts'

let app: TestApp
let other: TestApp
beforeAll(async () => {
  app = await createTestApp()
  other = await app.node()
})

const now = () => new Date(app.clock.now())
const beat = (phone: Phone, north = 0, east = 0, on?: TestApp) => phone.beat(offset(zurich, north, east), now(), on)

/** What one person is told about others' presence. */
async function presenceOf(viewer: Phone, ...people: Phone[]) {
  const ids = createPersonIds(app.config.secret).of(
    viewer.personId,
    people.map(({ personId }) => personId),
  )
  const { data } = await viewer.ask<{ presence: { online: boolean; lastSeenAt: string | null }[] }>(
    'query ($ids: [ID!]!) { presence(ids: $ids) { online lastSeenAt } }',
    { ids },
  )
  return data?.presence
}
const isShown = async (viewer: Phone, whom: Phone) => (await presenceOf(viewer, whom))?.[0]?.online

const stored = async (text: string) => {
  const { redis } = app
  const found: string[] = []
  for (const key of await redis.command.keys(`${app.config.redisPrefix}*`)) {
    const type = await redis.command.type(key)
    const value =
      type === 'string'
        ? await redis.command.get(key)
        : type === 'hash'
          ? await redis.command.hgetall(key)
          : type === 'zset'
            ? await redis.command.zrange(key, 0, -1)
            : type === 'stream'
              ? await redis.command.xrange(key, '-', '+')
              : await redis.command.lrange(key, 0, -1)
    if (`${key} ${JSON.stringify(value)}`.includes(text)) found.push(key)
  }
  return found
}

describe('a heartbeat', () => {
  test('makes a person present for 90 seconds, to whoever may see them', async () => {
    const [ann, ben] = [await createPhone(app), await createPhone(app)]
    const answer = await beat(ann)
    expect(answer.__typename).toBe('HeartbeatPayload')
    expect(new Date(answer.expiresAt ?? 0).getTime() - app.clock.now()).toBeGreaterThan(85_000)
    expect(await presenceOf(ben, ann)).toEqual([{ online: true, lastSeenAt: expect.stringMatching(/:00\.000Z$/) }])
    app.clock.advance(91_000)
    expect(await presenceOf(ben, ann)).toEqual([{ online: false, lastSeenAt: null }])
  })

  test('leaves nothing of a person in any index once it has run out', async () => {
    const ann = await createPhone(app)
    await beat(ann)
    expect(await stored(ann.personId)).not.toEqual([])
    app.clock.advance(91_000)
    await app.idle()
    const indexes = (await stored(ann.personId)).filter((key) => /:(people|ends|cells)$/.test(key))
    expect(indexes).toEqual([])
  })

  test('keeps the exact fix under a key of its own that ends with the presence, and nowhere else', async () => {
    const ann = await createPhone(app)
    const at = { latitude: 47.391_234_5, longitude: 8.512_345_6 }
    await ann.beat(at, now())
    const keys = [...(await stored('47.3912345')), ...(await stored('8.5123456'))]
    expect(new Set(keys)).toEqual(new Set([expect.stringMatching(new RegExp(`:fix:${ann.personId}$`))]))
    for (const key of keys) expect(await app.redis.command.pttl(key)).toBeLessThanOrEqual(90_000)
  })

  test('that an older fix overtook shows that the phone is there, and not where it was', async () => {
    const [ann, ben] = [await createPhone(app), await createPhone(app)]
    await beat(ann)
    const cells = await stored(ann.personId)
    await ann.beat(offset(zurich, 900, 0), new Date(app.clock.now() - 60_000))
    expect(await stored(ann.personId)).toEqual(cells)
    expect(await isShown(ben, ann)).toBe(true)
  })

  test('on another node counts as well, and a walk into another area leaves nobody in two', async () => {
    const ann = await createPhone(app)
    const places = [0, 40, 80, 120, 160, 200].map((km) => offset(zurich, 0, km * 1000))
    for (const [i, place] of places.entries()) {
      app.clock.advance(91_000)
      await ann.beat(place, now(), i % 2 ? other : app)
    }
    await app.idle()
    const members = (await stored(ann.personId)).filter((key) => key.endsWith(':people'))
    expect(members).toHaveLength(1)
  })

  test('a thousand at the same instant, or nearly, on two nodes leave one presence', async () => {
    const ann = await createPhone(app)
    for (let round = 0; round < 40; round += 1) {
      await Promise.all(
        Array.from({ length: 25 }, (_, i) => beat(ann, (i % 5) * 2, ((i * 7) % 5) * 2, i % 2 ? other : app)),
      )
    }
    expect((await stored(ann.personId)).filter((key) => key.endsWith(':people'))).toHaveLength(1)
  })
})

describe('a move', () => {
  test('that nobody can have walked is shown to nobody until the person has stayed for half a minute', async () => {
    const [ann, ben] = [await createPhone(app), await createPhone(app)]
    await beat(ann)
    app.clock.advance(10_000)
    // 200 m in 10 s: 20 m/s, less what both fixes may be off.
    const answer = await beat(ann, 200)
    expect(new Date(answer.shownFrom ?? 0).getTime()).toBeGreaterThan(app.clock.now() + 29_000)
    expect(await isShown(ben, ann)).toBe(false)
    app.clock.advance(31_000)
    await beat(ann, 210)
    expect(await isShown(ben, ann)).toBe(true)
  })

  test('of a kilometre within 30 seconds is such a move, also at a speed that would be allowed with more time', async () => {
    const [ann, ben] = [await createPhone(app), await createPhone(app)]
    await beat(ann)
    app.clock.advance(29_000)
    await beat(ann, 1100)
    expect(await isShown(ben, ann)).toBe(false)
  })

  test('at the pace of a runner is none, and neither is the trembling of a fix', async () => {
    const [ann, ben] = [await createPhone(app), await createPhone(app)]
    await beat(ann)
    for (const north of [10, 0, 30, 60, 90]) {
      app.clock.advance(3000)
      await beat(ann, north)
      expect(await isShown(ben, ann)).toBe(true)
    }
  })

  test('into another area is judged by the last fix there', async () => {
    const [ann, ben] = [await createPhone(app), await createPhone(app)]
    await beat(ann)
    app.clock.advance(60_000)
    await beat(ann, 0, 300_000)
    expect(await isShown(ben, ann)).toBe(false)
  })
})

describe('the end of a presence', () => {
  test('comes at once when it is asked for, and asking again changes nothing', async () => {
    const [ann, ben] = [await createPhone(app), await createPhone(app)]
    await beat(ann)
    const end = 'mutation { endPresence { ... on EndPresencePayload { ended } } }'
    expect((await ann.ask(end)).data).toEqual({ endPresence: { ended: true } })
    expect(await isShown(ben, ann)).toBe(false)
    expect((await ann.ask(end)).data).toEqual({ endPresence: { ended: false } })
  })
})

test('an end and a heartbeat at the same instant, on two nodes, leave a presence that every node finds, or none', async () => {
  const ann = await createPhone(app)
  const end = 'mutation { endPresence { __typename } }'
  for (let round = 0; round < 100; round += 1) {
    await beat(ann, 0, 0, other)
    await Promise.all(round % 2 ? [ann.ask(end), beat(ann, 0, 0, other)] : [beat(ann, 0, 0, other), ann.ask(end)])
    const there = (await stored(ann.personId)).some((key) => key.endsWith(`:at:${ann.personId}`))
    expect((await app.services.presence.whereIs(ann.personId)) !== undefined).toBe(there)
  }
})

describe('presence', () => {
  test('tells nothing of a made-up name, of another viewer’s name, or of too many', async () => {
    const [ann, ben, cid] = [await createPhone(app), await createPhone(app), await createPhone(app)]
    await beat(ann)
    const [name = ''] = createPersonIds(app.config.secret).of(cid.personId, [ann.personId])
    const query = 'query ($ids: [ID!]!) { presence(ids: $ids) { id online lastSeenAt } }'
    for (const id of [name, ann.deviceId, '', 'x'.repeat(22), '../../etc'])
      expect((await ben.ask(query, { ids: [id] })).data).toEqual({
        presence: [{ id, online: false, lastSeenAt: null }],
      })
    expect(codeOf(await ben.ask(query, { ids: Array(101).fill(name) }))).toBe('BAD_USER_INPUT')
  })
})

describe('bad input', () => {
  const good = { latitude: 47.3769, longitude: 8.5417, accuracyMeters: 5 }
  const rows: [string, Record<string, unknown>, string][] = [
    ['a latitude beyond the pole', { latitude: 90.0001 }, 'BAD_USER_INPUT'],
    ['a longitude beyond the antimeridian', { longitude: -180.5 }, 'BAD_USER_INPUT'],
    ['a latitude that is text', { latitude: '47.3' }, 'BAD_USER_INPUT'],
    ['a latitude that is null', { latitude: null }, 'BAD_USER_INPUT'],
    ['an accuracy of 0', { accuracyMeters: 0 }, 'BAD_USER_INPUT'],
    ['an accuracy of −1', { accuracyMeters: -1 }, 'BAD_USER_INPUT'],
    ['an accuracy beyond any use', { accuracyMeters: 201 }, 'BAD_USER_INPUT'],
    ['a fix of yesterday', { observedAt: new Date(Date.now() - 86_400_000).toISOString() }, 'BAD_USER_INPUT'],
    ['a fix of tomorrow', { observedAt: new Date(Date.now() + 864_000_000).toISOString() }, 'BAD_USER_INPUT'],
    ['an observedAt that is none', { observedAt: 'now' }, 'BAD_USER_INPUT'],
  ]
  test.each(rows)('%s is refused, and nothing is written', async (_name, change, code) => {
    const ann = await createPhone(app)
    const input = { ...good, observedAt: now().toISOString(), ...change }
    const answer = await ann.ask(heartbeatDocument, { input })
    expect(codeOf(answer)).toBe(code)
    expect(await stored(ann.personId)).toEqual([])
  })

  test.each(['NaN', 'Infinity', '1e999'])('%s is no latitude', async (text) => {
    const ann = await createPhone(app)
    const answer = await ann.ask(
      `mutation { heartbeat(input: { latitude: ${text}, longitude: 8, accuracyMeters: 5, observedAt: "${now().toISOString()}" }) { __typename } }`,
    )
    expect(['BAD_USER_INPUT', 'BAD_REQUEST']).toContain(codeOf(answer))
    expect(await stored(ann.personId)).toEqual([])
  })

  test('−0 is a latitude, and the same as 0', async () => {
    const ann = await createPhone(app)
    expect((await ann.beat({ latitude: -0, longitude: -0 }, now())).__typename).toBe('HeartbeatPayload')
  })

  test('a fix near a pole, and one that is too vague, get typed errors', async () => {
    const ann = await createPhone(app)
    expect(await ann.beat({ latitude: 85.06, longitude: 0 }, now())).toMatchObject({
      __typename: 'LatitudeOutOfRangeError',
    })
    const input = { ...good, accuracyMeters: 51, observedAt: now().toISOString() }
    const { data } = await ann.ask<{ heartbeat: unknown }>(heartbeatDocument, { input })
    expect(data?.heartbeat).toMatchObject({ __typename: 'InaccurateFixError', code: 'BAD_USER_INPUT' })
    expect(await stored(ann.personId)).toEqual([])
  })

  test('a heartbeat without a token is refused', async () => {
    const input = { ...good, observedAt: now().toISOString() }
    expect(codeOf(await ask(app, heartbeatDocument, { input }))).toBe('UNAUTHENTICATED')
  })
})

test('the 31st heartbeat within a minute is refused, and says how long to wait', async () => {
  const limited = await createTestApp({ RATE_LIMITS: 'on' })
  const ann = await createPhone(limited)
  const at = () => new Date(limited.clock.now())
  for (let i = 0; i < 30; i += 1) expect((await ann.beat(zurich, at())).__typename).toBe('HeartbeatPayload')
  const input = { ...zurich, accuracyMeters: 5, observedAt: at().toISOString() }
  const refused = await ann.ask(heartbeatDocument, { input })
  expect(codeOf(refused)).toBe('RATE_LIMITED')
  const wait = Number(refused.errors?.[0]?.extensions?.['retryAfterMs'])
  expect(wait).toBeGreaterThan(0)
  expect(wait).toBeLessThanOrEqual(60_000)
  limited.clock.advance(wait)
  expect((await ann.beat(zurich, at())).__typename).toBe('HeartbeatPayload')
})
