// Invariant: a message that was acknowledged is in its conversation once and for ever, at one place, however often it was sent.
import { deriveKey } from '../../platform/derive-key.ts'
import { IdempotencyMismatchError, NotFoundError, RateLimitedError, UnavailableError } from '../../platform/errors.ts'
import { isId } from '../../platform/ids.ts'
import { Lru } from '../../platform/lru.ts'
import type { Limit, RateLimiter } from '../../platform/rate-limit.ts'
import { createTokenBucket } from '../../platform/token-bucket.ts'
import type { Gate } from '../gate/index.ts'
import { judge } from './judging.ts'
import type { Earlier, Message, MessageStore } from './message-store.ts'
import type { Tell } from './publish.ts'
import { checkedBody, fingerprint, seqWithin } from './rules.ts'

export interface Sending {
  /**
   * Says something. Refuses with NOT_FOUND a conversation that the account is not in, or that a block parts; texts out of their range;
   * a client id used before with another content; more than 60 in 10 seconds; and what the gate does. Repeating it with the same client id
   * gives the same message, as it is now, for ever: also to who may write no more. It holds, and is told to others later, while Redis is
   * away.
   */
  send(accountId: string, message: SentInput): Promise<{ message: Message; created: boolean }>
}

export interface SentInput {
  conversationId: string
  clientId: string
  body: string
  /** The id of a message in the same conversation. */
  replyToId: string | null
}

const sendLimit: Limit = { name: 'send-message', count: 60, windowMs: 10_000 }
/** What a node lets through by itself while Redis cannot count. */
const sendsPerSecondAlone = 6
const bucketsKept = 10_000

export function createSending(deps: {
  store: Pick<MessageStore, 'send' | 'earlier'>
  tell: Tell
  limiter: RateLimiter
  gate: Gate
  /** The time of this process, for what it limits alone. */
  now(): number
  rateLimits: boolean
  secret: string
}): Sending {
  const { store, tell, limiter, gate } = deps
  const key = deriveKey(deps.secret, 'messages')
  const buckets = new Lru<string, ReturnType<typeof createTokenBucket>>(bucketsKept)

  /** A message is worth more than its limit: without Redis each node counts for itself. */
  function takeAlone(accountId: string, error: unknown): void {
    if (!(error instanceof UnavailableError)) throw error
    const bucket = buckets.get(accountId) ?? createTokenBucket(sendsPerSecondAlone)
    buckets.set(accountId, bucket)
    if (deps.rateLimits && !bucket.take(deps.now())) throw new RateLimitedError(1000)
  }

  return {
    async send(accountId, { conversationId, clientId, body: given, replyToId }) {
      const body = checkedBody(given)
      if (!isId(conversationId)) throw new NotFoundError()
      const replyToSeq = replyToId === null ? null : seqWithin(conversationId, replyToId)
      // Side by side: a send waits for Redis once.
      const [judged] = await Promise.all([
        judge(gate, { surface: 'MESSAGE', personId: accountId, attempt: clientId, texts: [body] }),
        limiter.take(sendLimit, accountId).catch((error) => takeAlone(accountId, error)),
      ])
      const asked = fingerprint(key, [conversationId, body, replyToSeq])
      const sender = { conversationId, senderId: accountId, clientId }
      if (judged.refusal !== undefined) {
        const earlier = await store.earlier(sender)
        if (!earlier) throw judged.refusal
        return known(earlier, asked)
      }
      const passed = judged.passed()
      const { texts, hiddenBy } = passed
      const message = { ...sender, fingerprint: asked, body: texts[0] ?? body, replyToSeq, hiddenBy }
      const outcome = await store.send(message)
      if (outcome.kind === 'none') throw new NotFoundError()
      if (outcome.kind === 'known') return known(outcome, asked)
      const { seq, id } = outcome.message
      const entry = { conversationId, seq, kind: 'MESSAGE', actorId: accountId, targetSeq: null } as const
      tell([hiddenBy === null ? entry : { ...entry, apartId: accountId }], outcome.memberIds)
      passed.written({ kind: 'MESSAGE', id })
      return { message: outcome.message, created: true }
    },
  }
}

/** What a client id of before stands for. */
function known({ message, fingerprint: first }: Earlier, asked: Buffer): { message: Message; created: boolean } {
  if (!first?.equals(asked)) throw new IdempotencyMismatchError()
  if (message.state === 'REMOVED') throw new NotFoundError()
  return { message, created: false }
}
