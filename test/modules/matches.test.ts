import { createTestApp, type TestApp } from '../kit/app.ts'
import { ask, codeOf } from '../kit/gql.ts'
import { beaconAt, createPhone, type NudgeEvent, type OpenSession, type Phone, reportDocument } from '../kit/phones.ts'

let app: TestApp
let other: TestApp
beforeAll(async () => {
  app = await createTestApp({ NUDGE_COOLDOWN_SECONDS: '0' })
  other = await app.node()
})

const now = () => new Date(app.clock.now())

interface Person extends OpenSession {
  phone: Phone
  beacon(): string
}

async function person(interests: string[], on: TestApp = app): Promise<Person> {
  const phone = await createPhone(on)
  const session = await phone.open(interests)
  return { phone, ...session, beacon: () => beaconAt(session.beacons, now()) }
}

const sees = async (who: Person, whom: Person, on?: TestApp) => {
  const [result] = await who.phone.report([whom.beacon()], now(), on)
  return result
}

const nothing = { match: false, sharedInterests: [], nudgeSent: false }

test('two phones that hear each other and share an interest are both nudged, once', async () => {
  const [ann, ben] = [await person(['jazz', 'programming']), await person(['jazz', 'philosophy'])]
  const [atAnn, atBen] = [ann.phone.nudges(), ben.phone.nudges({ server: other })]
  expect(await atAnn.next()).toMatchObject({ __typename: 'Ready' })
  expect(await atBen.next()).toMatchObject({ __typename: 'Ready' })

  expect(await sees(ann, ben)).toEqual({ match: true, sharedInterests: ['jazz'], nudgeSent: true })
  expect(await sees(ben, ann, other)).toEqual({ match: true, sharedInterests: ['jazz'], nudgeSent: false })

  const [first, second] = [await atAnn.next(), await atBen.next()]
  expect(first).toMatchObject({ __typename: 'Nudge', sharedInterests: ['jazz'] })
  expect(second).toMatchObject({ __typename: 'Nudge', sharedInterests: ['jazz'] })
  expect((first as { matchId: string }).matchId).toBe((second as { matchId: string }).matchId)
  expect([...atAnn.waiting(), ...atBen.waiting()]).toEqual([])
  atAnn.stop()
  atBen.stop()
})

test('the answer names at most five shared interests, sorted', async () => {
  const interests = ['jazz', 'programming', 'ai', 'devops', 'philosophy', 'ethics', 'guitar']
  const [ann, ben] = [await person(interests), await person(interests)]
  expect((await sees(ann, ben))?.sharedInterests).toEqual([...interests].sort().slice(0, 5))
})

test('unknown, own, over, not yet, hidden and no-overlap beacons get the same answer', async () => {
  const ann = await person(['jazz'])
  const nobodyShares = await person(['philosophy'])
  const blocked = await person(['jazz'])
  const closed = await person(['jazz'])
  const later = await person(['jazz'])

  await sees(ann, blocked)
  const { data } = await ann.phone.ask<{
    session: { matches: { nodes: { id: string }[]; edges: { node: { id: string } }[] } }
  }>('{ session { matches { edges { node { id } } } } }')
  const matchId = data?.session.matches.edges[0]?.node.id
  await ann.phone.ask('mutation ($input: BlockInput!) { block(input: $input) { __typename } }', { input: { matchId } })
  await closed.phone.ask('mutation { closeSession(input: {}) { __typename } }')

  const beacons = {
    unknown: '0123456789abcdef0123456789abcdef',
    own: ann.beacon(),
    closed: closed.beacons[0]?.value ?? '',
    notYet: later.beacons.at(-1)?.value ?? '',
    hidden: blocked.beacon(),
    sharesNothing: nobodyShares.beacon(),
  }
  const results = await ann.phone.report(Object.values(beacons), now())
  expect(results).toEqual(Object.keys(beacons).map(() => nothing))
})

test('a pair is nudged once, however many nodes and phones report it at the same instant', async () => {
  for (let round = 0; round < 25; round += 1) {
    const [ann, ben] = [await person(['techno']), await person(['techno'])]
    const reports = await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        i % 2 === 0 ? sees(ann, ben, i % 4 === 0 ? app : other) : sees(ben, ann, i % 4 === 1 ? app : other),
      ),
    )
    expect(reports.filter((result) => result?.nudgeSent)).toHaveLength(1)
    expect(reports.every((result) => result?.match)).toBe(true)
  }
})

