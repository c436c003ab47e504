// Invariant: whatever changes how somebody stands counts once, and is written down with its cause.
import type { Clock } from '../../platform/clock.ts'
import { createId } from '../../platform/ids.ts'
import type { Postgres, Sql } from '../../platform/postgres.ts'
import { deltaOf, isNegative, type ReputationKind } from './causes.ts'
import type { LedgerStore } from './ledger-store.ts'
import type { Mirror } from './mirror.ts'
import type { Restrictions } from './restrictions.ts'
import type { Standing, StandingStore } from './standing-store.ts'
import type { Surface } from './writes.ts'

export interface Noted {
  /** An account or a device. */
  personId: string
  kind: ReputationKind
  surface: Surface | null
  /** Names what it follows from, `decision:<id>`: one cause counts once for a person. */
  cause: string
}

export interface Standings {
  /**
   * Changes how somebody stands, in the caller's transaction; `refresh` after its commit. False when this cause was counted before, or the
   * person is gone. Whoever had two things removed within a day may write nothing for a day. Repeating it is safe.
   */
  note(sql: Sql, noted: Noted): Promise<boolean>
  /** How these stand, by id; whoever nothing is known of stands as everybody does at first. */
  of(personIds: readonly string[]): Promise<Map<string, Standing>>
}

const dayMs = 24 * 60 * 60 * 1000
const removalsForBlock = 2
/** The reason of a block that follows from removals. */
const removals = 'removals'

export function createStandings(deps: {
  store: StandingStore
  restrictions: Restrictions
  ledger: LedgerStore
  mirror: Pick<Mirror, 'promise'>
  postgres: Pick<Postgres, 'sql'>
  clock: Clock
}): Standings {
  const { store, restrictions, ledger, mirror, clock } = deps

  /** Two removals within a day that were not undone, and nothing is written for the next. */
  async function judgeRemovals(sql: Sql, personId: string, nowMs: number) {
    const sinceMs = nowMs - dayMs
    const undone = await store.count(sql, personId, ['removed_undone'], sinceMs)
    const removed = (await store.count(sql, personId, ['removed'], sinceMs)) - undone
    const blocks = (await ledger.active(sql, [personId], nowMs)).filter(({ reason }) => reason === removals)
    if (removed < removalsForBlock) {
      for (const { id } of blocks) await restrictions.revoke(sql, { id, by: null })
    } else if (blocks.length === 0) {
      await restrictions.impose(sql, {
        ...{ personId, kind: 'BLOCK', surface: null, minutes: 24 * 60, reason: removals },
        explanation: 'More than one thing that you wrote was removed within a day.',
        ...{ authorId: null, decisionId: null },
      })
    }
  }

  return {
    async note(sql, { personId, kind, surface, cause }) {
      const nowMs = clock.now()
      if (!(await store.change(sql, personId, nowMs))) return false
      const { trust: trustDelta, risk: riskDelta } = deltaOf(kind)
      const event = {
        ...{ id: createId(nowMs), personId, kind, surface, trustDelta, riskDelta, cause },
        at: new Date(nowMs),
      }
      if (!(await store.note(sql, event, isNegative(kind)))) return false
      await mirror.promise(sql, personId)
      if (kind === 'removed' || kind === 'removed_undone') await judgeRemovals(sql, personId, nowMs)
      return true
    },

    async of(personIds) {
      const found = await store.standings(personIds, clock.now())
      return new Map(found.map((standing) => [standing.personId, standing]))
    },
  }
}
