import { builder } from '../../graphql/builder.ts'
import { loadersOf } from '../../graphql/loaders.ts'
import { accountOf } from '../../graphql/person.ts'
import { ConversationType } from './conversation-schema.ts'

const ours = 'One that you are in.'
const MarkReadInput = builder.inputType('MarkReadInput', {
  description: 'What you have read.',
  fields: (t) => ({
    conversationId: t.globalID({ for: ConversationType, required: true, description: ours }),
    upToSeq: t.int({
      required: true,
      description: 'Everything up to this position. More than there is counts as all.',
    }),
  }),
})
const MarkDeliveredInput = builder.inputType('MarkDeliveredInput', {
  description: 'What has reached this device.',
  fields: (t) => ({
    conversationId: t.globalID({ for: ConversationType, required: true, description: ours }),
    upToSeq: t.int({
      required: true,
      description: 'Everything up to this position. More than there is counts as all.',
    }),
  }),
})
const SetTypingInput = builder.inputType('SetTypingInput', {
  description: 'That you type, or have stopped.',
  fields: (t) => ({
    conversationId: t.globalID({ for: ConversationType, required: true, description: ours }),
    typing: t.boolean({ required: true, description: 'Whether you are writing something.' }),
  }),
})

interface Read {
  conversationId: string
  readSeq: number
}
const MarkReadPayload = builder.objectRef<Read>('MarkReadPayload').implement({
  description: 'It is noted.',
  fields: (t) => ({
    readSeq: t.exposeInt('readSeq', { description: 'How far you have read: it never goes back.' }),
    unreadCount: t.int({
      description: 'Messages of others behind that, without deleted ones; at most 999.',
      resolve: ({ conversationId }, _args, context) => loadersOf(context).unreadCount.load(conversationId),
    }),
  }),
})
const MarkDeliveredPayload = builder.objectRef<{ deliveredSeq: number }>('MarkDeliveredPayload').implement({
  description: 'It is noted.',
  fields: (t) => ({
    deliveredSeq: t.exposeInt('deliveredSeq', { description: 'How far it has reached you: it never goes back.' }),
  }),
})
const SetTypingPayload = builder.objectRef<{ typing: boolean }>('SetTypingPayload').implement({
  description: 'It is passed on, or was passed on a moment ago.',
  fields: (t) => ({ typing: t.exposeBoolean('typing', { description: 'What you said.' }) }),
})

builder.mutationFields((t) => ({
  markRead: t.field({
    type: MarkReadPayload,
    nullable: true,
    authScopes: { account: true },
    errors: { types: [], union: { name: 'MarkReadResult', description: 'What `markRead` answers.' } },
    args: { input: t.arg({ type: MarkReadInput, required: true, description: 'How far.' }) },
    description:
      'Says how far you have read; that counts as delivered, too. It only grows. Others are told if it passes a message of theirs. Repeating it is safe. At most 300 receipts a minute.',
    resolve: async (_root, { input: { conversationId, upToSeq } }, { services, viewer }) => ({
      ...(await services.messages.markRead(accountOf(viewer), conversationId.id, upToSeq)),
      conversationId: conversationId.id,
    }),
  }),
  markDelivered: t.field({
    type: MarkDeliveredPayload,
    nullable: true,
    authScopes: { account: true },
    errors: { types: [], union: { name: 'MarkDeliveredResult', description: 'What `markDelivered` answers.' } },
    args: { input: t.arg({ type: MarkDeliveredInput, required: true, description: 'How far.' }) },
    description:
      'Says how much has reached this device. It only grows. Others are told if it passes a message of theirs. Repeating it is safe.',
    resolve: (_root, { input: { conversationId, upToSeq } }, { services, viewer }) =>
      services.messages.markDelivered(accountOf(viewer), conversationId.id, upToSeq),
  }),
  setTyping: t.field({
    type: SetTypingPayload,
    nullable: true,
    authScopes: { account: true },
    errors: { types: [], union: { name: 'SetTypingResult', description: 'What `setTyping` answers.' } },
    args: { input: t.arg({ type: SetTypingInput, required: true, description: 'The signal.' }) },
    description:
      'Tells the others at this moment that you type, or have stopped. Say it again every few seconds; each is passed on at most once in two. Nothing of it is kept.',
    resolve: async (_root, { input: { conversationId, typing } }, { services, viewer }) => {
      await services.messages.setTyping(accountOf(viewer), conversationId.id, typing)
      return { typing }
    },
  }),
}))
