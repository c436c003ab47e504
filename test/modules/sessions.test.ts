import { createTestApp, type TestApp } from '../kit/app.ts'
import { ask, codeOf } from '../kit/gql.ts'
import {
  type Beacon,
  beaconAt,
  createPhone,
  type NudgeEvent,
  newClientId,
  nudgesDocument,
  openDocument,
  type Phone,
} from '../kit/phones.ts'
import { follow } from '../kit/socket.ts'

let app: TestApp
let other: TestApp
beforeAll(async () => {
  app = await createTestApp()
  other = await app.node()
})

type Opened = {
  openSession: {
    __typename: string
    session: { id: string }
    secret: string
    conflictingId?: string
    code?: string
    beacons: { value: string }[]
  }
}
const document = openDocument.replace(
  '... on Error',
  '... on SessionAlreadyOpenError { conflictingId } ... on UnknownInterestsError { unknown } ... on Error',
)
const open = async (phone: Phone, clientId: string, interests: string[], on: { url: string } = app) =>
  (await ask<Opened>(on, document, { input: { clientId, interests } }, { token: phone.token })).data?.openSession

/** Every key of this app in Redis, with everything it holds, as text. */
async function everythingInRedis(on: TestApp): Promise<string> {
  const { command } = on.redis
  const held: string[] = []
  for (const key of await command.keys(`${on.config.redisPrefix}*`)) {
    const kind = await command.type(key)
    const value =
      kind === 'hash'
        ? await command.hgetall(key)
        : kind === 'set'
          ? await command.smembers(key)
          : kind === 'zset'
            ? await command.zrange(key, 0, -1, 'WITHSCORES')
            : kind === 'list'
              ? await command.lrange(key, 0, -1)
              : kind === 'stream'
                ? await command.xrange(key, '-', '+')
                : await command.get(key)
    held.push(`${key} ${JSON.stringify(value)}`)
  }
  return held.join('\n')
}

test('the catalogue says what a session can name', async () => {
  const { data } = await ask<{ interestCatalog: { id: string; label: string; interests: { id: string }[] }[] }>(
    app,
    '{ interestCatalog { id label interests { id label } } }',
  )
  expect(data?.interestCatalog.find(({ id }) => id === 'music')?.interests.map(({ id }) => id)).toContain('jazz')
})

test('a session has one beacon for each ten minutes of its life, each of 16 bytes, all different', async () => {
  const phone = await createPhone(app)
  const { beacons, expiresAt } = await phone.open(['jazz'])
  expect([12, 13]).toContain(beacons.length)
  expect(new Set(beacons.map(({ value }) => value)).size).toBe(beacons.length)
  for (const [i, { value, validFrom, validUntil }] of beacons.entries()) {
    expect(value).toMatch(/^[0-9a-f]{32}$/)
    expect(Date.parse(validUntil) - Date.parse(validFrom)).toBe(600_000)
    if (i > 0) expect(validFrom).toBe(beacons[i - 1]?.validUntil)
  }
  expect(Date.parse(beacons.at(-1)?.validUntil ?? '')).toBeGreaterThanOrEqual(Date.parse(expiresAt))
})

test('the same client id gives the same session, secret and beacons; with other interests it is refused', async () => {
  const phone = await createPhone(app)
  const clientId = newClientId()
  const first = await open(phone, clientId, ['jazz', 'ai'])
  expect(await open(phone, clientId, ['ai', 'jazz'], other)).toEqual(first)
  expect(await open(phone, clientId, ['jazz'])).toMatchObject({
    __typename: 'IdempotencyMismatchError',
    code: 'IDEMPOTENCY_MISMATCH',
  })
})

test('the same client id by another device is another session', async () => {
  const clientId = newClientId()
  const [one, two] = [
    await open(await createPhone(app), clientId, ['jazz']),
    await open(await createPhone(app), clientId, ['jazz']),
  ]
  expect(one?.session.id).not.toBe(two?.session.id)
})

test('a thousand racing calls on two nodes open one session', async () => {
  for (let round = 0; round < 25; round += 1) {
    const phone = await createPhone(app)
    const clientIds = [newClientId(), newClientId()]
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, i) => open(phone, clientIds[i % 2] ?? '', ['jazz'], i % 4 < 2 ? app : other)),
    )
    const ids = new Set(answers.map((answer) => answer?.session?.id ?? answer?.conflictingId))
    expect(ids.size).toBe(1)
  }
})

test('a second session is refused, and names the open one', async () => {
  const phone = await createPhone(app)
  const first = await open(phone, newClientId(), ['jazz'])
  expect(await open(phone, newClientId(), ['jazz'])).toMatchObject({
    __typename: 'SessionAlreadyOpenError',
    code: 'CONFLICT',
    conflictingId: first?.session.id,
  })
})

