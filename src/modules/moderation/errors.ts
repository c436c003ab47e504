import { DomainError } from '../../platform/errors.ts'
import type { CaseState } from './cases.ts'

/** Somebody else holds the case. */
export class CaseClaimedError extends DomainError {
  readonly claimedBy: string
  readonly claimExpiresAt: Date

  constructor(claimedBy: string, claimExpiresAt: Date) {
    super('CONFLICT', 'Somebody else works on this case.')
    this.claimedBy = claimedBy
    this.claimExpiresAt = claimExpiresAt
  }
}

/** As the case stands, this cannot be done. */
export class CaseStateError extends DomainError {
  readonly state: CaseState

  constructor(state: CaseState) {
    super('CONFLICT', `The case is ${state}: this cannot be done.`, { state })
    this.state = state
  }
}

/** The same person has reported it already. */
export class DuplicateReportError extends DomainError {
  /** The report that there is. */
  readonly conflictingId: string

  constructor(reportId: string) {
    super('CONFLICT', 'You have reported this already.')
    this.conflictingId = reportId
  }
}

/** So many reports of one person wait at most. */
export class ReportLimitError extends DomainError {
  readonly limit: number

  constructor(limit: number) {
    super('CONFLICT', `You have ${limit} reports that are not decided yet.`, { limit })
    this.limit = limit
  }
}
