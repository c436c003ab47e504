import type { MessageFieldsFragment, SyncSnapshotsQuery } from '../../generated/graphql.ts'
import {
  conversationMessages,
  createGroupConversation,
  deleteMessage,
  editMessage,
  inbox,
  markDelivered,
  markRead,
  openDirectConversation,
  sendMessage,
  setReaction,
  setTyping,
  syncBootstrap,
  syncChanges,
  syncMe,
  syncSnapshots,
} from '../../generated/operations.ts'
import type { VicinityClient } from '../client-types.ts'
import { type ErrorCode, VicinityError } from '../errors.ts'
import { createObservable, type Observable } from '../observable.ts'
import type { InboxSink, MessengerApi } from './api.ts'
import { changeOf, kindOf, memberOf, messageOf, profileOf, profilesIn } from './graphql-records.ts'
import type { Refused } from './jobs.ts'

/** Newest messages of each conversation that come with it. */
const newest = 20
const pageSize = 50
const changesAtOnce = 100

/** The messenger's server, through a client. */
export function graphqlApi(client: VicinityClient): MessengerApi {
  return {
    ...conditions(client),
    async me() {
      const { me } = await syncMe(client)
      if (!me) throw new VicinityError('UNAUTHENTICATED', 'Nobody is signed in')
      return { accountId: me.id, profile: profileOf(me.profile) }
    },

    async bootstrap(after) {
      const { syncBootstrap: page } = await syncBootstrap(client, { first: pageSize, after, messages: newest })
      return {
        me: { accountId: page.me.id, profile: profileOf(page.me.profile) },
        snapshots: page.conversations.map(({ conversation, messages, upToSeq, hasOlder }) => ({
          ...conversation,
          kind: kindOf(conversation.kind),
          ...{ upToSeq, hasOlder, olderCursor: null },
          members: conversation.members.map(memberOf),
          messages: messages.map(messageOf),
        })),
        profiles: page.profiles.map(profileOf),
        nextPage: page.nextPage,
        inboxCursor: page.inboxCursor,
        since: page.since,
      }
    },

    async pull(after, since) {
      const { syncChanges: found } = await syncChanges(client, { after, since, first: changesAtOnce })
      return {
        conversations: found.conversations.map((one) => ({ ...one, changes: one.changes.map(changeOf) })),
        profiles: found.profiles.map(profileOf),
        changed: found.changed,
        hasMoreChanged: found.hasMoreChanged,
        left: found.left,
        since: found.since,
      }
    },

    async snapshots(ids) {
      const { nodes } = await syncSnapshots(client, { ids, messages: newest })
      const found = nodes.flatMap((node) => (node && 'latestSeq' in node ? [node as Found] : []))
      return {
        snapshots: found.map(({ messages, members, latestSeq, ...conversation }) => ({
          ...conversation,
          kind: kindOf(conversation.kind),
          upToSeq: latestSeq,
          members: members.map(memberOf),
          messages: nodesOf(messages).map(messageOf),
          hasOlder: messages.pageInfo.hasPreviousPage,
          olderCursor: messages.pageInfo.startCursor,
        })),
        profiles: profilesIn(found),
      }
    },

    async older(id, before, count) {
      const { conversation } = await conversationMessages(client, { id, last: count, before })
      if (!conversation) throw new VicinityError('NOT_FOUND', 'Not found.')
      const { messages, latestSeq } = conversation
      return {
        messages: nodesOf(messages).map(messageOf),
        profiles: profilesIn(messages),
        cursor: messages.pageInfo.startCursor ?? before,
        hasOlder: messages.pageInfo.hasPreviousPage,
        latestSeq,
      }
    },

    async send(input) {
      const { sentMessage } = done((await sendMessage(client, { input })).sendMessage, 'SendMessagePayload')
      return messageOf(sentMessage)
    },
    async edit(messageId, body) {
      done((await editMessage(client, { input: { messageId, body } })).editMessage, 'EditMessagePayload')
    },
    async remove(messageId) {
      done((await deleteMessage(client, { input: { messageId } })).deleteMessage, 'DeleteMessagePayload')
    },
    async react(messageId, emoji, present) {
      done((await setReaction(client, { input: { messageId, emoji, present } })).setReaction, 'SetReactionPayload')
    },
    async markRead(conversationId, upToSeq) {
      done((await markRead(client, { input: { conversationId, upToSeq } })).markRead, 'MarkReadPayload')
    },
    async markDelivered(conversationId, upToSeq) {
      const input = { conversationId, upToSeq }
      done((await markDelivered(client, { input })).markDelivered, 'MarkDeliveredPayload')
    },
    async setTyping(conversationId, typing) {
      done((await setTyping(client, { input: { conversationId, typing } })).setTyping, 'SetTypingPayload')
    },

    async openDirect(username) {
      const { openDirectConversation: result } = await openDirectConversation(client, { input: { username } })
      return done(result, 'OpenDirectConversationPayload').conversation.id
    },
    async createGroup(input) {
      const { createGroupConversation: result } = await createGroupConversation(client, { input })
      return done(result, 'CreateGroupConversationPayload').conversation.id
    },

    inbox: (after, sink) => followInbox(client, after, sink),
  }
}

