export type { AuditFault } from './chain.ts'
export { type AuditService, createAuditService } from './service.ts'
export { type AuditEntry, type AuditRecord, createAuditStore } from './store.ts'
export type { AuditVerdict } from './verification.ts'
