import { builder } from '../../graphql/builder.ts'
import { clientId, clientIdDescription } from '../../graphql/client-id.ts'
import { accountOf } from '../../graphql/person.ts'
import { IdempotencyMismatchError } from '../../platform/errors.ts'
import { ConversationType } from './conversation-schema.ts'
import type { Message } from './index.ts'
import { MessageType } from './message-schema.ts'

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

builder.mutationFields((t) => ({
  sendMessage: t.field({
    type: SendMessagePayload,
    nullable: true,
    authScopes: { account: true },
    errors: {
      types: [IdempotencyMismatchError],
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
}))
