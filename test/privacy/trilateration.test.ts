import fc from 'fast-check'
import type { Position } from '../../src/platform/geo/index.ts'
import { createPersonIds } from '../../src/platform/person-ids.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { runs } from '../kit/fuzz.ts'
import { createPhone, type Phone } from '../kit/phones.ts'
import { offset, zurich } from '../kit/places.ts'

// The attacks T1 to T3 of a threat model for location services, by somebody with 144 phones at once, who knows every rule but
// the deployment's secret, and who is even told which name is whose.
const targetsAtOnce = 250
const attackersAcross = 12
const spacingMeters = 350
/** One in the suite, four and a thousand targets with `FUZZ_TIMES=4`. */
const cities = Array.from({ length: runs(1).numRuns }, (_, i) => offset(zurich, 0, i * 300_000))

const band = `query ($after: String) { nearbyPeople(radius: UNDER_50_KM, first: 100, after: $after) {
  edges { node { id band } } pageInfo { hasNextPage endCursor } } }`

interface Page {
  nearbyPeople: {
    edges: { node: { id: string; band: string } }[]
    pageInfo: { hasNextPage: boolean; endCursor: string | null }
  }
}

let app: TestApp
beforeAll(async () => {
  app = await createTestApp({ SOCKETS_PER_ADDRESS: '1000' })
})

const now = () => new Date(app.clock.now())
const crowd = (count: number) => inTurn(Array.from({ length: count }), () => createPhone(app))

/** Does something for each, ten at a time. */
async function inTurn<Given, Made>(given: Given[], work: (each: Given, i: number) => Promise<Made>): Promise<Made[]> {
  const made: Made[] = []
  for (let from = 0; from < given.length; from += 10)
    made.push(...(await Promise.all(given.slice(from, from + 10).map((each, i) => work(each, from + i)))))
  return made
}

/** Everybody's band, by name. */
async function bandsSeenBy(viewer: Phone): Promise<Map<string, string>> {
  const seen = new Map<string, string>()
  let after: string | null = null
  for (;;) {
    const { data, errors }: { data?: Page | null; errors?: readonly unknown[] } = await viewer.ask<Page>(band, {
      after,
    })
    if (!data?.nearbyPeople) throw new Error(JSON.stringify(errors))
    for (const { node } of data.nearbyPeople.edges) seen.set(node.id, node.band)
    const { pageInfo }: Page['nearbyPeople'] = data.nearbyPeople
    if (!pageInfo.hasNextPage) return seen
    after = pageInfo.endCursor
  }
}

/** Metres north and east of the middle of a city: over these few kilometres the Earth is flat. */
interface Point {
  north: number
  east: number
}
interface Clue {
  from: Point
  band: string
}

const limits = ['HERE', 'UNDER_1_KM', 'UNDER_3_KM', 'UNDER_10_KM', 'UNDER_50_KM']
const reach = [350, 1000, 3000, 10_000, 50_000]
const metersBetween = (a: Point, b: Point) => Math.sqrt((a.north - b.north) ** 2 + (a.east - b.east) ** 2)
const centreOf = (points: Point[]): Point => ({
  north: points.reduce((sum, { north }) => sum + north, 0) / points.length,
  east: points.reduce((sum, { east }) => sum + east, 0) / points.length,
})

/** Where those stand who see the target in the nearest band that anybody sees it in. */
function byNearest(clues: Clue[]): Point {
  const nearest = Math.min(...clues.map(({ band }) => limits.indexOf(band)))
  return centreOf(clues.filter(({ band }) => limits.indexOf(band) === nearest).map(({ from }) => from))
}

