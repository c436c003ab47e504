import { builder } from '../../graphql/builder.ts'
import { loadersOf } from '../../graphql/loaders.ts'
import { accountOf } from '../../graphql/person.ts'
import { AccountType } from '../identity/account-schema.ts'
import { ProfileType } from '../profiles/schema.ts'
import { ConversationChangeInterface } from './change-schema.ts'
import { ConversationType } from './conversation-schema.ts'
import type { Bootstrap, Catching, Caught, Snapshot } from './index.ts'
import { MessageType } from './message-schema.ts'

/** However much is asked for, an answer is read in the same few statements, and its size has limits: lists are paid for by these. */
const paid = (multiplier: number) => ({ field: 1, multiplier })

const profilesDescription =
  'Everybody whom the rest of the answer names, once. Whoever is named and not here came in that very moment, or is erased.'
const named = (accountIds: readonly string[], context: Parameters<typeof loadersOf>[0]) =>
  Promise.all(accountIds.map((id) => loadersOf(context).profile.load(id))).then((found) =>
    found.filter((profile) => profile !== null),
  )

const SnapshotType = builder.objectRef<Snapshot>('ConversationSnapshot').implement({
  description: 'A conversation with what was said in it last.',
  fields: (t) => ({
    conversation: t.expose('conversation', { type: ConversationType, description: 'The conversation as it is now.' }),
    messages: t.expose('messages', {
      type: [MessageType],
      complexity: paid(3),
      description: 'The newest messages that you may see, as they are now, oldest first.',
    }),
    upToSeq: t.exposeInt('upToSeq', {
      description: 'Everything up to this position is in it: go on from here with `syncChanges`.',
    }),
    hasOlder: t.exposeBoolean('hasOlder', {
      description:
        'Whether there are older messages than these: ask `Conversation.messages` for them when they are wanted.',
    }),
  }),
})

const BootstrapType = builder.objectRef<Bootstrap>('SyncBootstrap').implement({
  description: 'All that a client needs that knows nothing yet, page by page.',
  fields: (t) => ({
    me: t.field({
      type: AccountType,
      description: 'Your account.',
      resolve: async (_page, _args, { services, viewer }) => {
        const account = await services.identity.account(viewer)
        if (!account) throw new Error('There is no account.')
        return account
      },
    }),
    conversations: t.expose('snapshots', {
      type: [SnapshotType],
      complexity: paid(2),
      description: 'Your conversations, the last active first. A page may be shorter than asked for: see `hasMore`.',
    }),
    profiles: t.field({
      type: [ProfileType],
      complexity: paid(5),
      description: profilesDescription,
      resolve: ({ accountIds }, _args, context) => named(accountIds, context),
    }),
    hasMore: t.boolean({
      description: 'Whether there are more conversations.',
      resolve: ({ nextPage }) => nextPage !== null,
    }),
    nextPage: t.expose('nextPage', {
      type: 'Cursor',
      nullable: true,
      description: 'Hand it back as `after` for the next page; null when this is the last one.',
    }),
    inboxCursor: t.expose('inboxCursor', {
      type: 'Cursor',
      description:
        'Where `inbox` stood before anything of the first page was read: `inbox(after:)` tells what has happened since. The same on every page.',
    }),
    since: t.expose('since', {
      type: 'Cursor',
      description: 'For `syncChanges(since:)`, from before the first page was read. The same on every page.',
    }),
  }),
})

const CaughtType = builder.objectRef<Caught>('ConversationChanges').implement({
  description: 'What happened in a conversation after a position, without a hole.',
  fields: (t) => ({
    conversationId: t.globalID({
      description: 'In which conversation.',
      resolve: ({ conversationId }) => ({ type: 'Conversation', id: conversationId }),
    }),
    changes: t.expose('changes', {
      type: [ConversationChangeInterface],
      complexity: paid(3),
      description:
        'In their order. The first follows the position you named, or is at `firstSeq` if that is later; each follows the one before.',
    }),
    upToSeq: t.exposeInt('upToSeq', { description: 'Name this position the next time: you have everything up to it.' }),
    hasMore: t.boolean({
      description: 'Whether there is more by now. Ask again, from `upToSeq`.',
      resolve: ({ upToSeq, latestSeq }) => upToSeq < latestSeq,
    }),
    latestSeq: t.exposeInt('latestSeq', {
      description:
        'The position of the last thing that happened. Below the one you named, the server was set back: forget the conversation and load it again.',
    }),
    firstSeq: t.exposeInt('firstSeq', {
      description: 'The first position that you may see. Forget what you keep from before it: you left, and came back.',
    }),
  }),
})

