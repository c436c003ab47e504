import type { RestrictionKind, Surface } from '../gate/index.ts'
import type { Decision, Measure } from './decisions.ts'
import type { ContentState, SubjectKind } from './subjects.ts'

/** What a decision does, apart from being told. */
export interface Effects {
  /** What becomes of the subject itself; null: nothing. */
  content: Exclude<ContentState, 'VISIBLE'> | null
  /** What its owner may not do any more. */
  restriction: { kind: RestrictionKind; surface: Surface | null; minutes: number | null } | null
  /** Whether the owner is told, of this and of its end. */
  told: boolean
  /** What it counts as, in how the owner stands; null: nothing. */
  counts: Counted | null
}

export type Counted = 'removed' | 'warned' | 'restricted'

const isPerson = (kind: SubjectKind) => kind === 'ACCOUNT' || kind === 'DEVICE'

/** A device has nothing that others could be shown. */
const hasContent = (kind: SubjectKind) => kind !== 'DEVICE'

/**
 * SHADOW hides a thing from everybody but its author; of a person, or with a surface given, also what they write from now on. It is the one
 * action that is never told.
 */
export function effectsOf(
  subject: SubjectKind,
  { action, surface, minutes, rule = null }: Pick<Measure, 'action' | 'surface' | 'minutes'> & { rule?: string | null },
): Effects {
  const nothing: Effects = { content: null, restriction: null, told: true, counts: null }
  const restricted = (kind: RestrictionKind): Effects => ({
    ...nothing,
    restriction: { kind, surface, minutes },
    counts: 'restricted',
  })
  switch (action) {
    case 'WARN':
      return { ...nothing, counts: 'warned' }
    case 'HIDE':
    case 'REMOVE':
      return hasContent(subject)
        ? {
            ...nothing,
            content: action === 'HIDE' ? 'HIDDEN' : 'REMOVED',
            // Nobody is silenced for what only a rule has looked at.
            counts: rule === null ? 'removed' : 'warned',
          }
        : nothing
    case 'SHADOW': {
      const content = isPerson(subject) ? null : 'HIDDEN'
      const restricts = content === null || surface !== null
      return { ...nothing, ...(restricts ? restricted('SHADOW') : {}), content, told: false }
    }
    case 'MUTE':
      return restricted('MUTE')
    case 'RESTRICT':
      return restricted('BLOCK')
    case 'BAN':
      return { ...restricted('BAN'), restriction: { kind: 'BAN', surface: null, minutes } }
  }
}

/**
 * How a subject is to be shown by all decisions that stand, and which of them it follows from: the strongest, of equal ones the first.
 * `standing` comes in the order they were made in.
 */
export function demanded(standing: readonly Decision[]): { state: ContentState; by: string } | null {
  let strongest: { state: ContentState; by: string } | null = null
  for (const decision of standing) {
    const { content } = effectsOf(decision.subject.kind, decision)
    if (content === 'REMOVED' && strongest?.state !== 'REMOVED') strongest = { state: content, by: decision.id }
    if (content === 'HIDDEN') strongest ??= { state: content, by: decision.id }
  }
  return strongest
}
