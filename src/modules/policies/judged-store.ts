import type { Postgres } from '../../platform/postgres.ts'
import type { Surface } from './features.ts'

/** A judged write on its way to its table. */
export interface JudgedRow {
  at: Date
  surface: Surface
  personId: string
  features: object
  policyId: string | null
  decision: object
  shadowPolicyId: string | null
  shadowDecision: object | null
}

/** What a replay reads of one. */
export interface PastWrite {
  id: string
  at: Date
  surface: Surface
  personId: string
  /** JSON, the same for the same features. */
  features: string
  action: string
}

/** The place after a write, in the order of time; the id of a row is a whole number. */
export type After = Pick<PastWrite, 'id' | 'at'> | undefined

export type JudgedStore = ReturnType<typeof createJudgedStore>

const columns = `id::text as id, at, surface, person_id as "personId", features::text as features, decision ->> 'action' as action`

export function createJudgedStore({ sql }: Pick<Postgres, 'sql'>) {
  return {
    async insert(rows: readonly JudgedRow[]): Promise<void> {
      const text = `insert into judged_writes (at, surface, person_id, features, policy_id, decision, shadow_policy_id, shadow_decision)
        select * from unnest($1::timestamptz[], $2::"Surface"[], $3::uuid[], $4::jsonb[], $5::uuid[], $6::jsonb[], $7::uuid[], $8::jsonb[])`
      const column = <T>(of: (row: JudgedRow) => T) => rows.map(of)
      await sql({ name: 'policies-judged-insert', text }, [
        ...[column(({ at }) => at), column(({ surface }) => surface), column(({ personId }) => personId)],
        ...[column(({ features }) => JSON.stringify(features)), column(({ policyId }) => policyId)],
        ...[column(({ decision }) => JSON.stringify(decision)), column(({ shadowPolicyId }) => shadowPolicyId)],
        column(({ shadowDecision }) => shadowDecision && JSON.stringify(shadowDecision)),
      ])
    },

    /** The next ones after a place, oldest first, of those since one time and before another. */
    page(since: Date, until: Date, after: After, limit: number): Promise<PastWrite[]> {
      const text = `select ${columns} from judged_writes where (at, id) > ($1::timestamptz, $2::bigint) and at < $3 order by judged_writes.at, judged_writes.id limit $4`
      return sql({ name: 'policies-judged-page', text }, [after?.at ?? since, after?.id ?? 0, until, limit])
    },

    /** The next ones before a place, newest first. */
    pageBack(since: Date, before: After, limit: number): Promise<PastWrite[]> {
      const text = `select ${columns} from judged_writes where at >= $1 and ($2::timestamptz is null or (at, id) < ($2, $3::bigint))
                    order by judged_writes.at desc, judged_writes.id desc limit $4`
      return sql({ name: 'policies-judged-page-back', text }, [since, before?.at ?? null, before?.id ?? null, limit])
    },

    /** A part of what is older, so that no statement takes long. Tells how many there were. */
    async dropBefore(before: Date, limit: number): Promise<number> {
      const text = `with old as (select id from judged_writes where at < $1 order by at, id limit $2),
                         dropped as (delete from judged_writes where id in (select id from old) returning 1)
                    select count(*)::int as count from dropped`
      const [row] = await sql<{ count: number }>({ name: 'policies-judged-drop', text }, [before, limit])
      return row?.count ?? 0
    },

    async erase(personId: string): Promise<number> {
      const text = `with erased as (delete from judged_writes where person_id = $1 returning 1) select count(*)::int as count from erased`
      const [row] = await sql<{ count: number }>({ name: 'policies-judged-erase', text }, [personId])
      return row?.count ?? 0
    },
  }
}
