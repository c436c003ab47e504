export { ChallengeRequiredError, ContentRejectedError, RestrictedError, type RestrictionKind } from './errors.ts'
export { createGateService } from './service.ts'
export type { Gate, Passed, Surface, Write, WrittenKind } from './writes.ts'
