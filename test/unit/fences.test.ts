import { AreaModel } from '../../src/modules/discovery/area-model.ts'
import { Fences, type Watcher } from '../../src/modules/discovery/fences.ts'
import type { ActivityAt, Outlook, PersonAt, View } from '../../src/modules/discovery/views.ts'
import { bandLimits, type CellBand, cellBands } from '../../src/modules/presence/bands.ts'
import { createGrids } from '../../src/modules/presence/grids.ts'
import {
  type Area,
  areaOf,
  areasWithin,
  type Cell,
  distanceMeters,
  type Position,
} from '../../src/platform/geo/index.ts'
import { rounds } from '../kit/fuzz.ts'
import { offset, zurich } from '../kit/places.ts'

const grids = createGrids('a secret of this test, 32 characters', 700)

/** A generator with a seed (mulberry32), so that a failure is the same every time. */
function random(seed: number) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

interface World {
  people: Map<string, PersonAt>
  activities: Map<string, ActivityAt>
}

/** What is inside, straight from the words of the specification, by looking at everything. */
const oracle = {
  band(a: Cell, b: Cell): CellBand | undefined {
    if (a.id === b.id) return 'HERE'
    const meters = distanceMeters(a, b)
    if (meters < 1000) return 'UNDER_1_KM'
    if (meters < 3000) return 'UNDER_3_KM'
    if (meters < 10_000) return 'UNDER_10_KM'
    return meters < 50_000 ? 'UNDER_50_KM' : undefined
  },
  inside(band: CellBand | undefined, radius: CellBand): band is CellBand {
    return band !== undefined && cellBands.indexOf(band) <= cellBands.indexOf(radius)
  },
  person({ at, viewerId, apart, radius }: Watcher, id: string, world: World): View | undefined {
    const person = world.people.get(id)
    if (!at || !person || id === viewerId || apart.has(id) || person.audience !== 'EVERYONE') return undefined
    const band = this.band(at.cell, person.cell)
    return this.inside(band, radius) ? { band } : undefined
  },
  activity({ at, viewerId, apart, radius }: Watcher, id: string, world: World): View | undefined {
    const activity = world.activities.get(id)
    if (!at || !activity || apart.has(activity.host)) return undefined
    if (activity.quiet && activity.host !== viewerId && distanceMeters(at.near, activity.cell) > 200) return undefined
    const band = this.band(at.near, activity.cell)
    return this.inside(band, radius) ? { band, version: activity.version } : undefined
  },
}

const words = (before: View | undefined, after: View | undefined) =>
  `${before ? `${before.band}/${before.version ?? ''}` : '-'} → ${after ? `${after.band}/${after.version ?? ''}` : '-'}`

