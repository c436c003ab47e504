export type { Decision, DecisionState, Measure, ModerationAction, NewDecision } from './decisions.ts'
export { takesAdmin } from './decisions.ts'
export { DecisionRevertedError } from './errors.ts'
export { createEnforcementService, type EnforcementService, type Staff } from './service.ts'
export { appealableMs } from './status-of.ts'
export type { ToldStatus } from './statuses.ts'
export type {
  Beholder,
  ContentState,
  SubjectFacts,
  SubjectKind,
  SubjectName,
  SubjectSource,
  SubjectSources,
} from './subjects.ts'
