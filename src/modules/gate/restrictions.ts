// Invariant: a restriction holds from its commit until it expires or is revoked, on every node, and one decision has one at most.
import type { Clock } from '../../platform/clock.ts'
import { createId } from '../../platform/ids.ts'
import type { Postgres, Sql } from '../../platform/postgres.ts'
import type { RestrictionKind } from './errors.ts'
import type { LedgerStore, Restriction } from './ledger-store.ts'
import type { Mirror } from './mirror.ts'
import type { StandingStore } from './standing-store.ts'
import type { Surface } from './writes.ts'

export interface Imposed {
  /** Of the restriction to be; the same one again changes nothing. */
  id?: string
  /** An account or a device. */
  personId: string
  kind: RestrictionKind
  /** Null: everywhere. */
  surface: Surface | null
  /** Null: until it is revoked. */
  minutes: number | null
  /** For staff: `velocity`, `policy`, … */
  reason: string
  /** In plain words, for the person. */
  explanation: string
  /** Null: the system. */
  authorId: string | null
  decisionId: string | null
}

export interface Restrictions {
  /**
   * Restricts somebody, in the caller's transaction; `refresh` after its commit makes it hold at once. Refuses nothing: undefined when the
   * person is gone. Repeating it with the same id or decision gives the first one, also when that was revoked.
   */
  impose(sql: Sql, restriction: Imposed): Promise<Restriction | undefined>
  /** Ends one, in the caller's transaction, by its id or its decision. Undefined when there is none that was not revoked. Repeating it is safe. */
  revoke(
    sql: Sql,
    which: { id: string; by: string | null } | { decisionId: string; by: string | null },
  ): Promise<Restriction | undefined>
  /** Those that hold now, the newest first; also those that a person is not told of. */
  of(personId: string): Promise<Restriction[]>
}

const minuteMs = 60 * 1000

export function createRestrictions(deps: {
  ledger: LedgerStore
  standings: StandingStore
  mirror: Pick<Mirror, 'promise'>
  postgres: Pick<Postgres, 'sql'>
  clock: Clock
}): Restrictions {
  const { ledger, standings, mirror, postgres, clock } = deps
  return {
    async impose(sql, { id, minutes, ...rest }) {
      const nowMs = clock.now()
      if (!(await standings.change(sql, rest.personId, nowMs))) return undefined
      await mirror.promise(sql, rest.personId)
      const expiresAt = minutes === null ? null : new Date(nowMs + minutes * minuteMs)
      return ledger.insert(sql, { ...rest, id: id ?? createId(nowMs), createdAt: new Date(nowMs), expiresAt })
    },

    async revoke(sql, { by, ...which }) {
      const found = await ledger.find(sql, { id: null, decisionId: null, ...which })
      if (!found || found.revokedAt) return undefined
      const nowMs = clock.now()
      await standings.change(sql, found.personId, nowMs)
      await mirror.promise(sql, found.personId)
      return ledger.revoke(sql, found.id, by, nowMs)
    },

    of: (personId) => ledger.active(postgres.sql, [personId], clock.now()),
  }
}