/** The places that contradict the clues least. */
function byTrilateration(clues: Clue[]): Point {
  const rings = clues.map(({ from, band }) => {
    const i = limits.indexOf(band)
    return { from, inner: reach[i - 1] ?? 0, outer: reach[i] ?? 0 }
  })
  const contradiction = (place: Point) => {
    let sum = 0
    for (const { from, inner, outer } of rings) {
      const meters = metersBetween(from, place)
      sum += Math.max(0, meters - outer) + Math.max(0, inner - meters)
    }
    return sum
  }
  const best = (middle: Point, step: number, steps: number) => {
    const places = []
    for (let north = -steps; north <= steps; north += 1)
      for (let east = -steps; east <= steps; east += 1) {
        const place = { north: middle.north + north * step, east: middle.east + east * step }
        places.push({ place, error: contradiction(place) })
      }
    const least = Math.min(...places.map(({ error }) => error))
    return centreOf(places.filter(({ error }) => error <= least * 1.001 + 1).map(({ place }) => place))
  }
  return best(best({ north: 0, east: 0 }, 300, 7), 60, 5)
}

const at = (sorted: number[], share: number) => sorted[Math.floor(share * sorted.length)] ?? Number.NaN

test('nobody is found better than by guessing the middle of their cell', async () => {
  const random = fc.sample(fc.noBias(fc.integer({ min: -1500, max: 1500 })), {
    numRuns: cities.length * targetsAtOnce * 2,
    seed: 7,
  })
  const names = createPersonIds(app.config.secret)
  const errors: Record<string, number[]> = { nearest: [], trilateration: [] }
  const stand = async (phone: Phone, city: Position, from: Point) => {
    await phone.beat(offset(city, from.north, from.east), now())
    return { phone, from }
  }
  for (const city of cities) {
    const targets = await inTurn(await crowd(targetsAtOnce), (phone) =>
      stand(phone, city, { north: random.pop() ?? 0, east: random.pop() ?? 0 }),
    )
    const attackers = await inTurn(await crowd(attackersAcross ** 2), async (phone, i) => {
      const step = (n: number) => (n - (attackersAcross - 1) / 2) * spacingMeters
      const from = { north: step(Math.floor(i / attackersAcross)), east: step(i % attackersAcross) }
      return { ...(await stand(phone, city, from)), seen: await bandsSeenBy(phone) }
    })
    for (const { phone, from: truth } of targets) {
      const clues = attackers.flatMap(({ from, phone: attacker, seen }) => {
        const [name = ''] = names.of(attacker.personId, [phone.personId])
        const band = seen.get(name)
        return band ? [{ from, band }] : []
      })
      expect(clues.length).toBe(attackersAcross ** 2)
      errors['nearest']?.push(metersBetween(truth, byNearest(clues)))
      errors['trilateration']?.push(metersBetween(truth, byTrilateration(clues)))
    }
  }

  for (const found of Object.values(errors)) {
    const sorted = found.sort((a, b) => a - b)
    expect(sorted).toHaveLength(cities.length * targetsAtOnce)
    expect(at(sorted, 0.5)).toBeGreaterThanOrEqual(250)
    expect(at(sorted, 0.05)).toBeGreaterThanOrEqual(70)
    // Who only guesses the middle of a cell of 700 m is within 100 m in 6.4 % of all cases.
    expect(sorted.filter((meters) => meters < 100).length / sorted.length).toBeLessThanOrEqual(0.09)
  }
}, 120_000)

test('asking again and again tells nothing more: there is no noise to average away', async () => {
  const [attacker, target] = [await createPhone(app), await createPhone(app)]
  const place = offset(zurich, 100_000, 100_000)
  await target.beat(offset(place, 400, 300), now())
  await attacker.beat(place, now())
  const answers = new Set<string>()
  for (let i = 0; i < 300; i += 1) answers.add(JSON.stringify((await attacker.ask(band)).data))
  expect(answers.size).toBe(1)
})

test('somebody who moves faster than anything flies may not look around for a while', async () => {
  const attacker = await createPhone(app)
  await attacker.beat(zurich, now())
  app.clock.advance(20_000)
  await attacker.beat(offset(zurich, 20_000, 0), now())
  const answer = await attacker.ask(band)
  expect(answer.errors?.[0]?.extensions).toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: expect.any(Number) })
  app.clock.advance(31_000)
  await attacker.beat(offset(zurich, 20_000, 0), now())
  expect((await attacker.ask(band)).errors).toBeUndefined()
})
