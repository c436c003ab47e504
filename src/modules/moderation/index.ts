export type { CaseFilter } from './case-filter.ts'
export type {
  CaseChange,
  CaseEvidence,
  CaseState,
  ModerationCase,
  ReportReason,
} from './cases.ts'
export { CaseClaimedError, CaseStateError, DuplicateReportError, ReportLimitError } from './errors.ts'
export type { CaseChanged } from './events.ts'
export type { CaseExport } from './exporting.ts'
export type { CaseEvent } from './feed-store.ts'
export type { CaseOrder } from './list-store.ts'
export type { Report } from './report-store.ts'
export type { NewReport } from './reporting.ts'
export type { Resolved, Verdict } from './resolving.ts'
export { createModerationService, type ModerationService } from './service.ts'
