import { builder } from '../../graphql/builder.ts'
import { clientId, clientIdDescription } from '../../graphql/client-id.ts'
import { ErrorInterface } from '../../graphql/interfaces.ts'
import { accountOf } from '../../graphql/person.ts'
import { IdempotencyMismatchError } from '../../platform/errors.ts'
import { gateErrors } from '../gate/schema.ts'
import { ConversationType } from './conversation-schema.ts'
import { type Message, MessageDeletedError } from './index.ts'
import { MessageType } from './message-schema.ts'

builder.objectType(MessageDeletedError, {
  name: 'MessageDeletedError',
  description: 'The message was deleted: it can no more be edited, and nothing can be put on it.',
  interfaces: [ErrorInterface],
})

const SendMessageInput = builder.inputType('SendMessageInput', {
  description: 'What to say, and where.',
  fields: (t) => ({
    conversationId: t.globalID({ for: ConversationType, required: true, description: 'One that you are in.' }),
    clientId: t.string({ required: true, validate: clientId, description: clientIdDescription('message') }),
    body: t.string({ required: true, description: '1 to 2,000 characters; several lines are fine.' }),
    replyToId: t.globalID({ for: MessageType, description: 'A message in the same conversation that it answers.' }),
  }),
})
const SendMessagePayload = builder.objectRef<{ message: Message; created: boolean }>('SendMessagePayload').implement({
  description: 'It is said: kept, with its position, before this is answered.',
  fields: (t) => ({
    // Not `message`: that is what an error says, and no client could select both without an alias.
    sentMessage: t.field({
      type: MessageType,
      description: 'The message, as it is now.',
      resolve: ({ message }) => message,
    }),
    created: t.exposeBoolean('created', {
      description: 'Whether it was said just now; false if this client id had said it before.',
    }),
  }),
})

const EditMessageInput = builder.inputType('EditMessageInput', {
  description: 'What a message is to say.',
  fields: (t) => ({
    messageId: t.globalID({ for: MessageType, required: true, description: 'One of your own.' }),
    body: t.string({ required: true, description: '1 to 2,000 characters.' }),
  }),
})
const DeleteMessageInput = builder.inputType('DeleteMessageInput', {
  description: 'Which message to delete.',
  fields: (t) => ({
    messageId: t.globalID({
      for: MessageType,
      required: true,
      description: 'One of your own; any, for OWNER and ADMIN of a group.',
    }),
  }),
})
const SetReactionInput = builder.inputType('SetReactionInput', {
  description: 'What to put on a message, or to take off.',
  fields: (t) => ({
    messageId: t.globalID({ for: MessageType, required: true, description: 'One that you may see.' }),
    emoji: t.string({ required: true, description: 'One emoji; at most 10 different ones of yours on a message.' }),
    present: t.boolean({ required: true, description: 'Whether it is to be there.' }),
  }),
})

const changed = <Field extends string>(field: Field, name: string, description: string) =>
  builder.objectRef<{ message: Message }>(name).implement({
    description,
    fields: (t) => ({
      [field]: t.field({
        type: MessageType,
        description: 'The message, as it is now.',
        resolve: ({ message }) => message,
      }),
    }),
  })
const EditMessagePayload = changed('editedMessage', 'EditMessagePayload', 'It says so.')
const DeleteMessagePayload = changed('deletedMessage', 'DeleteMessagePayload', 'It is gone: its place stays.')
const SetReactionPayload = changed('reactedMessage', 'SetReactionPayload', 'It is so.')

builder.mutationFields((t) => ({
  sendMessage: t.field({
    type: SendMessagePayload,
    nullable: true,
    authScopes: { account: true },
    errors: {
      types: [IdempotencyMismatchError, ...gateErrors],
      union: { name: 'SendMessageResult', description: 'What `sendMessage` answers.' },
    },
    args: { input: t.arg({ type: SendMessageInput, required: true, description: 'The message.' }) },
    description:
      'Says something in a conversation. Send it again with the same clientId when an answer got lost, at once or next week: it is there once. At most 60 in 10 seconds.',
    resolve: (_root, { input: { conversationId, replyToId, ...input } }, { services, viewer }) =>
      services.messages.send(accountOf(viewer), {
        ...input,
        conversationId: conversationId.id,
        replyToId: replyToId?.id ?? null,
      }),
  }),
  editMessage: t.field({
    type: EditMessagePayload,
    nullable: true,
    authScopes: { account: true },
    errors: {
      types: [MessageDeletedError, ...gateErrors],
      union: { name: 'EditMessageResult', description: 'What `editMessage` answers.' },
    },
    args: { input: t.arg({ type: EditMessageInput, required: true, description: 'What to say.' }) },
    description:
      'Says a message of your own otherwise: what it said before is kept nowhere. Repeating it is safe. At most 120 changes of messages a minute.',
    resolve: async (_root, { input: { messageId, body } }, { services, viewer }) => ({
      message: await services.messages.edit(accountOf(viewer), messageId.id, body),
    }),
  }),
  deleteMessage: t.field({
    type: DeleteMessagePayload,
    nullable: true,
    authScopes: { account: true },
    errors: { types: [], union: { name: 'DeleteMessageResult', description: 'What `deleteMessage` answers.' } },
    args: { input: t.arg({ type: DeleteMessageInput, required: true, description: 'Which one.' }) },
    description:
      'Deletes a message for everybody: your own, or any for OWNER and ADMIN of a group. What it said, and what was put on it, is kept nowhere. Repeating it is safe.',
    resolve: async (_root, { input: { messageId } }, { services, viewer }) => ({
      message: await services.messages.delete(accountOf(viewer), messageId.id),
    }),
  }),
  setReaction: t.field({
    type: SetReactionPayload,
    nullable: true,
    authScopes: { account: true },
    errors: {
      types: [MessageDeletedError],
      union: { name: 'SetReactionResult', description: 'What `setReaction` answers.' },
    },
    args: { input: t.arg({ type: SetReactionInput, required: true, description: 'What, and where.' }) },
    description: 'Puts an emoji on a message, or takes your own off. Repeating it is safe.',
    resolve: async (_root, { input: { messageId, emoji, present } }, { services, viewer }) => ({
      message: await services.messages.react(accountOf(viewer), messageId.id, emoji, present),
    }),
  }),
}))
