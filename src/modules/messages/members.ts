// Invariant: a group has one owner for as long as anybody is in it, and never more people than fit; who is taken out sees nothing that follows.
import { deriveKey } from '../../platform/derive-key.ts'
import { BadUserInputError, ForbiddenError, NotFoundError } from '../../platform/errors.ts'
import { isId } from '../../platform/ids.ts'
import type { Limit, RateLimiter } from '../../platform/rate-limit.ts'
import type { Gate } from '../gate/index.ts'
import type { ConversationRole } from './entries.ts'
import { ConversationFullError } from './errors.ts'
import type { Invitations, Named } from './invitations.ts'
import { type Judged, judge } from './judging.ts'
import type { Locked, LockStore } from './lock-store.ts'
import { isMemberShown, type Membership } from './member-store.ts'
import { memberships } from './membership-store.ts'
import type { Tell } from './publish.ts'
import { attemptOf, checkedName, checkGroup, checkRuns, heirAmong, mostMembers } from './rules.ts'

/**
 * All of it refuses with NOT_FOUND a conversation that the account is not in, with BAD_USER_INPUT a direct one, and more than 300
 * changes an hour. Repeating each is safe.
 */
export interface Members {
  /**
   * For OWNER and ADMIN. Refuses with NOT_FOUND whom `createGroup` would, more people than fit, and what the gate does. Who is in it stays as
   * they are: that they are is no news to the gate.
   */
  addMembers(accountId: string, conversationId: string, whom: Named): Promise<void>
  /** For OWNER and ADMIN. Refuses the owner and oneself, and with NOT_FOUND who never was in it. */
  removeMember(accountId: string, conversationId: string, memberId: string): Promise<void>
  /** An owner's place goes to the ADMIN who is there longest, or else to the member who is. */
  leave(accountId: string, conversationId: string): Promise<void>
  /** For OWNER. Refuses oneself, and who is not in it. OWNER hands over: one becomes an ADMIN. */
  setRole(accountId: string, conversationId: string, memberId: string, role: ConversationRole): Promise<void>
  /** For OWNER and ADMIN. Refuses a name that is no text of 1 to 80 characters, or that the gate refuses. */
  rename(accountId: string, conversationId: string, name: string): Promise<void>
}

const changeLimit: Limit = { name: 'change-conversation', count: 300, windowMs: 60 * 60 * 1000 }

