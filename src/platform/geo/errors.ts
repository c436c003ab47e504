import { DomainError } from '../errors.ts'

/** As far north and south as the live map reaches, in degrees: what Redis can index. */
export const mapLatitude = 85.05

/** Too near to a pole for the live map. */
export class LatitudeOutOfRangeError extends DomainError {
  readonly limit = mapLatitude
  constructor(field = 'latitude') {
    super('BAD_USER_INPUT', `The live map reaches from ${mapLatitude}° south to ${mapLatitude}° north.`, {
      field,
      limit: mapLatitude,
    })
  }
}

/** The latitude of something that is put on the live map. */
export function checkedMapLatitude(latitude: number, field?: string): number {
  if (Math.abs(latitude) > mapLatitude) throw new LatitudeOutOfRangeError(field)
  return latitude
}
