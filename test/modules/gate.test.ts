import { createTestApp, type TestApp } from '../kit/app.ts'
import { eventually } from '../kit/eventually.ts'
import { rounds } from '../kit/fuzz.ts'
import { askGate, createPerson, impose, setStanding } from '../kit/gate.ts'

let app: TestApp
let other: TestApp
beforeAll(async () => {
  app = await createTestApp({ RATE_LIMITS: 'on' })
  other = await app.node()
})

const secondMs = 1000
const minuteMs = 60 * secondMs
const hourMs = 60 * minuteMs
const passes = { hiddenBy: null }
const held = async (asked: Promise<unknown>) => {
  const refused = (await asked.then(
    () => ({ restriction: 'none' }),
    (error: unknown) => error,
  )) as { restriction: string; retryAfterMs?: number | null }
  return { restriction: refused.restriction, minutes: Math.ceil((refused.retryAfterMs ?? 0) / minuteMs) }
}
const events = async (personId: string) => {
  const text = 'select kind, trust_delta, risk_delta from reputation_events where person_id = $1 order by at, id'
  return (await app.postgres.pool.query(text, [personId])).rows
}
const restrictionsOf = async (personId: string) => {
  const text = 'select kind, surface, reason from restrictions where person_id = $1 order by created_at, id'
  return (await app.postgres.pool.query(text, [personId])).rows
}

test('the fourth within a minute is held back for a quarter of an hour, on every node, and on that surface alone', async () => {
  const personId = await createPerson(app)
  for (let i = 0; i < 3; i++) expect(await askGate(i % 2 ? app : other, personId)).toMatchObject(passes)
  expect(await held(askGate(app, personId))).toEqual({ restriction: 'COOLDOWN', minutes: 15 })
  expect(await held(askGate(other, personId))).toEqual({ restriction: 'COOLDOWN', minutes: 15 })
  expect(await askGate(app, personId, { surface: 'PROFILE' })).toMatchObject(passes)
  expect(await events(personId)).toEqual([{ kind: 'velocity_trip', trust_delta: 0, risk_delta: 5 }])
  app.clock.advance(15 * minuteMs)
  expect(await askGate(other, personId)).toMatchObject(passes)
  app.clock.advance(-15 * minuteMs)
})

test('one every 59 seconds never trips three a minute', async () => {
  const personId = await createPerson(app)
  for (let i = 0; i < 7; i++) {
    expect(await askGate(app, personId)).toMatchObject(passes)
    app.clock.advance(59 * secondMs)
  }
})

test('an attempt that is repeated counts once', async () => {
  const personId = await createPerson(app)
  for (let i = 0; i < 20; i++)
    expect(await askGate(i % 2 ? app : other, personId, { attempt: 'once' })).toMatchObject(passes)
  for (let i = 0; i < 2; i++) expect(await askGate(app, personId)).toMatchObject(passes)
  expect(await held(askGate(app, personId))).toMatchObject({ restriction: 'COOLDOWN' })
})

test('what comes at once from a phone that was away passes', async () => {
  const personId = await createPerson(app)
  const asked = Array.from({ length: 120 }, () => askGate(app, personId, { surface: 'MESSAGE' }))
  for (const passed of await Promise.all(asked)) expect(passed).toMatchObject(passes)
})

test('the second time within an hour is held back for an hour', async () => {
  const personId = await createPerson(app)
  for (const minutes of [15, 60]) {
    for (let i = 0; i < 3; i++) expect(await askGate(app, personId)).toMatchObject(passes)
    expect(await held(askGate(app, personId))).toEqual({ restriction: 'COOLDOWN', minutes })
    app.clock.advance(16 * minuteMs)
  }
})

test.each([
  ['somebody new', 30, 8, 15],
  ['of the band to watch', 46, 5, 15],
  ['of risk', 61, 4, 60],
])(
  '%s may write so much: risk %i, %i within ten seconds, then held back for %i minutes',
  async (_who, risk, count, minutes) => {
    const personId = await createPerson(app)
    await setStanding(app, personId, { risk })
    const say = () => askGate(app, personId, { surface: 'ACTIVITY_MESSAGE' })
    for (let i = 0; i < count; i++) expect(await say()).toMatchObject(passes)
    expect(await held(say())).toEqual({ restriction: 'COOLDOWN', minutes })
  },
)

test('of the worst band one still passes, and the next is hidden for a day, which nobody can tell', async () => {
  const personId = await createPerson(app)
  await setStanding(app, personId, { risk: 90 })
  expect(await askGate(app, personId)).toMatchObject(passes)
  const { hiddenBy } = await askGate(app, personId)
  expect(hiddenBy).not.toBeNull()
  expect(await restrictionsOf(personId)).toEqual([{ kind: 'SHADOW', surface: 'ACTIVITY', reason: 'velocity' }])
  // Somebody hidden is held back like everybody else.
  expect(await held(askGate(app, personId))).toEqual({ restriction: 'COOLDOWN', minutes: 60 })
})

