// Invariant: what a person is told is theirs alone, in one order without gaps, and found again after any loss.
import type { Delivery, DeliveryEngine } from '../../platform/delivery/index.ts'
import { keysetCursor, keysetRange, type Listed, type PageRequest } from '../../platform/keyset.ts'
import { describeError, type Logger } from '../../platform/logger.ts'
import type { Sql } from '../../platform/postgres.ts'
import type { StatusStore } from './status-store.ts'
import { type Status, statusTopic, type ToldStatus } from './statuses.ts'
import type { WakeStore } from './wake-store.ts'

export interface Telling {
  /**
   * Tells a person something, in the caller's transaction, which then holds the lock on their standing: tell several in the order of their
   * ids, and call `wake` once it is committed. Each call is one more status.
   */
  tell(sql: Sql, personId: string, status: Status): Promise<void>
  /** Wakes whoever follows what the person is told. Returns at once and never fails: what is not told now is found by the sweep. */
  wake(personId: string): void
  /** What a person is told after a cursor, however old, then live. Refuses cursors of other streams; UNAVAILABLE while Redis is away. */
  statusEvents(
    personId: string,
    after: string | null,
    onSlow: () => void,
  ): Promise<AsyncIterableIterator<Delivery<ToldStatus>>>
  /** All of it, the newest first. Refuses cursors of other lists. */
  statuses(personId: string, page: PageRequest): Promise<Listed<ToldStatus>[]>
  /** Wakes those whom nobody woke. Safe to repeat, and to run in two processes at once. */
  wakeRecent(): Promise<void>
  settled(): Promise<void>
}

/** Rows are read so long after they were written: a transaction may commit late. */
const recentSeconds = 20
const recentAtMost = 5000
/** A person is rarely told more than this at once; what is missing in a stream it reads by itself. */
const wokenAtOnce = 4

export function createTelling(deps: {
  store: StatusStore
  wakes: WakeStore
  delivery: DeliveryEngine
  logger: Logger
}): Telling {
  const { store, wakes, delivery, logger } = deps
  const topic = statusTopic(store.source)
  const running = new Set<Promise<void>>()
  /** Up to where this process has woken whom: what it knows need not be done again. */
  let woken = new Map<string, number>()

  async function wakeUp(personId: string): Promise<void> {
    const told = await store.latest(personId, wokenAtOnce)
    const messages = told.map((status) => delivery.wakeUp(topic, personId, status.seq, status))
    await wakes.publish(messages)
    woken.set(personId, Math.max(told.at(-1)?.seq ?? 0, woken.get(personId) ?? 0))
  }

  return {
    tell: (sql, personId, status) => store.append(sql, personId, status),

    wake(personId) {
      const failed = (error: unknown) => logger.debug('enforcement: nobody is woken yet', describeError(error))
      const work: Promise<void> = wakeUp(personId)
        .catch(failed)
        .finally(() => running.delete(work))
      running.add(work)
    },

    statusEvents: (personId, after, onSlow) => delivery.subscribe(topic, personId, { after, onSlow }),

    async statuses(personId, page) {
      const list = `statuses of ${personId}`
      const rows = await store.list(personId, keysetRange(list, page, 'desc'))
      return rows.map((item) => ({ item, cursor: keysetCursor(list, { key: item.seq, id: personId }) }))
    },

    async wakeRecent() {
      const recent = await store.recent(recentSeconds, recentAtMost)
      for (const { personId, seq } of recent) if ((woken.get(personId) ?? 0) < seq) await wakeUp(personId)
      woken = new Map(recent.map(({ personId, seq }) => [personId, Math.max(seq, woken.get(personId) ?? 0)]))
    },

    async settled() {
      while (running.size > 0) await Promise.all(running)
    },
  }
}
