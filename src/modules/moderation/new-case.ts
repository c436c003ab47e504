import { createId } from '../../platform/ids.ts'
import type { SubjectName } from '../enforcement/index.ts'
import type { ModerationCase } from './cases.ts'
import { highestSeverity, patienceMs } from './severity.ts'

/** A case as it begins. */
export function newCase(
  from: {
    subject: SubjectName
    ownerId: string | null
    campusId: string | null
    severity: number
    reasons: readonly string[]
    reportCount: number
  },
  nowMs: number,
): ModerationCase {
  const severity = Math.min(Math.max(Math.trunc(from.severity) || 0, 0), highestSeverity)
  const now = new Date(nowMs)
  return {
    ...{ id: createId(nowMs), subjectKind: from.subject.kind, subjectId: from.subject.id, ownerId: from.ownerId },
    ...{ campusId: from.campusId, state: 'OPEN', reasons: [...new Set(from.reasons)], severity, round: 1 },
    ...{ reportCount: from.reportCount, escalationLevel: 0, assigneeId: null, claimedBy: null, claimExpiresAt: null },
    ...{ appealOpen: false, openedAt: now, dueAt: new Date(nowMs + patienceMs(severity)), overdueToldAt: null },
    ...{ updatedAt: now, resolvedAt: null },
  }
}
