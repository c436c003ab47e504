export { type AuditService, createAuditService } from './service.ts'
export { type AuditRecord, createAuditStore } from './store.ts'
