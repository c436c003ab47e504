import type { Postgres, Sql } from '../../platform/postgres.ts'
import type { CaseFilter, Scope } from './case-filter.ts'
import { caseColumns } from './case-store.ts'
import type { ModerationCase } from './cases.ts'

/** `SEVERITY`: the most urgent first, then who waits longest. `OPENED`: the newest first. `DUE`: what is due next. */
export type CaseOrder = 'SEVERITY' | 'OPENED' | 'DUE'

/** Where a case stands in a list. */
export interface CasePlace {
  severity: number
  openedAt: Date
  dueAt: Date
  id: string
}

export interface CaseRange {
  /** Those after it, in the order of the list. */
  after: CasePlace | undefined
  before: CasePlace | undefined
  /** Whether to begin at the end. */
  inverted: boolean
  limit: number
}

export type ListStore = ReturnType<typeof createListStore>

const sorted: Record<CaseOrder, { forwards: string; backwards: string }> = {
  SEVERITY: {
    forwards: 'c.severity desc, c.opened_at, c.id',
    backwards: 'c.severity, c.opened_at desc, c.id desc',
  },
  OPENED: { forwards: 'c.opened_at desc, c.id desc', backwards: 'c.opened_at, c.id' },
  DUE: { forwards: 'c.due_at, c.id', backwards: 'c.due_at desc, c.id desc' },
}

export function createListStore({ sql }: Pick<Postgres, 'sql'>) {
  return {
    /** Planned for what is asked each time: what to go through depends on which filters are given. */
    async list(
      scope: Scope,
      filter: CaseFilter,
      order: CaseOrder,
      range: CaseRange,
      now: Date,
      on: Sql = sql,
    ): Promise<ModerationCase[]> {
      const { where, values, add } = conditionsOf(scope, filter, now)
      for (const [place, side] of [[range.after, 'after'] as const, [range.before, 'before'] as const])
        if (place) where.push(beyond(order, place, side, add))
      const direction = sorted[order][range.inverted ? 'backwards' : 'forwards']
      const text = `select ${caseColumns} from moderation_cases c where ${where.join(' and ') || 'true'}
        order by ${direction} limit ${add(range.limit)}`
      return on<ModerationCase>({ name: '', text }, values)
    },
  }
}

type Add = (value: unknown) => string

function beyond(order: CaseOrder, { severity, openedAt, dueAt, id }: CasePlace, side: 'after' | 'before', add: Add) {
  const later = side === 'after' ? '>' : '<'
  const earlier = side === 'after' ? '<' : '>'
  if (order === 'OPENED') return `(c.opened_at, c.id) ${earlier} (${add(openedAt)}::timestamptz, ${add(id)}::uuid)`
  if (order === 'DUE') return `(c.due_at, c.id) ${later} (${add(dueAt)}::timestamptz, ${add(id)}::uuid)`
  const level = add(severity)
  // The first part is all that an index can be searched by.
  return `c.severity ${earlier}= ${level}::int and (c.severity ${earlier} ${level}::int
    or (c.opened_at, c.id) ${later} (${add(openedAt)}::timestamptz, ${add(id)}::uuid))`
}

function conditionsOf(scope: Scope, filter: CaseFilter, now: Date) {
  const where: string[] = []
  const values: unknown[] = []
  const add: Add = (value) => `$${values.push(value)}`
  const pending = `c.state in ('OPEN', 'ESCALATED')`
  const { states, assignee, claimed, overdue, appealOpen } = filter
  if (scope !== null) where.push(`(c.campus_id is null or c.campus_id = any(${add(scope)}::uuid[]))`)
  if (states) {
    // Named one by one, so that what only holds those that wait can be gone through.
    if (states.length > 0 && states.every((state) => state === 'OPEN' || state === 'ESCALATED')) where.push(pending)
    where.push(`c.state = any(${add(states)}::"CaseState"[])`)
  }
  if (filter.severityAtLeast != null) where.push(`c.severity >= ${add(filter.severityAtLeast)}`)
  if (filter.severityAtMost != null) where.push(`c.severity <= ${add(filter.severityAtMost)}`)
  if (assignee === 'none') where.push('c.assignee_id is null')
  else if (assignee) where.push(`c.assignee_id = ${add(assignee.id)}`)
  if (claimed === true) where.push(`c.claim_expires_at > ${add(now)}`)
  if (claimed === false) where.push(`(c.claim_expires_at is null or c.claim_expires_at <= ${add(now)})`)
  if (filter.kinds) where.push(`c.subject_kind = any(${add(filter.kinds)}::"SubjectKind"[])`)
  if (filter.reasons) where.push(`c.reasons && ${add(filter.reasons)}::text[]`)
  if (filter.campusIds) where.push(`c.campus_id = any(${add(filter.campusIds)}::uuid[])`)
  if (appealOpen != null) where.push(appealOpen ? 'c.appeal_open' : 'not c.appeal_open')
  if (filter.openedAfter) where.push(`c.opened_at > ${add(filter.openedAfter)}`)
  if (filter.openedBefore) where.push(`c.opened_at < ${add(filter.openedBefore)}`)
  if (overdue === true) where.push(`${pending} and c.due_at <= ${add(now)}`)
  if (overdue === false) where.push(`not (${pending} and c.due_at <= ${add(now)})`)
  return { where, values, add }
}
