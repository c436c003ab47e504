import type { Postgres, Sql } from '../../platform/postgres.ts'
import type { ReplayReport } from './replay-report.ts'

export interface PolicyReplay {
  id: string
  policyId: string
  since: Date
  until: Date
  state: 'QUEUED' | 'RUNNING' | 'DONE' | 'FAILED'
  requestedBy: string | null
  events: number
  report: ReplayReport | null
  digest: string | null
  createdAt: Date
  finishedAt: Date | null
}

export interface NewReplay {
  id: string
  policyId: string
  since: Date
  until: Date
  requestedBy: string
  clientId: string
  createdAt: Date
}

export type ReplayStore = ReturnType<typeof createReplayStore>

const columns = `id, policy_id as "policyId", since, until, state, requested_by as "requestedBy", events, report, digest,
  created_at as "createdAt", finished_at as "finishedAt"`

export function createReplayStore({ sql, transaction }: Pick<Postgres, 'sql' | 'transaction'>) {
  return {
    transaction,

    async byIds(ids: readonly string[]): Promise<PolicyReplay[]> {
      const text = `select ${columns} from policy_replays where id = any($1::uuid[])`
      return sql({ name: 'policies-replays', text }, [ids])
    },

    async byClientId(requestedBy: string, clientId: string): Promise<PolicyReplay | undefined> {
      const text = `select ${columns} from policy_replays where requested_by = $1 and client_id = $2`
      return (await sql<PolicyReplay>({ name: 'policies-replay-by-client-id', text }, [requestedBy, clientId]))[0]
    },

    /** Nothing if the client id was used meanwhile. */
    async insert(tx: Sql, replay: NewReplay): Promise<PolicyReplay | undefined> {
      const { id, policyId, since, until, requestedBy, clientId, createdAt } = replay
      const text = `insert into policy_replays (id, policy_id, since, until, requested_by, client_id, created_at)
                    values ($1, $2, $3, $4, $5, $6, $7) on conflict (requested_by, client_id) do nothing returning ${columns}`
      const values = [id, policyId, since, until, requestedBy, clientId, createdAt]
      return (await tx<PolicyReplay>({ name: 'policies-replay-insert', text }, values))[0]
    },

    async setRunning(id: string): Promise<void> {
      await sql({ name: 'policies-replay-run', text: `update policy_replays set state = 'RUNNING' where id = $1` }, [
        id,
      ])
    },

    async finish(id: string, { report, digest }: { report: ReplayReport; digest: string }, at: Date): Promise<void> {
      const text = `update policy_replays set state = 'DONE', events = $2, report = $3, digest = $4, finished_at = $5 where id = $1`
      await sql({ name: 'policies-replay-finish', text }, [id, report.events, JSON.stringify(report), digest, at])
    },

    async fail(id: string, at: Date): Promise<void> {
      const text = `update policy_replays set state = 'FAILED', finished_at = $2 where id = $1`
      await sql({ name: 'policies-replay-fail', text }, [id, at])
    },
  }
}
