import fc from 'fast-check'
import { distanceMeters, type Position } from '../../src/platform/geo/index.ts'
import { createPersonIds } from '../../src/platform/person-ids.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { createPhone, type Phone } from '../kit/phones.ts'
import { offset, zurich } from '../kit/places.ts'

// The attacks T1 to T3 of a threat model for location services, by somebody with 144 phones at once, who knows every rule but
// the deployment's secret, and who is even told which name is whose.
const targetsAtOnce = 250
const attackersAcross = 12
const spacingMeters = 350
const cities = [0, 1, 2, 3].map((i) => offset(zurich, i * 600_000 - 900_000, i * 300_000))

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

/** Does something for each, 25 at a time. */
async function inTurn<Given, Made>(given: Given[], work: (each: Given, i: number) => Promise<Made>): Promise<Made[]> {
  const made: Made[] = []
  for (let from = 0; from < given.length; from += 25)
    made.push(...(await Promise.all(given.slice(from, from + 25).map((each, i) => work(each, from + i)))))
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

interface Clue {
  at: Position
  band: string
}

const limits = ['HERE', 'UNDER_1_KM', 'UNDER_3_KM', 'UNDER_10_KM', 'UNDER_50_KM']
const reach = [350, 1000, 3000, 10_000, 50_000]
const centreOf = (points: Position[]): Position => ({
  latitude: points.reduce((sum, { latitude }) => sum + latitude, 0) / points.length,
  longitude: points.reduce((sum, { longitude }) => sum + longitude, 0) / points.length,
})

/** Where those stand who see the target in the nearest band that anybody sees it in. */
function byNearest(clues: Clue[]): Position {
  const nearest = Math.min(...clues.map(({ band }) => limits.indexOf(band)))
  return centreOf(clues.filter(({ band }) => limits.indexOf(band) === nearest).map(({ at }) => at))
}

/** The places that contradict the clues least. */
function byTrilateration(clues: Clue[], around: Position): Position {
  const contradiction = (place: Position) =>
    clues.reduce((sum, { at, band }) => {
      const i = limits.indexOf(band)
      const meters = distanceMeters(at, place)
      return sum + Math.max(0, meters - (reach[i] ?? 0)) + Math.max(0, (reach[i - 1] ?? 0) - meters)
    }, 0)
  const best = (middle: Position, stepMeters: number, steps: number) => {
    const places = []
    for (let north = -steps; north <= steps; north += 1)
      for (let east = -steps; east <= steps; east += 1) {
        const place = offset(middle, north * stepMeters, east * stepMeters)
        places.push({ place, error: contradiction(place) })
      }
    const least = Math.min(...places.map(({ error }) => error))
    return centreOf(places.filter(({ error }) => error <= least * 1.001 + 1).map(({ place }) => place))
  }
  return best(best(around, 300, 7), 60, 5)
}

const at = (sorted: number[], share: number) => sorted[Math.floor(share * sorted.length)] ?? Number.NaN

test('nobody is found better than by guessing the middle of their cell', async () => {
  const random = fc.sample(fc.double({ min: -1, max: 1, noNaN: true }), {
    numRuns: cities.length * targetsAtOnce * 2,
    seed: 7,
  })
  const names = createPersonIds(app.config.secret)
  const errors: Record<string, number[]> = { nearest: [], trilateration: [] }
  for (const city of cities) {
    const targets = await inTurn(await crowd(targetsAtOnce), async (phone) => {
      const place = offset(city, (random.pop() ?? 0) * 1500, (random.pop() ?? 0) * 1500)
      await phone.beat(place, now())
      return { phone, place }
    })
    const attackers = await inTurn(await crowd(attackersAcross ** 2), async (phone, i) => {
      const step = (n: number) => (n - (attackersAcross - 1) / 2) * spacingMeters
      const place = offset(city, step(Math.floor(i / attackersAcross)), step(i % attackersAcross))
      await phone.beat(place, now())
      return { place, phone, seen: await bandsSeenBy(phone) }
    })
    for (const { phone, place } of targets) {
      const clues = attackers.flatMap(({ place: at, phone: attacker, seen }) => {
        const [name = ''] = names.of(attacker.personId, [phone.personId])
        const band = seen.get(name)
        return band ? [{ at, band }] : []
      })
      expect(clues.length).toBe(attackersAcross ** 2)
      errors['nearest']?.push(distanceMeters(place, byNearest(clues)))
      errors['trilateration']?.push(distanceMeters(place, byTrilateration(clues, city)))
    }
  }

  for (const found of Object.values(errors)) {
    const sorted = found.sort((a, b) => a - b)
    expect(sorted).toHaveLength(1000)
    expect(at(sorted, 0.5)).toBeGreaterThanOrEqual(250)
    expect(at(sorted, 0.05)).toBeGreaterThanOrEqual(70)
    // Who only guesses the middle of a cell of 700 m is within 100 m in 6.4 % of all cases.
    expect(sorted.filter((meters) => meters < 100).length).toBeLessThanOrEqual(90)
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
