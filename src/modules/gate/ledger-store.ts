import type { Postgres, Sql } from '../../platform/postgres.ts'
import type { RestrictionKind } from './errors.ts'
import type { Surface } from './writes.ts'

export interface Restriction {
  id: string
  personId: string
  surface: Surface | null
  kind: RestrictionKind
  reason: string
  explanation: string
  /** Null: the system. */
  authorId: string | null
  decisionId: string | null
  createdAt: Date
  /** Null: until it is revoked. */
  expiresAt: Date | null
  revokedAt: Date | null
}

export type NewRestriction = Omit<Restriction, 'revokedAt'>

export type LedgerStore = ReturnType<typeof createLedgerStore>

export const restrictionColumns = `r.id, r.person_id as "personId", r.surface, r.kind, r.reason, r.explanation,
  r.author_id as "authorId", r.decision_id as "decisionId", r.created_at as "createdAt", r.expires_at as "expiresAt",
  r.revoked_at as "revokedAt"`

/** What was ever imposed. Whoever writes here has locked the standing of the person before, so that its version tells the order. */
export function createLedgerStore({ sql }: Pick<Postgres, 'sql'>) {
  return {
    /** Inserts, unless the id or the decision has its restriction already: then that one. */
    async insert(tx: Sql, one: NewRestriction): Promise<Restriction> {
      const values = [
        ...[one.id, one.personId, one.surface, one.kind, one.reason, one.explanation, one.authorId, one.decisionId],
        ...[one.createdAt, one.expiresAt],
      ]
      const [made] = await tx<Restriction>(
        {
          name: 'gate-restriction-insert',
          text: `insert into restrictions as r (id, person_id, surface, kind, reason, explanation, author_id, decision_id, created_at, expires_at)
                 values ($1, $2, $3::"Surface", $4::"RestrictionKind", $5, $6, $7, $8, $9, $10)
                 on conflict do nothing returning ${restrictionColumns}`,
        },
        values,
      )
      if (made) return made
      const [known] = await tx<Restriction>(
        {
          name: 'gate-restriction-known',
          text: `select ${restrictionColumns} from restrictions r where r.id = $1 or r.decision_id = $2`,
        },
        [one.id, one.decisionId],
      )
      if (!known) throw new Error('neither inserted nor there')
      return known
    },

    /** Whom a restriction is about, by its id or its decision. */
    async find(tx: Sql, { id, decisionId }: { id: string | null; decisionId: string | null }) {
      const text = `select ${restrictionColumns} from restrictions r where r.id = $1 or r.decision_id = $2`
      const [found] = await tx<Restriction>({ name: 'gate-restriction-find', text }, [id, decisionId])
      return found
    },

    /** Ends it; undefined when it was revoked before. */
    async revoke(tx: Sql, id: string, by: string | null, nowMs: number): Promise<Restriction | undefined> {
      const [revoked] = await tx<Restriction>(
        {
          name: 'gate-restriction-revoke',
          text: `update restrictions r set revoked_at = $3, revoked_by = $2 where id = $1 and revoked_at is null
                 returning ${restrictionColumns}`,
        },
        [id, by, new Date(nowMs)],
      )
      return revoked
    },

    /** Those that hold now, the newest first. */
    async active(tx: Sql, personIds: readonly string[], nowMs: number): Promise<Restriction[]> {
      return tx<Restriction>(
        {
          name: 'gate-restrictions-active',
          text: `select ${restrictionColumns} from restrictions r
                 where r.person_id = any($1::uuid[]) and r.revoked_at is null and (r.expires_at is null or r.expires_at > $2)
                 order by r.created_at desc, r.id desc`,
        },
        [personIds, new Date(nowMs)],
      )
    },

    async byIds(ids: readonly string[]): Promise<Restriction[]> {
      const text = `select ${restrictionColumns} from restrictions r where r.id = any($1::uuid[])`
      return sql<Restriction>({ name: 'gate-restrictions-by-id', text }, [ids])
    },
  }
}
