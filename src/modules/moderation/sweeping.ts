// Invariant: a claim that ran out is back in the queue within two seconds, and what nobody told is told.
import type { Clock } from '../../platform/clock.ts'
import { take } from './case-machine.ts'
import type { CaseStore } from './case-store.ts'
import type { CaseWork, Done } from './case-work.ts'
import type { FeedStore } from './feed-store.ts'

export interface Sweeping {
  /** Ends claims, says what is overdue, and wakes whom nobody woke. Safe to repeat, and to run in two processes at once. */
  sweep(): Promise<void>
}

export function createSweeping(deps: { work: CaseWork; cases: CaseStore; feed: FeedStore; clock: Clock }): Sweeping {
  const { work, cases, feed, clock } = deps
  /** Up to where this process knows that everybody was woken. */
  let woken = 0

  async function settle(caseId: string) {
    const done = await work.transaction(async (sql): Promise<Done | undefined> => {
      const current = await cases.lock(sql, caseId)
      if (!current) return undefined
      const nowMs = clock.now()
      const freed = take(current, { kind: 'lease ended' }, nowMs)
      const base = typeof freed === 'string' ? { next: current, changes: [] } : freed
      const late = take(base.next, { kind: 'late' }, nowMs)
      const { next, changes } = typeof late === 'string' ? { next: base.next, changes: [] } : late
      return work.record(sql, current, next, [...base.changes, ...changes])
    })
    done?.told()
  }

  async function wakeMissed() {
    const last = await feed.settled()
    if (!last || last.seq <= woken) return
    const { entries } = await feed.source.read('all', last.seq - 1, 1)
    const payload = entries[0]?.payload
    if (payload) await work.wakeNow(last.seq, payload)
    woken = last.seq
  }

  return {
    async sweep() {
      for (const { id } of await cases.runOut(new Date(clock.now()))) await settle(id)
      await wakeMissed()
    },
  }
}
