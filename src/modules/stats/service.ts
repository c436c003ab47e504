// Invariant: no number that leaves this module speaks of fewer than ten people, alone or by subtraction.
import type { Clock } from '../../platform/clock.ts'
import type { Counters } from '../../platform/counters.ts'
import type { Delivery, DeliveryEngine } from '../../platform/delivery/index.ts'
import type { SessionService } from '../sessions/index.ts'
import { type StatsSnapshot, statsKey, statsTopic } from './events.ts'
import type { StatsStore, StoredDay } from './store.ts'
import { type ShownCell, shown, shownBreakdown } from './suppress.ts'

const dayMs = 24 * 60 * 60 * 1000
export const statsRanges = { TODAY: 1, LAST_7_DAYS: 7, LAST_30_DAYS: 30 } as const
export type StatsRange = keyof typeof statsRanges

export interface DayOfStats {
  date: string
  sessions: number | null
  matches: number | null
  categories: ShownCell[]
}

export interface StatsService {
  /** The days of a range, oldest first, today (UTC) last, as of the last release: once a minute. */
  days(range: StatsRange): Promise<DayOfStats[]>
  /** The last released number of open sessions. */
  activeSessions(): Promise<number | null>
  /** Snapshots after a cursor, then one a minute. */
  live(after: string | null, onSlow: () => void): Promise<AsyncIterable<Delivery<StatsSnapshot>>>
  /** Moves what was counted to Postgres and releases a snapshot. Run once a minute by a job; repeating it counts nothing twice. */
  release(): Promise<void>
}

export function createStatsService(deps: {
  store: StatsStore
  sessions: SessionService
  counters: Counters
  delivery: DeliveryEngine
  clock: Clock
}): StatsService {
  const { store, sessions, counters, delivery, clock } = deps
  const date = (ms: number) => new Date(ms).toISOString().slice(0, 10)

  const view = (day: StoredDay): DayOfStats => ({
    date: day.date,
    sessions: shown(day.sessions),
    matches: shown(day.matches),
    categories: shownBreakdown(day.categories),
  })

  return {
    async days(range) {
      const nowMs = clock.now()
      const found = await store.days(date(nowMs - (statsRanges[range] - 1) * dayMs), date(nowMs))
      return found.map(view)
    },

    async activeSessions() {
      const [head] = await delivery.log.positions([{ topic: statsTopic, key: statsKey }])
      if (!head || head.seq === 0) return null
      const { entries } = await delivery.log.read(statsTopic, statsKey, { epoch: head.epoch, seq: head.seq - 1 }, 1)
      return statsTopic.payload.safeParse(entries[0]?.payload).data?.activeSessions ?? null
    },

    live: (after, onSlow) => delivery.subscribe(statsTopic, statsKey, { after, onSlow }),

    async release() {
      const batch = await counters.take(clock.now())
      if (batch) {
        await store.add(batch)
        await counters.drop(batch)
      }
      const nowMs = clock.now()
      const [today] = (await store.days(date(nowMs), date(nowMs))).map(view)
      await delivery.publish(statsTopic, statsKey, {
        atMs: nowMs,
        activeSessions: shown(await sessions.countOpen()),
        sessionsToday: today?.sessions ?? 0,
        matchesToday: today?.matches ?? 0,
        categoriesToday: today?.categories ?? [],
      })
    },
  }
}
