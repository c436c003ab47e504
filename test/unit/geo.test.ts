import fc from 'fast-check'
import { bandBetween } from '../../src/modules/presence/bands.ts'
import {
  areaOf,
  areaOfId,
  areasOfBox,
  areasWithin,
  createGrid,
  createIdIn,
  distanceMeters,
  mapLatitude,
  type Position,
} from '../../src/platform/geo/index.ts'
import { isId } from '../../src/platform/ids.ts'
import { runs } from '../kit/fuzz.ts'

const key = Buffer.alloc(32, 7)
const grid = createGrid({ cellMeters: 700, key })
const place = fc.record({
  latitude: fc.double({ min: -mapLatitude, max: mapLatitude, noNaN: true }),
  longitude: fc.double({ min: -180, max: 180, noNaN: true }),
})
/** A place some metres away, with the longitude written as a person would write it. */
function away({ latitude, longitude }: Position, north: number, east: number): Position {
  const there = latitude + north / 111_195
  const longitudeThere = longitude + east / (111_195 * Math.cos((latitude * Math.PI) / 180))
  return {
    latitude: Math.min(mapLatitude, Math.max(-mapLatitude, there)),
    longitude: ((((longitudeThere + 180) % 360) + 360) % 360) - 180,
  }
}

describe('a grid', () => {
  test('keeps a position within its cell: never further from the centre than half a diagonal', () => {
    fc.assert(
      fc.property(place, (position) => {
        const cell = grid.snap(position)
        expect(distanceMeters(position, cell)).toBeLessThan(700 * Math.SQRT1_2 * 1.02)
        expect(grid.cell(cell.id)).toEqual(cell)
      }),
      { ...runs(1000) },
    )
  })

  test('gives the centre of a cell for the centre of a cell', () => {
    fc.assert(
      fc.property(place, (position) => {
        const cell = grid.snap(position)
        fc.pre(Math.abs(cell.latitude) < mapLatitude)
        expect(grid.snap(cell).id).toBe(cell.id)
      }),
      { ...runs(1000) },
    )
  })

  test('says which cells touch one: whoever crosses a line comes into one of them', () => {
    const step = fc.double({ min: -300, max: 300, noNaN: true })
    fc.assert(
      fc.property(place, step, step, (position, north, east) => {
        fc.pre(Math.abs(position.latitude) < 84.9)
        const from = grid.snap(position)
        const around = grid.around(from)
        expect(around).toContain(grid.snap(away(position, north, east)).id)
        expect(around.length).toBeGreaterThanOrEqual(7)
        expect(around.length).toBeLessThanOrEqual(9)
        for (const id of around) expect(['HERE', 'UNDER_1_KM']).toContain(bandBetween(from, grid.cell(id) ?? from))
      }),
      { ...runs(1000) },
    )
  })

  test('closes at the antimeridian', () => {
    const west = grid.snap({ latitude: 0, longitude: 179.9999 })
    const east = grid.snap({ latitude: 0, longitude: -179.9999 })
    expect(west.id === east.id || grid.around(west).includes(east.id)).toBe(true)
    expect(grid.snap({ latitude: 10, longitude: 180 }).id).toBe(grid.snap({ latitude: 10, longitude: -180 }).id)
  })

  test('lies elsewhere under another key', () => {
    const other = createGrid({ cellMeters: 700, key: Buffer.alloc(32, 8) })
    const here = { latitude: 47.3769, longitude: 8.5417 }
    expect(distanceMeters(grid.snap(here), other.snap(here))).toBeGreaterThan(1)
  })

  test('knows no cell of a malformed or impossible id', () => {
    for (const id of ['', '1', '1:', ':1', '-1:0', '1:99999999', '99999999:1', '0:5000', 'a:b'])
      expect(grid.cell(id)).toBeUndefined()
  })
})

describe('areas', () => {
  const radius = fc.constantFrom(1000, 3000, 10_000, 50_000)

  test('around a circle leave out none that it touches, also across the antimeridian and near the poles', () => {
    fc.assert(
      fc.property(place, radius, fc.double({ min: 0, max: 2 * Math.PI, noNaN: true }), (middle, meters, angle) => {
        const found = areasWithin(middle, meters)
        const rim = away(middle, Math.sin(angle) * meters * 0.999, Math.cos(angle) * meters * 0.999)
        expect(found[0]).toBe(areaOf(middle))
        if (distanceMeters(middle, rim) <= meters) expect(found).toContain(areaOf(rim))
        expect(new Set(found).size).toBe(found.length)
      }),
      { ...runs(2000) },
    )
  })

  test('are few around a phone: one nearly always, and four where corners meet', () => {
    const counts = new Map<number, number>()
    for (let i = 0; i < 1000; i += 1) {
      const { length } = areasWithin({ latitude: -60 + i * 0.12, longitude: -180 + i * 0.36 }, 3000)
      counts.set(length, (counts.get(length) ?? 0) + 1)
    }
    expect(counts.get(1)).toBeGreaterThan(900)
    expect(Math.max(...counts.keys())).toBeLessThanOrEqual(4)
  })

  test('of a box that crosses the antimeridian are those on both sides', () => {
    const areas = areasOfBox({ south: 0, west: 179, north: 1, east: 181 })
    expect(areas).toContain(areaOf({ latitude: 0.5, longitude: 179.5 }))
    expect(areas).toContain(areaOf({ latitude: 0.5, longitude: -179.5 }))
  })

  test('are told by the ids of what lives in them', () => {
    fc.assert(
      fc.property(place, (position) => {
        const area = areaOf(position)
        const id = createIdIn(area, Date.UTC(2026, 10, 21))
        expect(isId(id)).toBe(true)
        expect(areaOfId(id)).toBe(area)
      }),
      { ...runs(500) },
    )
  })
})
