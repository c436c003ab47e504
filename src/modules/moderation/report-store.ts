import type { KeysetRange } from '../../platform/keyset.ts'
import type { Postgres, Sql } from '../../platform/postgres.ts'
import type { ReportReason } from './cases.ts'

/** A report, as its reporter is shown it. */
export interface Report {
  id: string
  caseId: string
  round: number
  reporterId: string | null
  reason: ReportReason
  note: string | null
  /** 0 to 1. */
  weight: number
  fingerprint: Buffer | null
  createdAt: Date
  /** Null while it is open. */
  outcome: 'ACTIONED' | 'DISMISSED' | null
  resolvedAt: Date | null
}

export type ReportStore = ReturnType<typeof createReportStore>

const columns = `reports.id, case_id as "caseId", round, reporter_id as "reporterId", reason, note, weight, fingerprint,
  created_at as "createdAt", outcome, resolved_at as "resolvedAt"`

const lowestId = '00000000-0000-0000-0000-000000000000'
const highestId = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

function ends({ from, to, limit }: KeysetRange): unknown[] {
  const at = (ms: number | undefined, end: string) => (ms === undefined ? end : new Date(ms))
  return [at(from?.key, '-infinity'), from?.id ?? lowestId, at(to?.key, 'infinity'), to?.id ?? highestId, limit]
}
const between = `(created_at, reports.id) > ($1::timestamptz, $2::uuid) and (created_at, reports.id) < ($3::timestamptz, $4::uuid)`

export function createReportStore({ sql }: Pick<Postgres, 'sql'>) {
  return {
    /** One person's reports come one after the other from here on, until the transaction ends. */
    async lockReporter(tx: Sql, reporterId: string): Promise<void> {
      const text = `select pg_advisory_xact_lock(hashtextextended('report:' || $1::text, 0))`
      await tx({ name: 'reports-lock', text }, [reporterId])
    },

    async byClientId(reporterId: string, clientId: string, on: Sql = sql): Promise<Report | undefined> {
      const text = `select ${columns} from reports where reporter_id = $1 and client_id = $2`
      return (await on<Report>({ name: 'reports-by-client-id', text }, [reporterId, clientId]))[0]
    },

    async insert(tx: Sql, { clientId, ...made }: Report & { clientId: string }): Promise<void> {
      await tx(
        {
          name: 'reports-insert',
          text: `insert into reports (id, case_id, round, reporter_id, reason, note, weight, client_id, fingerprint, created_at)
            values ($1, $2, $3, $4, $5::"ReportReason", $6, $7, $8, $9, $10)`,
        },
        [
          ...[made.id, made.caseId, made.round, made.reporterId, made.reason, made.note, made.weight, clientId],
          ...[made.fingerprint, made.createdAt],
        ],
      )
    },

    /** What there is of a round of a case: how much it weighs, and the report of this person. */
    async ofRound(tx: Sql, caseId: string, round: number, reporterId: string) {
      const text = `select coalesce(sum(weight), 0)::float8 as weight, (array_agg(id) filter (where reporter_id = $3))[1] as own
        from reports where case_id = $1 and round = $2`
      const [row] = await tx<{ weight: number; own: string | null }>({ name: 'reports-of-round', text }, [
        ...[caseId, round, reporterId],
      ])
      return row ?? { weight: 0, own: null }
    },

    async openOf(tx: Sql, reporterId: string): Promise<number> {
      const text = 'select count(*)::int as count from reports where reporter_id = $1 and outcome is null'
      const [row] = await tx<{ count: number }>({ name: 'reports-open-of', text }, [reporterId])
      return row?.count ?? 0
    },

    /** Says what became of those of a case that are open; whose they were, in the order of their ids. */
    async close(tx: Sql, caseId: string, outcome: 'ACTIONED' | 'DISMISSED', now: Date) {
      const text = `update reports set outcome = $2::"CaseState", resolved_at = $3 where case_id = $1 and outcome is null
        returning id, reporter_id as "reporterId"`
      const rows = await tx<{ id: string; reporterId: string | null }>({ name: 'reports-close', text }, [
        ...[caseId, outcome, now],
      ])
      const found = rows.flatMap(({ id, reporterId }) => (reporterId === null ? [] : [{ id, reporterId }]))
      return found.sort((a, b) => (a.reporterId < b.reporterId ? -1 : 1))
    },

    byIds(reporterIds: readonly string[], ids: readonly string[]): Promise<Report[]> {
      const text = `select ${columns} from reports where id = any($2::uuid[]) and reporter_id = any($1::uuid[])`
      return sql<Report>({ name: 'reports-by-ids', text }, [reporterIds, ids])
    },

    listOf(reporterIds: readonly string[], range: KeysetRange): Promise<Report[]> {
      const text = `select ${columns} from reports where reporter_id = any($6::uuid[]) and ${between}
        order by created_at ${range.order}, id ${range.order} limit $5`
      return sql<Report>({ name: `reports-list-of-${range.order}`, text }, [...ends(range), reporterIds])
    },

    listOfCases(caseIds: readonly string[], range: KeysetRange): Promise<Report[]> {
      const { order } = range
      const text = `select r.* from unnest($6::uuid[]) as of (id), lateral (
          select ${columns} from reports where case_id = of.id and ${between}
          order by created_at ${order}, reports.id ${order} limit $5) r
        order by r."createdAt" ${order}, r.id ${order}`
      return sql<Report>({ name: `reports-list-of-cases-${order}`, text }, [...ends(range), caseIds])
    },

    /** The reports are nobody's, and say nothing in their words any more. */
    async erase(tx: Sql, personId: string): Promise<number> {
      const text = `update reports set reporter_id = null, client_id = null, fingerprint = null, note = null where reporter_id = $1 returning id`
      return (await tx({ name: 'reports-erase', text }, [personId])).length
    },
  }
}
