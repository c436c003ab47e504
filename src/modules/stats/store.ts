import type { CounterBatch } from '../../platform/counters.ts'
import type { Postgres } from '../../platform/postgres.ts'
import type { Cell } from './suppress.ts'

export interface StoredDay {
  date: string
  sessions: number
  matches: number
  categories: Cell[]
}

export interface StatsStore {
  /** Adds a batch of counts to their days, once however often it is tried. */
  add(batch: CounterBatch): Promise<void>
  /** The days from one to another, both included, oldest first; a day on which nothing was counted is there with zeros. */
  days(from: string, to: string): Promise<StoredDay[]>
}

export function createStatsStore(postgres: Postgres): StatsStore {
  return {
    async add({ id, counts }) {
      await postgres.transaction(async (sql) => {
        const fresh = await sql(
          {
            name: 'stats-batch',
            text: 'insert into stats_batches (id) values ($1) on conflict do nothing returning id',
          },
          [id],
        )
        if (fresh.length === 0) return
        await sql({
          name: 'stats-batch-forget',
          text: `delete from stats_batches where added_at < now() - interval '8 days'`,
        })
        for (const [field, by] of counts) {
          const [kind, date, category] = field.split(' ')
          if (kind === 'category') {
            await sql(
              {
                name: 'stats-category',
                text: `insert into interest_category_counts (date, category, count) values ($1::date, $2, $3)
                       on conflict (date, category) do update set count = interest_category_counts.count + excluded.count`,
              },
              [date, category, by],
            )
          } else {
            await sql(
              {
                name: 'stats-day',
                text: `insert into daily_stats (date, total_sessions, total_matches) values ($1::date, $2, $3)
                       on conflict (date) do update set total_sessions = daily_stats.total_sessions + excluded.total_sessions,
                                                        total_matches = daily_stats.total_matches + excluded.total_matches`,
              },
              [date, kind === 'sessions' ? by : 0, kind === 'matches' ? by : 0],
            )
          }
        }
      })
    },

    async days(from, to) {
      const rows = await postgres.sql<{ date: string; sessions: number; matches: number; categories: Cell[] }>(
        {
          name: 'stats-days',
          text: `select to_char(day, 'YYYY-MM-DD') as date, coalesce(d.total_sessions, 0) as sessions, coalesce(d.total_matches, 0) as matches,
                        coalesce((select json_agg(json_build_object('name', c.category, 'count', c.count) order by c.category)
                                  from interest_category_counts c where c.date = day), '[]') as categories
                 from generate_series($1::date, $2::date, interval '1 day') as day left join daily_stats d on d.date = day order by day`,
        },
        [from, to],
      )
      return rows
    },
  }
}
