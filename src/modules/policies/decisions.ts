import type { Surface } from './features.ts'

/** What is done about a write, the mildest first. */
export const policyActions = ['ALLOW', 'STRIP_LINKS', 'CHALLENGE', 'HIDE', 'SHADOW', 'REJECT'] as const
export type PolicyAction = (typeof policyActions)[number]

/** What a policy may hold a person back with. */
export const policyRestrictionKinds = ['MUTE', 'COOLDOWN', 'STRIP_LINKS', 'CHALLENGE', 'SHADOW'] as const

export interface PolicyRestriction {
  kind: (typeof policyRestrictionKinds)[number]
  /** Null: everywhere. */
  surface: Surface | null
  minutes: number
}

export interface PolicyDecision {
  action: PolicyAction
  /** 0 to 5. */
  severity: number
  /** Of every rule that matched: the one that decides is the first. */
  reasons: string[]
  /** The ids of those rules, in the same order. */
  rules: string[]
  restrict: PolicyRestriction | null
  openCase: boolean
}

/** What the active policy decides, and what the one in the shadow would. */
export interface Judgement {
  /** Null: no version was ever read, and the built-in one judged. */
  policyId: string | null
  decision: PolicyDecision
  shadow: { policyId: string; decision: PolicyDecision } | null
  /** Whether each regular expression that was tried has matched, by its name: what is kept in place of the text. */
  matched: Readonly<Record<string, boolean>>
}
