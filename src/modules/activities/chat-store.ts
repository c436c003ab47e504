import type { RedisConnections } from '../../platform/redis.ts'
import type { ContentState } from '../enforcement/index.ts'
import { contentStates } from './card.ts'
import { messageLua, messagesLua, presentLua, seenForMs, sendLua, signalLua } from './chat.lua.ts'
import { alone, keysOf } from './keys.ts'
import type { ActivityStore, Joining } from './store.ts'

/** Who said something, as they were then. */
export interface StoredAuthor {
  displayName: string | null
  joinedAtMs: number
  isHost: boolean
}

export interface StoredMessage extends StoredAuthor {
  /** What its author alone is called by it. */
  alias?: string
  seq: number
  personId: string
  body: string
  atMs: number
}

/** What a client id stands for: the message but for a text that is as it was asked for, and what tells whether it is asked for again. */
export type SentMessage = Omit<StoredMessage, 'body' | 'alias'> & { body?: string; fingerprint: string }

type Refused = { kind: 'none' | 'stranger' | 'over' | 'refused' } | { kind: 'wait'; retryAfterMs: number }
export type SendOutcome = { kind: 'sent'; sent: SentMessage } | Refused
/** `tell`: whether others learn something new by it. */
export type SignalOutcome = ({ kind: 'here'; tell: boolean } & StoredAuthor) | Refused

type Speaker = Pick<Joining, 'personId' | 'apart' | 'rate'>
type Reply = ['none' | 'stranger' | 'over' | 'refused'] | ['wait', number] | ['sent' | 'here', string]

/** Out of an entry of `unseen`. */
const stateIn = (entry = ''): ContentState => contentStates[Number(entry.charAt(0))] ?? 'REMOVED'

export type ChatStore = ReturnType<typeof createChatStore>

/** What is said in an activity, and who is there. Each operation is one script in its area. */
export function createChatStore({ redis, store }: { redis: RedisConnections; store: ActivityStore }) {
  const sendScript = redis.script('vicinitySendActivityMessage', sendLua)
  const signalScript = redis.script('vicinitySignalActivity', signalLua)
  const messagesScript = redis.script('vicinityActivityMessages', messagesLua)
  const messageScript = redis.script('vicinityActivityMessage', messageLua)
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
      message: {
        clientId: string
        fingerprint: string
        /** Null: it may not be written. */
        body: string | null
        /** Whether that is not what was asked for. */
        isChanged: boolean
        hiddenBy: string | null
      },
    ): Promise<SendOutcome> {
      const { clientId, fingerprint, body, isChanged, hiddenBy } = message
      const own = [clientId, fingerprint, body ?? '', isChanged ? 1 : '', body === null ? 1 : '', hiddenBy ?? '']
      const reply = (await store.run(sendScript, id, nowMs, [...head(speaker), ...own])) as Reply
      return reply[0] === 'sent' ? { kind: 'sent', sent: JSON.parse(reply[1]) as SentMessage } : refused(reply)
    },

    /** `isAlone`: that they are there is for themselves only. */
    async signal(
      id: string,
      nowMs: number,
      speaker: Speaker,
      { typing, isAlone }: { typing: boolean; isAlone: boolean },
    ): Promise<SignalOutcome> {
      const own = [typing ? 1 : 0, isAlone ? 1 : 0]
      const reply = (await store.run(signalScript, id, nowMs, [...head(speaker), ...own])) as Reply
      return reply[0] === 'here' ? { kind: 'here', ...JSON.parse(reply[1]) } : refused(reply)
    },

    /** Those kept that a viewer may see, blocks aside, oldest first; undefined for whoever has no part in it. */
    async messages(id: string, viewerId: string): Promise<StoredMessage[] | undefined> {
      const keys = keysOf(redis, id)
      const names = (['attendees', 'chat', 'unseen'] as const).map((name) => keys.child(name, id))
      const found = (await messagesScript([keys.activity(id), ...names], [viewerId])) as [string[], string[]] | null
      if (!found) return undefined
      const [texts, flat] = found
      const states = new Map(flat.flatMap((seq, i) => (i % 2 === 0 ? [[Number(seq), stateIn(flat[i + 1])]] : [])))
      return texts.flatMap((text) => {
        const message = JSON.parse(text) as StoredMessage
        const own = message.personId === viewerId
        const state = states.get(message.seq) ?? 'VISIBLE'
        if (state !== 'VISIBLE' && !(own && state === 'HIDDEN')) return []
        return own && message.alias !== undefined ? { ...message, displayName: message.alias } : message
      })
    },

    /** One of those kept, whoever asks. */
    async message(id: string, seq: number): Promise<(StoredMessage & { state: ContentState }) | undefined> {
      const keys = keysOf(redis, id)
      const names = [keys.activity(id), keys.child('chat', id), keys.child('unseen', id)]
      const found = (await messageScript(names, [seq])) as [string, string] | null
      return found ? { ...(JSON.parse(found[0]) as StoredMessage), state: stateIn(found[1]) } : undefined
    },

    /** Whom the viewer may know to have been heard of lately, blocks aside, in any order; undefined for whoever has no part in it. */
    async present(id: string, viewerId: string, nowMs: number): Promise<string[] | undefined> {
      const keys = keysOf(redis, id)
      const names = [keys.activity(id), keys.child('attendees', id), keys.child('seen', id)]
      const found = (await presentScript(names, [viewerId, nowMs - seenForMs])) as string[] | null
      const ofTheirOwn = viewerId + alone
      const known = found?.filter((one) => one === ofTheirOwn || !one.endsWith(alone))
      return known && [...new Set(known.map((one) => (one === ofTheirOwn ? viewerId : one)))]
    },
  }
}
