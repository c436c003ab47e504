// Invariant: a stream tells an account of what is its own to see at that moment, and of nothing after it has left.
import type { Audience, Delivery, DeliveryEngine } from '../../platform/delivery/index.ts'
import type { DurableTopic } from '../../platform/delivery/topics.ts'
import { NotFoundError } from '../../platform/errors.ts'
import { isId } from '../../platform/ids.ts'
import type { SocialService, Sight as SocialSight } from '../social/index.ts'
import { watchAudience } from './audiences.ts'
import type { Change } from './changes.ts'
import type { ConversationEntryStore, Standing } from './entry-store.ts'
import { type ConversationEventPayload, type InboxEventPayload, inboxTopic } from './events.ts'
import type { Foresight } from './foresight.ts'
import type { MessagePlace } from './rules.ts'
import type { Onlooker } from './sight.ts'

type Stream<Payload> = AsyncIterableIterator<Delivery<Payload>>

export interface Streams {
  /**
   * What happens in a conversation after a cursor, however old, then live, until the account leaves it or a block parts it. Refuses one
   * that the account is not in with NOT_FOUND, and cursors of other streams; UNAVAILABLE while Redis does not answer.
   */
  conversationEvents(
    accountId: string,
    conversationId: string,
    after: string | null,
    onSlow: () => void,
  ): Promise<Stream<ConversationEventPayload>>
  /** What happens in all of the account's conversations. Refuses cursors of other streams; UNAVAILABLE while Redis does not answer. */
  inbox(accountId: string, after: string | null, onSlow: () => void): Promise<Stream<InboxEventPayload>>
  /** What a delivered pointer tells those whom it was delivered to: what there is now, or its position only. */
  changeAt(onlooker: Onlooker, pointer: MessagePlace): Promise<Change>
}

export function createStreams(deps: {
  delivery: DeliveryEngine
  topic: DurableTopic<ConversationEventPayload>
  entries: ConversationEntryStore
  foresight: Foresight
  social: Pick<SocialService, 'watch'>
}): Streams {
  const { delivery, topic, entries, foresight, social } = deps

  const typingIsFor = (accountId: string, sight: SocialSight, typist: string) =>
    typist !== accountId && sight.sees(typist, 'EVERYONE')

  return {
    async conversationEvents(accountId, conversationId, after, onSlow) {
      // Looked at before anything is made for it, too.
      const standing = isId(conversationId) ? await standingIn(accountId, conversationId) : undefined
      if (!standing) throw new NotFoundError()
      const { joinedSeq, otherId } = standing
      const sight = await social.watch(accountId)
      const lost = new AbortController()
      const audience = await watchAudience(sight, joinedSeq, (ids) => entries.anyIn(conversationId, ids))
      if (standing.isApart) audience.part()
      const replayed = new WeakSet<ConversationEventPayload>()
      function onlooker(): Onlooker {
        const shared = audience.current()
        return shared === null ? { accountId } : { audience: shared }
      }

      function accept(payload: ConversationEventPayload): boolean | 'last' {
        if (payload.kind === 'TYPING') return typingIsFor(accountId, sight, payload.accountId)
        if (payload.seq < joinedSeq) return false
        const { member } = payload
        if (payload.apartId === accountId) audience.part()
        if (member?.change === 'ADDED' && member.accountId !== null) audience.met(member.accountId)
        if (!replayed.has(payload)) foresight.expect(onlooker(), payload)
        const gone = member?.accountId === accountId && (member.change === 'LEFT' || member.change === 'REMOVED')
        return gone ? 'last' : true
      }
      async function keep(payloads: ConversationEventPayload[]) {
        for (const payload of payloads) replayed.add(payload)
        await foresight.expectAll({ accountId }, payloads.filter(isPointer))
        return payloads.map(() => true)
      }

      const stream = await delivery
        .subscribe(topic, conversationId, {
          ...{ after, notBefore: joinedSeq - 1, accept, keep, until: lost.signal, onSlow, onEnded: sight.close },
          audience,
        })
        .catch((error: unknown) => {
          sight.close()
          throw error
        })
      try {
        const checkOther = () => {
          if (otherId !== null && sight.hidden()?.has(otherId)) lost.abort()
        }
        sight.onChange(checkOther)
        // Looked at once the stream is open: who leaves from here on is told so by it.
        const now = await standingIn(accountId, conversationId)
        if (now?.joinedSeq !== joinedSeq) throw new NotFoundError()
        if (now.isApart) audience.part()
        checkOther()
        return stream
      } catch (error) {
        await stream.return?.()
        throw error
      }
    },

    async inbox(accountId, after, onSlow) {
      const sight = await social.watch(accountId)
      function accept(payload: InboxEventPayload): boolean {
        if (payload.kind === 'TYPING') return typingIsFor(accountId, sight, payload.accountId)
        foresight.expect({ accountId }, payload)
        return true
      }
      async function keep(payloads: InboxEventPayload[]) {
        const pointers = payloads.filter(isPointer)
        const ids = new Set(pointers.map(({ conversationId }) => conversationId))
        const own = await entries.standings(accountId, [...ids])
        const isOwn = (payload: InboxEventPayload) => {
          const standing = own.get(payload.conversationId)
          if (!isPointer(payload) || !standing) return false
          return standing.joinedSeq <= payload.seq && (standing.leftSeq === null || payload.seq <= standing.leftSeq)
        }
        await foresight.expectAll({ accountId }, pointers.filter(isOwn))
        return payloads.map(isOwn)
      }
      return delivery
        .subscribe(inboxTopic, accountId, { after, accept, keep, audience: oneself, onSlow, onEnded: sight.close })
        .catch((error: unknown) => {
          sight.close()
          throw error
        })
    },

    changeAt: foresight.changeAt,
  }

  /** Where an account stands in a conversation that it is in now. */
  async function standingIn(accountId: string, conversationId: string): Promise<Standing | undefined> {
    const standing = (await entries.standings(accountId, [conversationId])).get(conversationId)
    return standing?.leftSeq === null ? standing : undefined
  }
}

const isPointer = <Payload extends { kind: string }>(
  payload: Payload,
): payload is Exclude<Payload, { kind: 'TYPING' }> => payload.kind !== 'TYPING'

/** An inbox is one account's. */
const oneself: Audience = { current: () => null, onChange: () => undefined }
