import { builder } from '../../graphql/builder.ts'
import { loadersOf } from '../../graphql/loaders.ts'
import { ProfileType } from '../profiles/schema.ts'
import type { Message, MessageReaction } from './index.ts'

const MessageReactionType = builder.objectRef<MessageReaction>('MessageReaction').implement({
  description: 'One emoji on a message, and everybody who has put it there.',
  fields: (t) => ({
    emoji: t.exposeString('emoji', { description: 'One emoji.' }),
    profileIds: t.globalIDList({
      description: 'Who: ids of `Profile`, in the order they came. Nobody whom a block hides from you.',
      resolve: ({ accountIds }) => accountIds.map((id) => ({ type: 'Profile', id })),
    }),
  }),
})

export const MessageType = builder.objectRef<Message>('Message')

builder.node(MessageType, {
  description:
    'Something said in a conversation, as it is now. Seen by those who were in it at that moment and still are.',
  id: { resolve: ({ id }) => id },
  isTypeOf: (value) => typeof value === 'object' && value !== null && 'sentAt' in value && 'senderId' in value,
  loadMany: async (ids, { services, viewer }) => {
    const found = viewer?.accountId
      ? await services.messages.visibleMessages({ accountId: viewer.accountId }, ids)
      : undefined
    return ids.map((id) => found?.get(id) ?? null)
  },
  fields: (t) => ({
    conversationId: t.globalID({
      description: 'The conversation it was said in.',
      resolve: ({ conversationId }) => ({ type: 'Conversation', id: conversationId }),
    }),
    seq: t.exposeInt('seq', {
      description:
        'Its position there. Messages and changes share one sequence: 1, 2, 3, … without gaps, in the order in which they happened.',
    }),
    clientId: t.exposeString('clientId', {
      nullable: true,
      description: 'What its sender’s client called it, to find its own message again; null once they are erased.',
    }),
    sender: t.field({
      type: ProfileType,
      nullable: true,
      description: 'Who said it; null once they are erased.',
      resolve: ({ senderId }, _args, context) => (senderId === null ? null : loadersOf(context).profile.load(senderId)),
    }),
    body: t.exposeString('body', {
      nullable: true,
      description: 'What was said, as it was written: escape it where you show it. Null once it is deleted.',
    }),
    replyTo: t.field({
      type: MessageType,
      nullable: true,
      description: 'The message it answers; null also if that is not for you to see.',
      resolve: ({ conversationId, replyToSeq }, _args, context) =>
        replyToSeq === null ? null : loadersOf(context).message.load(`${conversationId}:${replyToSeq}`),
    }),
    sentAt: t.expose('sentAt', { type: 'DateTime', description: 'When it came.' }),
    editedAt: t.expose('editedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When its text was last changed; null if it never was.',
    }),
    deletedAt: t.expose('deletedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was deleted; null while it is not.',
    }),
    reactions: t.field({
      type: [MessageReactionType],
      // Most messages have none.
      complexity: { field: 1, multiplier: 2 },
      description: 'What people have put on it, in order of first appearance.',
      resolve: async ({ id }, _args, context) => loadersOf(context).reactions.load(id),
    }),
  }),
})
