import { BadUserInputError } from '../../platform/errors.ts'
import { checkedText } from '../../platform/text.ts'
import type { Surface } from '../gate/index.ts'
import type { SubjectName } from './subjects.ts'

export type ModerationAction = 'WARN' | 'HIDE' | 'REMOVE' | 'SHADOW' | 'MUTE' | 'RESTRICT' | 'BAN'
export type DecisionState = 'PENDING' | 'APPLIED' | 'REVERTING' | 'REVERTED'

/** What is to be done to a subject, and for how long. */
export interface Measure {
  action: ModerationAction
  /** Of MUTE, RESTRICT and SHADOW: where; null: everywhere. */
  surface: Surface | null
  /** Of MUTE, RESTRICT, SHADOW and BAN; null: until it is undone. */
  minutes: number | null
  /** One word or a few, for lists. */
  reason: string
  /** In plain words, for the owner of the subject. */
  explanation: string
}

export interface NewDecision extends Measure {
  /** Made up if it is not given. The same one again is the same decision. */
  id?: string
  caseId: string | null
  subject: SubjectName
  /** The person that answers for the subject. */
  ownerId: string | null
  /** For staff. */
  note?: string
  /** Null: the system. */
  decidedBy: string | null
  policyId?: string | null
  rule?: string | null
  clientId?: string | null
  fingerprint?: Buffer | null
}

export interface Decision extends Measure {
  id: string
  caseId: string | null
  subject: SubjectName
  ownerId: string | null
  note: string
  decidedBy: string | null
  policyId: string | null
  rule: string | null
  clientId: string | null
  fingerprint: Buffer | null
  state: DecisionState
  decidedAt: Date
  appliedAt: Date | null
  revertedBy: string | null
  revertReason: string | null
  revertedAt: Date | null
}

const longestMinutes = 10 * 365 * 24 * 60
const withSurface: readonly ModerationAction[] = ['MUTE', 'RESTRICT', 'SHADOW']
const withMinutes: readonly ModerationAction[] = [...withSurface, 'BAN']

/** Whether only ADMIN may decide it, and undo it: bans, and what silences somebody without an end. */
export const takesAdmin = ({ action, minutes }: Pick<Measure, 'action' | 'minutes'>): boolean =>
  action === 'BAN' || ((action === 'MUTE' || action === 'RESTRICT') && minutes === null)

/** A measure as it may be taken. Refuses what its action does not have, and texts by `checkedText`. */
export function checkedMeasure(measure: Measure): Measure {
  const { action, surface, minutes } = measure
  if (surface !== null && !withSurface.includes(action))
    throw new BadUserInputError(`${action} has no surface.`, 'surface')
  if (minutes !== null && !withMinutes.includes(action))
    throw new BadUserInputError(`${action} does not end by itself.`, 'minutes')
  if (minutes !== null && (minutes < 1 || minutes > longestMinutes))
    throw new BadUserInputError(`\`minutes\` is 1 to ${longestMinutes}, or null.`, 'minutes')
  return {
    ...{ action, surface, minutes },
    reason: checkedText(measure.reason, { min: 1, max: 80, field: 'reason' }),
    explanation: checkedText(measure.explanation, { min: 1, max: 1000, field: 'explanation', lines: true }),
  }
}
