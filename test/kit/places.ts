import { metersPerDegree, type Position } from '../../src/platform/geo/index.ts'

export const zurich: Position = { latitude: 47.3769, longitude: 8.5417 }

/** So many meters north and east of a place. */
export function offset({ latitude, longitude }: Position, north: number, east: number): Position {
  const parallel = Math.cos((latitude * Math.PI) / 180)
  return {
    latitude: latitude + north / metersPerDegree,
    longitude: longitude + east / (metersPerDegree * parallel),
  }
}
