import { DomainError } from '../../platform/errors.ts'

/** Something is going to happen, or happens, at the venue. */
export class VenueInUseError extends DomainError {
  constructor() {
    super('CONFLICT', 'The venue has published events that are not over. Cancel them first.')
  }
}
