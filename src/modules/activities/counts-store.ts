import type { CounterBatch } from '../../platform/counters.ts'
import type { Postgres } from '../../platform/postgres.ts'

/** All that is kept of spontaneous activities: how many a UTC day saw, with so many joins and messages. */
export interface ActivityCounts {
  /** Adds a batch of counts to their days, once however often it is tried. */
  add(batch: CounterBatch): Promise<void>
}

export function createActivityCounts({ transaction }: Pick<Postgres, 'transaction'>): ActivityCounts {
  return {
    add: ({ id, counts }) =>
      transaction(async (sql) => {
        const fresh = await sql(
          {
            name: 'activities-batch',
            text: 'insert into stats_batches (id) values ($1) on conflict do nothing returning id',
          },
          [id],
        )
        if (fresh.length === 0) return
        const days = new Map<string, Record<string, number>>()
        for (const [field, by] of counts) {
          const [name = '', date = ''] = field.split(' ')
          days.set(date, { ...days.get(date), [name]: by })
        }
        // In one order, so that two batches never wait for each other.
        for (const [date, { activities = 0, joins = 0, messages = 0 }] of [...days].sort(([a], [b]) =>
          a < b ? -1 : 1,
        )) {
          await sql(
            {
              name: 'activities-day',
              text: `insert into activity_daily_counts as kept (date, activities, joins, messages) values ($1::date, $2, $3, $4)
                     on conflict (date) do update set activities = kept.activities + excluded.activities,
                       joins = kept.joins + excluded.joins, messages = kept.messages + excluded.messages`,
            },
            [date, activities, joins, messages],
          )
        }
      }),
  }
}
