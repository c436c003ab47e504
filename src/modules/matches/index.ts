export type { NudgePayload } from './events.ts'
export {
  createMatchService,
  type Match,
  type MatchService,
  type Nudge,
  type Sighting,
  type SightingResult,
  sightingsPerCall,
} from './service.ts'
export { createMatchStore } from './store.ts'
