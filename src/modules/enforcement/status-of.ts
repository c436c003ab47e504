import type { Restriction } from '../gate/index.ts'
import type { Decision, ModerationAction } from './decisions.ts'
import { effectsOf } from './effects.ts'
import type { Status } from './statuses.ts'

/** So long a decision can be appealed, milliseconds. */
export const appealableMs = 30 * 24 * 60 * 60 * 1000

type Told = Exclude<ModerationAction, 'SHADOW'>

/** What the owner of a subject is told of a decision that is applied, or of its end. */
export function statusOf(decision: Decision, reverted: boolean): Status {
  const { id: decisionId, action, subject, reason, explanation, appliedAt, minutes } = decision
  const appliedMs = appliedAt?.getTime() ?? 0
  const { restriction } = effectsOf(subject.kind, decision)
  const until = restriction && minutes !== null ? isoOf(appliedMs + minutes * 60_000) : null
  return {
    ...{ kind: 'DECISION', decisionId, action: action as Told, subject, reason, explanation, reverted },
    surface: restriction?.surface ?? null,
    until: reverted ? null : until,
    appealableUntil: reverted ? null : isoOf(appliedMs + appealableMs),
  }
}

/** What somebody is told of a restriction that came without a decision, or of the end of any; null: nothing. */
export function restrictionStatusOf(
  { id, kind, surface, reason, explanation, expiresAt }: Restriction,
  revoked: boolean,
): Status | null {
  if (kind === 'SHADOW') return null
  const until = revoked ? null : (expiresAt?.toISOString() ?? null)
  return { kind: 'RESTRICTION', restrictionId: id, restriction: kind, surface, until, reason, explanation, revoked }
}

const isoOf = (ms: number) => new Date(ms).toISOString()