type Found = Extract<SyncSnapshotsQuery['nodes'][number], { latestSeq: number }>

function followInbox(client: VicinityClient, after: string | null, sink: InboxSink): () => void {
  return inbox(
    client,
    { after },
    {
      next({ inbox: event }) {
        if (event.__typename === 'Ready') sink.next({ kind: 'ready' })
        else if (event.__typename === 'ResyncRequired') sink.next({ kind: 'resync' })
        else if (event.__typename === 'ConversationTyping') {
          const { conversationId, profile, typing } = event
          sink.next({ kind: 'typing', conversationId, profile: profileOf(profile), typing })
        } else if (event.__typename === 'ConversationChanged') {
          const { cursor, change } = event
          sink.next({ kind: 'change', change: changeOf(change), profiles: profilesIn(change), cursor })
        }
      },
      error: (reason) => sink.error(reason),
      complete: () => sink.error(new VicinityError('UNAVAILABLE', 'The inbox ended')),
    },
  )
}

/** What of the client decides whether anything can be asked. */
function conditions({ auth, status }: VicinityClient): { signedIn: Observable<boolean>; online: Observable<boolean> } {
  const signedIn = mapped(auth.status, (now) => now === 'signed-in')
  // On the way from a cut to being connected again it stays cut.
  const online = mapped(status, (now, before: boolean | undefined) =>
    now === 'connecting' ? (before ?? true) : now !== 'offline',
  )
  return { signedIn, online }
}

function mapped<From, To>(source: Observable<From>, map: (value: From, before: To | undefined) => To): Observable<To> {
  const value = createObservable(map(source.get(), undefined))
  // As long as the client lives.
  source.subscribe((next) => value.set(map(next, value.get())))
  return value
}

const nodesOf = ({ edges }: { edges: readonly ({ node: MessageFieldsFragment } | null)[] }) =>
  edges.flatMap((edge) => (edge ? [edge.node] : []))

/** The payload of a result. A typed refusal is thrown, with its code. */
function done<Result extends { __typename: string }, Name extends Result['__typename']>(
  result: Result | null | undefined,
  name: Name,
): Extract<Result, { __typename: Name }> {
  if (result?.__typename === name) return result as Extract<Result, { __typename: Name }>
  throw new RefusedError((result ?? {}) as Told)
}

/** A typed refusal, as far as it says something. */
interface Told {
  __typename?: string
  code?: string
  message?: string
  explanation?: string
  retryAfterMs?: number | null
  challenge?: string
  difficulty?: number
}

/** A refusal, with what the messenger keeps of it. */
class RefusedError extends VicinityError {
  readonly isRestricted: boolean
  readonly refused: Refused

  constructor({ __typename, code = 'INTERNAL', message = 'Refused', ...told }: Told) {
    super(code as ErrorCode, message, { retryAfterMs: told.retryAfterMs ?? undefined })
    const { explanation, challenge, difficulty } = told
    this.isRestricted = __typename === 'RestrictedError'
    const toAnswer = challenge !== undefined && difficulty !== undefined ? { challenge, difficulty } : null
    this.refused = { reason: explanation ?? message, challenge: toAnswer }
  }
}
