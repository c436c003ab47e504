import { below, createRandom } from '../../scripts/kit/random.ts'
import { expectWithoutRules, expectWithRules, type Interests, pairOf } from '../../scripts/replay/oracle.ts'
import { planSteps } from '../../scripts/replay/plan.ts'
import { isRight } from '../../scripts/replay/result.ts'
import { replay } from '../../scripts/replay/run.ts'
import { type Receipt, tally } from '../../scripts/replay/tally.ts'
import { atFullSpeed, driven } from '../../scripts/replay/timeline.ts'
import { type Contact, parseTrace, partOf } from '../../scripts/replay/trace.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'

/** `perStep` random pairs at every step: people who all stand in one room. */
function invent(
  seed: number,
  size: { people: number; steps: number; stepSeconds: number; perStep: number },
): Contact[] {
  const random = createRandom(seed)
  return Array.from({ length: size.steps * size.perStep }, (_, i) => {
    const a = below(random, size.people)
    const b = (a + 1 + below(random, size.people - 1)) % size.people
    return { time: 1000 + Math.floor(i / size.perStep) * size.stepSeconds, a: `p${a}`, b: `p${b}` }
  })
}

describe('on two nodes', () => {
  let app: TestApp
  let other: TestApp
  beforeAll(async () => {
    app = await createTestApp({ NUDGE_COOLDOWN_SECONDS: '0', NUDGES_PER_SESSION: '0' })
    other = await app.node()
  })

  test('with half of the sockets cut every nudge comes to both sides, once and in order', async () => {
    const contacts = invent(7, { people: 40, steps: 90, stepSeconds: 80, perStep: 10 })
    const result = await replay({
      ...{ contacts, servers: [app, other], timeline: atFullSpeed() },
      ...{ seed: 7, interests: 10, drop: 0.5, backWithinMs: 50, quietMs: 50 },
    })
    expect(result).toMatchObject({ missing: 0, duplicated: 0, reordered: 0, unexpected: 0, mislabelled: 0, resyncs: 0 })
    expect(result.nudgesDelivered).toBe(result.nudgesExpected)
    expect(result.nudgesExpected).toBeGreaterThan(100)
    expect(result.sightings).toBe(
      planSteps(contacts).flatMap(({ reports }) => reports.flatMap(({ sees }) => sees)).length,
    )
    expect(result.cuts).toBeGreaterThan(20)
    expect(isRight(result)).toBe(true)
  })

  test('a replay that is stopped ends at once, with the reason', async () => {
    const stop = new AbortController()
    const contacts = invent(8, { people: 4, steps: 10, stepSeconds: 60, perStep: 2 })
    const watcher = { moved: () => stop.abort(new Error('enough')) }
    const running = replay({
      ...{ contacts, servers: [app], timeline: atFullSpeed(), signal: stop.signal, watcher },
      ...{ seed: 1, interests: 3, drop: 0 },
    })
    await expect(running).rejects.toThrow('enough')
  })
})

test('under the clock of the trace, cooldown and cap leave exactly the nudges that a sequential model leaves', async () => {
  let nowMs = Date.now()
  const clock = { now: () => nowMs }
  const settings = { NUDGE_COOLDOWN_SECONDS: '300', NUDGES_PER_SESSION: '10' }
  const app = await createTestApp(settings, { clock })
  const other = await app.node()
  const contacts = invent(11, { people: 50, steps: 130, stepSeconds: 100, perStep: 8 })
  const setClock = (ms: number) => {
    nowMs = ms
  }
  let interests: Interests = new Map()
  const result = await replay({
    ...{ contacts, servers: [app, other], timeline: driven(1000, setClock, nowMs), seed: 11, interests: 10 },
    ...{ drop: 0.2, rules: { cooldownSeconds: 300, nudgesPerSession: 10 }, backWithinMs: 50, quietMs: 50 },
    watcher: {
      begun: (given) => {
        interests = given
      },
    },
  })
  expect(result).toMatchObject({ missing: 0, duplicated: 0, reordered: 0, unexpected: 0, mislabelled: 0 })
  expect(isRight(result)).toBe(true)

  // Each rule changes what is expected: a server without it could not have passed.
  const nudgesWith = (cooldownSeconds: number, nudgesPerSession: number) =>
    2 * expectWithRules(planSteps(contacts), interests, { cooldownSeconds, nudgesPerSession }).nudged.size
  expect(result.nudgesExpected).toBe(nudgesWith(300, 10))
  expect(result.nudgesExpected).not.toBe(nudgesWith(0, 10))
  expect(result.nudgesExpected).not.toBe(nudgesWith(300, 1000))
  expect(result.p50Ms).toBeNull()
})

