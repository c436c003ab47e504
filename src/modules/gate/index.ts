export { type Band, bandOf } from './bands.ts'
export type { ReputationKind } from './causes.ts'
export {
  ChallengeFailedError,
  ChallengeRequiredError,
  ContentRejectedError,
  RestrictedError,
  type RestrictionKind,
} from './errors.ts'
export type { Restriction } from './ledger-store.ts'
export type { Notice } from './passing.ts'
export { createGateService, type GateService } from './service.ts'
export type { Shadows } from './shadows.ts'
export type { ReputationEvent, Standing } from './standing-store.ts'
export type { Following, PersonName } from './supervising.ts'
export type { Gate, Passed, Surface, Write, WrittenKind } from './writes.ts'
