import type { DeliveryEngine } from '../../platform/delivery/index.ts'
import type { RedisConnections } from '../../platform/redis.ts'
import { inboxPointerOf, inboxTopic, type PublishedPointer } from './events.ts'
import { inboxLua, isThere, isUnknown, markLua } from './inbox.lua.ts'

/** What happened in one conversation, for one inbox. */
export interface InboxAppend {
  accountId: string
  /** Whatever the inbox may hold of what comes after this seq, */
  after: number
  /** up to this one, */
  upTo: number
  /** is here. */
  pointers: readonly PublishedPointer[]
  /** Whether that is all it needs although it knows nothing of the conversation. */
  fromNothing: boolean
  /** Whether something before is lost to it. */
  lossy: boolean
}

export type InboxAnswer = { kind: 'there' } | { kind: 'unknown' } | { kind: 'behind'; at: number }

export type InboxStore = ReturnType<typeof createInboxStore>

/** A mark of less than this age saves the relay from publishing again what is there; milliseconds. */
const markMs = 60 * 60 * 1000
const watermarkMs = 24 * 60 * 60 * 1000
const markShards = 16

export function createInboxStore({ redis, delivery }: { redis: RedisConnections; delivery: DeliveryEngine }) {
  const inboxScript = redis.script('vicinityInbox', inboxLua)
  const markScript = redis.script('vicinityMarkPublished', markLua)
  const { log } = delivery

  const shardOf = (conversationId: string) => Number.parseInt(conversationId.slice(-2), 16) % markShards
  const markKey = (conversationId: string) =>
    redis.key('messages', `{published-${shardOf(conversationId)}}`, 'published', conversationId)
  const watermarkKey = redis.key('messages', '{relay}', 'watermark')

  const inboxKeys = (accountId: string) => {
    const base = log.base(inboxTopic, accountId)
    return [`${base}:head`, `${base}:log`, `${base}:seen`]
  }

  const answerOf = (reply: number): InboxAnswer =>
    reply === isThere ? { kind: 'there' } : reply === isUnknown ? { kind: 'unknown' } : { kind: 'behind', at: reply }

  return {
    /** Appends to many inboxes, and wakes who follows the conversation, in one go. Repeating it is safe. */
    async append(
      conversationId: string,
      appends: readonly InboxAppend[],
      wakeUps: readonly { channel: string; message: string }[],
    ): Promise<InboxAnswer[]> {
      const texts = new Map<PublishedPointer, string>()
      const textOf = (pointer: PublishedPointer) => {
        const text = texts.get(pointer) ?? JSON.stringify(inboxPointerOf(pointer))
        texts.set(pointer, text)
        return text
      }
      const replies = await redis.pipelined((pipeline) => {
        for (const { accountId, after, upTo, pointers, fromNothing, lossy } of appends) {
          inboxScript.into(pipeline, inboxKeys(accountId), [
            ...log.appendArgs(inboxTopic),
            ...[conversationId, after, upTo, fromNothing ? 1 : 0, lossy ? 1 : 0],
            ...pointers.flatMap((pointer) => [pointer.seq, textOf(pointer)]),
          ])
        }
        for (const { channel, message } of wakeUps) pipeline.publish(channel, message)
      })
      return appends.map((_, i) => answerOf(Number(replies[i])))
    },

    /** Leaves nothing of an inbox. Repeating it is safe. */
    async drop(accountId: string): Promise<void> {
      await redis.run((client) => client.del(...inboxKeys(accountId)))
    },

    /** Remembers up to where conversations are in every inbox. */
    async mark(published: ReadonlyMap<string, number>): Promise<void> {
      await redis.pipelined((pipeline) => {
        for (const [id, seq] of published) markScript.into(pipeline, [markKey(id)], [seq, markMs])
      })
    },

    /** Up to where they are; 0 where that is not known. */
    async marks(conversationIds: readonly string[]): Promise<number[]> {
      const marks = await redis.pipelined((pipeline) => {
        for (const id of conversationIds) pipeline.get(markKey(id))
      })
      return marks.map((mark) => Number(mark ?? 0))
    },

    /** Up to which time everything has been published, by the database's clock. */
    async watermark(): Promise<number | undefined> {
      const found = await redis.run((client) => client.get(watermarkKey))
      return found === null ? undefined : Number(found)
    },

    async setWatermark(untilMs: number): Promise<void> {
      await redis.run((client) => client.set(watermarkKey, untilMs, 'PX', watermarkMs))
    },
  }
}
