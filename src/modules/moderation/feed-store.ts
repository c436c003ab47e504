import type { DurableSource } from '../../platform/delivery/topics.ts'
import type { KeysetRange } from '../../platform/keyset.ts'
import type { Postgres, Sql } from '../../platform/postgres.ts'
import { factsOf } from './case-filter.ts'
import { caseColumns } from './case-store.ts'
import type { CaseChange, ModerationCase } from './cases.ts'
import type { CaseChanged } from './events.ts'

export interface CaseEvent {
  seq: number
  caseId: string
  change: CaseChange
  at: Date
}

export type FeedStore = ReturnType<typeof createFeedStore>

/** Every change of every case, in one order without gaps: the log of the queue. */
export function createFeedStore({ sql }: Pick<Postgres, 'sql'>, clock: { now(): number }) {
  const source = {
    async read(_key: string, after: number, limit: number) {
      type Row = ModerationCase & { head: string; seq: string | null; caseId: string; change: CaseChange }
      const rows = await sql<Row>(
        {
          name: 'case-feed-read',
          text: `select f.last_seq as head, e.seq, e.case_id as "caseId", e.change, ${caseColumns} from case_feed f
            left join lateral (select seq, case_id, change from case_events where seq > $1 order by seq limit $2) e on true
            left join moderation_cases c on c.id = e.case_id
            where f.id = 1 order by e.seq`,
        },
        [after, limit],
      )
      const nowMs = clock.now()
      const entries = rows.flatMap((row) => {
        if (row.seq === null) return []
        const payload: CaseChanged = { caseId: row.caseId, change: row.change, is: factsOf(row, nowMs) }
        return [{ seq: Number(row.seq), payload }]
      })
      return { head: Number(rows[0]?.head ?? 0), entries }
    },
    async positions(keys: string[]) {
      const [row] = await sql<{ head: string }>(
        { name: 'case-feed-head', text: 'select last_seq as head from case_feed where id = 1' },
        [],
      )
      return keys.map(() => Number(row?.head ?? 0))
    },
  } satisfies DurableSource

  return {
    source,

    /** Writes changes down, in order, and answers the position of the last. Its lock is held until the transaction ends: make it the last but the audit. */
    async append(tx: Sql, caseId: string, changes: readonly CaseChange[]): Promise<number> {
      const text = `with feed as (update case_feed set last_seq = last_seq + cardinality($2::text[]) where id = 1 returning last_seq),
          told as (insert into case_events (seq, case_id, change)
            select feed.last_seq - cardinality($2::text[]) + c.place, $1, c.change
            from feed, unnest($2::text[]) with ordinality as c (change, place))
        select last_seq as seq from feed`
      const [row] = await tx<{ seq: string }>({ name: 'case-feed-append', text }, [caseId, changes])
      return Number(row?.seq)
    },

    /** The last change that was there a second ago: whoever wrote it has told of it by now, or never will. */
    async settled(): Promise<{ seq: number; caseId: string; change: CaseChange } | undefined> {
      const text = `select seq, case_id as "caseId", change from case_events
        where seq = (select last_seq from case_feed where id = 1) and at <= clock_timestamp() - interval '1 second'`
      const [row] = await sql<{ seq: string; caseId: string; change: CaseChange }>({ name: 'case-feed-settled', text })
      return row && { ...row, seq: Number(row.seq) }
    },

    /** What happened to each of these; places are seqs. */
    async histories(caseIds: readonly string[], { from, to, order, limit }: KeysetRange): Promise<CaseEvent[]> {
      const text = `select e.* from unnest($1::uuid[]) as of (id), lateral (
          select seq, case_id as "caseId", change, at from case_events
          where case_id = of.id and seq > $2 and seq < $3 order by seq ${order} limit $4) e
        order by e.seq ${order}`
      const values = [caseIds, from?.key ?? 0, to?.key ?? Number.MAX_SAFE_INTEGER, limit]
      const rows = await sql<Omit<CaseEvent, 'seq'> & { seq: string }>(
        { name: `case-histories-${order}`, text },
        values,
      )
      return rows.map((row) => ({ ...row, seq: Number(row.seq) }))
    },
  }
}
