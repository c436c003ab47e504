// Invariant: what is exported names no reporter and runs as no formula, and who exported it is known.
import type { Clock } from '../../platform/clock.ts'
import type { Postgres } from '../../platform/postgres.ts'
import type { Limit, RateLimiter } from '../../platform/rate-limit.ts'
import type { AuditService } from '../audit/index.ts'
import { listName, placeCursor, placeOf } from './case-cursors.ts'
import { type CaseFilter, filterName } from './case-filter.ts'
import type { ModerationCase } from './cases.ts'
import { csvOf } from './csv.ts'
import type { ListStore } from './list-store.ts'
import type { Scopes, Staff } from './scopes.ts'

export interface CaseExport {
  csv: string
  rows: number
  endCursor: string | null
  hasNextPage: boolean
}

export interface Exporting {
  /**
   * Cases as CSV, the newest first, 5,000 at a time. For ADMIN. Refuses more than one a minute with RATE_LIMITED, and cursors of other
   * exports.
   */
  exportCases(admin: Staff, filter: CaseFilter, after: string | null): Promise<CaseExport>
}

const rowsAtMost = 5000
const exportLimit: Limit = { name: 'export-cases', count: 1, windowMs: 60_000 }

const columns: { name: string; of(found: ModerationCase): unknown }[] = [
  { name: 'id', of: ({ id }) => id },
  { name: 'subject', of: ({ subjectKind }) => subjectKind },
  { name: 'state', of: ({ state }) => state },
  { name: 'reasons', of: ({ reasons }) => reasons.join(' ') },
  { name: 'severity', of: ({ severity }) => severity },
  { name: 'round', of: ({ round }) => round },
  { name: 'reports', of: ({ reportCount }) => reportCount },
  { name: 'escalation', of: ({ escalationLevel }) => escalationLevel },
  { name: 'assignee', of: ({ assigneeId }) => assigneeId },
  { name: 'campus', of: ({ campusId }) => campusId },
  { name: 'appeal', of: ({ appealOpen }) => (appealOpen ? 'open' : '') },
  { name: 'opened', of: ({ openedAt }) => openedAt },
  { name: 'due', of: ({ dueAt }) => dueAt },
  { name: 'resolved', of: ({ resolvedAt }) => resolvedAt },
]

export function createExporting(deps: {
  postgres: Postgres
  lists: ListStore
  scopes: Scopes
  audit: Pick<AuditService, 'write'>
  limiter: RateLimiter
  clock: Clock
}): Exporting {
  const { postgres, lists, scopes, audit, limiter, clock } = deps
  return {
    async exportCases(admin, filter, after) {
      const scope = await scopes.of(admin)
      const list = `export ${listName(scope, filter, 'OPENED')}`
      const place = placeOf(list, 'OPENED', after ?? undefined, 'after')
      await limiter.take(exportLimit, admin.accountId)
      const range = { after: place, before: undefined, inverted: false, limit: rowsAtMost + 1 }
      const found = await postgres.transaction(async (sql) => {
        const rows = await lists.list(scope, filter, 'OPENED', range, new Date(clock.now()), sql)
        const detail = { filter: filterName(filter), rows: Math.min(rows.length, rowsAtMost) }
        await audit.write(sql, { actorId: admin.accountId, action: 'EXPORT_CASES', target: 'cases', detail })
        return rows
      })
      const rows = found.slice(0, rowsAtMost)
      const last = rows.at(-1)
      return {
        csv: csvOf(
          columns.map(({ name }) => name),
          rows.map((row) => columns.map(({ of }) => of(row))),
        ),
        rows: rows.length,
        endCursor: last ? placeCursor(list, 'OPENED', last) : null,
        hasNextPage: found.length > rowsAtMost,
      }
    },
  }
}
