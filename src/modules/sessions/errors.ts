import { DomainError } from '../../platform/errors.ts'

/** The device has an open session already; `conflictingId` is its id. */
export class SessionAlreadyOpenError extends DomainError {
  readonly conflictingId: string
  constructor(conflictingId: string) {
    super('CONFLICT', 'This device has an open session. Close it, or go on with it.', { conflictingId })
    this.conflictingId = conflictingId
  }
}

/** No session of this device is open: it was never opened, was closed, or has ended. */
export class NoOpenSessionError extends DomainError {
  constructor() {
    super('NOT_FOUND', 'No session is open.')
  }
}

/** Some interests are not in the catalogue. Load it again: it may have changed. */
export class UnknownInterestsError extends DomainError {
  readonly unknown: string[]
  constructor(unknown: string[]) {
    super('BAD_USER_INPUT', 'Some interests are not in the catalogue.', { field: 'interests', unknown })
    this.unknown = unknown
  }
}
