// Invariant: what staff and the system did is written down with it, in one chain that nobody can change without being found out.
import type { Sql } from '../../platform/postgres.ts'
import type { AuditRecord, AuditStore } from './store.ts'

export interface AuditService {
  /** Writes down, in the transaction of what is done. Its lock is held until that ends: make it the last statement. */
  write(sql: Sql, record: AuditRecord): Promise<void>
}

export function createAuditService({ store }: { store: AuditStore }): AuditService {
  return { write: store.insert }
}