function simulate(middle: Position, seed: number, moves: number, spreadMeters: number) {
  const rand = random(seed)
  const below = (n: number) => Math.floor(rand() * n)
  const fences = new Fences()
  const models = new Map<Area, AreaModel>()
  const world: World = { people: new Map(), activities: new Map() }
  const told: string[] = []

  const modelOf = (area: Area) => {
    const model = models.get(area) ?? new AreaModel(area)
    models.set(area, model)
    fences.addModel(model)
    return model
  }
  const somewhere = () => {
    // Most are close together, some are far.
    const meters = spreadMeters * rand() ** 3
    const turn = rand() * 2 * Math.PI
    const { latitude, longitude } = offset(middle, meters * Math.sin(turn), meters * Math.cos(turn))
    return { latitude: Math.min(85, latitude), longitude: ((((longitude + 180) % 360) + 360) % 360) - 180 }
  }
  const outlook = (): Outlook => {
    const at = somewhere()
    return { cell: grids.people.snap(at), near: grids.places.snap(at) }
  }
  const people = Array.from({ length: 40 }, (_, i) => `p${i}`)
  const activities = Array.from({ length: 20 }, (_, i) => `a${i}`)
  const watchers = Array.from({ length: 15 }, (_, i): Watcher & { name: string } => ({
    name: `w${i}`,
    viewerId: people[below(people.length)] ?? '',
    radius: cellBands[i % cellBands.length] ?? 'HERE',
    stayed: i % 2 === 0,
    ...{ apart: new Set<string>(), at: undefined, areas: new Set<AreaModel>() },
    changed(kind, id, before, after) {
      told.push(`${this.name} ${kind} ${id} ${words(before, after)}`)
    },
  }))

  /** What a watcher sees of all there is. */
  const sights = (watcher: Watcher, ids: Iterable<string>) =>
    new Map(
      [...ids].map((id) => [
        id,
        (id.startsWith('p') ? oracle.person : oracle.activity).call(oracle, watcher, id, world),
      ]),
    )
  const everything = [...people, ...activities]

  /** Does something, and says what each of these should have been told. */
  function expected(who: (Watcher & { name: string })[], ids: string[], act: () => void): string[] {
    const before = who.map((watcher) => sights(watcher, ids))
    act()
    return who.flatMap((watcher, i) => {
      const after = sights(watcher, ids)
      return ids.flatMap((id) => {
        const [was, is] = [before[i]?.get(id), after.get(id)]
        const text = `${watcher.name} ${id.startsWith('p') ? 'person' : 'activity'} ${id} ${words(was, is)}`
        if (was && is)
          return watcher.stayed && words(was, was) !== words(is, is) ? [text] : was.band !== is.band ? [] : []
        return was || is ? [text] : []
      })
    })
  }
  function step(): string[] {
    const dice = below(100)
    if (dice < 55) {
      const id = people[below(people.length)] ?? ''
      const to =
        below(10) === 0
          ? undefined
          : {
              cell: outlook().cell,
              audience: (['EVERYONE', 'EVERYONE', 'EVERYONE', 'FRIENDS'] as const)[below(4)] ?? 'EVERYONE',
            }
      const from = world.people.get(id)
      const [old, next] = [from && areaOf(from.cell), to && areaOf(to.cell)]
      const texts: string[] = []
      if (from && old !== undefined && old !== next)
        texts.push(
          ...expected(watchers, [id], () => {
            world.people.delete(id)
            fences.personChanged(modelOf(old), id, undefined)
          }),
        )
      if (to && next !== undefined)
        texts.push(
          ...expected(watchers, [id], () => {
            world.people.set(id, to)
            fences.personChanged(modelOf(next), id, to)
          }),
        )
      return texts
    }
    if (dice < 70) {
      const id = activities[below(activities.length)] ?? ''
      const from = world.activities.get(id)
      const host = from?.host ?? people[below(people.length)] ?? ''
      const version = (from?.version ?? 0) + 1
      let to: ActivityAt | undefined
      if (!from) to = { host, cell: outlook().near, quiet: true, version }
      else if (below(4) > 0) {
        const cell = below(2) ? from.cell : grids.places.snap(offset(from.cell, below(400) - 200, below(400) - 200))
        to = { host, cell: areaOf(cell) === areaOf(from.cell) ? cell : from.cell, quiet: below(2) === 0, version }
      }
      const area = areaOf((from ?? to)?.cell ?? zurich)
      return expected(watchers, [id], () => {
        if (to) world.activities.set(id, to)
        else world.activities.delete(id)
        fences.activityChanged(modelOf(area), id, to)
      })
    }
    const watcher = watchers[below(watchers.length)] as Watcher & { name: string }
    if (dice < 90)
      return expected([watcher], everything, () => {
        const far = below(3) === 0
        const near = watcher.at && offset(watcher.at.near, below(600) - 300, below(600) - 300)
        const step = near && { cell: grids.people.snap(near), near: grids.places.snap(near) }
        const to = below(12) === 0 ? undefined : (!far && step) || outlook()
        fences.moved(watcher, to)
        const wanted = to ? areasWithin(to.cell, bandLimits[watcher.radius] + 1000).map(modelOf) : []
        for (const model of wanted) fences.enter(watcher, model)
        for (const model of watcher.areas) if (!wanted.includes(model)) fences.leave(watcher, model)
      })
    const other = people[below(people.length)] ?? ''
    return expected([watcher], everything, () => {
      if (other === watcher.viewerId) return
      if (watcher.apart.has(other)) fences.unite(watcher, other)
      else fences.part(watcher, other)
    })
  }

  let events = 0
  for (let i = 0; i < moves; i += 1) {
    told.length = 0
    const due = step()
    events += due.length
    // What a viewer sees as they move comes in any order; what they are told of each subject nets out.
    const sorted = [...told].sort()
    due.sort()
    if (JSON.stringify(sorted) !== JSON.stringify(due))
      return { events, move: i, missed: due, told: sorted, areas: models.size }
  }
  return { events, areas: models.size }
}

describe('the fences say exactly what a look at everything says', () => {
  test.each([
    ['in a city', zurich, 1, 40_000, 20_000],
    ['in a crowd', zurich, 2, 20_000, 3000],
    ['around the corner of four areas', { latitude: 46.76, longitude: 7.6 }, 3, 20_000, 90_000],
    ['across the antimeridian', { latitude: -16.8, longitude: 179.98 }, 4, 20_000, 60_000],
    ['far north', { latitude: 84.3, longitude: -179.9 }, 5, 10_000, 80_000],
  ])('%s', (_where, middle, seed, moves, spread) => {
    const outcome = simulate(middle, seed, rounds(moves), spread)
    expect(outcome).toEqual({ events: expect.any(Number), areas: expect.any(Number) })
    expect(outcome.events).toBeGreaterThan(rounds(moves) / 10)
  })

  test('more than one area takes part where areas meet', () => {
    expect(simulate({ latitude: 46.76, longitude: 7.6 }, 3, 2000, 90_000).areas).toBeGreaterThan(1)
    expect(simulate({ latitude: -16.8, longitude: 179.98 }, 4, 2000, 60_000).areas).toBeGreaterThan(1)
  })
})
