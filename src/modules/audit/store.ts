import type { Postgres, Sql } from '../../platform/postgres.ts'

/** Something that staff or the system did. Its place, time and hash are the database's own. */
export interface AuditRecord {
  /** The account that did it; null for the system. */
  actorId: string | null
  /** In capitals: `CLAIM_CASE`, `READ_EVIDENCE`, … */
  action: string
  /** What it was done to, `case:<id>`, `policy:<id>`; never a person. */
  target: string
  /** Nothing personal. */
  detail?: Record<string, unknown>
  /** Whom it is about, a device or an account, and what of it is personal. Erased with them. */
  personId?: string | null
  personal?: Record<string, unknown> | null
}

export type AuditStore = ReturnType<typeof createAuditStore>

const insertText = `insert into audit_log (actor_id, action, target, detail, person_id, personal, personal_hash, previous_hash, hash)
  values ($1, $2, $3, $4, $5, $6, '', '', '')`

export function createAuditStore(_postgres: Pick<Postgres, 'sql' | 'transaction'>) {
  return {
    /** Writes in the transaction of what it tells of: neither is there without the other. The trigger chains it. */
    async insert(sql: Sql, { actorId, action, target, detail = {}, personId = null, personal = null }: AuditRecord) {
      const values = [actorId, action, target, JSON.stringify(detail), personId, personal && JSON.stringify(personal)]
      await sql({ name: 'audit-insert', text: insertText }, values)
    },
  }
}
