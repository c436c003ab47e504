export type { NudgePayload } from './events.ts'
export { createMatchService, type Match, type MatchService, type SightingResult } from './service.ts'
export { createMatchStore } from './store.ts'
