import { DomainError } from '../../platform/errors.ts'
import type { DecisionState } from './decisions.ts'

/** The decision is undone already, or is being undone. */
export class DecisionRevertedError extends DomainError {
  readonly state: DecisionState
  constructor(state: DecisionState) {
    super('CONFLICT', 'This decision was reverted before.', { state })
    this.state = state
  }
}
