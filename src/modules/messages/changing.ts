// Invariant: what was deleted or said otherwise is kept nowhere; what changes a message has a place of its own behind it.
import { BadUserInputError, ForbiddenError, NotFoundError } from '../../platform/errors.ts'
import type { Limit, RateLimiter } from '../../platform/rate-limit.ts'
import { checkedEmoji } from '../../platform/text.ts'
import type { SocialService } from '../social/index.ts'
import { MessageDeletedError } from './errors.ts'
import type { Locked, LockStore } from './lock-store.ts'
import type { Membership } from './member-store.ts'
import { messageChanges } from './message-change-store.ts'
import type { Message } from './message-store.ts'
import type { Tell } from './publish.ts'
import { checkedBody, type MessagePlace, messagePlace, mostOwnReactions, runs } from './rules.ts'

/**
 * All of it refuses with NOT_FOUND a message that the account may not see, and more than 120 changes a minute. Repeating each is safe,
 * and takes no further position.
 */
export interface Changing {
  /** Says it otherwise. Refuses others' messages, deleted ones, and texts out of their range. */
  edit(accountId: string, messageId: string, body: string): Promise<Message>
  /** Takes it back. Refuses others' messages, except for OWNER and ADMIN of a group. */
  delete(accountId: string, messageId: string): Promise<Message>
  /** Puts an emoji on it, or takes it off. Refuses deleted ones, and more than 10 different ones of one person. */
  react(accountId: string, messageId: string, emoji: string, present: boolean): Promise<Message>
}

const changeLimit: Limit = { name: 'change-message', count: 120, windowMs: 60_000 }

export function createChanging(deps: {
  locks: LockStore
  social: Pick<SocialService, 'hiddenFrom'>
  tell: Tell
  limiter: RateLimiter
}): Changing {
  const { locks, social, tell, limiter } = deps

  /** Does something to a message that the account may see, while nobody else changes its conversation. */
  async function withMessage(
    accountId: string,
    messageId: string,
    work: (message: Message, locked: Locked, place: MessagePlace, me: Membership) => Promise<Message | undefined>,
  ): Promise<Message> {
    await limiter.take(changeLimit, accountId)
    const place = messagePlace(messageId)
    if (!place) throw new NotFoundError()
    const hidden = await social.hiddenFrom(accountId)
    const changed = await locks.asMember(place.conversationId, accountId, async (locked, me) => {
      const message = place.seq < me.joinedSeq ? undefined : await messageChanges.find(locked.sql, place)
      if (!message || (message.senderId !== null && hidden.has(message.senderId))) throw new NotFoundError()
      return (await work(message, locked, place, me)) ?? message
    })
    if (!changed) throw new NotFoundError()
    tell(changed.entries, changed.memberIds)
    return changed.result
  }

  return {
    async edit(accountId, messageId, given) {
      const body = checkedBody(given)
      return withMessage(accountId, messageId, async (message, { sql, append }, place) => {
        if (message.senderId !== accountId) throw new ForbiddenError()
        if (message.deletedAt) throw new MessageDeletedError()
        if (message.body === body) return undefined
        append({ kind: 'EDITED', actorId: accountId, targetSeq: place.seq })
        return messageChanges.edit(sql, place, body)
      })
    },

    delete: (accountId, messageId) =>
      withMessage(accountId, messageId, async (message, { kind, sql, append }, place, me) => {
        const own = message.senderId === accountId
        if (!own && !(kind === 'GROUP' && runs(me.role))) throw new ForbiddenError()
        if (message.deletedAt) return undefined
        append({ kind: 'DELETED', actorId: accountId, targetSeq: place.seq })
        return messageChanges.bury(sql, place)
      }),

    async react(accountId, messageId, given, present) {
      const emoji = checkedEmoji(given)
      return withMessage(accountId, messageId, async (message, { sql, append }, place) => {
        if (message.deletedAt) throw new MessageDeletedError()
        const own = await messageChanges.ownReactions(sql, place, accountId)
        if (own.includes(emoji) === present) return undefined
        if (present && own.length >= mostOwnReactions)
          throw new BadUserInputError(`At most ${mostOwnReactions} different ones on a message.`, 'emoji')
        append({ kind: 'REACTION', actorId: accountId, targetSeq: place.seq, data: { emoji, present } })
        await (present ? messageChanges.react : messageChanges.unreact)(sql, place, accountId, emoji)
        return undefined
      })
    },
  }
}