test('interests that are not in the catalogue are named', async () => {
  expect(await open(await createPhone(app), newClientId(), ['jazz', 'no-such-thing'])).toMatchObject({
    __typename: 'UnknownInterestsError',
    unknown: ['no-such-thing'],
  })
})

test.each([
  ['no interests', newClientId(), []],
  ['eleven interests', newClientId(), Array.from({ length: 11 }, (_, i) => `interest-${i}`)],
  ['a client id of seven characters', 'seven77', ['jazz']],
  ['a client id of 65 characters', 'x'.repeat(65), ['jazz']],
  ['a client id with a colon', 'a:b:c:d:e:f', ['jazz']],
  ['a client id in other letters', 'çççççççççç', ['jazz']],
])('%s: refused', async (_what, clientId, interests) => {
  const phone = await createPhone(app)
  expect(codeOf(await ask(app, openDocument, { input: { clientId, interests } }, { token: phone.token }))).toBe(
    'BAD_USER_INPUT',
  )
})

test('closing ends a session at once; closing it again by its id, and opening it again by its client id, give the closed one', async () => {
  const phone = await createPhone(app)
  const clientId = newClientId()
  const opened = await open(phone, clientId, ['jazz'])
  const sessionId = opened?.session.id
  const close = () =>
    phone.ask<{ closeSession: { session: { id: string; state: string } } }>(
      'mutation ($input: CloseSessionInput!) { closeSession(input: $input) { ... on CloseSessionPayload { session { id state beacons { value } } } } }',
      { input: { sessionId } },
    )
  for (let times = 0; times < 2; times += 1)
    expect((await close()).data?.closeSession.session).toEqual({ id: sessionId, state: 'CLOSED', beacons: [] })
  expect(await open(phone, clientId, ['jazz'])).toMatchObject({ session: { id: sessionId }, beacons: [] })
  expect((await phone.ask('{ session { id } }')).data).toEqual({ session: null })
  expect(await open(phone, newClientId(), ['jazz'])).toMatchObject({ __typename: 'OpenSessionPayload' })
})

test('extending gives the session its full life again, the old beacons and new ones', async () => {
  const own = await createTestApp()
  const phone = await createPhone(own)
  const before = await phone.open(['jazz'])
  own.clock.advance(3_600_000)
  const { data } = await phone.ask<{
    extendSession: { session: { id: string; expiresAt: string }; beacons: { value: string }[] }
  }>(
    'mutation { extendSession(input: {}) { ... on ExtendSessionPayload { session { id expiresAt } beacons { value } } } }',
  )
  expect(data?.extendSession.session.id).toBe(before.id)
  expect(Math.abs(Date.parse(data?.extendSession.session.expiresAt ?? '') - own.clock.now() - 7_200_000)).toBeLessThan(
    5000,
  )
  const values = data?.extendSession.beacons.map(({ value }) => value) ?? []
  expect(values.slice(0, before.beacons.length)).toEqual(before.beacons.map(({ value }) => value))
  expect(values.length).toBeGreaterThan(before.beacons.length)
})

test('a session that was extended and closed leaves no beacon that leads to it', async () => {
  const own = await createTestApp()
  const phone = await createPhone(own)
  await phone.open(['jazz'])
  own.clock.advance(3_600_000)
  await phone.ask('mutation { extendSession(input: {}) { __typename } }')
  expect(await everythingInRedis(own)).toContain(':beacon:')
  await phone.ask('mutation { closeSession(input: {}) { __typename } }')
  expect(await everythingInRedis(own)).not.toContain(':beacon:')
})

test('a session that is over is gone for its phone and for everybody who hears it', async () => {
  const own = await createTestApp()
  const [ann, ben] = [await createPhone(own), await createPhone(own)]
  const { beacons } = await ann.open(['jazz'])
  own.clock.advance(7_200_000)
  expect((await ann.ask('{ session { id } }')).data).toEqual({ session: null })
  await ben.open(['jazz'])
  const last = beacons.at(-1)?.value ?? ''
  expect(await ben.report([last], new Date(own.clock.now()))).toEqual([
    { match: false, sharedInterests: [], nudgeSent: false },
  ])
})

