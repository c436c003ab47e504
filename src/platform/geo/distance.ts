/** A place on Earth, degrees. */
export interface Position {
  latitude: number
  longitude: number
}

/** The radius that Redis reckons with, metres: what it finds and what we measure agree. */
export const earthRadiusMeters = 6_372_797.560856

export const metersPerDegree = (Math.PI / 180) * earthRadiusMeters

export const radians = (degrees: number) => (degrees * Math.PI) / 180
export const degrees = (radians: number) => (radians * 180) / Math.PI

/** Great-circle distance by the haversine formula, metres. */
export function distanceMeters(a: Position, b: Position): number {
  const sinLatitude = Math.sin(radians(b.latitude - a.latitude) / 2)
  const sinLongitude = Math.sin(radians(b.longitude - a.longitude) / 2)
  const h = sinLatitude ** 2 + Math.cos(radians(a.latitude)) * Math.cos(radians(b.latitude)) * sinLongitude ** 2
  return 2 * earthRadiusMeters * Math.asin(Math.min(1, Math.sqrt(h)))
}

/** A longitude in [−180, 180). */
export function wrapped(longitude: number): number {
  return ((((longitude + 180) % 360) + 360) % 360) - 180
}
