import { DomainError } from '../../platform/errors.ts'

/** Every seat is taken. */
export class ActivityFullError extends DomainError {
  constructor() {
    super('CONFLICT', 'Every seat is taken.')
  }
}

/** It has ended or was cancelled. */
export class ActivityOverError extends DomainError {
  constructor() {
    super('CONFLICT', 'This activity is over.')
  }
}

/** What is said there is for those who have joined. */
export class NotMemberError extends DomainError {
  constructor() {
    super('FORBIDDEN', 'Join the activity first.')
  }
}

/** What has begun cannot begin at another time. */
export class ActivityStartedError extends DomainError {
  constructor() {
    super('CONFLICT', 'This activity has begun: its start stays.')
  }
}

/** An activity moves around the corner, not into another town. */
export class PlaceTooFarError extends DomainError {
  readonly limitMeters: number
  constructor(limitMeters: number) {
    super('BAD_USER_INPUT', `An activity moves at most ${limitMeters / 1000} km, and within its region.`, {
      field: 'latitude',
      limitMeters,
    })
    this.limitMeters = limitMeters
  }
}

/** More have joined than there would be seats. */
export class CapacityBelowJoinsError extends DomainError {
  readonly joins: number
  constructor(joins: number) {
    super('CONFLICT', 'More have joined than that.', { field: 'capacity', joins })
    this.joins = joins
  }
}

/** A host has no seat to give up. */
export class HostCannotLeaveError extends DomainError {
  constructor() {
    super('CONFLICT', 'A host cannot leave. Cancel the activity instead.')
  }
}
