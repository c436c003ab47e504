import { createAccount, type TestAccount } from '../accounts.ts'
import type { TestApp } from '../app.ts'
import { createGroup, done, openDirect, send } from '../conversations.ts'
import { newClientId } from '../phones.ts'
import { follow } from '../socket.ts'
import { globalId, type Loss, neverId, type Row, type Scene, subject, type Tokens } from './rows.ts'

interface Group extends Scene {
  id: string
  owner: TestAccount
  member: TestAccount
  exMember: TestAccount
  blocked: TestAccount
  /** The owner knows them, and nobody else here does. */
  newcomer: TestAccount
  /** Of the owner's, in the group. */
  messageId: string
  /** The owner’s, of the blocked. */
  blockId: string
  /** Of the owner’s stream of the group. */
  cursor: string
  inboxCursor: string
  pageCursor: string
  since: string
}

const never = globalId('Conversation', neverId)
const neverMessage = globalId('Message', `${neverId}:1`)
const neverProfile = globalId('Profile', neverId)

/** What is for accounts only. */
const accountsOnly = { nobody: 'UNAUTHENTICATED', device: 'FORBIDDEN' }
/** Whoever says the whole username may write, unless a block keeps them apart. */
const byWord = { owner: 'BAD_USER_INPUT', blocked: 'NOT_FOUND' }
const insiders = ['owner', 'member', 'blocked'] as const

const documentOf = (name: string) =>
  `mutation ($input: ${name[0]?.toUpperCase()}${name.slice(1)}Input!) { ${name}(input: $input) { __typename } }`

/** A mutation that names the conversation; `gets` has who of those inside may do it. */
function change(name: string, more: (scene: Group) => object, gets: Partial<Row['gets']>): Row<Group> {
  const payload = `${name[0]?.toUpperCase()}${name.slice(1)}Payload`
  return {
    of: `Mutation.${name}(input.conversationId)`,
    query: documentOf(name),
    variables: (scene) => ({ input: { conversationId: scene.id, ...more(scene) } }),
    never: (scene) => ({ input: { conversationId: never, ...more(scene) } }),
    gets: { ...accountsOnly, owner: payload, member: payload, blocked: payload, others: 'NOT_FOUND', ...gets },
    seenBy: insiders,
  }
}

/** A mutation that names the owner's message. Whoever is hidden from its author has not got it. */
function messageChange(name: string, more: object, gets: Partial<Row['gets']>): Row<Group> {
  return {
    of: `Mutation.${name}(input.messageId)`,
    query: documentOf(name),
    variables: ({ messageId }) => ({ input: { messageId, ...more } }),
    never: () => ({ input: { messageId: neverMessage, ...more } }),
    gets: { ...accountsOnly, owner: `${name[0]?.toUpperCase()}${name.slice(1)}Payload`, others: 'NOT_FOUND', ...gets },
    seenBy: ['owner', 'member'],
  }
}

/** A change of somebody's part, who is named by their profile; only the owner of a group may. */
function memberChange(name: string, more: object): Row<Group>[] {
  const row = change(name, ({ member }) => ({ profileId: member.profileId, ...more }), {
    ...{ member: 'FORBIDDEN', blocked: 'FORBIDDEN' },
  })
  const never = ({ id }: Group) => ({ input: { conversationId: id, profileId: neverProfile, ...more } })
  return [row, { ...row, of: `Mutation.${name}(input.profileId)`, never }]
}

const eventsDocument = `subscription ($id: ID!, $after: Cursor) { conversationEvents(conversationId: $id, after: $after) {
  __typename ... on Ready { cursor } ... on ConversationChanged { cursor change { __typename } } } }`
const inboxDocument = `subscription ($after: Cursor) { inbox(after: $after) {
  __typename ... on Ready { cursor } ... on ConversationChanged { cursor change { __typename } } } }`

const isMessage = (event: Record<string, unknown>) =>
  (event['change'] as { __typename: string } | undefined)?.__typename === 'MessageSent'
const says = ({ owner, id }: Group) => send(owner, id, 'hello')

/** Gives the id of the block. */
async function block(who: TestAccount, { profileId }: TestAccount): Promise<string> {
  const { data, errors } = await who.ask<{ block: { block: { id: string } } | null }>(
    'mutation ($input: BlockInput!) { block(input: $input) { ... on BlockPayload { block { id } } } }',
    { input: { profileId } },
  )
  if (!data?.block) throw new Error(JSON.stringify(errors))
  return data.block.block.id
}

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

