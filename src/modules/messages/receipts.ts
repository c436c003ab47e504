// Invariant: how far somebody has read or received only ever grows, and others are told of it only when it passes a message of theirs.
import { BadUserInputError, NotFoundError, RateLimitedError, UnavailableError } from '../../platform/errors.ts'
import { isId } from '../../platform/ids.ts'
import type { Limit, RateLimiter } from '../../platform/rate-limit.ts'
import type { Shadows } from '../gate/index.ts'
import type { MemberStore } from './member-store.ts'
import type { Tell } from './publish.ts'
import type { ReceiptStore } from './receipt-store.ts'

/** All of it refuses with NOT_FOUND a conversation that the account is not in, or that a block parts. Repeating each is safe. */
export interface Receipts {
  /** Also marks as delivered. More than there is counts as all there is. Refuses less than nothing, and more than 300 a minute. */
  markRead(accountId: string, conversationId: string, upToSeq: number): Promise<{ readSeq: number }>
  /** The same of what has reached a device. */
  markDelivered(accountId: string, conversationId: string, upToSeq: number): Promise<{ deliveredSeq: number }>
  /** Tells the others at this moment that somebody types, or has stopped: each at most once in two seconds, and not at all without Redis, or of who is shadowed. */
  setTyping(accountId: string, conversationId: string, typing: boolean): Promise<void>
}

export type TellTyping = (
  signal: { conversationId: string; accountId: string; typing: boolean },
  memberIds: readonly string[],
) => void

const markLimit: Limit = { name: 'mark-messages', count: 300, windowMs: 60_000 }
const typingLimit: Limit = { name: 'typing', count: 1, windowMs: 2000 }
const highestSeq = 2 ** 31 - 1

export function createReceipts(deps: {
  store: ReceiptStore
  members: Pick<MemberStore, 'memberships' | 'members'>
  tell: Tell
  tellTyping: TellTyping
  limiter: RateLimiter
  gate: Shadows
}): Receipts {
  const { store, members, tell, tellTyping, limiter, gate } = deps

  async function mark(kind: 'READ' | 'DELIVERED', accountId: string, conversationId: string, upToSeq: number) {
    if (upToSeq < 0) throw new BadUserInputError('`upToSeq` is a position, or 0.', 'upToSeq')
    await limiter.take(markLimit, accountId)
    if (!isId(conversationId)) throw new NotFoundError()
    const receipt = await store.mark(kind, conversationId, accountId, Math.min(upToSeq, highestSeq))
    if (!receipt) throw new NotFoundError()
    if (receipt.told) {
      const { seq, upToSeq: targetSeq, memberIds } = receipt.told
      tell([{ conversationId, seq, kind, actorId: accountId, targetSeq }], memberIds)
    }
    return receipt
  }

  /** What passes by is not worth an error. */
  async function passes(accountId: string, conversationId: string, typing: boolean): Promise<boolean> {
    const who = `${accountId}:${conversationId}:${typing}`
    return limiter.take(typingLimit, who).then(
      () => true,
      (error: unknown) => {
        if (error instanceof RateLimitedError || error instanceof UnavailableError) return false
        throw error
      },
    )
  }

  return {
    markRead: (accountId, conversationId, upToSeq) => mark('READ', accountId, conversationId, upToSeq),
    markDelivered: (accountId, conversationId, upToSeq) => mark('DELIVERED', accountId, conversationId, upToSeq),
    async setTyping(accountId, conversationId, typing) {
      const [me] = isId(conversationId) ? await members.memberships(accountId, [conversationId]) : []
      if (!me) throw new NotFoundError()
      if (!(await passes(accountId, conversationId, typing))) return
      if (await gate.isShadowed(accountId, 'MESSAGE')) return
      const everybody = await members.members([conversationId])
      const memberIds = everybody.flatMap((member) => (member.hiddenBy === null ? member.accountId : []))
      tellTyping({ conversationId, accountId, typing }, memberIds)
    },
  }
}
