import { createId } from '../ids.ts'
import { degrees, earthRadiusMeters, metersPerDegree, type Position, radians } from './distance.ts'
import { createGrid } from './grid.ts'

/**
 * The world in coarse cells of about 400 km. What is near each other lives in one area, nearly always, and everything of an
 * area shares one hash tag: whatever happens there is one script on one shard.
 */
const areaMeters = 400_000
const columnsAtMost = 128
const grid = createGrid({ cellMeters: areaMeters })
const rowDegrees = areaMeters / metersPerDegree

/** The number of an area: it fits in 16 bits. */
export type Area = number

const numberOf = (cellId: string): Area => {
  const [row = 0, column = 0] = cellId.split(':').map(Number)
  return row * columnsAtMost + column
}

export const areaOf = (position: Position): Area => numberOf(grid.snap(position).id)

/** The hash tag of an area's keys. */
export const areaSlot = (area: Area) => `g${area}`

/** Every area that a circle touches, the middle's own first. */
export function areasWithin(middle: Position, radiusMeters: number): Area[] {
  const reach = radiusMeters / earthRadiusMeters
  const north = Math.min(90, middle.latitude + degrees(reach))
  const south = Math.max(-90, middle.latitude - degrees(reach))
  // The meridians that touch the circle (Bronstein, spherical trigonometry); around a pole, all of them.
  const ratio = Math.sin(reach) / Math.cos(radians(middle.latitude))
  const halfWidth = north >= 90 || south <= -90 || ratio >= 1 ? 180 : degrees(Math.asin(ratio))
  const found = areasOfBox({
    south,
    north,
    west: middle.longitude - halfWidth,
    east: middle.longitude + halfWidth,
  })
  const own = areaOf(middle)
  return [own, ...found.filter((area) => area !== own)]
}

/** Every area that a box touches. `east` may lie beyond 180 where the box crosses the antimeridian. */
export function areasOfBox(box: { south: number; west: number; north: number; east: number }): Area[] {
  const areas = new Set<Area>()
  const steps = (from: number, to: number, by: number) => {
    const values = [to]
    for (let value = from; value < to; value += by) values.push(value)
    return values
  }
  for (const latitude of steps(box.south, box.north, rowDegrees / 2)) {
    // A row's columns are widest, in degrees, in its middle; half a row's step meets every row, and half a column every column.
    const by = rowDegrees / 2 / Math.max(0.02, Math.cos(radians(latitude)))
    for (const longitude of steps(box.west, box.east, Math.min(by, 90))) areas.add(areaOf({ latitude, longitude }))
  }
  return [...areas]
}

/** An id that says in which area its owner lives, so that its keys are found from the id alone. */
export const createIdIn = (area: Area, nowMs: number) => idIn(area, createId(nowMs))

/** The same for something that has an id already: the same id gives the same. */
export const idIn = (area: Area, id: string) => `${id.slice(0, -4)}${area.toString(16).padStart(4, '0')}`

export const areaOfId = (id: string): Area => Number.parseInt(id.slice(-4), 16)
