import { DomainError } from '../../platform/errors.ts'
import type { AppealState, NotAppealableReason } from './appeals.ts'

/** There is an appeal in this matter that waits. */
export class AppealExistsError extends DomainError {
  /** The appeal that there is. */
  readonly conflictingId: string
  constructor(appealId: string) {
    super('CONFLICT', 'There is an appeal in this matter that is not decided yet.')
    this.conflictingId = appealId
  }
}

const words: Record<NotAppealableReason, string> = {
  NOT_IN_EFFECT: 'This decision is not in effect.',
  TOO_LATE: 'The time to appeal this decision is over.',
  DECIDED: 'An appeal against this decision was decided already.',
}

export class NotAppealableError extends DomainError {
  readonly reason: NotAppealableReason
  constructor(reason: NotAppealableReason) {
    super('CONFLICT', words[reason], { reason })
    this.reason = reason
  }
}

/** Whoever decided, or is it about, does not decide the appeal. */
export class OwnDecisionError extends DomainError {
  constructor() {
    super('FORBIDDEN', 'Somebody else has to decide this appeal.')
  }
}

/** It was decided before. */
export class AppealResolvedError extends DomainError {
  readonly state: AppealState
  constructor(state: AppealState) {
    super('CONFLICT', 'This appeal was decided before.', { state })
    this.state = state
  }
}
