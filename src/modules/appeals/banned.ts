// Invariant: who is banned and has shown whose account it is can say one thing about the ban, and nothing else.
import type { Clock } from '../../platform/clock.ts'
import { UnauthenticatedError } from '../../platform/errors.ts'
import type { Limit, RateLimiter } from '../../platform/rate-limit.ts'
import type { EnforcementService } from '../enforcement/index.ts'
import type { AppealStore } from './appeal-store.ts'
import { createAppealTokens } from './appeal-tokens.ts'
import { type Appeal, type NewAppealInput, reasonAgainst } from './appeals.ts'

const limit: Limit = { name: 'create-appeal-banned', count: 10, windowMs: 60 * 60 * 1000 }

export interface BannedAppeals {
  /**
   * What lets a banned account appeal this decision, for an hour; null where that one is not the account's own, is not in effect, was too long
   * ago, or was appealed and decided. For whoever has shown that the account is theirs. Repeating it gives another one.
   */
  appealTokenOf(accountId: string, decisionId: string): Promise<string | null>
  /**
   * `createAppeal` for the account that the token speaks for. Refuses with UNAUTHENTICATED a token that is over, of another decision, or none
   * of ours; with RATE_LIMITED by account; else as `createAppeal`. Repeating it gives the original.
   */
  createAppealByToken(appealToken: string, input: NewAppealInput): Promise<Appeal>
}

export function createBannedAppeals(deps: {
  store: Pick<AppealStore, 'isDecided'>
  enforcement: Pick<EnforcementService, 'decisionsById'>
  limiter: RateLimiter
  createAppeal: (personIds: readonly string[], input: NewAppealInput) => Promise<Appeal>
  clock: Clock
  secret: string
}): BannedAppeals {
  const { store, enforcement, limiter, createAppeal, clock } = deps
  const tokens = createAppealTokens(deps.secret)
  return {
    async appealTokenOf(accountId, decisionId) {
      const nowMs = clock.now()
      const decision = (await enforcement.decisionsById([decisionId])).get(decisionId)
      if (decision?.ownerId !== accountId || reasonAgainst(decision, nowMs)) return null
      return (await store.isDecided(accountId, decisionId)) ? null : tokens.issue(accountId, decisionId, nowMs)
    },

    async createAppealByToken(appealToken, input) {
      const accountId = tokens.accountOf(appealToken, input.decisionId, clock.now())
      if (accountId === undefined) throw new UnauthenticatedError()
      await limiter.take(limit, accountId)
      return createAppeal([accountId], input)
    },
  }
}
