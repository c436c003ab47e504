import type { Position } from '../../platform/geo/index.ts'

/** Zoom levels of the slippy-map tiles that activities are counted by, coarsest first. */
export const clusterLevels = [8, 11, 14, 17] as const
export const finestLevel = 17

export interface Tile {
  x: number
  y: number
}

/** Tiles along one side of the world. */
export const tilesAcross = (level: number) => 2 ** level

/** The tile of Web Mercator that holds a position. */
export function tileOf({ latitude, longitude }: Position, level: number): Tile {
  const across = tilesAcross(level)
  const sine = Math.sin((latitude * Math.PI) / 180)
  const x = ((longitude + 180) / 360) * across
  const y = (0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)) * across
  return { x: within(x, across), y: within(y, across) }
}

const within = (value: number, across: number) => Math.min(across - 1, Math.max(0, Math.floor(value)))

/** Degrees north of a tile's upper edge; of fractions too. */
export const latitudeOf = (y: number, level: number) =>
  (Math.atan(Math.sinh(Math.PI * (1 - (2 * y) / tilesAcross(level)))) * 180) / Math.PI

export const longitudeOf = (x: number, level: number) => (x / tilesAcross(level)) * 360 - 180
