// Invariant: nothing is written before it is judged, and a judgement costs at most one round trip to Redis.
import type { Clock } from '../../platform/clock.ts'
import type { Postgres, Sql } from '../../platform/postgres.ts'
import type { RedisConnections } from '../../platform/redis.ts'
import { RestrictedError } from './errors.ts'
import { createLedgerStore } from './ledger-store.ts'
import { createMirror } from './mirror.ts'
import { createMirrorStore } from './mirror-store.ts'
import { createRestrictions, type Restrictions } from './restrictions.ts'
import { createStandingStore } from './standing-store.ts'
import { createStandings, type Standings } from './standings.ts'
import { holdOf, restrictionsOn } from './state.ts'
import type { Gate } from './writes.ts'

export interface GateService extends Gate {
  restrictions: Restrictions
  standings: Standings
  /** Makes what was committed of a person hold at once, everywhere; whoever is banned is signed out. Repeating it is safe. */
  refresh(personId: string): Promise<void>
}

export function createGateService(deps: {
  postgres: Postgres
  redis: RedisConnections
  clock: Clock
  enqueue: (sql: Sql, job: string, payload: unknown, key: string) => Promise<void>
  /** Told, again and again, of an account that may not be signed in. */
  onBanned: (personId: string) => Promise<void>
}): GateService {
  const { postgres, clock } = deps
  const standingStore = createStandingStore(postgres)
  const mirror = createMirror({ ...deps, standings: standingStore, mirrors: createMirrorStore(deps.redis) })
  const ledger = createLedgerStore(postgres)
  const restrictions = createRestrictions({ ...{ ledger, mirror, postgres, clock }, standings: standingStore })
  const standings = createStandings({ ...{ restrictions, mirror, postgres, clock }, store: standingStore })

  return {
    ...{ restrictions, standings, refresh: mirror.refresh },
    async ask({ surface, personId, texts }) {
      const nowMs = clock.now()
      const active = restrictionsOn(await mirror.load(personId), surface, nowMs)
      const hold = holdOf(active, nowMs)
      if (hold) {
        const { kind, surface: where, explanation } = hold.restriction
        throw new RestrictedError({
          ...{ restriction: kind, surface: where, explanation, retryAfterMs: hold.retryAfterMs },
        })
      }
      const shadow = active.find(({ kind }) => kind === 'SHADOW')
      return { texts, hiddenBy: shadow?.id ?? null, written: () => undefined }
    },
  }
}
