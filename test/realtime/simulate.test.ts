import { createRandom, type Random } from '../../scripts/kit/random.ts'
import { cityNamed, cityNames } from '../../scripts/simulate/city.ts'
import { frame } from '../../scripts/simulate/frame.ts'
import type { Habits } from '../../scripts/simulate/habits.ts'
import { createLedger, type Heard, type Ledger } from '../../scripts/simulate/ledger.ts'
import { drawMap } from '../../scripts/simulate/map.ts'
import { createMeter } from '../../scripts/simulate/meter.ts'
import { readOptions } from '../../scripts/simulate/options.ts'
import { createSimulation, type Simulation } from '../../scripts/simulate/simulation.ts'
import { passed, summaryOf } from '../../scripts/simulate/summary.ts'
import { isRight, judge } from '../../scripts/simulate/verdict.ts'
import { createWalker } from '../../scripts/simulate/walker.ts'
import { distanceMeters } from '../../src/platform/geo/index.ts'
import { createTestApp } from '../kit/app.ts'
import { eventually } from '../kit/eventually.ts'

const zurich = cityNamed('zurich')
const failed = (error: unknown) => {
  throw error
}

/** Times in seconds, on average; everybody does more in a second than people do in a minute. */
const lively = (random: Random): Habits => ({
  ...{ follows: random() < 0.5, sociable: random() < 0.8, curious: random() < 0.5 },
  // Hosts do not join: there must be more guests.
  ...{ looksEvery: 1, startsEvery: 25, speaksEvery: 0.5, staysFor: 4, rests: { every: 10, for: 0.5 } },
})

describe('forty people for a few seconds', () => {
  let simulation: Simulation
  afterAll(() => simulation?.close())

  test('come, walk, start activities, join, talk and leave; and everything happens as it must', async () => {
    const app = await createTestApp()
    const other = await app.node()
    simulation = createSimulation({
      ...{ people: 40, city: { ...zurich, places: zurich.places.slice(0, 2) }, seed: 7, beatSeconds: 0.3 },
      habitsOf: lively,
      ...{ servers: [app, other], now: () => app.clock.now(), onFailed: failed },
    })
    await simulation.gather()
    const { counters, ledger } = simulation
    const happened = ['looks', 'started', 'cancelled', 'joins', 'leaves', 'said', 'entered', 'left'] as const
    await eventually(
      () => [counters.heard.total() > 40, ...happened.map((what) => counters[what].total() > 0)],
      (enough) => enough.every(Boolean),
      15_000,
    )
    const verdict = await simulation.settle()

    expect([...counters.errors]).toEqual([])
    expect(verdict).toMatchObject({ missing: 0, duplicated: 0, reordered: 0, overfull: 0, fence: 0 })
    expect(verdict.expected).toBeGreaterThan(0)
    expect(passed(verdict, counters.errors.size)).toBe(true)

    expect(simulation.people).toHaveLength(40)
    expect(counters.heartbeats.total()).toBeGreaterThan(80)
    expect(counters.started.total()).toBe(ledger.capacity.size)
    expect(counters.joins.total()).toBe(ledger.seats.length)
    expect(counters.said.total()).toBe(ledger.said.length)
    expect(counters.heard.total()).toBe(ledger.heard.flatMap(({ messages }) => messages).length)
  })

  test('are shown in 80 columns, with a map where there is room', () => {
    const view = { simulation, when: '0:03 of 1:00' }
    const plain = (_style: unknown, text: string) => text
    const wide = frame(view, { columns: 80, rows: 24 }, plain)
    const narrow = frame(view, { columns: 60, rows: 24 }, plain)
    expect(Math.max(...wide.map((line) => line.length))).toBeLessThan(80)
    expect(wide.length).toBeLessThan(24)
    expect(wide.join('\n')).toContain('┌──')
    expect(Math.max(...narrow.map((line) => line.length))).toBeLessThan(60)
    expect(narrow.join('\n')).not.toContain('┌──')
    expect(summaryOf(simulation, judge(simulation.ledger), 3)).toContain('Everything happened as it must.')
  })
})

test('on servers with limits, whoever is made to wait comes while the others walk already', async () => {
  const app = await createTestApp({ RATE_LIMITS: 'on' })
  const simulation = createSimulation({
    ...{ people: 14, city: zurich, seed: 1, beatSeconds: 5, servers: [app] },
    ...{ now: () => app.clock.now(), onFailed: failed },
  })
  try {
    await simulation.gather()
    await simulation.settle()
    expect(simulation.people.length).toBeLessThanOrEqual(10)
    expect(simulation.counters.later.total()).toBeGreaterThan(0)
    expect([...simulation.counters.errors]).toEqual([])
  } finally {
    simulation.close()
  }
})

