import { DomainError } from '../../platform/errors.ts'
import type { Surface } from './writes.ts'

export { ContentRejectedError } from '../../platform/errors.ts'

export type RestrictionKind = 'COOLDOWN' | 'MUTE' | 'SHADOW' | 'CHALLENGE' | 'BLOCK' | 'BAN' | 'STRIP_LINKS'

/** The person may not write there now. */
export class RestrictedError extends DomainError {
  readonly restriction: RestrictionKind
  /** Null: anywhere. */
  readonly surface: Surface | null
  readonly explanation: string
  /** Null: until it is revoked. */
  readonly retryAfterMs: number | null

  constructor(facts: {
    restriction: RestrictionKind
    surface: Surface | null
    explanation: string
    retryAfterMs: number | null
  }) {
    super(facts.restriction === 'COOLDOWN' ? 'RATE_LIMITED' : 'FORBIDDEN', 'You may not write here at the moment.', {
      ...facts,
    })
    this.restriction = facts.restriction
    this.surface = facts.surface
    this.explanation = facts.explanation
    this.retryAfterMs = facts.retryAfterMs
  }
}

/** First the client has to do some work: see `answerChallenge`. */
export class ChallengeRequiredError extends DomainError {
  readonly challenge: string
  readonly difficulty: number

  constructor(challenge: string, difficulty: number) {
    super('FORBIDDEN', 'Answer the challenge, then repeat this.', { challenge, difficulty })
    this.challenge = challenge
    this.difficulty = difficulty
  }
}

/** Not an answer to a challenge of theirs, or not in time, or not the first one. */
export class ChallengeFailedError extends DomainError {
  constructor() {
    super(
      'BAD_USER_INPUT',
      'This is not an answer. Repeat what you wanted to write, and answer the challenge that you get.',
      {
        field: 'solution',
      },
    )
  }
}