test('nudges missed while away come back once and in order, on another node', async () => {
  const ann = await person(['jazz'])
  const before = ann.phone.nudges()
  const { cursor } = await before.next()
  before.drop()
  await before.ended
  const met: Person[] = []
  for (let i = 0; i < 5; i += 1) {
    const someone = await person(['jazz'])
    met.push(someone)
    await sees(someone, ann)
  }
  const after = ann.phone.nudges({ after: cursor, server: other })
  expect(await after.next()).toEqual({ __typename: 'Ready', cursor })
  const replayed: NudgeEvent[] = []
  while (replayed.length < 5) replayed.push(await after.next())
  const { data } = await ann.phone.ask<{ session: { matches: { edges: { node: { id: string } }[] } } }>(
    '{ session { matches { edges { node { id } } } } }',
  )
  const listed = data?.session.matches.edges.map(({ node }) => node.id).reverse()
  expect(replayed.map((event) => 'matchId' in event && event.matchId)).toEqual(listed)
  after.stop()
})

test('a beacon leads to its session in its own window and the one after, and then no more', async () => {
  const own = await createTestApp({ SESSION_TTL_SECONDS: '7200' })
  const hearAfter = async (ms: number) => {
    const windowMs = own.config.sessions.windowMs
    own.clock.set(Math.ceil(own.clock.now() / windowMs) * windowMs + 1000)
    const [ann, ben] = [await createPhone(own), await createPhone(own)]
    await ann.open(['jazz'])
    const { beacons } = await ben.open(['jazz'])
    const heard = beaconAt(beacons, new Date(own.clock.now()))
    own.clock.advance(ms)
    const [result] = await ann.report([heard], new Date(own.clock.now()))
    return result?.match
  }
  const windowMs = own.config.sessions.windowMs
  expect(await hearAfter(0)).toBe(true)
  expect(await hearAfter(windowMs)).toBe(true)
  expect(await hearAfter(2 * windowMs - 20_000)).toBe(true)
  expect(await hearAfter(2 * windowMs)).toBe(false)
})

test('after a nudge a session is left alone for five minutes, and it is nudged at most ten times', async () => {
  const rules = await createTestApp({ NUDGE_COOLDOWN_SECONDS: '300', NUDGES_PER_SESSION: '10' })
  const join = async () => {
    const phone = await createPhone(rules)
    const { beacons } = await phone.open(['jazz'])
    return { phone, beacons }
  }
  const ann = await join()
  const meet = async (someone: Awaited<ReturnType<typeof join>>) => {
    const at = new Date(rules.clock.now())
    const [result] = await ann.phone.report([beaconAt(someone.beacons, at)], at)
    return result
  }
  const second = await join()
  expect(await meet(await join())).toMatchObject({ match: true, nudgeSent: true })
  expect(await meet(second)).toMatchObject({ match: true, nudgeSent: false })
  rules.clock.advance(300_000)
  expect(await meet(second)).toMatchObject({ match: true, nudgeSent: true })
  for (let nudges = 2; nudges < 10; nudges += 1) {
    rules.clock.advance(300_000)
    expect(await meet(await join())).toMatchObject({ nudgeSent: true })
  }
  rules.clock.advance(300_000)
  expect(await meet(await join())).toMatchObject({ match: true, nudgeSent: false })
})

test('with mutual confirmation both phones must report each other within two minutes', async () => {
  const mutual = await createTestApp({ MATCH_CONFIRMATION: 'mutual' })
  const join = async () => {
    const phone = await createPhone(mutual)
    const { beacons } = await phone.open(['jazz'])
    return { phone, beacons }
  }
  const hears = async (who: Awaited<ReturnType<typeof join>>, whom: Awaited<ReturnType<typeof join>>) => {
    const at = new Date(mutual.clock.now())
    return (await who.phone.report([beaconAt(whom.beacons, at)], at))[0]
  }
  const [ann, ben] = [await join(), await join()]
  expect(await hears(ann, ben)).toEqual(nothing)
  expect(await hears(ann, ben)).toEqual(nothing)
  mutual.clock.advance(121_000)
  expect(await hears(ben, ann)).toEqual(nothing)
  expect(await hears(ann, ben)).toEqual({ match: true, sharedInterests: ['jazz'], nudgeSent: true })
})

