// Invariant: what is said in an activity is said once, in one order, to whoever has a part in it, and ends with it.
import { createHmac } from 'node:crypto'
import type { Clock } from '../../platform/clock.ts'
import type { DeliveryEngine } from '../../platform/delivery/index.ts'
import { deriveKey } from '../../platform/derive-key.ts'
import { IdempotencyMismatchError, NotFoundError, RateLimitedError } from '../../platform/errors.ts'
import { isId } from '../../platform/ids.ts'
import type { Listed, PageRequest } from '../../platform/keyset.ts'
import { outcomeOf } from '../../platform/outcome.ts'
import { checkedText } from '../../platform/text.ts'
import type { Gate, Shadows } from '../gate/index.ts'
import type { SocialService } from '../social/index.ts'
import type { Attendee } from './attendees.ts'
import { seenForMs } from './chat.lua.ts'
import type { ChatStore, StoredMessage } from './chat-store.ts'
import { timeCursor, timePlace } from './cursors.ts'
import { ActivityOverError, NotMemberError } from './errors.ts'
import { activityEvents } from './events.ts'

export interface ActivityMessage {
  id: string
  activityId: string
  /** 1, 2, 3, … of its activity, without gaps. */
  seq: number
  author: Attendee
  body: string
  sentAt: Date
}

export interface NewMessage {
  clientId: string
  activityId: string
  body: string
}

export interface Chat {
  /**
   * Says something. Refuses who has no part in it (NotMemberError), what is over, texts out of their range, what the gate refuses, and more
   * than 100 an hour. Repeating it with the same client id gives the same message, also to who may not write any more.
   */
  send(personId: string, message: NewMessage): Promise<ActivityMessage>
  /**
   * Says that somebody is there, and typing or not; of who is shadowed, to themselves only. Refuses as `send` does, and more than 60 a minute. Repeating it is safe.
   * Answers for how many seconds that holds.
   */
  signal(personId: string, activityId: string, typing: boolean): Promise<number>
  /**
   * What was said lately, oldest first, without whom a block hides from the viewer and what only others may see; null for one who has no part in it. Refuses cursors of
   * other lists.
   */
  messages(viewerId: string, activityId: string): Promise<((page: PageRequest) => Listed<ActivityMessage>[]) | null>
  /** Who of those that the viewer may be shown is there now; null for a viewer who has no part in it. */
  present(viewerId: string, activityId: string): Promise<ReadonlySet<string> | null>
}

export const bodyAtMost = 500
const hourMs = 60 * 60 * 1000
const minuteMs = 60 * 1000
const limits = { send: { count: 100, windowMs: hourMs }, signal: { count: 60, windowMs: minuteMs } }

export const messageIdOf = (activityId: string, seq: number) =>
  Buffer.from(`ActivityMessage:${activityId}:${seq}`).toString('base64url')

/** A message as it is told; what it was made of may come from the chat or from its event. */
export function messageOf(
  { seq, personId, displayName, joinedAtMs, isHost, body, atMs }: StoredMessage,
  activityId: string,
  attendeeId: (activityId: string, personId: string) => string,
): ActivityMessage {
  const id = messageIdOf(activityId, seq)
  const joinedAt = new Date(joinedAtMs)
  const author = { id: attendeeId(activityId, personId), activityId, personId, displayName, joinedAt, isHost }
  return { id, activityId, seq, author, body, sentAt: new Date(atMs) }
}

