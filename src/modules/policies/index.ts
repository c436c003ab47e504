export type { Judgement, PolicyAction, PolicyDecision, PolicyRestriction } from './decisions.ts'
export { policyRestrictionKinds } from './decisions.ts'
export { ApprovalNeededError, OwnPolicyError, PolicyInvalidError, PolicyStateError } from './errors.ts'
export { type Features, type Signal, type Surface, signals, surfaces } from './features.ts'
export type { ReplayReport } from './replay-report.ts'
export type { PolicyReplay } from './replay-store.ts'
export {
  createPolicyService,
  type PolicyService,
  type PolicyTrial,
} from './service.ts'
export type { PolicyProblem } from './validation.ts'
export type { PolicyState, PolicyVersion } from './version-store.ts'
