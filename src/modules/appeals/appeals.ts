import { createHmac } from 'node:crypto'
import { checkedText } from '../../platform/text.ts'
import { appealableMs, type Decision } from '../enforcement/index.ts'

export type AppealOutcome = 'ACCEPTED' | 'REJECTED'
export type AppealState = 'OPEN' | AppealOutcome
/** `NOT_IN_EFFECT`: it was undone, or has not taken effect yet. `TOO_LATE`: the time for it is over. `DECIDED`: there was an appeal against it. */
export type NotAppealableReason = 'NOT_IN_EFFECT' | 'TOO_LATE' | 'DECIDED'

export interface Appeal {
  id: string
  caseId: string
  decisionId: string
  /** A device or an account; null once they are erased. */
  appellantId: string | null
  /** Null once the appellant is erased. */
  note: string | null
  state: AppealState
  answer: string | null
  decidedBy: string | null
  fingerprint: Buffer | null
  createdAt: Date
  resolvedAt: Date | null
}

export interface NewAppealInput {
  clientId: string
  decisionId: string
  note: string
}

export const checkedNote = (note: string) => checkedText(note, { min: 10, max: 2000, field: 'note', lines: true })
export const checkedAnswer = (answer: string) =>
  checkedText(answer, { min: 1, max: 2000, field: 'answer', lines: true })

/** Tells what was asked for apart without keeping it. */
export const fingerprintOf = (key: Buffer, asked: NewAppealInput): Buffer =>
  createHmac('sha256', key)
    .update(JSON.stringify([asked.clientId, asked.decisionId, asked.note]))
    .digest()
    .subarray(0, 16)

/** Why a decision cannot be appealed, by itself: whether it was appealed before is not asked here. */
export function reasonAgainst(
  { state, appliedAt }: Pick<Decision, 'state' | 'appliedAt'>,
  nowMs: number,
): NotAppealableReason | null {
  if (state !== 'APPLIED' || !appliedAt) return 'NOT_IN_EFFECT'
  return nowMs >= appliedAt.getTime() + appealableMs ? 'TOO_LATE' : null
}

/** Whether somebody may decide an appeal: not its appellant, and nobody who decided what is appealed or anything else of the case that stands. */
export function mayResolve(
  staffId: string,
  { appellantId }: Pick<Appeal, 'appellantId'>,
  decisions: readonly Pick<Decision, 'decidedBy' | 'ownerId'>[],
): boolean {
  if (staffId === appellantId) return false
  return decisions.every(({ decidedBy, ownerId }) => decidedBy !== staffId && ownerId !== staffId)
}