test('ten thousand guessed beacons get one and the same answer', async () => {
  const ann = await person(['jazz'])
  const answers = new Set<string>()
  for (let call = 0; call < 200; call += 1) {
    const guesses = Array.from({ length: 50 }, (_, i) => (call * 50 + i).toString(16).padStart(32, '0'))
    for (const result of await ann.phone.report(guesses, now())) answers.add(JSON.stringify(result))
  }
  expect([...answers]).toEqual([JSON.stringify(nothing)])
})

test('sixty calls a minute are answered, the next says exactly when to come back', async () => {
  const limited = await createTestApp({ RATE_LIMITS: 'on' })
  const phone = await createPhone(limited)
  await phone.open(['jazz'])
  const at = new Date(limited.clock.now())
  const call = () =>
    phone.ask(reportDocument, {
      input: { sightings: [{ beacon: 'f'.repeat(32), observedAt: at.toISOString(), rssi: -50 }] },
    })
  const answers = await Promise.all(Array.from({ length: 61 }, call))
  const refused = answers.filter((answer) => codeOf(answer) === 'RATE_LIMITED')
  expect(refused).toHaveLength(1)
  const retryAfterMs = Number(refused[0]?.errors?.[0]?.extensions?.['retryAfterMs'])
  expect(retryAfterMs).toBeGreaterThan(40_000)
  limited.clock.advance(retryAfterMs)
  expect(codeOf(await call())).toBeUndefined()
})

const badSightings: [string, unknown, string][] = [
  ['no sightings', [], 'BAD_USER_INPUT'],
  [
    '51 sightings',
    Array.from({ length: 51 }, () => ({ beacon: 'a'.repeat(32), observedAt: new Date().toISOString() })),
    'BAD_USER_INPUT',
  ],
  ['a short beacon', [{ beacon: 'abc', observedAt: new Date().toISOString() }], 'BAD_USER_INPUT'],
  ['an upper-case beacon', [{ beacon: 'A'.repeat(32), observedAt: new Date().toISOString() }], 'BAD_USER_INPUT'],
  [
    'a beacon with a newline',
    [{ beacon: `${'a'.repeat(31)}\n`, observedAt: new Date().toISOString() }],
    'BAD_USER_INPUT',
  ],
  [
    'a sighting of tomorrow',
    [{ beacon: 'a'.repeat(32), observedAt: new Date(Date.now() + 86_400_000).toISOString() }],
    'BAD_USER_INPUT',
  ],
  [
    'a sighting of yesterday',
    [{ beacon: 'a'.repeat(32), observedAt: new Date(Date.now() - 86_400_000).toISOString() }],
    'BAD_USER_INPUT',
  ],
  ['a day that does not exist', [{ beacon: 'a'.repeat(32), observedAt: '2026-02-30T00:00:00Z' }], 'BAD_USER_INPUT'],
  ['a year out of reach', [{ beacon: 'a'.repeat(32), observedAt: '275761-01-01T00:00:00Z' }], 'BAD_USER_INPUT'],
  [
    'an offset that no zone has',
    [{ beacon: 'a'.repeat(32), observedAt: '2026-02-03T00:00:00+14:01' }],
    'BAD_USER_INPUT',
  ],
  [
    'a loudness of 1.5',
    [{ beacon: 'a'.repeat(32), observedAt: new Date().toISOString(), rssi: 1.5 }],
    'BAD_USER_INPUT',
  ],
  [
    'a loudness of 2147483648',
    [{ beacon: 'a'.repeat(32), observedAt: new Date().toISOString(), rssi: 2147483648 }],
    'BAD_USER_INPUT',
  ],
]

test.each(badSightings)('%s: refused, nothing counted', async (_what, sightings, code) => {
  const ann = await person(['jazz'])
  const answer = await ann.phone.ask(reportDocument, { input: { sightings } })
  expect(codeOf(answer)).toBe(code)
})

test('without a token, and without a session, nothing can be reported', async () => {
  const sightings = [{ beacon: 'a'.repeat(32), observedAt: now().toISOString() }]
  expect(codeOf(await ask(app, reportDocument, { input: { sightings } }))).toBe('UNAUTHENTICATED')
  const phone = await createPhone(app)
  const { data } = await phone.ask<{ reportSightings: { __typename: string } }>(reportDocument, {
    input: { sightings },
  })
  expect(data?.reportSightings.__typename).toBe('NoOpenSessionError')
})