test('two sessions opened on either side of midnight still find what they share', async () => {
  const own = await createTestApp()
  const day = 86_400_000
  own.clock.set(Math.ceil(own.clock.now() / day) * day + day - 60_000)
  const [ann, ben] = [await createPhone(own), await createPhone(own)]
  await ann.open(['jazz', 'ai'])
  own.clock.advance(120_000)
  const { beacons } = await ben.open(['jazz', 'ethics'])
  const at = new Date(own.clock.now())
  expect(await ann.report([beaconAt(beacons, at)], at)).toEqual([
    { match: true, sharedInterests: ['jazz'], nudgeSent: true },
  ])
})

test('the secret of a session speaks for it and for nothing else', async () => {
  const phone = await createPhone(app)
  const { secret, id } = await phone.open(['jazz'])
  const as = <Data>(query: string) => ask<Data>(app, query, {}, { token: secret })
  expect((await as<{ session: { id: string } }>('{ session { id } }')).data?.session.id).toBe(id)
  expect(codeOf(await as('mutation { renewDevice { __typename } }'))).toBe('FORBIDDEN')
  expect(
    codeOf(await as(`mutation { openSession(input: { clientId: "12345678", interests: ["jazz"] }) { __typename } }`)),
  ).toBe('FORBIDDEN')
  expect(
    (await as<{ closeSession: object }>('mutation { closeSession(input: {}) { __typename } }')).data?.closeSession,
  ).toEqual({ __typename: 'CloseSessionPayload' })
  expect((await as('{ session { id } }')).data).toEqual({ session: null })
  const forged = secret
    .replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))
    .replace(/\.(.)/, (_all, first) => `.${first === 'A' ? 'B' : 'A'}`)
  expect(codeOf(await ask(app, '{ session { id } }', {}, { token: forged }))).toBe('UNAUTHENTICATED')
})

test('the secret of a session hears its nudges and no later one', async () => {
  const own = await createTestApp({ NUDGE_COOLDOWN_SECONDS: '0' })
  const [ann, ben] = [await createPhone(own), await createPhone(own)]
  const hears = async (whom: Beacon[]) => {
    const at = new Date(own.clock.now())
    await ben.report([beaconAt(whom, at)], at)
  }
  const first = await ann.open(['jazz'])
  await ben.open(['jazz'])
  const bySecret = follow<NudgeEvent>(own, nudgesDocument, { token: first.secret })
  const byDevice = ann.nudges()
  expect([(await bySecret.next()).__typename, (await byDevice.next()).__typename]).toEqual(['Ready', 'Ready'])
  await hears(first.beacons)
  expect([(await bySecret.next()).__typename, (await byDevice.next()).__typename]).toEqual(['Nudge', 'Nudge'])

  await ann.ask('mutation { closeSession(input: {}) { __typename } }')
  const second = await ann.open(['jazz'])
  await hears(second.beacons)
  expect((await byDevice.next()).__typename).toBe('Nudge')
  expect(bySecret.waiting()).toEqual([])
  const again = follow<NudgeEvent>(own, nudgesDocument, { token: first.secret })
  expect((await again.ended).errors?.[0]?.extensions?.['code']).toBe('NOT_FOUND')
  bySecret.stop()
  byDevice.stop()
})

test('no store and no log holds an interest in the clear, and every key ends by itself', async () => {
  const own = await createTestApp()
  const [ann, ben] = [await createPhone(own), await createPhone(own)]
  await ann.open(['hardstyle', 'ethics'])
  const { beacons } = await ben.open(['hardstyle'])
  const at = new Date(own.clock.now())
  const [seen] = await ann.report([beaconAt(beacons, at)], at)
  expect(seen?.sharedInterests).toEqual(['hardstyle'])
  await own.services.stats.release()
  const held = await everythingInRedis(own)
  expect(held).toContain('match:')
  expect(held).not.toMatch(/hardstyle|ethics/)
  expect(JSON.stringify(own.logs)).not.toMatch(/hardstyle|ethics/)
  const ttls = await Promise.all(
    (await own.redis.command.keys(`${own.config.redisPrefix}*`)).map(async (key) => ({
      key,
      ttl: await own.redis.command.ttl(key),
    })),
  )
  expect(ttls.filter(({ ttl }) => ttl === -1)).toEqual([])
})

test('revoking a device closes its session for those around it, by a job that a crash cannot lose', async () => {
  const own = await createTestApp()
  const [ann, ben] = [await createPhone(own), await createPhone(own)]
  const { beacons } = await ann.open(['jazz'])
  await ben.open(['jazz'])
  expect((await ann.ask('mutation { revokeDevice(input: {}) { __typename } }')).errors).toBeUndefined()
  await own.idle()
  const at = new Date(own.clock.now())
  expect(await ben.report([beaconAt(beacons, at)], at)).toEqual([
    { match: false, sharedInterests: [], nudgeSent: false },
  ])
})