test('somebody new is not watched', async () => {
  const personId = await createPerson(app, app.clock.now())
  const { gate } = app.services
  expect((await gate.standings.of([personId])).get(personId)).toMatchObject({ trust: 50, risk: 30 })
})

test('of a thousand at once on two nodes three pass, and one restriction follows', async () => {
  for (let round = 0; round < rounds(8); round++) {
    const personId = await createPerson(app)
    const asked = Array.from({ length: 125 }, (_, i) => askGate(i % 2 ? app : other, personId).catch((error) => error))
    const answers = await Promise.all(asked)
    expect(answers.filter((answer) => 'texts' in answer)).toHaveLength(3)
    for (const answer of answers) if (!('texts' in answer)) expect(answer).toMatchObject({ restriction: 'COOLDOWN' })
    expect(await restrictionsOf(personId)).toHaveLength(1)
    expect(await events(personId)).toHaveLength(1)
  }
})

test('three equal texts within five minutes are duplicates, three different ones within half a minute are not', async () => {
  const [same, different] = [await createPerson(app), await createPerson(app)]
  const text = `select features->'signals' as signals from judged_writes where person_id = $1 order by id`
  const written = async (personId: string) => (await app.postgres.pool.query(text, [personId])).rows
  // They are noted together, some time after.
  const signals = async (personId: string) =>
    (
      await eventually(
        () => written(personId),
        (rows) => rows.length === 3,
      )
    ).map((row) => row.signals)
  for (let i = 0; i < 3; i++) {
    await askGate(app, same, { surface: 'VENUE', texts: ['Come to the café!'] })
    app.clock.advance(2 * minuteMs)
  }
  for (let i = 0; i < 3; i++) await askGate(app, different, { surface: 'VENUE', texts: [`Come to café ${i}!`] })
  expect(await signals(same)).toEqual([[], [], ['duplicate_text']])
  expect(await signals(different)).toEqual([[], [], []])
  app.clock.advance(-6 * minuteMs)
})

test('of what is said only a keyed hash is kept, and only for as long as it counts', async () => {
  const personId = await createPerson(app)
  await askGate(app, personId, { attempt: 'telltale-attempt', texts: ['telltale text'] })
  const keys: string[] = []
  for await (const some of app.redis.keysLike(`gate:{${personId}}*`)) keys.push(...some)
  expect(keys.length).toBeGreaterThanOrEqual(3)
  for (const key of keys) {
    expect(key).not.toContain('telltale')
    expect(await app.redis.command.pttl(key)).toBeGreaterThan(0)
    if ((await app.redis.command.type(key)) !== 'zset') continue
    expect(JSON.stringify(await app.redis.command.zrange(key, 0, -1))).not.toContain('telltale')
  }
})

test('somebody new who links to a third place is kept without links for a day; somebody known is not', async () => {
  const link = (place: number) => ({
    surface: 'PROFILE' as const,
    texts: [`see https://place-${place}.example.org/x now`],
  })
  const domain = (place: number) => ({ surface: 'PROFILE' as const, texts: [`see https://place-${place}.com/x now`] })
  const newcomer = await createPerson(app, app.clock.now() - hourMs)
  // Three pages of one site are one place.
  for (let i = 0; i < 3; i++) expect((await askGate(app, newcomer, link(i))).texts).toEqual(link(i).texts)
  expect((await askGate(app, newcomer, domain(1))).texts).toEqual(domain(1).texts)
  expect((await askGate(app, newcomer, domain(2))).texts[0]).not.toContain('place-2')
  expect((await askGate(other, newcomer, { ...domain(1), surface: 'ACTIVITY' })).texts[0]).not.toContain('place-1')
  await expect(askGate(other, newcomer, { texts: ['https://place-1.com'] })).rejects.toMatchObject({
    code: 'CONTENT_REJECTED',
  })
  expect(await restrictionsOf(newcomer)).toEqual([{ kind: 'STRIP_LINKS', surface: null, reason: 'links' }])
  const known = await createPerson(app)
  for (let i = 0; i < 5; i++) expect((await askGate(app, known, domain(i))).texts).toEqual(domain(i).texts)
})

test('without Redis the ledger decides, and each node counts for itself', async () => {
  const own = await createTestApp({ RATE_LIMITS: 'on', REDIS_COMMAND_TIMEOUT_MS: '500' })
  const [muted, fast] = [await createPerson(own), await createPerson(own)]
  await impose(own, { personId: muted, kind: 'MUTE', minutes: 10 })
  own.redis.command.disconnect()
  await expect(askGate(own, muted)).rejects.toMatchObject({ restriction: 'MUTE' })
  for (let i = 0; i < 3; i++) expect(await askGate(own, fast)).toMatchObject(passes)
  expect(await held(askGate(own, fast))).toEqual({ restriction: 'COOLDOWN', minutes: 15 })
  await own.redis.command.connect()
  expect(await held(askGate(own, fast))).toMatchObject({ restriction: 'COOLDOWN' })
})
