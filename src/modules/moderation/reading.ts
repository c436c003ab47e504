// Invariant: staff see the cases of their campuses, nobody sees who reported, and no words are read without that being written down.
import type { Clock } from '../../platform/clock.ts'
import { BadUserInputError, NotFoundError } from '../../platform/errors.ts'
import { isId } from '../../platform/ids.ts'
import { keysetCursor, keysetRange, type Listed, type PageRequest } from '../../platform/keyset.ts'
import type { Postgres } from '../../platform/postgres.ts'
import type { AuditService } from '../audit/index.ts'
import type { SubjectSources } from '../enforcement/index.ts'
import { listName, placeCursor, placeOf } from './case-cursors.ts'
import { type CaseFilter, isWithin } from './case-filter.ts'
import type { CaseStore } from './case-store.ts'
import { type CaseEvidence, isOverdue, type ModerationCase } from './cases.ts'
import type { EvidenceStore } from './evidence-store.ts'
import type { CaseEvent, FeedStore } from './feed-store.ts'
import type { CaseOrder, ListStore } from './list-store.ts'
import type { Report, ReportStore } from './report-store.ts'
import type { Scopes, Staff } from './scopes.ts'

export interface Reading {
  /** Cases of somebody's campuses. Refuses cursors of other lists. */
  cases(staff: Staff, filter: CaseFilter, order: CaseOrder, page: PageRequest): Promise<Listed<ModerationCase>[]>
  /** Those of these that somebody may see, by id. */
  casesById(staff: Staff, ids: readonly string[]): Promise<Map<string, ModerationCase>>
  /** One. Refuses those of other campuses, and what is not there, with NOT_FOUND. */
  case(staff: Staff, caseId: string): Promise<ModerationCase>
  /** Cases that whoever asks was shown already, by id. */
  shownCases(ids: readonly string[]): Promise<Map<string, ModerationCase>>
  /** The reports of cases that whoever asks was shown, the newest first. Refuses cursors of other lists. */
  reportsOfCases(caseIds: readonly string[], page: PageRequest): Promise<Map<string, Listed<Report>[]>>
  /** What happened to cases that whoever asks was shown, the newest first. Refuses cursors of other lists. */
  histories(caseIds: readonly string[], page: PageRequest): Promise<Map<string, Listed<CaseEvent>[]>>
  /** Whether it waits, and should have been decided by now. */
  isLate(found: ModerationCase): boolean
  /** What the subject of a case said, and says. Each reading is in the audit log before it is answered. Refuses as `case` does. */
  evidence(staff: Staff, caseId: string): Promise<CaseEvidence>
}

export function createReading(deps: {
  postgres: Postgres
  lists: ListStore
  stores: { cases: CaseStore; feed: FeedStore; reports: ReportStore; evidence: EvidenceStore }
  scopes: Scopes
  subjects: () => SubjectSources
  audit: Pick<AuditService, 'write'>
  clock: Clock
}): Reading {
  const { postgres, lists, scopes, subjects, audit, clock } = deps
  const { cases, feed, reports, evidence } = deps.stores

  async function visible(staff: Staff, ids: readonly string[]): Promise<Map<string, ModerationCase>> {
    const [scope, found] = await Promise.all([scopes.of(staff), cases.byIds(ids.filter(isId))])
    return new Map(found.filter(({ campusId }) => isWithin(scope, campusId)).map((one) => [one.id, one]))
  }

  async function one(staff: Staff, caseId: string): Promise<ModerationCase> {
    const found = (await visible(staff, [caseId])).get(caseId)
    if (!found) throw new NotFoundError()
    return found
  }

  return {
    async cases(staff, filter, order, page) {
      const { campusIds, assignee } = filter
      if (campusIds && !campusIds.every(isId)) throw new BadUserInputError('There is no such campus.', 'campusIds')
      if (assignee && assignee !== 'none' && !isId(assignee.id))
        throw new BadUserInputError('There is no such account.', 'assignee')
      const scope = await scopes.of(staff)
      const list = listName(scope, filter, order)
      const range = {
        after: placeOf(list, order, page.after, 'after'),
        before: placeOf(list, order, page.before, 'before'),
        ...{ inverted: page.inverted, limit: page.limit },
      }
      const rows = await lists.list(scope, filter, order, range, new Date(clock.now()))
      return rows.map((item) => ({ item, cursor: placeCursor(list, order, item) }))
    },

    casesById: visible,
    case: one,

    async shownCases(ids) {
      const found = await cases.byIds(ids.filter(isId))
      return new Map(found.map((item) => [item.id, item]))
    },

    async reportsOfCases(caseIds, page) {
      const list = 'reports of a case'
      const rows = await reports.listOfCases(caseIds, keysetRange(list, page, 'desc'))
      return byCase(caseIds, rows, ({ id, createdAt }) => keysetCursor(list, { key: createdAt.getTime(), id }))
    },

    async histories(caseIds, page) {
      const list = 'history of a case'
      const rows = await feed.histories(caseIds, keysetRange(list, page, 'desc'))
      return byCase(caseIds, rows, ({ caseId, seq }) => keysetCursor(list, { key: seq, id: caseId }))
    },

    isLate: (found) => isOverdue(found, clock.now()),

    async evidence(staff, caseId) {
      const { subjectKind, subjectId, ownerId } = await one(staff, caseId)
      const excerpts = await postgres.transaction(async (sql) => {
        const kept = await evidence.of(sql, caseId)
        await audit.write(sql, {
          ...{ actorId: staff.accountId, action: 'READ_EVIDENCE', target: `case:${caseId}`, personId: ownerId },
        })
        return kept
      })
      const facts = await subjects()[subjectKind].facts(subjectId)
      return { excerpts, now: facts?.text ?? null, state: facts?.state ?? null }
    },
  }
}

function byCase<Item extends { caseId: string }>(
  caseIds: readonly string[],
  rows: readonly Item[],
  cursorOf: (item: Item) => string,
): Map<string, Listed<Item>[]> {
  const found = new Map<string, Listed<Item>[]>(caseIds.map((id) => [id, []]))
  for (const item of rows) found.get(item.caseId)?.push({ item, cursor: cursorOf(item) })
  return found
}
