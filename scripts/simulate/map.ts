import { metersPerDegree, type Position } from '../../src/platform/geo/index.ts'
import type { City } from './city.ts'

export const mapSize = { columns: 36, rows: 12 }
/** A character is about twice as high as it is wide. */
const charAspect = 2
/** Around the outermost places. */
const marginMeters = 400

export const shades = ' ░▒▓█'

/** What a map shows at one character: how many people, as a shade from 0 to 4, and whether an activity is live there. */
export interface Spot {
  shade: number
  activity: boolean
}

/** A map of the city, north up, a row per line. */
export function drawMap(city: City, people: Position[], activities: Position[]): Spot[][] {
  const { columns, rows } = mapSize
  const rowMeters = rowMetersOf(city)
  const counts = Array.from({ length: rows }, () => Array.from({ length: columns }, () => 0))
  const live = new Set<string>()

  function spotOf({ latitude, longitude }: Position): [number, number] | undefined {
    const { north, east } = metersFrom(city.middle, { latitude, longitude })
    const row = Math.floor(rows / 2 - north / rowMeters)
    const column = Math.floor(columns / 2 + (east * charAspect) / rowMeters)
    return row >= 0 && row < rows && column >= 0 && column < columns ? [row, column] : undefined
  }
  for (const at of people) {
    const [row, column] = spotOf(at) ?? []
    const line = counts[row ?? -1]
    if (line && column !== undefined) line[column] = (line[column] ?? 0) + 1
  }
  for (const at of activities) live.add(String(spotOf(at)))

  const most = Math.max(1, ...counts.flat())
  return counts.map((line, row) =>
    line.map((count, column) => ({ shade: shadeOf(count, most), activity: live.has(`${row},${column}`) })),
  )
}

/** The darkest shade is the densest spot; the lighter ones are even steps of how many times more people there are. */
function shadeOf(count: number, most: number): number {
  return count === 0 ? 0 : Math.min(4, 1 + Math.floor((4 * Math.log(count)) / Math.log(most + 1)))
}

function rowMetersOf({ places, middle }: City): number {
  const from = places.map((place) => metersFrom(middle, place))
  const reach = (values: number[]) => 2 * (Math.max(...values.map(Math.abs)) + marginMeters)
  const [height, width] = [reach(from.map(({ north }) => north)), reach(from.map(({ east }) => east))]
  return Math.max(height / mapSize.rows, (width * charAspect) / mapSize.columns)
}

function metersFrom(middle: Position, { latitude, longitude }: Position) {
  const across = metersPerDegree * Math.cos((middle.latitude * Math.PI) / 180)
  return { north: (latitude - middle.latitude) * metersPerDegree, east: (longitude - middle.longitude) * across }
}