export function createMembers(deps: {
  locks: LockStore
  invitations: Invitations
  tell: Tell
  limiter: RateLimiter
  gate: Gate
  secret: string
}): Members {
  const { locks, invitations, tell, limiter, gate } = deps
  const key = deriveKey(deps.secret, 'attempts')

  async function inGroup(
    accountId: string,
    conversationId: string,
    work: (group: Locked, me: Membership) => Promise<void>,
  ): Promise<void> {
    await limiter.take(changeLimit, accountId)
    await inGroupNow(accountId, conversationId, work)
  }

  async function inGroupNow(
    accountId: string,
    conversationId: string,
    work: (group: Locked, me: Membership) => Promise<void>,
  ): Promise<void> {
    if (!isId(conversationId)) throw new NotFoundError()
    const changed = await locks.asMember(conversationId, accountId, async (group, me) => {
      checkGroup(group.kind)
      await work(group, me)
    })
    if (!changed) throw new NotFoundError()
    tell(changed.entries, changed.memberIds)
  }

  /** The same for what the gate judges. */
  async function judgedInGroup(
    accountId: string,
    conversationId: string,
    asked: { attempt: string; texts: readonly string[] },
    work: (judged: Judged, group: Locked, me: Membership) => Promise<void>,
  ): Promise<void> {
    const [judged] = await Promise.all([
      judge(gate, { surface: 'INVITE', personId: accountId, ...asked }),
      limiter.take(changeLimit, accountId),
    ])
    let written = () => {}
    await inGroupNow(accountId, conversationId, (group, me) =>
      work(
        {
          passed() {
            const passed = judged.passed()
            written = () => passed.written({ kind: 'ACCOUNT', id: accountId })
            return passed
          },
        },
        ...[group, me],
      ),
    )
    written()
  }

  async function setRole(group: Locked, actorId: string, { accountId, hiddenBy }: Membership, role: ConversationRole) {
    await memberships.setRole(group.sql, group.id, accountId, role)
    group.append({ kind: 'MEMBER', actorId, hiddenBy, data: { accountId, change: 'ROLE', role } })
  }

  return {
    async addMembers(accountId, conversationId, whom) {
      const wanted = await invitations.everybody(accountId, whom, { strangers: false })
      if (wanted.length === 0) throw new BadUserInputError('Say whom: `profileIds` or `usernames`.', 'profileIds')
      const attempt = attemptOf(key, 'add', [conversationId, [...wanted].sort()])
      await judgedInGroup(accountId, conversationId, { attempt, texts: [] }, async (judged, group, me) => {
        checkRuns(me.role)
        const present = new Set((await shownMembers(group, accountId)).map((member) => member.accountId))
        const added = wanted.filter((one) => !present.has(one))
        if (present.size + added.length > mostMembers) throw new ConversationFullError(mostMembers)
        if (added.length === 0) return
        const { hiddenBy } = judged.passed()
        const seqs = added.map((one) => {
          const data = { accountId: one, change: 'ADDED' as const, role: 'MEMBER' as const }
          return group.append({ kind: 'MEMBER', actorId: accountId, hiddenBy, data })
        })
        await memberships.join(group.sql, group.id, added, seqs, hiddenBy)
      })
    },

    removeMember: (accountId, conversationId, memberId) =>
      inGroup(accountId, conversationId, async (group, me) => {
        const { id, sql, append } = group
        checkRuns(me.role)
        if (!isId(memberId)) throw new NotFoundError()
        if (memberId === accountId) throw new BadUserInputError('Leave it instead.', 'profileId')
        const member = (await shownMembers(group, accountId)).find((one) => one.accountId === memberId)
        if (!member) {
          if (await memberships.wasIn(sql, id, memberId, accountId)) return
          throw new NotFoundError()
        }
        if (member.role === 'OWNER') throw new ForbiddenError()
        const data = { accountId: memberId, change: 'REMOVED' as const, role: member.role }
        const { hiddenBy } = member
        await memberships.leave(sql, id, memberId, append({ kind: 'MEMBER', actorId: accountId, hiddenBy, data }))
      }),

    async leave(accountId, conversationId) {
      await limiter.take(changeLimit, accountId)
      if (!isId(conversationId)) throw new NotFoundError()
      const changed = await locks.any(conversationId, async (group) => {
        const { id, sql, append } = group
        const everybody = await group.members()
        const me = everybody.find((one) => one.accountId === accountId && one.hiddenBy === null)
        if (!me && !(await memberships.wasIn(sql, id, accountId, accountId))) throw new NotFoundError()
        if (!me || group.kind === 'DIRECT') return group.kind
        const heir = me.role === 'OWNER' ? heirAmong(everybody.filter((one) => one !== me)) : undefined
        if (heir) await setRole(group, accountId, heir, 'OWNER')
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
        const member = (await shownMembers(group, accountId)).find((one) => one.accountId === memberId)
        // An owner who has handed over, and has not heard so.
        if (role === 'OWNER' && member?.role === 'OWNER' && memberId !== accountId) return
        if (me.role !== 'OWNER') throw new ForbiddenError()
        if (!member) throw new NotFoundError()
        if (memberId === accountId) throw new BadUserInputError('Make somebody else the owner.', 'profileId')
        if (member.role === role) return
        await setRole(group, accountId, member, role)
        if (role === 'OWNER') await setRole(group, accountId, { ...me, hiddenBy: member.hiddenBy }, 'ADMIN')
      }),

    async rename(accountId, conversationId, given) {
      const name = checkedName(given)
      const asked = { attempt: attemptOf(key, 'rename', [conversationId, name]), texts: [name] }
      await judgedInGroup(accountId, conversationId, asked, async (judged, { id, sql, append, ...group }, me) => {
        checkRuns(me.role)
        const current = (await memberships.ownName(sql, id, accountId)) ?? group.name
        if (current === name) return
        const { texts, hiddenBy } = judged.passed()
        const kept = texts[0] ?? name
        if (current === kept) return
        if (hiddenBy === null) await memberships.rename(sql, id, kept)
        append({ kind: 'RENAMED', actorId: accountId, hiddenBy, data: { name: kept } })
      })
    },
  }
}

/** Everybody who is in it, as far as one of them knows. */
const shownMembers = async (group: Locked, viewerId: string): Promise<Membership[]> =>
  (await group.members()).filter((member) => isMemberShown(member, viewerId))
