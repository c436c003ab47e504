import type { ContentState, SubjectKind } from '../enforcement/index.ts'

export type CaseState = 'OPEN' | 'ESCALATED' | 'ACTIONED' | 'DISMISSED' | 'CLOSED'

/** What can happen to a case, as its events call it. */
export const caseChanges = [
  ...(['OPENED', 'REPORTED', 'REOPENED', 'RAISED', 'ASSIGNED', 'CLAIMED', 'RELEASED', 'CLAIM_EXPIRED'] as const),
  ...(['ESCALATED', 'OVERDUE', 'ACTIONED', 'DISMISSED', 'APPEALED', 'CLOSED', 'REVERTED'] as const),
]
export type CaseChange = (typeof caseChanges)[number]

/** Why somebody reports something. */
export const reportReasons = [
  ...(['ABUSE', 'HARASSMENT', 'HATE', 'VIOLENCE', 'SELF_HARM', 'SEXUAL', 'SPAM', 'SCAM', 'OTHER'] as const),
]
export type ReportReason = (typeof reportReasons)[number]

/** Everything there is about one subject. One per subject, for ever. */
export interface ModerationCase {
  id: string
  subjectKind: SubjectKind
  subjectId: string
  /** The person that answers for the subject; null once they are erased. */
  ownerId: string | null
  campusId: string | null
  state: CaseState
  /** Report reasons, and what policies gave as theirs. */
  reasons: string[]
  /** 0 to 5. */
  severity: number
  round: number
  reportCount: number
  escalationLevel: number
  assigneeId: string | null
  claimedBy: string | null
  /** The claim holds until then, by the app's clock. */
  claimExpiresAt: Date | null
  appealOpen: boolean
  openedAt: Date
  dueAt: Date
  overdueToldAt: Date | null
  updatedAt: Date
  resolvedAt: Date | null
}

/** What the subject said, for staff. */
export interface CaseEvidence {
  excerpts: { text: string; at: Date }[]
  /** What it says now; null once it is gone. */
  now: string | null
  state: ContentState | null
}

/** Waits for somebody to decide it. */
export const isPending = ({ state }: Pick<ModerationCase, 'state'>) => state === 'OPEN' || state === 'ESCALATED'

/** Who holds it at this moment. */
export const holderOf = ({ claimedBy, claimExpiresAt }: ModerationCase, nowMs: number): string | null =>
  claimExpiresAt !== null && claimExpiresAt.getTime() > nowMs ? claimedBy : null

export const isOverdue = (found: Pick<ModerationCase, 'state' | 'dueAt'>, nowMs: number) =>
  isPending(found) && found.dueAt.getTime() <= nowMs
