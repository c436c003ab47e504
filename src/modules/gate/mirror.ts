// Invariant: what Redis says of a person was true in Postgres, and nothing newer had been here before.
import type { Clock } from '../../platform/clock.ts'
import type { Sql } from '../../platform/postgres.ts'
import type { MirrorStore } from './mirror-store.ts'
import type { StandingStore } from './standing-store.ts'
import { isActive, type PersonState } from './state.ts'

export interface Mirror {
  /** Has the person mirrored once the transaction is committed, whoever dies. Part of every change. */
  promise(sql: Sql, personId: string): Promise<void>
  /** Mirrors the person at once; whoever is banned is signed out. For after the commit, and for the job. Repeating it is safe. */
  refresh(personId: string): Promise<void>
  /** The person as Postgres has them. */
  load(personId: string): Promise<PersonState>
}

/** Whoever answered a challenge is not asked again for so long. */
const answerCountsMs = 60 * 60 * 1000

export function createMirror(deps: {
  standings: StandingStore
  mirrors: MirrorStore
  clock: Clock
  enqueue: (sql: Sql, job: string, payload: unknown, key: string) => Promise<void>
  /** Told, again and again, of an account that may not be signed in. */
  onBanned: (personId: string) => Promise<void>
}): Mirror {
  const { standings, mirrors, clock, enqueue, onBanned } = deps
  const load = (personId: string) => standings.state(personId, clock.now(), clock.now() - answerCountsMs)
  return {
    promise: (sql, personId) => enqueue(sql, 'mirror-person', { personId }, `mirror-person:${personId}`),
    load,
    async refresh(personId) {
      const state = await load(personId)
      // Signing out does not wait for a Redis that is away.
      const nowMs = clock.now()
      if (state.restrictions.some((one) => one.kind === 'BAN' && isActive(one, nowMs))) await onBanned(personId)
      if (state.known) await mirrors.put(personId, state)
    },
  }
}
