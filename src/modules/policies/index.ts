export type { Judgement, PolicyAction, PolicyDecision, PolicyRestriction } from './decisions.ts'
export { type Features, type Signal, type Surface, signals, surfaces } from './features.ts'
export { createPolicyService, type JudgedWrite, type PolicyService } from './service.ts'