const PositionType = builder
  .objectRef<{ conversationId: string; latestSeq: number }>('ConversationPosition')
  .implement({
    description: 'How far a conversation is.',
    fields: (t) => ({
      conversationId: t.globalID({
        description: 'Which conversation.',
        resolve: ({ conversationId }) => ({ type: 'Conversation', id: conversationId }),
      }),
      latestSeq: t.exposeInt('latestSeq', {
        description:
          'The position of the last thing that happened. If you are there already, there is nothing to ask for.',
      }),
    }),
  })

const CatchingType = builder.objectRef<Catching>('SyncChanges').implement({
  description: 'What you missed.',
  fields: (t) => ({
    conversations: t.expose('conversations', {
      type: [CaughtType],
      complexity: paid(1),
      description: 'One for each position asked for. Missing: you are not in that conversation any more.',
    }),
    profiles: t.field({
      type: [ProfileType],
      complexity: paid(5),
      description: profilesDescription,
      resolve: ({ accountIds }, _args, context) => named(accountIds, context),
    }),
    changed: t.expose('changed', {
      type: [PositionType],
      complexity: paid(5),
      description:
        'Your conversations in which something happened after `since`, at most 500; without `since` all of them. Some may be told again.',
    }),
    left: t.globalIDList({
      description:
        'Conversations that you left after `since`, were removed from, or that a block hides from you. Forget them. Empty without `since`.',
      resolve: ({ left }) => left.map((id) => ({ type: 'Conversation', id })),
    }),
    hasMoreChanged: t.exposeBoolean('hasMoreChanged', {
      description: 'Whether there is more in `changed` and `left`. Ask again, with the new `since`.',
    }),
    since: t.expose('since', { type: 'Cursor', description: 'Hand it back the next time.' }),
  }),
})

const PositionInput = builder.inputType('SyncPositionInput', {
  description: 'Up to where you have everything of a conversation.',
  fields: (t) => ({
    conversationId: t.globalID({ for: ConversationType, required: true, description: 'Which conversation.' }),
    seq: t.int({
      required: true,
      description: 'The end of what you have without a hole: not the highest position you know. 0: nothing.',
    }),
  }),
})

builder.queryFields((t) => ({
  syncBootstrap: t.field({
    type: BootstrapType,
    authScopes: { account: true },
    args: {
      first: t.arg.int({ defaultValue: 20, description: 'How many conversations, 1 to 50.' }),
      after: t.arg({ type: 'Cursor', required: false, description: '`nextPage` of the page before.' }),
      messages: t.arg.int({ defaultValue: 20, description: 'How many messages of each, 1 to 50.' }),
    },
    description:
      'Everything that a new client begins with: your conversations with their newest messages, and where to go on from.',
    resolve: (_root, { first, after, messages }, { services, viewer }) =>
      services.messages.syncBootstrap(accountOf(viewer), {
        first: first ?? 20,
        after: after ?? null,
        messages: messages ?? 20,
      }),
  }),
  syncChanges: t.field({
    type: CatchingType,
    authScopes: { account: true },
    args: {
      after: t.arg({
        type: [PositionInput],
        required: false,
        description:
          'What you have, at most 100 conversations at once. Those that are not yours are left out silently.',
      }),
      since: t.arg({ type: 'Cursor', required: false, description: 'The last `since` you got.' }),
      first: t.arg.int({
        defaultValue: 100,
        description: 'At most so many changes of each conversation, 1 to 100. Of all together there are at most 500.',
      }),
    },
    description:
      'What happened while you were away. First with `since`: which conversations have something new. Then with `after`: what. Repeat it while anything says that there is more.',
    resolve: (_root, { after, since, first }, { services, viewer }) =>
      services.messages.syncChanges(accountOf(viewer), {
        after: (after ?? []).map(({ conversationId, seq }) => ({ conversationId: conversationId.id, seq })),
        since: since ?? null,
        first: first ?? 100,
      }),
  }),
}))
