import { createAccount } from '../accounts.ts'
import { openDirect, send } from '../conversations.ts'
import { newClientId } from '../phones.ts'
import { accountsOnly, block, documentOf, eventsDocument, never, neverMessage } from './group-scene.ts'
import { type Row, type Scene, subject } from './rows.ts'

interface Direct extends Scene {
  id: string
  messageId: string
}

/** A direct conversation whose one side has blocked the other: gone for both, as if it had never been. */
export const partedConversations = subject<Direct>({
  name: 'a direct conversation, parted by a block',
  async set(app, around) {
    const [owner, blocked, stranger] = [await createAccount(app), await createAccount(app), await createAccount(app)]
    const id = await openDirect(owner, blocked)
    const { id: messageId } = await send(owner, id, 'hello')
    await block(owner, blocked)
    const tokens = { ...around, owner: owner.token, blocked: blocked.token, stranger: stranger.token }
    return { tokens, id, messageId }
  },
  rows: [
    {
      of: 'Query.conversation(id)',
      query: 'query ($id: ID!) { conversation(id: $id) { id } }',
      variables: ({ id }) => ({ id }),
      never: () => ({ id: never }),
      gets: { ...accountsOnly, others: 'NOT_FOUND' },
    },
    {
      of: 'Query.node(id)',
      query: 'query ($id: ID!) { node(id: $id) { __typename } }',
      variables: ({ id }) => ({ id }),
      never: () => ({ id: never }),
      gets: { others: 'null' },
    },
    {
      of: 'Query.syncChanges(after.conversationId)',
      query: 'query ($after: [SyncPositionInput!]) { syncChanges(after: $after) { conversations { conversationId } } }',
      variables: ({ id }) => ({ after: [{ conversationId: id, seq: 0 }] }),
      never: () => ({ after: [{ conversationId: never, seq: 0 }] }),
      shows: ({ syncChanges }) =>
        (syncChanges as { conversations: unknown[] }).conversations.length > 0 ? 'given' : 'NOT_THERE',
      gets: { ...accountsOnly, others: 'NOT_THERE' },
    },
    {
      of: 'Subscription.conversationEvents(conversationId)',
      query: eventsDocument,
      variables: ({ id }) => ({ id }),
      never: () => ({ id: never }),
      gets: { ...accountsOnly, others: 'NOT_FOUND' },
    },
    ...(
      [
        ['sendMessage', () => ({ clientId: newClientId(), body: 'hello' })],
        ['markRead', () => ({ upToSeq: 1 })],
        ['markDelivered', () => ({ upToSeq: 1 })],
        ['setTyping', () => ({ typing: true })],
        ['leaveConversation', () => ({})],
        ['renameConversation', () => ({ name: 'Go' })],
      ] as const
    ).map(
      ([name, more]): Row<Direct> => ({
        of: `Mutation.${name}(input.conversationId)`,
        query: documentOf(name),
        variables: ({ id }) => ({ input: { conversationId: id, ...more() } }),
        never: () => ({ input: { conversationId: never, ...more() } }),
        gets: { ...accountsOnly, others: 'NOT_FOUND' },
      }),
    ),
    ...(
      [
        ['editMessage', { body: 'hello' }],
        ['deleteMessage', {}],
        ['setReaction', { emoji: '👍', present: true }],
      ] as const
    ).map(
      ([name, more]): Row<Direct> => ({
        of: `Mutation.${name}(input.messageId)`,
        query: documentOf(name),
        variables: ({ messageId }) => ({ input: { messageId, ...more } }),
        never: () => ({ input: { messageId: neverMessage, ...more } }),
        gets: { ...accountsOnly, others: 'NOT_FOUND' },
      }),
    ),
  ],
})
