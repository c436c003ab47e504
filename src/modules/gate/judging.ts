import type { Features, Judgement, PolicyDecision, PolicyService, Signal } from '../policies/index.ts'
import { type FoundLink, stripLinks, type TextFindings } from '../scanning/index.ts'
import type { Counts } from './mirror-store.ts'
import { equalTexts, isFast, linkCoolOff } from './paces.ts'
import type { PersonState } from './state.ts'
import type { Surface } from './writes.ts'

/** What a write is judged by, besides its words. */
export function signalsOf(state: PersonState, counts: Counts, surface: Surface, nowMs: number): Signal[] {
  const found: Signal[] = []
  if (counts.equal >= equalTexts.count) found.push('duplicate_text')
  if (isFast(surface, counts.lately)) found.push('high_velocity')
  if (state.knownSinceMs > nowMs - linkCoolOff.newMs) found.push('new_person')
  if (state.linked) found.push('linked_to_banned')
  return found
}

export interface Seen {
  personId: string
  surface: Surface
  state: PersonState
  counts: Counts
  findings: TextFindings
}

/** What the policy says of a write; noted for replays. */
export function judge(policies: PolicyService, seen: Seen, nowMs: number): Judgement {
  const { personId, surface, state, counts, findings } = seen
  const signals = signalsOf(state, counts, surface, nowMs)
  const features: Features = { surface, text: findings.labels, image: {}, signals, trust: state.trust }
  const judgement = policies.judge(features, findings.folded)
  policies.record({ personId, features, judgement })
  return judgement
}

/** The texts without their links. */
export const withoutLinks = (texts: readonly string[], links: readonly FoundLink[]): readonly string[] =>
  links.length === 0 ? texts : texts.map(stripLinks)

/** Whether staff is to hear of it. */
export const isNoticed = ({ action, openCase }: PolicyDecision): boolean =>
  openCase || action === 'HIDE' || action === 'SHADOW'
