import { DomainError } from '../../platform/errors.ts'
import type { PolicyProblem } from './validation.ts'
import type { PolicyState } from './version-store.ts'

/** The document says something that cannot be. */
export class PolicyInvalidError extends DomainError {
  readonly problems: PolicyProblem[]

  constructor(problems: PolicyProblem[]) {
    super('BAD_USER_INPUT', 'The document is not a policy.', { field: 'document', problems })
    this.problems = problems
  }
}

/** One rule touches so many that one person may not decide it alone. */
export class ApprovalNeededError extends DomainError {
  readonly rule: string
  /** Of the accounts active lately, 0 to 1. */
  readonly share: number

  constructor({ rule, share }: { rule: string; share: number }) {
    super('CONFLICT', 'One rule touches many people: another ADMIN has to approve this version first.', { rule, share })
    this.rule = rule
    this.share = share
  }
}

/** Whoever made a version does not approve it. */
export class OwnPolicyError extends DomainError {
  constructor() {
    super('FORBIDDEN', 'You made this version: another ADMIN approves it.')
  }
}

/** Not in the state that it is in. */
export class PolicyStateError extends DomainError {
  readonly state: PolicyState

  constructor(state: PolicyState) {
    super('CONFLICT', `This version is ${state}.`, { state })
    this.state = state
  }
}