describe('the trace', () => {
  const contacts = [
    { time: 20, a: '1', b: '2' },
    { time: 40, a: '2', b: '3' },
  ]

  test.each([
    ['tabs and a header', 'Time\tid1\tid2\tc1\tc2\n20\t1\t2\tA\tB\n40\t2\t3\tB\tB\n'],
    ['spaces without a header', '20 1 2\n40 2 3'],
    ['several spaces', '  20   1 2\n  40   2 3\n'],
    ['commas', 't,i,j\n20,1,2\n40,2,3\n'],
    ['semicolons and decimal commas', '20,0;1;2\n40,0;2;3'],
    ['quotes', '"20","1","2"\n"40","2","3"'],
    ['CRLF, a byte order mark and blank lines', '\uFEFFtime;a;b\r\n\r\n20;1;2\r\n\r\n40;2;3\r\n\r\n'],
    ['comments', '# seconds person person\n20 1 2\n40 2 3'],
    ['any order', '40 2 3\n20 1 2'],
    ['columns that differ in number', '20 1 2 A\n40 2 3'],
  ])('is read with %s', (_what, text) => {
    expect(parseTrace(text)).toEqual(contacts)
  })

  test.each([
    ['nothing in it', '', 'is empty'],
    ['blank lines only', '\n\r\n  \n', 'is empty'],
    ['a header only', 'Time id1 id2\n', 'a header and nothing below'],
    ['a line cut short', '20 1 2\n\n40 2', 'line 3: three columns are needed, there are 2'],
    ['another separator half-way', '20\t1\t2\n40 2 3', 'line 2: three columns are needed, there is 1'],
    ['a time that is none', '20 1 2\nnoon 2 3', 'line 2: "noon" is no time in seconds'],
    ['an endless time', '20 1 2\n1e999 2 3', 'line 2: "1e999" is no time in seconds'],
    ['a person missing', '20,1,2\n40,,3', 'line 2: the first person is missing'],
    ['somebody alone', '20 1 2\n40 3 3', 'line 2: "3" cannot meet itself'],
  ])('is refused with %s', (_what, text, reason) => {
    expect(() => parseTrace(text)).toThrow(reason)
  })

  test('tells all its faults at once, the first ones with their lines', () => {
    const text = `20 1 2\n${'x 1 2\n'.repeat(8)}`
    expect(() => parseTrace(text, 'a.tsv')).toThrow(
      /a\.tsv cannot be used:\n {2}line 2: (.*\n)*.*line 6: (.*\n)*.*and 3 more/,
    )
  })

  test('has days, a beginning and first people', () => {
    const night = 12 * 3600
    const both = [...contacts, { time: night, a: '1', b: '4' }, { time: night + 20, a: '1', b: '2' }]
    expect(partOf(both, { day: 1 })).toEqual(contacts)
    expect(partOf(both, { day: 2 })).toEqual(both.slice(2))
    expect(partOf(both, { until: 20 })).toEqual(contacts)
    expect(partOf(both, { people: 2 })).toEqual([both[0], both[3]])
    expect(() => partOf(both, { day: 3 })).toThrow('no day 3: it has 2')
  })
})

test('the model: a pair once, both or neither, a cooldown that ends on time, and a cap', () => {
  const interests = new Map([...'abcde'].map((person) => [person, [person === 'e' ? 'chess' : 'jazz']]))
  const at = (time: number, a: string, b: string) => ({ time, a, b })
  const contacts = [
    at(0, 'a', 'b'),
    at(100, 'b', 'c'),
    at(200, 'a', 'e'),
    at(300, 'b', 'c'),
    at(400, 'a', 'b'),
    at(700, 'c', 'd'),
  ]
  const nudged = (nudgesPerSession: number) => [
    ...expectWithRules(planSteps(contacts), interests, { cooldownSeconds: 300, nudgesPerSession }).nudged,
  ]
  expect(nudged(10)).toEqual([pairOf('a', 'b'), pairOf('b', 'c'), pairOf('c', 'd')])
  expect(nudged(1)).toEqual([pairOf('a', 'b'), pairOf('c', 'd')])
  expect(expectWithoutRules(contacts, interests).matched.size).toBe(3)
})

describe('the judge', () => {
  const interests = new Map([...'abc'].map((person) => [person, ['jazz']] as const))
  const expectation = expectWithoutRules(
    [
      { time: 0, a: 'a', b: 'b' },
      { time: 0, a: 'b', b: 'c' },
    ],
    interests,
  )
  const got = (person: string, matchId: string, seq: number): Receipt => ({
    ...{ person, matchId, seq, sharedInterests: ['jazz'], latencyMs: 1, live: true },
  })
  const right = [got('a', 'ab', 1), got('b', 'ab', 1), got('b', 'bc', 2), got('c', 'bc', 1)]
  const none = {
    nudgesExpected: 4,
    nudgesDelivered: 4,
    missing: 0,
    duplicated: 0,
    reordered: 0,
    unexpected: 0,
    mislabelled: 0,
  }

  test.each<[string, Receipt[], object]>([
    ['nothing wrong', right, {}],
    ['one missing', right.slice(1), { nudgesDelivered: 3, missing: 1 }],
    ['all missing', [], { nudgesDelivered: 0, missing: 4 }],
    ['the same one again', [...right, got('b', 'ab', 1)], { duplicated: 1 }],
    ['a pair nudged twice', [...right, got('a', 'ba', 2), got('b', 'ba', 3)], { duplicated: 2 }],
    [
      'two in the wrong order',
      [got('a', 'ab', 1), got('b', 'bc', 2), got('b', 'ab', 1), got('c', 'bc', 1)],
      { reordered: 1 },
    ],
    ['strangers nudged', [...right, got('a', 'ac', 2), got('c', 'ac', 2)], { unexpected: 2 }],
    ['a side too many', [...right, got('a', '?', 2)], { unexpected: 1 }],
    [
      'the wrong interests',
      [{ ...got('a', 'ab', 1), sharedInterests: ['chess'] }, ...right.slice(1)],
      { mislabelled: 1 },
    ],
  ])('sees %s', (_what, receipts, faults) => {
    expect(tally(receipts, expectation, interests)).toEqual({ ...none, ...faults })
  })
})
