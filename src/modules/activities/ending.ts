// Invariant: what is over leaves the map, then everything but coarse counts, or what an organizer keeps, each once, whatever dies half-way.
import type { Clock } from '../../platform/clock.ts'
import type { Area } from '../../platform/geo/index.ts'
import type { AuthorLabel } from './author-labels.ts'
import type { ActivityCounts } from './counts-store.ts'
import type { Due, EndedEvent, EndingStore } from './ending-store.ts'
import type { ActivityStore } from './store.ts'

/** One message of an organizer's event as it is kept. */
export interface ArchivedMessage {
  seq: number
  sentAtMs: number
  author: string
  body: string
}

export interface Ending {
  /**
   * Begins, ends and erases whatever is due, everywhere, and hands Postgres what it may keep. Safe to repeat, and to run in
   * two processes at once.
   */
  sweep(): Promise<void>
  /** Hands Postgres what waits for it. Safe to repeat. */
  settleAccounts(): Promise<void>
}

export function createEnding(deps: {
  store: ActivityStore
  ending: EndingStore
  counts: ActivityCounts
  clock: Clock
  /** Keeps what an organizer's event leaves. Safe to repeat. */
  archive(eventId: string, left: { joins: number; said: number; messages: ArchivedMessage[] }): Promise<unknown>
  authorLabel: AuthorLabel
}): Ending {
  const { store, ending, counts, clock, authorLabel } = deps

  const isNothing = ({ starts, ends, erase }: Due) => starts.length + ends.length + erase.length === 0

  async function advance(area: Area): Promise<Due> {
    for (;;) {
      const nowMs = clock.now()
      const due = await ending.due(area, nowMs)
      if (isNothing(due)) return due
      await Promise.all(due.starts.map((id) => ending.begin(id, nowMs)))
      await Promise.all(due.ends.map(({ id, atMs }) => ending.end(id, nowMs, atMs)))
      await Promise.all(due.erase.map((id) => ending.erase(id, nowMs)))
    }
  }

  async function moveCounts(area: Area): Promise<void> {
    const counters = ending.countersOf(area)
    for (;;) {
      const batch = await counters.take(clock.now())
      if (!batch) return
      await counts.add(batch)
      await counters.drop(batch)
    }
  }

  function archived({ eventId, said }: EndedEvent): ArchivedMessage[] {
    return said.map(({ seq, atMs, personId, body }) => ({
      ...{ seq, body, sentAtMs: atMs },
      author: authorLabel(eventId, personId),
    }))
  }

  async function archiveEvents(area: Area): Promise<void> {
    for (const event of await ending.ended(area)) {
      const { joins, messages: said } = event
      await deps.archive(event.eventId, { joins, said, messages: archived(event) })
      await ending.takeBack(area, event)
    }
  }

  /** Goes on after a failure, so that one area does not hold up the others, and fails in the end. */
  async function everywhere(work: (area: Area) => Promise<void>): Promise<void> {
    const failures: unknown[] = []
    for (const area of await store.areas()) await work(area).catch((error: unknown) => failures.push(error))
    if (failures.length > 0) throw failures[0]
  }

  return {
    async sweep() {
      const waiting: { area: Area; due: Due }[] = []
      const failed = await everywhere(async (area) => {
        const due = await advance(area)
        await ending.fade(area, clock.now())
        if (due.counted || due.noted) waiting.push({ area, due })
        else await ending.leaveArea(area, clock.now())
      }).catch((error: unknown) => ({ error }))
      // Only now, since Postgres may not answer: what is over ends without it.
      for (const { area, due } of waiting) {
        if (due.counted) await moveCounts(area)
        if (due.noted) await archiveEvents(area)
      }
      if (failed) throw failed.error
    },

    settleAccounts: () =>
      everywhere(async (area) => {
        await moveCounts(area)
        await archiveEvents(area)
      }),
  }
}
