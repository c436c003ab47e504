import { BadUserInputError, NotFoundError } from '../../platform/errors.ts'
import { isId } from '../../platform/ids.ts'
import type { Limit, RateLimiter } from '../../platform/rate-limit.ts'
import type { MemberStore } from './member-store.ts'
import { mostMembers } from './rules.ts'

/** People, by what they are called: `Profile` ids, and usernames as they are typed. */
export interface Named {
  profileIds: readonly string[]
  usernames: readonly string[]
}

export interface Invitations {
  /**
   * The accounts of all these, without oneself, each once. Refuses with NOT_FOUND if one of them is not there, or is parted from the
   * account by a block; and, unless `strangers` may be named by their profile, if they share no conversation.
   */
  everybody(accountId: string, named: Named, allowed: { strangers: boolean }): Promise<string[]>
}

/** Names that are tried, right or wrong. */
const nameLimit: Limit = { name: 'find-username', count: 300, windowMs: 60 * 60 * 1000 }

export function createInvitations({
  members,
  limiter,
}: {
  members: Pick<MemberStore, 'acquainted' | 'reachable'>
  limiter: RateLimiter
}): Invitations {
  return {
    async everybody(accountId, { profileIds, usernames: typed }, { strangers }) {
      const ids = [...new Set(profileIds)]
      const usernames = [...new Set(typed.map((name) => name.toLowerCase()))]
      if (ids.length + usernames.length > 2 * mostMembers) throw new BadUserInputError('These are too many people.')
      if (!ids.every(isId) || !usernames.every((name) => name.length <= 64 && !name.includes('\0')))
        throw new NotFoundError()
      if (usernames.length > 0) await limiter.take(nameLimit, accountId)
      const found = await members.reachable(accountId, { ids, usernames })
      const known = new Set(found.flatMap(({ id, username }) => [id, username]))
      if (![...ids, ...usernames].every((name) => known.has(name))) throw new NotFoundError()
      const others = ids.filter((id) => id !== accountId)
      if (!strangers && others.length > 0) {
        const acquainted = await members.acquainted(accountId, others)
        if (!others.every((id) => acquainted.has(id))) throw new NotFoundError()
      }
      const asked = found.filter(({ id, username }) => ids.includes(id) || usernames.includes(username))
      return [...new Set(asked.map(({ id }) => id))].filter((id) => id !== accountId)
    },
  }
}
