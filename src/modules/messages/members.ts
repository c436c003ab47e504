// Invariant: a group has one owner for as long as anybody is in it, and never more people than fit; who is taken out sees nothing that follows.
import { BadUserInputError, ForbiddenError, NotFoundError } from '../../platform/errors.ts'
import { isId } from '../../platform/ids.ts'
import type { Limit, RateLimiter } from '../../platform/rate-limit.ts'
import type { ConversationRole } from './entries.ts'
import { ConversationFullError } from './errors.ts'
import type { Invitations, Named } from './invitations.ts'
import type { Locked, LockStore } from './lock-store.ts'
import type { Membership } from './member-store.ts'
import { memberships } from './membership-store.ts'
import type { Tell } from './publish.ts'
import { checkedName, checkGroup, checkRuns, heirAmong, mostMembers } from './rules.ts'

/**
 * All of it refuses with NOT_FOUND a conversation that the account is not in, with BAD_USER_INPUT a direct one, and more than 300
 * changes an hour. Repeating each is safe.
 */
export interface Members {
  /** For OWNER and ADMIN. Refuses with NOT_FOUND whom `createGroup` would, and more people than fit. Who is in it stays as they are. */
  addMembers(accountId: string, conversationId: string, whom: Named): Promise<void>
  /** For OWNER and ADMIN. Refuses the owner and oneself, and with NOT_FOUND who never was in it. */
  removeMember(accountId: string, conversationId: string, memberId: string): Promise<void>
  /** An owner's place goes to the ADMIN who is there longest, or else to the member who is. */
  leave(accountId: string, conversationId: string): Promise<void>
  /** For OWNER. Refuses oneself, and who is not in it. OWNER hands over: one becomes an ADMIN. */
  setRole(accountId: string, conversationId: string, memberId: string, role: ConversationRole): Promise<void>
  /** For OWNER and ADMIN. Refuses a name that is no text of 1 to 80 characters. */
  rename(accountId: string, conversationId: string, name: string): Promise<void>
}

const changeLimit: Limit = { name: 'change-conversation', count: 300, windowMs: 60 * 60 * 1000 }

export function createMembers(deps: {
  locks: LockStore
  invitations: Invitations
  tell: Tell
  limiter: RateLimiter
}): Members {
  const { locks, invitations, tell, limiter } = deps

  async function inGroup(
    accountId: string,
    conversationId: string,
    work: (group: Locked, me: Membership) => Promise<void>,
  ): Promise<void> {
    await limiter.take(changeLimit, accountId)
    if (!isId(conversationId)) throw new NotFoundError()
    const changed = await locks.asMember(conversationId, accountId, async (group, me) => {
      checkGroup(group.kind)
      await work(group, me)
    })
    if (!changed) throw new NotFoundError()
    tell(changed.entries, changed.memberIds)
  }

  async function setRole({ id, sql, append }: Locked, actorId: string, accountId: string, role: ConversationRole) {
    await memberships.setRole(sql, id, accountId, role)
    append({ kind: 'MEMBER', actorId, data: { accountId, change: 'ROLE', role } })
  }

  return {
    async addMembers(accountId, conversationId, whom) {
      const wanted = await invitations.everybody(accountId, whom, { strangers: false })
      if (wanted.length === 0) throw new BadUserInputError('Say whom: `profileIds` or `usernames`.', 'profileIds')
      await inGroup(accountId, conversationId, async ({ id, sql, members, append }, me) => {
        checkRuns(me.role)
        const present = new Set((await members()).map((member) => member.accountId))
        const added = wanted.filter((one) => !present.has(one))
        if (present.size + added.length > mostMembers) throw new ConversationFullError(mostMembers)
        const seqs = added.map((one) =>
          append({ kind: 'MEMBER', actorId: accountId, data: { accountId: one, change: 'ADDED', role: 'MEMBER' } }),
        )
        if (added.length > 0) await memberships.join(sql, id, added, seqs)
      })
    },

    removeMember: (accountId, conversationId, memberId) =>
      inGroup(accountId, conversationId, async ({ id, sql, members, append }, me) => {
        checkRuns(me.role)
        if (!isId(memberId)) throw new NotFoundError()
        if (memberId === accountId) throw new BadUserInputError('Leave it instead.', 'profileId')
        const member = (await members()).find((one) => one.accountId === memberId)
        if (!member) {
          if (await memberships.wasIn(sql, id, memberId)) return
          throw new NotFoundError()
        }
        if (member.role === 'OWNER') throw new ForbiddenError()
        const data = { accountId: memberId, change: 'REMOVED' as const, role: member.role }
        await memberships.leave(sql, id, memberId, append({ kind: 'MEMBER', actorId: accountId, data }))
      }),

    async leave(accountId, conversationId) {
      await limiter.take(changeLimit, accountId)
      if (!isId(conversationId)) throw new NotFoundError()
      const changed = await locks.any(conversationId, async (group) => {
        const { id, sql, append } = group
        const everybody = await group.members()
        const me = everybody.find((one) => one.accountId === accountId)
        if (!me && !(await memberships.wasIn(sql, id, accountId))) throw new NotFoundError()
        if (!me || group.kind === 'DIRECT') return group.kind
        const heir = me.role === 'OWNER' ? heirAmong(everybody.filter((one) => one !== me)) : undefined
        if (heir) await setRole(group, accountId, heir.accountId, 'OWNER')
        const data = { accountId, change: 'LEFT' as const, role: me.role }
        await memberships.leave(sql, id, accountId, append({ kind: 'MEMBER', actorId: accountId, data }))
        return group.kind
      })
      if (!changed) throw new NotFoundError()
      // Refused like any change of a direct one: whom a block parts from the other is told that there is none.
      if (changed.result === 'DIRECT') return inGroup(accountId, conversationId, async () => undefined)
      tell(changed.entries, changed.memberIds)
    },

    setRole: (accountId, conversationId, memberId, role) =>
      inGroup(accountId, conversationId, async (group, me) => {
        const everybody = await group.members()
        const member = everybody.find((one) => one.accountId === memberId)
        // An owner who has handed over, and has not heard so.
        if (role === 'OWNER' && member?.role === 'OWNER' && memberId !== accountId) return
        if (me.role !== 'OWNER') throw new ForbiddenError()
        if (!member) throw new NotFoundError()
        if (memberId === accountId) throw new BadUserInputError('Make somebody else the owner.', 'profileId')
        if (member.role === role) return
        await setRole(group, accountId, memberId, role)
        if (role === 'OWNER') await setRole(group, accountId, accountId, 'ADMIN')
      }),

    async rename(accountId, conversationId, given) {
      const name = checkedName(given)
      await inGroup(accountId, conversationId, async ({ id, sql, append, ...group }, me) => {
        checkRuns(me.role)
        if (group.name === name) return
        await memberships.rename(sql, id, name)
        append({ kind: 'RENAMED', actorId: accountId, data: { name } })
      })
    },
  }
}