describe('walkers', () => {
  const walk = (seed: number) => {
    const walker = createWalker(zurich.places, createRandom(seed))
    return Array.from({ length: 200 }, () => {
      const from = walker.at()
      walker.walk(5)
      return { from, at: walker.at(), fix: walker.fix() }
    })
  }

  test('go the same way for the same seed', () => {
    expect(walk(3)).toEqual(walk(3))
    expect(walk(3)).not.toEqual(walk(4))
  })

  test('walk at most 1.8 m/s, and their phones are about as exact as they say', () => {
    for (let seed = 0; seed < 6; seed++) {
      const steps = walk(seed)
      for (const { from, at, fix } of steps) {
        expect(distanceMeters(from, at)).toBeLessThan(5 * 1.8 + 0.01)
        expect(fix.accuracyMeters).toBeGreaterThanOrEqual(3)
        expect(fix.accuracyMeters).toBeLessThanOrEqual(15)
        expect(distanceMeters(at, fix)).toBeLessThan(3 * fix.accuracyMeters)
      }
    }
  })

  test('crowd where the city draws them, and the map shows it', () => {
    const people = Array.from({ length: 1000 }, (_, i) => createWalker(zurich.places, createRandom(i)).at())
    const spots = drawMap(zurich, people, [people[0] ?? zurich.middle]).flat()
    expect(spots.filter(({ shade }) => shade === 4).length).toBeGreaterThan(0)
    expect(spots.filter(({ shade }) => shade === 0).length).toBeGreaterThan(spots.length / 2)
    expect(spots.filter(({ activity }) => activity)).toHaveLength(1)
  })

  test.each(cityNames)('have places to go in %s', (name) => {
    expect(cityNamed(name).places.length).toBeGreaterThan(5)
  })
})

describe('the judge', () => {
  const heard = (...seqs: number[]): Heard => ({
    ...{ activityId: 'a', person: 1, readyMs: 0, untilMs: Number.POSITIVE_INFINITY },
    messages: seqs.map((seq) => ({ messageId: `m${seq}`, seq })),
  })
  const said = [1, 2, 3].map((seq) => ({
    ...{ activityId: 'a', messageId: `m${seq}`, seq, beganMs: seq * 1000, answeredMs: seq * 1000 + 5 },
  }))
  const seat = (person: number, fromMs: number, untilMs: number) => ({ activityId: 'a', person, fromMs, untilMs })
  const none = { missing: 0, duplicated: 0, reordered: 0, overfull: 0, fence: 0 }

  test.each<[string, Partial<Ledger>, object]>([
    ['nothing wrong', { heard: [heard(1, 2, 3)] }, { expected: 3 }],
    ['one missing', { heard: [heard(1, 3)] }, { expected: 3, missing: 1 }],
    ['one twice', { heard: [heard(1, 2, 2, 3)] }, { expected: 3, duplicated: 1 }],
    ['the wrong order', { heard: [heard(1, 3, 2)] }, { expected: 3, reordered: 1 }],
    ['who came later and has not missed it', { heard: [{ ...heard(2, 3), readyMs: 1500 }] }, { expected: 2 }],
    ['who left and has not missed it', { heard: [{ ...heard(1), untilMs: 4500 }] }, { expected: 2, missing: 1 }],
    ['a seat taken twice', { seats: [seat(1, 0, 10), seat(2, 5, 20)] }, { overfull: 1 }],
    ['a seat taken again', { seats: [seat(1, 0, 10), seat(2, 10, 20)] }, {}],
    ['more joins told than seats', { told: new Map([['a', 2]]) }, { overfull: 1 }],
    ['somebody who came twice', { fenceFaults: ['twice'] }, { fence: 1 }],
  ])('sees %s', (_what, seen, verdict) => {
    const ledger = { ...createLedger(), said, capacity: new Map([['a', 1]]), ...seen }
    expect(judge(ledger)).toEqual({ expected: 0, ...none, ...verdict })
    expect(isRight(judge(ledger))).toBe(Object.keys(verdict).every((name) => name === 'expected'))
  })
})

test('a meter says how often and how fast, of late and in all', () => {
  let nowMs = 1000
  const meter = createMeter(() => nowMs)
  for (let i = 1; i <= 100; i++) meter.took(i)
  nowMs += 1000
  expect(meter.total()).toBe(100)
  expect(meter.perSecond()).toBe(100)
  expect(meter.percentile(0.5, 'recent')).toBeCloseTo(50, -1)
  nowMs += 60_000
  expect(meter.perSecond()).toBe(0)
  expect(meter.percentile(0.99, 'recent')).toBeNull()
  expect(meter.percentile(0.99, 'all')).toBeCloseTo(99, -1)
})

describe('the options', () => {
  test('have defaults', () => {
    expect(readOptions([])).toMatchObject({ people: 500, city: 'zurich', seconds: 60, beatSeconds: 5, nodes: 1 })
    expect(readOptions(['-h'])).toBe('help')
  })

  test.each([
    [['--people', '1'], '--people is a whole number, 2 to 50000, not "1"'],
    [['--people', 'many'], '--people is a whole number'],
    [['--city', 'atlantis'], '--city is one of zurich, berlin'],
    [['--seconds', '-1'], '--seconds'],
    [['--nodes', '3'], '--nodes is a whole number, 1 to 2, not "3"'],
    [['--nodes', '2', '--url', 'http://127.0.0.1:4000/graphql'], 'name one of them'],
    [['--url', 'nowhere'], '--url is an http or https address'],
    [['--url', 'http://127.0.0.1:4000/graphql', '--beat', '1'], '--beat is 2 or more with --url'],
    [['--persons', '3'], "Unknown option '--persons'"],
    [['zurich'], 'Unexpected argument'],
  ])('%j are refused with a sentence', (args, sentence) => {
    expect(() => readOptions(args)).toThrow(sentence)
  })

  test('tell all faults at once', () => {
    expect(() => readOptions(['--people', 'x', '--city', 'y', '--beat', 'z'])).toThrow(
      /--people(.|\n)*--beat(.|\n)*--city/,
    )
  })
})
