import { type Cell, distanceMeters } from '../../platform/geo/index.ts'

/** How near, as far as anybody is told: never metres. In order, nearest first. */
export const bands = ['IN_REACH', 'HERE', 'UNDER_1_KM', 'UNDER_3_KM', 'UNDER_10_KM', 'UNDER_50_KM'] as const
export type Band = (typeof bands)[number]

/** Bands that follow from two cells; being in reach takes two radios. */
export type CellBand = Exclude<Band, 'IN_REACH'>

/** Metres between the centres of two cells. `HERE` is the same cell. */
export const bandLimits: Record<CellBand, number> = {
  HERE: 0,
  UNDER_1_KM: 1000,
  UNDER_3_KM: 3000,
  UNDER_10_KM: 10_000,
  UNDER_50_KM: 50_000,
}

export const cellBands = bands.filter((band): band is CellBand => band !== 'IN_REACH')

/** The band of two cells of one grid; undefined from 50 km on. */
export function bandBetween(a: Cell, b: Cell): CellBand | undefined {
  return a.id === b.id ? 'HERE' : bandAt(distanceMeters(a, b))
}

/** The band of two cells that are not the same, by the metres between their centres. */
export function bandAt(meters: number): CellBand | undefined {
  if (meters < bandLimits.UNDER_3_KM) return meters < bandLimits.UNDER_1_KM ? 'UNDER_1_KM' : 'UNDER_3_KM'
  if (meters < bandLimits.UNDER_10_KM) return 'UNDER_10_KM'
  return meters < bandLimits.UNDER_50_KM ? 'UNDER_50_KM' : undefined
}

const rank = Object.fromEntries(bands.map((band, i) => [band, i])) as Record<Band, number>

/** Whether what is in one band also is within another. */
export const isWithin = (band: Band, limit: Band) => rank[band] <= rank[limit]

/** What a search has to cover so that nothing within the band is missed: a margin for how exactly Redis keeps a position. */
export const searchMeters = (band: CellBand) => bandLimits[band] + 2
