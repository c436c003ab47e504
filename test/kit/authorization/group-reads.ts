import type { TestApp } from '../app.ts'
import { done, send } from '../conversations.ts'
import { follow } from '../socket.ts'
import {
  accountsOnly,
  block,
  createGroupScene,
  eventsDocument,
  type Group,
  inboxDocument,
  never,
  neverMessage,
} from './group-scene.ts'
import { type Loss, subject } from './rows.ts'

interface Followed extends Group {
  /** Of the owner’s stream of the group. */
  cursor: string
  inboxCursor: string
  pageCursor: string
  since: string
}

const isMessage = (event: Record<string, unknown>) =>
  (event['change'] as { __typename: string } | undefined)?.__typename === 'MessageSent'
const says = ({ owner, id }: Group) => send(owner, id, 'hello')

async function firstCursor(app: TestApp, query: string, token: string, variables: object): Promise<string> {
  const stream = follow<{ cursor: string }>(app, query, { token, variables: { ...variables } })
  const { cursor } = await stream.next()
  stream.stop()
  return cursor
}

/** What ends the part of a member, by what the owner or they themselves do. */
const endings: { how: string; lose(scene: Group): Promise<unknown> }[] = [
  {
    how: 'the member leaves',
    lose: ({ member, id }) => done(member, 'leaveConversation', { conversationId: id }),
  },
  {
    how: 'the owner removes the member',
    lose: ({ owner, member, id }) =>
      done(owner, 'removeConversationMember', { conversationId: id, profileId: member.profileId }),
  },
]

const losses: Loss<Group>[] = [
  ...endings.flatMap(({ how, lose }): Loss<Group>[] => [
    {
      ...{ of: 'Subscription.conversationEvents(conversationId)', how, who: 'member', lose, after: 'ends' },
      ...{ query: eventsDocument, variables: ({ id }) => ({ id }), happen: says, tells: isMessage },
    },
    {
      ...{ of: 'Subscription.inbox(after)', how, who: 'member', lose, after: 'silent' },
      ...{ query: inboxDocument, variables: () => ({}), happen: says, tells: isMessage },
    },
  ]),
  ...(['conversationEvents(conversationId)', 'inbox(after)'] as const).map(
    (field): Loss<Group> => ({
      ...{ of: `Subscription.${field}`, how: 'the owner blocks the member of a group', who: 'member', after: 'silent' },
      query: field.startsWith('inbox') ? inboxDocument : eventsDocument,
      variables: ({ id }) => (field.startsWith('inbox') ? {} : { id }),
      ...{ happen: says, tells: isMessage },
      lose: ({ owner, member }) => block(owner, member),
    }),
  ),
]

/** What is only read of a group, and what tells of it. */
export const groupReads = subject<Followed>({
  name: 'a group that is read',
  async set(app, around) {
    const group = await createGroupScene(app, around)
    const { id, owner } = group
    const { data, errors } = await owner.ask<{ syncBootstrap: { nextPage: string; since: string } }>(
      '{ syncBootstrap(first: 1) { nextPage since } }',
    )
    if (!data) throw new Error(JSON.stringify(errors))
    return {
      ...group,
      cursor: await firstCursor(app, eventsDocument, owner.token, { id }),
      inboxCursor: await firstCursor(app, inboxDocument, owner.token, {}),
      ...{ pageCursor: data.syncBootstrap.nextPage, since: data.syncBootstrap.since },
    }
  },
  rows: [
    {
      of: 'Query.conversation(id)',
      query: 'query ($id: ID!) { conversation(id: $id) { id } }',
      variables: ({ id }) => ({ id }),
      never: () => ({ id: never }),
      gets: { ...accountsOnly, owner: 'given', member: 'given', blocked: 'given', others: 'NOT_FOUND' },
    },
    {
      of: 'Query.node(id)',
      about: 'a conversation',
      query: 'query ($id: ID!) { node(id: $id) { __typename } }',
      variables: ({ id }) => ({ id }),
      never: () => ({ id: never }),
      gets: { owner: 'Conversation', member: 'Conversation', blocked: 'Conversation', others: 'null' },
    },
    {
      of: 'Query.node(id)',
      about: 'a message',
      query: 'query ($id: ID!) { node(id: $id) { __typename } }',
      variables: ({ messageId }) => ({ id: messageId }),
      never: () => ({ id: neverMessage }),
      gets: { owner: 'Message', member: 'Message', others: 'null' },
    },
    {
      of: 'Query.syncBootstrap(after)',
      query: 'query ($after: Cursor) { syncBootstrap(first: 1, after: $after) { since } }',
      variables: ({ pageCursor }) => ({ after: pageCursor }),
      gets: { ...accountsOnly, owner: 'given', others: 'BAD_USER_INPUT' },
    },
    {
      of: 'Query.syncChanges(since)',
      query: 'query ($since: Cursor) { syncChanges(since: $since) { since } }',
      variables: ({ since }) => ({ since }),
      gets: { ...accountsOnly, owner: 'given', others: 'BAD_USER_INPUT' },
    },
    {
      of: 'Query.syncChanges(after.conversationId)',
      query: `query ($after: [SyncPositionInput!]) { syncChanges(after: $after) {
        conversations { conversationId latestSeq changes { seq } } } }`,
      variables: ({ id }) => ({ after: [{ conversationId: id, seq: 0 }] }),
      never: () => ({ after: [{ conversationId: never, seq: 0 }] }),
      shows: ({ syncChanges }) =>
        (syncChanges as { conversations: unknown[] }).conversations.length > 0 ? 'given' : 'NOT_THERE',
      gets: { ...accountsOnly, owner: 'given', member: 'given', blocked: 'given', others: 'NOT_THERE' },
    },
    {
      of: 'Subscription.conversationEvents(conversationId)',
      query: eventsDocument,
      variables: ({ id }) => ({ id }),
      never: () => ({ id: never }),
      gets: { ...accountsOnly, owner: 'Ready', member: 'Ready', blocked: 'Ready', others: 'NOT_FOUND' },
    },
    {
      of: 'Subscription.conversationEvents(after)',
      query: eventsDocument,
      // Places in a conversation are the same for all who are in it.
      variables: ({ id, cursor }) => ({ id, after: cursor }),
      never: ({ cursor }) => ({ id: never, after: cursor }),
      gets: { ...accountsOnly, owner: 'Ready', member: 'Ready', blocked: 'Ready', others: 'NOT_FOUND' },
    },
    {
      of: 'Subscription.inbox(after)',
      query: inboxDocument,
      variables: ({ inboxCursor }) => ({ after: inboxCursor }),
      gets: { ...accountsOnly, owner: 'Ready', others: 'BAD_USER_INPUT' },
    },
  ],
  losses,
})
