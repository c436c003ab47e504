import type { DurableSource } from '../../platform/delivery/topics.ts'
import type { KeysetRange } from '../../platform/keyset.ts'
import type { Postgres, Sql } from '../../platform/postgres.ts'
import type { Status, ToldStatus } from './statuses.ts'

export type StatusStore = ReturnType<typeof createStatusStore>

interface Row {
  seq: number
  data: Status
  at: Date
}

const toldOf = ({ seq, data, at }: Row): ToldStatus => ({ ...data, seq, at: at.toISOString() })

const idOf = (status: Status, name: 'decisionId' | 'reportId' | 'appealId'): string | null =>
  (name in status ? (status as unknown as Record<string, string>)[name] : null) ?? null

export function createStatusStore({ sql }: Pick<Postgres, 'sql'>) {
  const source: DurableSource = {
    async read(personId, after, limit) {
      const rows = await sql<{ head: number; seq: number | null; data: Status; at: Date }>(
        {
          name: 'enforcement-statuses-read',
          text: `select h.head, s.seq, s.data, s.at
                 from (select coalesce(max(seq), 0) as head from moderation_statuses where person_id = $1) h
                 left join lateral (
                   select seq, data, at from moderation_statuses where person_id = $1 and seq > $2 order by seq limit $3
                 ) s on true order by s.seq`,
        },
        [personId, after, limit],
      )
      const entries = rows.flatMap(({ seq, data, at }) =>
        seq === null ? [] : [{ seq, payload: toldOf({ seq, data, at }) }],
      )
      return { head: rows[0]?.head ?? 0, entries }
    },
    async positions(personIds) {
      const text = `select p.id, coalesce((select max(seq) from moderation_statuses s where s.person_id = p.id), 0) as head
                    from unnest($1::uuid[]) with ordinality p(id, place) order by p.place`
      const rows = await sql<{ head: number }>({ name: 'enforcement-statuses-heads', text }, [personIds])
      return rows.map(({ head }) => head)
    },
  }

  return {
    source,

    /** Appends at the person's next position. The lock on their standing is held until the transaction ends. */
    async append(tx: Sql, personId: string, status: Status): Promise<void> {
      await tx(
        {
          name: 'enforcement-statuses-append',
          text: `with head as (
                   insert into standings as s (person_id, status_seq) values ($1, 1)
                   on conflict (person_id) do update set status_seq = s.status_seq + 1 returning status_seq
                 )
                 insert into moderation_statuses (person_id, seq, kind, decision_id, report_id, appeal_id, data)
                 select $1, status_seq, $2, $3, $4, $5, $6 from head`,
        },
        [
          ...[personId, status.kind, idOf(status, 'decisionId'), idOf(status, 'reportId'), idOf(status, 'appealId')],
          JSON.stringify(status),
        ],
      )
    },

    /** The newest first in the order of the range; its keys are positions. */
    async list(personId: string, { from, to, order, limit }: KeysetRange): Promise<ToldStatus[]> {
      const rows = await sql<Row>(
        {
          name: `enforcement-statuses-${order}`,
          text: `select seq, data, at from moderation_statuses where person_id = $1 and seq > $2 and seq < $3
                 order by seq ${order} limit $4`,
        },
        [personId, from?.key ?? 0, Math.min(to?.key ?? 2 ** 31 - 1, 2 ** 31 - 1), limit],
      )
      return rows.map(toldOf)
    },

    /** The last of a person. */
    async latest(personId: string, limit: number): Promise<ToldStatus[]> {
      const text = 'select seq, data, at from moderation_statuses where person_id = $1 order by seq desc limit $2'
      const rows = await sql<Row>({ name: 'enforcement-statuses-latest', text }, [personId, limit])
      return rows.map(toldOf).reverse()
    },

    /** Who was told something within so many seconds, and up to where. */
    async recent(seconds: number, limit: number): Promise<{ personId: string; seq: number }[]> {
      const text = `select person_id as "personId", max(seq) as seq from moderation_statuses
                    where at > clock_timestamp() - make_interval(secs => $1) group by person_id limit $2`
      return sql({ name: 'enforcement-statuses-recent', text }, [seconds, limit])
    },

    async erase(personId: string): Promise<number> {
      const text = 'delete from moderation_statuses where person_id = $1 returning seq'
      return (await sql({ name: 'enforcement-statuses-erase', text }, [personId])).length
    },
  }
}
