// Invariant: a challenge is lifted by its own person's answer, once.
import type { Clock } from '../../platform/clock.ts'
import type { Postgres } from '../../platform/postgres.ts'
import type { Challenges } from './challenges.ts'
import { ChallengeFailedError } from './errors.ts'
import type { Mirror } from './mirror.ts'
import type { Restrictions } from './restrictions.ts'

export interface Answering {
  /**
   * Lifts what one of these persons was challenged with. Refuses with ChallengeFailedError what is wrong, too late, somebody else's, or was
   * answered before; repeating it is refused for that.
   */
  answerChallenge(personIds: readonly string[], challenge: string, solution: string): Promise<void>
}

export function createAnswering(deps: {
  challenges: Challenges
  restrictions: Restrictions
  mirror: Pick<Mirror, 'refresh'>
  postgres: Pick<Postgres, 'transaction'>
  clock: Clock
}): Answering {
  const { challenges, restrictions, mirror, postgres, clock } = deps
  return {
    async answerChallenge(personIds, challenge, solution) {
      const read = challenges.read(challenge, solution, personIds, clock.now())
      if (!read) throw new ChallengeFailedError()
      const { personId, restrictionId } = read
      const lifted = await postgres.transaction((sql) => restrictions.revoke(sql, { id: restrictionId, by: personId }))
      if (!lifted) throw new ChallengeFailedError()
      await mirror.refresh(personId)
    },
  }
}