export function createChat(deps: {
  chat: ChatStore
  social: SocialService
  delivery: DeliveryEngine
  clock: Clock
  secret: string
  rateLimits: boolean
  attendeeId(activityId: string, personId: string): string
  gate: Gate & Shadows
}): Chat {
  const { chat, social, delivery, clock, attendeeId, gate } = deps
  const fingerprintKey = deriveKey(deps.secret, 'activity-messages')

  const fingerprintOf = (activityId: string, body: string) =>
    createHmac('sha256', fingerprintKey).update(`${activityId} ${body}`).digest('base64url')

  async function speaker(personId: string, limit: keyof typeof limits) {
    const rate = deps.rateLimits ? limits[limit] : { ...limits[limit], count: 0 }
    return { personId, apart: await social.hiddenFrom(personId), rate }
  }

  function refusal(
    outcome: { kind: 'none' | 'stranger' | 'over' | 'refused' } | { kind: 'wait'; retryAfterMs: number },
  ): Error {
    if (outcome.kind === 'wait') return new RateLimitedError(outcome.retryAfterMs)
    if (outcome.kind === 'stranger') return new NotMemberError()
    return outcome.kind === 'over' ? new ActivityOverError() : new NotFoundError()
  }

  return {
    async send(personId, { clientId, activityId, body: given }) {
      const body = checkedText(given, { min: 1, max: bodyAtMost, field: 'body', lines: true })
      if (!isId(activityId)) throw new NotFoundError()
      const fingerprint = fingerprintOf(activityId, body)
      const [who, asked] = await Promise.all([
        speaker(personId, 'send'),
        outcomeOf(gate.ask({ surface: 'ACTIVITY_MESSAGE', personId, attempt: clientId, texts: [body] })),
      ])
      const passed = 'error' in asked ? undefined : asked.value
      const kept = passed ? (passed.texts[0] ?? body) : null
      const hiddenBy = passed?.hiddenBy ?? null
      const message = { clientId, fingerprint, body: kept, isChanged: kept !== body, hiddenBy }
      const outcome = await chat.send(activityId, clock.now(), who, message)
      if (outcome.kind === 'refused' && 'error' in asked) throw asked.error
      if (outcome.kind !== 'sent') throw refusal(outcome)
      const { sent } = outcome
      if (sent.fingerprint !== fingerprint) throw new IdempotencyMismatchError()
      passed?.written({ kind: 'ACTIVITY_MESSAGE', id: `${activityId}:${sent.seq}` })
      return messageOf({ ...sent, body: sent.body ?? body }, activityId, attendeeId)
    },

    async signal(personId, activityId, typing) {
      if (!isId(activityId)) throw new NotFoundError()
      const [who, [audience = 'NOBODY'], isAlone] = await Promise.all([
        speaker(personId, 'signal'),
        social.audienceOf([personId]),
        gate.isShadowed(personId, 'ACTIVITY_MESSAGE'),
      ])
      const atMs = clock.now()
      const outcome = await chat.signal(activityId, atMs, who, { typing, isAlone })
      if (outcome.kind !== 'here') throw refusal(outcome)
      const { tell, displayName, joinedAtMs, isHost } = outcome
      if (tell && !isAlone && audience !== 'NOBODY') {
        const someone = { activityId, personId, audience, atMs, displayName, joinedAtMs, isHost }
        await delivery.signal(activityEvents, activityId, { kind: 'typing', ...someone, typing })
      }
      return seenForMs / 1000
    },

    async messages(viewerId, activityId) {
      const [hidden, found] = await Promise.all([social.hiddenFrom(viewerId), chat.messages(activityId, viewerId)])
      if (!found) return null
      const shown = found.filter(({ personId }) => !hidden.has(personId))
      const list = `messages ${viewerId} ${activityId}`
      return ({ after, before, limit, inverted }) => {
        const from = after === undefined ? 0 : timePlace(list, after)
        const to = before === undefined ? Number.POSITIVE_INFINITY : timePlace(list, before, 'before')
        const within = shown.filter(({ seq }) => seq > from && seq < to)
        return (inverted ? within.reverse() : within).slice(0, limit).map((message) => ({
          item: messageOf(message, activityId, attendeeId),
          cursor: timeCursor(list, message.seq),
        }))
      }
    },

    async present(viewerId, activityId) {
      const found = await chat.present(activityId, viewerId, clock.now())
      if (!found) return null
      const visible = await social.visible(viewerId, found)
      return new Set(found.filter((_, i) => visible[i]))
    },
  }
}
