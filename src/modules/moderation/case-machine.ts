import { type CaseChange, type CaseState, holderOf, isOverdue, isPending, type ModerationCase } from './cases.ts'
import { highestSeverity, patienceMs } from './severity.ts'

/** Whoever holds a case has it for so long, until they claim it again. */
export const leaseMs = 5 * 60_000

/** Something that happens to a case. */
export type CaseStep =
  /** `severity`: how urgent it is with this report, and would be with this report alone. */
  | { kind: 'reported'; reason: string; severity: number; alone: number }
  | { kind: 'noticed'; reasons: readonly string[]; severity: number }
  | { kind: 'assigned'; assigneeId: string | null }
  | { kind: 'claimed'; by: string; isAdmin: boolean }
  | { kind: 'released'; by: string; isAdmin: boolean }
  | { kind: 'lease ended' }
  | { kind: 'escalated'; by: string }
  | { kind: 'resolved'; as: 'ACTIONED' | 'DISMISSED'; by: string; isAdmin: boolean }
  | { kind: 'late' }
  | { kind: 'appealed' }
  | { kind: 'appeal resolved' }
  | { kind: 'reverted' }

export interface Taken {
  next: ModerationCase
  /** None: nothing is different. */
  changes: CaseChange[]
}

/** Why a step cannot be taken: as the case stands, because somebody else holds it, or because only ADMIN may. */
export type Refusal = 'state' | 'claimed' | 'admin'

/** The one rule of what becomes of a case. Nothing that is counted decides anything: only people do. */
export function take(current: ModerationCase, step: CaseStep, nowMs: number): Taken | Refusal {
  const now = new Date(nowMs)
  const unchanged: Taken = { next: current, changes: [] }
  const become = (change: CaseChange, parts: Partial<ModerationCase>, ...more: CaseChange[]): Taken => ({
    next: { ...current, ...parts, updatedAt: now },
    changes: [change, ...more],
  })
  switch (step.kind) {
    case 'reported': {
      const reportCount = current.reportCount + 1
      if (!isPending(current))
        return become('REOPENED', { ...reopened(current, step.alone, nowMs), reportCount, reasons: [step.reason] })
      const raise = raised(current, step.severity)
      const parts = { ...raise, reportCount, reasons: together(current.reasons, [step.reason]) }
      return raise ? become('REPORTED', parts, 'RAISED') : become('REPORTED', parts)
    }
    case 'noticed': {
      if (!isPending(current))
        return become('REOPENED', { ...reopened(current, step.severity, nowMs), reasons: [...step.reasons] })
      const reasons = together(current.reasons, step.reasons)
      const raise = raised(current, step.severity)
      if (!raise && reasons.length === current.reasons.length) return unchanged
      return become('RAISED', { ...raise, reasons })
    }
    case 'assigned':
      if (!isPending(current)) return 'state'
      return current.assigneeId === step.assigneeId ? unchanged : become('ASSIGNED', { assigneeId: step.assigneeId })
    case 'claimed': {
      if (!isPending(current)) return 'state'
      if (current.state === 'ESCALATED' && !step.isAdmin) return 'admin'
      if (isHeldByOther(current, step.by, nowMs)) return 'claimed'
      return become('CLAIMED', { claimedBy: step.by, claimExpiresAt: new Date(nowMs + leaseMs) })
    }
    case 'released':
      if (holderOf(current, nowMs) === null) return unchanged
      if (!step.isAdmin && isHeldByOther(current, step.by, nowMs)) return 'claimed'
      return become('RELEASED', free)
    case 'lease ended':
      if (current.claimedBy === null || holderOf(current, nowMs) !== null) return unchanged
      return become('CLAIM_EXPIRED', free)
    case 'escalated':
      if (!isPending(current)) return 'state'
      if (isHeldByOther(current, step.by, nowMs)) return 'claimed'
      return become('ESCALATED', { ...free, state: 'ESCALATED', escalationLevel: current.escalationLevel + 1 })
    case 'resolved':
      if (!isPending(current)) return 'state'
      if (current.state === 'ESCALATED' && !step.isAdmin) return 'admin'
      if (isHeldByOther(current, step.by, nowMs)) return 'claimed'
      return become(step.as, { ...free, state: step.as, resolvedAt: now })
    case 'late':
      if (!isOverdue(current, nowMs) || current.overdueToldAt) return unchanged
      return become('OVERDUE', { overdueToldAt: now })
    case 'appealed':
      return current.appealOpen ? unchanged : become('APPEALED', { appealOpen: true })
    case 'appeal resolved':
      if (!current.appealOpen) return unchanged
      // One that was opened again meanwhile goes on.
      return isPending(current)
        ? become('APPEALED', { appealOpen: false })
        : become('CLOSED', { appealOpen: false, state: 'CLOSED' as CaseState })
    case 'reverted':
      return become('REVERTED', {})
  }
}

const free = { claimedBy: null, claimExpiresAt: null }

const isHeldByOther = (current: ModerationCase, by: string, nowMs: number) => (holderOf(current, nowMs) ?? by) !== by

const together = (known: readonly string[], more: readonly string[]) => [...new Set([...known, ...more])]

const bounded = (severity: number) => Math.min(Math.max(Math.trunc(severity) || 0, 0), highestSeverity)

/** Only ever upwards, and the time that is left only ever shorter. */
function raised(current: ModerationCase, severity: number): Partial<ModerationCase> | undefined {
  const risen = bounded(severity)
  if (risen <= current.severity) return undefined
  const dueMs = Math.min(current.dueAt.getTime(), current.openedAt.getTime() + patienceMs(risen))
  return { severity: risen, dueAt: new Date(dueMs) }
}

/** A new round, in which what came before counts no more. */
function reopened(current: ModerationCase, severity: number, nowMs: number): Partial<ModerationCase> {
  return {
    ...free,
    ...{ state: 'OPEN', severity: bounded(severity), round: current.round + 1, escalationLevel: 0, assigneeId: null },
    ...{ openedAt: new Date(nowMs), dueAt: new Date(nowMs + patienceMs(bounded(severity))) },
    ...{ overdueToldAt: null, resolvedAt: null },
  }
}
