import type { RedisConnections } from '../../platform/redis.ts'
import { messagesLua, presentLua, seenForMs, sendLua, signalLua } from './chat.lua.ts'
import { keysOf } from './keys.ts'
import type { ActivityStore, Joining } from './store.ts'

/** Who said something, as they were then. */
export interface StoredAuthor {
  displayName: string | null
  joinedAtMs: number
  isHost: boolean
}

export interface StoredMessage extends StoredAuthor {
  seq: number
  personId: string
  body: string
  atMs: number
}

/** What a client id stands for: the message but for its text, and what tells whether it is asked for again. */
export type SentMessage = Omit<StoredMessage, 'body'> & { fingerprint: string }

type Refused = { kind: 'none' | 'stranger' | 'over' } | { kind: 'wait'; retryAfterMs: number }
export type SendOutcome = { kind: 'sent'; sent: SentMessage } | Refused
/** `tell`: whether others learn something new by it. */
export type SignalOutcome = ({ kind: 'here'; tell: boolean } & StoredAuthor) | Refused

type Speaker = Pick<Joining, 'personId' | 'apart' | 'rate'>
type Reply = ['none' | 'stranger' | 'over'] | ['wait', number] | ['sent' | 'here', string]

export type ChatStore = ReturnType<typeof createChatStore>

/** What is said in an activity, and who is there. Each operation is one script in its area. */
export function createChatStore({ redis, store }: { redis: RedisConnections; store: ActivityStore }) {
  const sendScript = redis.script('vicinitySendActivityMessage', sendLua)
  const signalScript = redis.script('vicinitySignalActivity', signalLua)
  const messagesScript = redis.script('vicinityActivityMessages', messagesLua)
  const presentScript = redis.script('vicinityActivityPresent', presentLua)

  const head = ({ personId, apart, rate }: Speaker) => [personId, [...apart].join(' '), rate.count, rate.windowMs]

  function refused(reply: Reply): Refused {
    return reply[0] === 'wait' ? { kind: 'wait', retryAfterMs: reply[1] } : { kind: reply[0] as 'none' }
  }

  return {
    async send(
      id: string,
      nowMs: number,
      speaker: Speaker,
      message: { clientId: string; fingerprint: string; body: string },
    ): Promise<SendOutcome> {
      const { clientId, fingerprint, body } = message
      const reply = (await store.run(sendScript, id, nowMs, [...head(speaker), clientId, fingerprint, body])) as Reply
      return reply[0] === 'sent' ? { kind: 'sent', sent: JSON.parse(reply[1]) as SentMessage } : refused(reply)
    },

    async signal(id: string, nowMs: number, speaker: Speaker, typing: boolean): Promise<SignalOutcome> {
      const reply = (await store.run(signalScript, id, nowMs, [...head(speaker), typing ? 1 : 0])) as Reply
      return reply[0] === 'here' ? { kind: 'here', ...JSON.parse(reply[1]) } : refused(reply)
    },

    /** Those kept, oldest first; undefined for whoever has no part in it. */
    async messages(id: string, viewerId: string): Promise<StoredMessage[] | undefined> {
      const keys = keysOf(redis, id)
      const names = [keys.activity(id), keys.child('attendees', id), keys.child('chat', id)]
      const found = (await messagesScript(names, [viewerId])) as string[] | null
      return found?.map((text) => JSON.parse(text) as StoredMessage)
    },

    /** Who was heard of lately, in any order; undefined for whoever has no part in it. */
    async present(id: string, viewerId: string, nowMs: number): Promise<string[] | undefined> {
      const keys = keysOf(redis, id)
      const names = [keys.activity(id), keys.child('attendees', id), keys.child('seen', id)]
      return ((await presentScript(names, [viewerId, nowMs - seenForMs])) as string[] | null) ?? undefined
    },
  }
}
