export type { Notice } from './noticing.ts'
export { createModerationService, type ModerationService } from './service.ts'
