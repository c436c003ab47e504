import type { KeysetRange } from '../../platform/keyset.ts'
import type { Postgres, Sql } from '../../platform/postgres.ts'
import type { PolicyDocument } from './documents.ts'

export type PolicyState = 'DRAFT' | 'SHADOW' | 'ACTIVE' | 'RETIRED'

/** One version of what is allowed. */
export interface PolicyVersion {
  id: string
  /** 1, 2, 3, … */
  number: number
  document: PolicyDocument
  note: string
  state: PolicyState
  createdBy: string | null
  createdAt: Date
  activatedAt: Date | null
  activatedBy: string | null
  approvedBy: string | null
  approvedAt: Date | null
}

export interface NewVersion {
  id: string
  document: PolicyDocument
  note: string
  createdBy: string
  clientId: string
  fingerprint: Buffer
  createdAt: Date
}

/** What judges now: told apart without reading documents. */
export interface InForce {
  id: string
  state: 'ACTIVE' | 'SHADOW'
}

export type VersionStore = ReturnType<typeof createVersionStore>

const columns = `id, number, document, note, state, created_by as "createdBy", created_at as "createdAt", activated_at as "activatedAt",
  activated_by as "activatedBy", approved_by as "approvedBy", approved_at as "approvedAt"`
/** Any number will do, as long as nothing else locks by it. */
const versionsLock = 7_101_005

export function createVersionStore({ sql, transaction }: Pick<Postgres, 'sql' | 'transaction'>) {
  return {
    /** Puts the first version there and in force, unless there is one: whoever comes first. */
    async putFirst(id: string, document: PolicyDocument, note: string, at: Date): Promise<void> {
      const text = `insert into policy_versions (id, number, document, note, state, created_at, activated_at)
                    select $1, 1, $2, $3, 'ACTIVE', $4, $4 where not exists (select from policy_versions) on conflict do nothing`
      await sql({ name: 'policies-put-first', text }, [id, JSON.stringify(document), note, at])
    },

    inForce: (): Promise<InForce[]> =>
      sql({
        name: 'policies-in-force',
        text: `select id, state from policy_versions where state in ('ACTIVE', 'SHADOW')`,
      }),

    async byIds(ids: readonly string[]): Promise<PolicyVersion[]> {
      return sql(
        { name: 'policies-by-ids', text: `select ${columns} from policy_versions where id = any($1::uuid[])` },
        [ids],
      )
    },

    async active(): Promise<PolicyVersion | undefined> {
      const text = `select ${columns} from policy_versions where state = 'ACTIVE'`
      return (await sql<PolicyVersion>({ name: 'policies-active', text }))[0]
    },

    /** By number. */
    list({ from, to, order, limit }: KeysetRange): Promise<PolicyVersion[]> {
      const text = `select ${columns} from policy_versions where ($1::int is null or number > $1) and ($2::int is null or number < $2)
                    order by number ${order} limit $3`
      return sql({ name: `policies-list-${order}`, text }, [from?.key ?? null, to?.key ?? null, limit])
    },

    async byClientId(createdBy: string, clientId: string): Promise<{ id: string; fingerprint: Buffer } | undefined> {
      const text = 'select id, fingerprint from policy_versions where created_by = $1 and client_id = $2'
      const rows = await sql<{ id: string; fingerprint: Buffer }>({ name: 'policies-by-client-id', text }, [
        createdBy,
        clientId,
      ])
      return rows[0]
    },

    /** Changes one version at a time, over all of them and all nodes, all of it or nothing. */
    change: <T>(work: (tx: Sql) => Promise<T>): Promise<T> =>
      transaction(async (tx) => {
        await tx({ name: 'policies-lock', text: 'select pg_advisory_xact_lock($1)' }, [versionsLock])
        return work(tx)
      }),

    /** Nothing if the client id was used meanwhile. */
    async insert(tx: Sql, version: NewVersion): Promise<PolicyVersion | undefined> {
      const { id, document, note, createdBy, clientId, fingerprint, createdAt } = version
      const text = `insert into policy_versions (id, number, document, note, created_by, client_id, fingerprint, created_at)
                    select $1, coalesce(max(number), 0) + 1, $2, $3, $4, $5, $6, $7 from policy_versions
                    on conflict (created_by, client_id) do nothing returning ${columns}`
      const values = [id, JSON.stringify(document), note, createdBy, clientId, fingerprint, createdAt]
      return (await tx<PolicyVersion>({ name: 'policies-insert', text }, values))[0]
    },

    async locked(tx: Sql, id: string): Promise<PolicyVersion | undefined> {
      const text = `select ${columns} from policy_versions where id = $1 for update`
      return (await tx<PolicyVersion>({ name: 'policies-locked', text }, [id]))[0]
    },

    /** Takes whichever version is in this state out of it, and tells its number: one that has judged is retired. */
    async vacate(tx: Sql, state: InForce['state']): Promise<number | null> {
      const text = `update policy_versions set state = case when activated_at is null then 'DRAFT' else 'RETIRED' end::"PolicyState"
                    where state = $1 returning number`
      const [row] = await tx<{ number: number }>({ name: 'policies-vacate', text }, [state])
      return row?.number ?? null
    },

    async setState(tx: Sql, id: string, state: PolicyState): Promise<PolicyVersion> {
      return updated(tx, 'policies-set-state', 'state = $2', [id, state])
    },

    async activate(tx: Sql, id: string, activatedBy: string, at: Date): Promise<PolicyVersion> {
      const set = `state = 'ACTIVE', activated_by = $2, activated_at = $3`
      return updated(tx, 'policies-activate', set, [id, activatedBy, at])
    },

    async approve(tx: Sql, id: string, approvedBy: string, at: Date): Promise<PolicyVersion> {
      return updated(tx, 'policies-approve', 'approved_by = $2, approved_at = $3', [id, approvedBy, at])
    },

    /** What an erased account has made stays, and is nobody's. */
    async forget(accountId: string): Promise<number> {
      const text = `with versions as (
          update policy_versions set created_by = nullif(created_by, $1), activated_by = nullif(activated_by, $1),
            approved_by = nullif(approved_by, $1) where $1 in (created_by, activated_by, approved_by) returning 1),
        replays as (update policy_replays set requested_by = null where requested_by = $1 returning 1)
        select (select count(*) from versions)::int + (select count(*) from replays)::int as count`
      const [row] = await sql<{ count: number }>({ name: 'policies-forget', text }, [accountId])
      return row?.count ?? 0
    },
  }
}

async function updated(tx: Sql, name: string, set: string, values: unknown[]): Promise<PolicyVersion> {
  const text = `update policy_versions set ${set} where id = $1 returning ${columns}`
  const [row] = await tx<PolicyVersion>({ name, text }, values)
  if (!row) throw new Error('update returned nothing')
  return row
}