export const groups = subject<Group>({
  name: 'a group',
  async set(app, around) {
    const [owner, member, exMember] = [await createAccount(app), await createAccount(app), await createAccount(app)]
    const [blocked, stranger, newcomer] = [await createAccount(app), await createAccount(app), await createAccount(app)]
    await openDirect(owner, newcomer)
    const id = await createGroup(owner, [member, exMember, blocked])
    const { id: messageId } = await send(owner, id, 'Hello, all of you')
    await done(exMember, 'leaveConversation', { conversationId: id })
    const blockId = await block(owner, blocked)
    const { data, errors } = await owner.ask<{ syncBootstrap: { nextPage: string; since: string } }>(
      '{ syncBootstrap(first: 1) { nextPage since } }',
    )
    if (!data) throw new Error(JSON.stringify(errors))
    const tokens: Tokens = {
      ...around,
      ...{ owner: owner.token, member: member.token, exMember: exMember.token },
      ...{ blocked: blocked.token, stranger: stranger.token },
    }
    return {
      ...{ tokens, id, owner, member, exMember, blocked, newcomer, messageId, blockId },
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
    change('sendMessage', () => ({ clientId: newClientId(), body: 'hello' }), {}),
    {
      ...change('sendMessage', ({ messageId }) => ({ clientId: newClientId(), body: 'so', replyToId: messageId }), {
        // Nothing can be answered that one has not got.
        blocked: 'NOT_FOUND',
      }),
      of: 'Mutation.sendMessage(input.replyToId)',
      never: ({ id }) => ({
        input: { conversationId: id, clientId: newClientId(), body: 'so', replyToId: neverMessage },
      }),
      seenBy: [],
    },
    change('markRead', () => ({ upToSeq: 1 }), {}),
    change('markDelivered', () => ({ upToSeq: 1 }), {}),
    change('setTyping', () => ({ typing: true }), {}),
    change('renameConversation', () => ({ name: 'Go' }), { member: 'FORBIDDEN', blocked: 'FORBIDDEN' }),
    change('leaveConversation', () => ({}), { exMember: 'LeaveConversationPayload' }),
    change('addConversationMembers', ({ newcomer }) => ({ profileIds: [newcomer.profileId] }), {
      ...{ member: 'NOT_FOUND', blocked: 'NOT_FOUND' },
    }),
    {
      ...change('addConversationMembers', ({ newcomer }) => ({ profileIds: [newcomer.profileId] }), {
        // They do not know that there is such a person.
        ...{ member: 'NOT_FOUND', blocked: 'NOT_FOUND' },
      }),
      seenBy: [],
      of: 'Mutation.addConversationMembers(input.profileIds)',
      never: ({ id }) => ({ input: { conversationId: id, profileIds: [neverProfile] } }),
    },
    ...memberChange('removeConversationMember', {}),
    ...memberChange('setConversationRole', { role: 'ADMIN' }),
    messageChange('editMessage', { body: 'Hello again' }, { member: 'FORBIDDEN' }),
    messageChange('deleteMessage', {}, { member: 'FORBIDDEN' }),
    messageChange('setReaction', { emoji: '👍', present: true }, { member: 'SetReactionPayload' }),
    {
      of: 'Mutation.openDirectConversation(input.profileId)',
      about: 'a profile',
      query: documentOf('openDirectConversation'),
      variables: ({ owner }) => ({ input: { profileId: owner.profileId } }),
      never: () => ({ input: { profileId: neverProfile } }),
      gets: {
        // Whoever has an id may write to it, as to a username.
        ...{ ...accountsOnly, owner: 'BAD_USER_INPUT', blocked: 'NOT_FOUND' },
        others: 'OpenDirectConversationPayload',
      },
      seenBy: ['owner'],
    },
    {
      of: 'Mutation.createGroupConversation(input.memberIds)',
      about: 'a profile',
      query: documentOf('createGroupConversation'),
      variables: ({ owner }) => ({ input: { clientId: newClientId(), name: 'Go', memberIds: [owner.profileId] } }),
      never: () => ({ input: { clientId: newClientId(), name: 'Go', memberIds: [neverProfile] } }),
      gets: {
        ...{ ...accountsOnly, owner: 'BAD_USER_INPUT', member: 'CreateGroupConversationPayload' },
        ...{ exMember: 'CreateGroupConversationPayload', others: 'NOT_FOUND' },
      },
      seenBy: ['owner'],
    },
    {
      of: 'Mutation.openDirectConversation(input.username)',
      query: documentOf('openDirectConversation'),
      variables: ({ owner }) => ({ input: { username: owner.username } }),
      never: () => ({ input: { username: 'nobody-at-all' } }),
      gets: { ...accountsOnly, ...byWord, others: 'OpenDirectConversationPayload' },
      seenBy: ['owner'],
    },
    {
      of: 'Mutation.createGroupConversation(input.usernames)',
      query: documentOf('createGroupConversation'),
      variables: ({ owner }) => ({ input: { clientId: newClientId(), name: 'Go', usernames: [owner.username] } }),
      never: () => ({ input: { clientId: newClientId(), name: 'Go', usernames: ['nobody-at-all'] } }),
      gets: { ...accountsOnly, ...byWord, others: 'CreateGroupConversationPayload' },
      seenBy: ['owner'],
    },
    {
      ...change('addConversationMembers', ({ newcomer }) => ({ usernames: [newcomer.username] }), {
        ...{ member: 'FORBIDDEN', blocked: 'FORBIDDEN' },
      }),
      of: 'Mutation.addConversationMembers(input.usernames)',
      never: ({ id }) => ({ input: { conversationId: id, usernames: ['nobody-at-all'] } }),
    },
    {
      of: 'Mutation.block(input.profileId)',
      about: 'a profile',
      query: documentOf('block'),
      variables: ({ owner }) => ({ input: { profileId: owner.profileId } }),
      never: () => ({ input: { profileId: neverProfile } }),
      gets: {
        ...{ ...accountsOnly, owner: 'BAD_USER_INPUT', member: 'BlockPayload', exMember: 'BlockPayload' },
        // Each may block the other.
        ...{ blocked: 'BlockPayload', others: 'NOT_FOUND' },
      },
      seenBy: ['owner'],
    },
    {
      of: 'Mutation.unblock(input.blockId)',
      about: 'a block of an account',
      query: documentOf('unblock'),
      variables: ({ blockId }) => ({ input: { blockId } }),
      never: () => ({ input: { blockId: neverId } }),
      gets: { nobody: 'UNAUTHENTICATED', owner: 'UnblockPayload', others: 'NOT_FOUND' },
    },
  ],
  losses,
})

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
