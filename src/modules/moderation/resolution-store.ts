import type { Sql } from '../../platform/postgres.ts'

export interface Resolution {
  actorId: string
  clientId: string
  caseId: string
  fingerprint: Buffer
  decisionId: string | null
}

/** What staff resolved by which client id. */
export function createResolutionStore() {
  return {
    async by(tx: Sql, actorId: string, clientId: string): Promise<Resolution[]> {
      const text = `select actor_id as "actorId", client_id as "clientId", case_id as "caseId", fingerprint, decision_id as "decisionId"
        from case_resolutions where actor_id = $1 and client_id = $2`
      return tx<Resolution>({ name: 'resolutions-by', text }, [actorId, clientId])
    },

    async insert(tx: Sql, made: Resolution): Promise<void> {
      const text = `insert into case_resolutions (actor_id, client_id, case_id, fingerprint, decision_id) values ($1, $2, $3, $4, $5)`
      const { actorId, clientId, caseId, fingerprint, decisionId } = made
      await tx({ name: 'resolutions-insert', text }, [actorId, clientId, caseId, fingerprint, decisionId])
    },

    async erase(tx: Sql, actorId: string): Promise<number> {
      const text = 'delete from case_resolutions where actor_id = $1 returning case_id'
      return (await tx({ name: 'resolutions-erase', text }, [actorId])).length
    },
  }
}

export type ResolutionStore = ReturnType<typeof createResolutionStore>
