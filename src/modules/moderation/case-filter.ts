import type { SubjectKind } from '../enforcement/index.ts'
import type { CaseState, ModerationCase } from './cases.ts'

/** Which cases. What is null or not named does not matter. */
export interface CaseFilter {
  states?: readonly CaseState[] | null | undefined
  severityAtLeast?: number | null | undefined
  severityAtMost?: number | null | undefined
  /** `none`: those that are nobody's. */
  assignee?: { id: string } | 'none' | null | undefined
  claimed?: boolean | null | undefined
  kinds?: readonly SubjectKind[] | null | undefined
  reasons?: readonly string[] | null | undefined
  campusIds?: readonly string[] | null | undefined
  appealOpen?: boolean | null | undefined
  openedAfter?: Date | null | undefined
  openedBefore?: Date | null | undefined
  overdue?: boolean | null | undefined
}

/** The campuses whose cases a member of staff sees, besides those of none; null: all. */
export type Scope = readonly string[] | null

export const isWithin = (scope: Scope, campusId: string | null) =>
  scope === null || campusId === null || scope.includes(campusId)

/** What a filter looks at, as it was at one moment. */
export interface CaseFacts {
  kind: string
  state: string
  severity: number
  reasons: string[]
  campusId: string | null
  assigneeId: string | null
  claimed: boolean
  appealOpen: boolean
  openedAtMs: number
  overdue: boolean
}

export function factsOf(found: ModerationCase, nowMs: number): CaseFacts {
  const { state, severity, reasons, campusId, assigneeId, appealOpen } = found
  return {
    ...{ kind: found.subjectKind, state, severity, reasons, campusId, assigneeId, appealOpen },
    claimed: found.claimExpiresAt !== null && found.claimExpiresAt.getTime() > nowMs,
    openedAtMs: found.openedAt.getTime(),
    overdue: (state === 'OPEN' || state === 'ESCALATED') && found.dueAt.getTime() <= nowMs,
  }
}

const among = (allowed: readonly string[] | null | undefined, ...values: string[]) =>
  allowed == null || values.some((value) => allowed.includes(value))

const same = (wanted: boolean | null | undefined, value: boolean) => wanted == null || wanted === value

/** Whether a case is one of those. */
export function fits(filter: CaseFilter, facts: CaseFacts): boolean {
  const { assignee } = filter
  return (
    mayFit(filter, facts) &&
    among(filter.states, facts.state) &&
    facts.severity >= (filter.severityAtLeast ?? 0) &&
    facts.severity <= (filter.severityAtMost ?? facts.severity) &&
    (assignee == null || facts.assigneeId === (assignee === 'none' ? null : assignee.id)) &&
    same(filter.claimed, facts.claimed) &&
    same(filter.appealOpen, facts.appealOpen) &&
    among(filter.reasons, ...facts.reasons) &&
    facts.openedAtMs > (filter.openedAfter?.getTime() ?? Number.NEGATIVE_INFINITY) &&
    facts.openedAtMs < (filter.openedBefore?.getTime() ?? Number.POSITIVE_INFINITY) &&
    same(filter.overdue, facts.overdue)
  )
}

/** Whether it is, or may have been: by what never changes of a case. */
export const mayFit = (filter: CaseFilter, facts: CaseFacts) =>
  among(filter.kinds, facts.kind) && (filter.campusIds == null || among(filter.campusIds, facts.campusId ?? ''))

/** The same text for the same filter. */
export const filterName = (filter: CaseFilter) =>
  JSON.stringify(
    Object.entries(filter)
      .filter(([, value]) => value != null)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  )
