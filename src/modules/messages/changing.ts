// Invariant: what was deleted or said otherwise is kept nowhere; what changes a message has a place of its own behind it.
import { deriveKey } from '../../platform/derive-key.ts'
import { BadUserInputError, ForbiddenError, NotFoundError } from '../../platform/errors.ts'
import type { Limit, RateLimiter } from '../../platform/rate-limit.ts'
import { checkedEmoji } from '../../platform/text.ts'
import type { Gate } from '../gate/index.ts'
import type { SocialService } from '../social/index.ts'
import { MessageDeletedError } from './errors.ts'
import { judge } from './judging.ts'
import type { Locked, LockStore } from './lock-store.ts'
import type { Membership } from './member-store.ts'
import { messageChanges } from './message-change-store.ts'
import type { Message } from './message-store.ts'
import type { Tell } from './publish.ts'
import { attemptOf, checkedBody, type MessagePlace, messagePlace, mostOwnReactions, runs } from './rules.ts'
import { isMessageShown } from './sight.ts'
import { states } from './state-store.ts'

/**
 * All of it refuses with NOT_FOUND a message that the account may not see, and more than 120 changes a minute. Repeating each is safe,
 * and takes no further position.
 */
export interface Changing {
  /**
   * Says it otherwise. Refuses others' messages, deleted ones, texts out of their range, and what the gate does: unless it says so already.
   * What a hidden person says otherwise is from then on shown to them alone.
   */
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
  gate: Gate
  secret: string
}): Changing {
  const { locks, social, tell, limiter, gate } = deps
  const key = deriveKey(deps.secret, 'attempts')

  /** Does something to a message that the account may see, while nobody else changes its conversation. */
  async function withMessage(
    accountId: string,
    messageId: string,
    work: (message: Message, locked: Locked, place: MessagePlace, me: Membership) => Promise<Message | undefined>,
  ): Promise<Message> {
    const place = messagePlace(messageId)
    if (!place) throw new NotFoundError()
    const hidden = await social.hiddenFrom(accountId)
    const changed = await locks.asMember(place.conversationId, accountId, async (locked, me) => {
      const message = await messageChanges.find(locked.sql, place)
      const sight = { accountId, firstSeq: me.joinedSeq, lastSeq: null, hidden }
      if (!message || !isMessageShown(sight, message)) throw new NotFoundError()
      return (await work(message, locked, place, me)) ?? message
    })
    if (!changed) throw new NotFoundError()
    tell(changed.entries, changed.memberIds)
    return changed.result
  }

  return {
    async edit(accountId, messageId, given) {
      const body = checkedBody(given)
      const attempt = attemptOf(key, 'edit', [messageId, body])
      const [judged] = await Promise.all([
        judge(gate, { surface: 'MESSAGE', personId: accountId, attempt, texts: [body] }),
        limiter.take(changeLimit, accountId),
      ])
      let written = () => {}
      const edited = await withMessage(accountId, messageId, async (message, { sql, append }, place) => {
        if (message.senderId !== accountId) throw new ForbiddenError()
        if (message.deletedAt) throw new MessageDeletedError()
        if (message.body === body) return undefined
        const passed = judged.passed()
        const kept = passed.texts[0] ?? body
        if (message.body === kept) return undefined
        written = () => passed.written({ kind: 'MESSAGE', id: message.id })
        const hides = passed.hiddenBy !== null && message.state === 'VISIBLE'
        const entry = { kind: 'EDITED', actorId: accountId, targetSeq: place.seq } as const
        append(hides ? { ...entry, data: { hides }, apartId: accountId } : entry)
        if (hides) await states.change(sql, { ...place, seqs: [place.seq] }, { to: 'HIDDEN', by: passed.hiddenBy })
        return messageChanges.edit(sql, place, kept)
      })
      written()
      return edited
    },

    async delete(accountId, messageId) {
      await limiter.take(changeLimit, accountId)
      return withMessage(accountId, messageId, async (message, { kind, sql, append }, place, me) => {
        const own = message.senderId === accountId
        if (!own && !(kind === 'GROUP' && runs(me.role))) throw new ForbiddenError()
        if (message.deletedAt) return undefined
        append({ kind: 'DELETED', actorId: accountId, targetSeq: place.seq })
        return messageChanges.bury(sql, place)
      })
    },

    async react(accountId, messageId, given, present) {
      const emoji = checkedEmoji(given)
      await limiter.take(changeLimit, accountId)
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
