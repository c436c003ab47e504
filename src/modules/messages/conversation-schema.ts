import { builder } from '../../graphql/builder.ts'
import { loadersOf } from '../../graphql/loaders.ts'
import { keysetConnection, pageSize } from '../../graphql/pagination.ts'
import { perViewer } from '../../graphql/per-viewer.ts'
import { accountOf } from '../../graphql/person.ts'
import { NotFoundError } from '../../platform/errors.ts'
import { ProfileType } from '../profiles/schema.ts'
import type { Conversation, ConversationKind, ConversationRole, Membership } from './index.ts'
import { MessageType } from './message-schema.ts'

const ConversationKindEnum = builder.enumType('ConversationKind', {
  description: 'Who a conversation is for.',
  values: {
    DIRECT: { description: 'Two people. There is one for each pair, for ever.' },
    GROUP: { description: 'Up to 256, who come and go.' },
  } satisfies Record<ConversationKind, { description: string }>,
})

export const ConversationRoleEnum = builder.enumType('ConversationRole', {
  description: 'What somebody may do in a group. In a direct conversation everybody is a MEMBER.',
  values: {
    OWNER: { description: 'All of it. There is one.' },
    ADMIN: { description: 'Adds and removes people, renames the group, deletes messages.' },
    MEMBER: { description: 'Reads and writes.' },
  } satisfies Record<ConversationRole, { description: string }>,
})

const ConversationMemberType = builder.objectRef<Membership>('ConversationMember').implement({
  description: 'Somebody who is in a conversation.',
  fields: (t) => ({
    profile: t.field({
      type: ProfileType,
      description: 'Who.',
      resolve: async ({ accountId }, _args, context) => {
        const profile = await loadersOf(context).profile.load(accountId)
        if (!profile) throw new NotFoundError()
        return profile
      },
    }),
    role: t.expose('role', { type: ConversationRoleEnum, description: 'What they may do.' }),
    joinedAt: t.expose('joinedAt', { type: 'DateTime', description: 'Since when they are in it.' }),
    joinedSeq: t.exposeInt('joinedSeq', {
      description: 'The position with which they joined: they see it and what follows.',
    }),
    readSeq: t.exposeInt('readSeq', { description: 'Up to which position they have read.' }),
    deliveredSeq: t.exposeInt('deliveredSeq', {
      description: 'Up to which position it has reached a device of theirs.',
    }),
  }),
})

export const ConversationType = builder.objectRef<Conversation>('Conversation')

builder.node(ConversationType, {
  description:
    'A lasting chat of two people or a group. Everything that happens in it has a position: 1, 2, 3, … without gaps. Seen by those who are in it.',
  id: { resolve: ({ id }) => id },
  isTypeOf: (value) => typeof value === 'object' && value !== null && 'lastActivityAt' in value && 'latestSeq' in value,
  loadMany: async (ids, { services, viewer }) => {
    const found = viewer?.accountId ? await services.messages.visibleConversations(viewer.accountId, ids) : undefined
    return ids.map((id) => found?.get(id) ?? null)
  },
  fields: (t) => ({
    kind: t.expose('kind', { type: ConversationKindEnum, description: 'Whether it is of two people or a group.' }),
    name: t.exposeString('name', { nullable: true, description: 'What a group is called; null for a direct one.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    members: t.field({
      type: [ConversationMemberType],
      description: 'Everybody who is in it now, at most 256, in order of joining; nobody whom a block hides from you.',
      resolve: async ({ id }, _args, context) => loadersOf(context).members.load(id),
    }),
    myRole: t.field({
      type: ConversationRoleEnum,
      extensions: perViewer,
      description: 'What you may do in it.',
      resolve: async ({ id }, _args, context) => (await loadersOf(context).membership.load(id)).role,
    }),
    latestSeq: t.exposeInt('latestSeq', {
      description: 'The position of the last thing that happened, message or change.',
    }),
    firstSeq: t.int({
      extensions: perViewer,
      description: 'The first position that you may see: the one with which you joined.',
      resolve: async ({ id }, _args, context) => (await loadersOf(context).membership.load(id)).joinedSeq,
    }),
    lastMessage: t.field({
      type: MessageType,
      nullable: true,
      extensions: perViewer,
      description: 'The newest message that you may see, deleted or not; null if there is none.',
      resolve: ({ id }, _args, context) => loadersOf(context).lastMessage.load(id),
    }),
    lastActivityAt: t.expose('lastActivityAt', {
      type: 'DateTime',
      description: 'When the last message came, or else when it was made: what `conversations` is sorted by.',
    }),
    unreadCount: t.int({
      extensions: perViewer,
      description: 'Messages of others behind what you have read, without deleted ones. 999 means that many or more.',
      resolve: ({ id }, _args, context) => loadersOf(context).unreadCount.load(id),
    }),
    messages: t.connection({
      type: MessageType,
      extensions: perViewer,
      complexity: pageSize.cost,
      description:
        'What was said since you joined, oldest first: take `last` for the newest. Without those whom a block hides from you. At most 100 at once.',
      resolve: ({ id: conversationId }, args, context) =>
        keysetConnection(args, (page) => loadersOf(context).messagePage.load({ conversationId, page })),
    }),
  }),
})

builder.queryFields((t) => ({
  conversations: t.connection({
    type: ConversationType,
    authScopes: { account: true },
    complexity: pageSize.cost,
    description: 'Your conversations, the last active first. `first` and `last` are at most 100.',
    resolve: (_root, args, { services, viewer }) =>
      keysetConnection(args, (page) => services.messages.conversations(accountOf(viewer), page)),
  }),
  conversation: t.field({
    type: ConversationType,
    nullable: true,
    authScopes: { account: true },
    args: { id: t.arg.globalID({ for: ConversationType, required: true, description: 'Its id.' }) },
    description: 'A conversation that you are in. Any other is refused with NOT_FOUND.',
    resolve: (_root, { id }, { services, viewer }) => services.messages.conversation(accountOf(viewer), id.id),
  }),
}))
