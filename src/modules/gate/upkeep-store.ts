import type { Postgres, Sql } from '../../platform/postgres.ts'
import { calmRisk, trustGrowsTo } from './bands.ts'

const atOnce = 2000

export type UpkeepStore = ReturnType<typeof createUpkeepStore>

export function createUpkeepStore({ sql, transaction }: Pick<Postgres, 'sql' | 'transaction'>) {
  return {
    /**
     * Lets trust grow by one for each day that has begun, and risk fall by a twentieth an hour for who did nothing wrong for a day. A part at a
     * time; answers how many there were. Repeating it within the hour changes nothing more.
     */
    async decay(nowMs: number): Promise<number> {
      const rows = await sql(
        {
          name: 'gate-decay',
          text: `with due as (
                   select person_id, extract(epoch from date_trunc('day', $1::timestamptz, 'UTC')
                            - date_trunc('day', coalesce(decayed_at, known_since), 'UTC')) / 86400 as days,
                          risk > ${calmRisk} and (last_negative_at is null or last_negative_at <= $1::timestamptz - interval '24 hours')
                            and coalesce(decayed_at, '-infinity') <= $1::timestamptz - interval '59 minutes' as calms
                   from standings
                   where coalesce(decayed_at, known_since) <= $1::timestamptz - interval '59 minutes' and (risk > ${calmRisk} or trust < ${trustGrowsTo})
                 )
                 update standings s set decayed_at = $1, version = s.version + 1,
                        trust = case when trust < ${trustGrowsTo} then least(${trustGrowsTo}, trust + greatest(0, due.days)::int) else trust end,
                        risk = case when due.calms then risk - floor(risk * 0.05)::int else risk end
                 from due where s.person_id in (
                   select person_id from due where due.calms or (due.days > 0) order by person_id limit ${atOnce}
                 ) and s.person_id = due.person_id
                 returning 1 as changed`,
        },
        [new Date(nowMs)],
      )
      return rows.length
    },

    /** How many accounts that were signed in on the device of this one's first signing-in were banned lately. */
    async bannedBeside(accountId: string, sinceMs: number): Promise<number> {
      const [row] = await sql<{ count: number }>(
        {
          name: 'gate-banned-beside',
          text: `select count(distinct r.person_id)::int as count from sign_ins own
                 join sign_ins s on s.device_id = own.device_id and s.account_id <> own.account_id
                 join restrictions r on r.person_id = s.account_id and r.kind = 'BAN' and r.created_at > $2 and r.revoked_at is null
                 where own.account_id = $1`,
        },
        [accountId, new Date(sinceMs)],
      )
      return row?.count ?? 0
    },

    /** Deletes what is known of a person, and their name from what they imposed on others; tells how much that was. */
    erase: (personId: string): Promise<number> =>
      transaction(async (tx: Sql) => {
        const texts = {
          standings: 'delete from standings where person_id = $1 returning 1 as done',
          events: 'delete from reputation_events where person_id = $1 returning 1 as done',
          restrictions: 'delete from restrictions where person_id = $1 returning 1 as done',
          authors: 'update restrictions set author_id = null where author_id = $1 returning 1 as done',
          revokers: 'update restrictions set revoked_by = null where revoked_by = $1 returning 1 as done',
        }
        let erased = 0
        for (const [name, text] of Object.entries(texts))
          erased += (await tx({ name: `gate-erase-${name}`, text }, [personId])).length
        return erased
      }),
  }
}
