import { DomainError } from '../../platform/errors.ts'
import type { QuarantineDecision } from './quarantine-store.ts'

/** Somebody else has decided it. */
export class QuarantineDecidedError extends DomainError {
  readonly decision: QuarantineDecision
  /** An account; null: the system, or it is erased. */
  readonly decidedBy: string | null
  readonly decidedAt: Date | null

  constructor(facts: { decision: QuarantineDecision; decidedBy: string | null; decidedAt: Date | null }) {
    super('CONFLICT', 'This was decided before.')
    this.decision = facts.decision
    this.decidedBy = facts.decidedBy
    this.decidedAt = facts.decidedAt
  }
}
