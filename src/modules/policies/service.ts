// Invariant: one version judges everywhere, and what it decides follows from what is recorded of a write.
import type { Judgement } from './decisions.ts'
import type { Features } from './features.ts'

/** A write that was judged, as it is kept: never its text. */
export interface JudgedWrite {
  personId: string
  features: Features
  judgement: Judgement
}

export interface PolicyService {
  /** What is decided about a write, from memory. `folded` is its text as the scanner folds it: looked at, never kept. Never refuses. */
  judge(features: Features, folded: string): Judgement
  /** Notes what was judged, for replays. Returns at once and never fails. */
  record(write: JudgedWrite): void
}

export function createPolicyService(): PolicyService {
  return {
    judge: () => ({
      policyId: null,
      decision: { action: 'ALLOW', severity: 0, reasons: [], rules: [], restrict: null, openCase: false },
      shadow: null,
      matched: {},
    }),
    record: () => undefined,
  }
}
