import { builder } from '../../graphql/builder.ts'
import { clientId, clientIdDescription } from '../../graphql/client-id.ts'
import { accountOf } from '../../graphql/person.ts'
import { IdempotencyMismatchError } from '../../platform/errors.ts'
import { gateErrors } from '../gate/schema.ts'
import { ProfileType } from '../profiles/schema.ts'
import { ConversationType } from './conversation-schema.ts'
import type { Conversation } from './index.ts'

const OpenDirectConversationInput = builder.inputType('OpenDirectConversationInput', {
  description: 'With whom: one of these.',
  fields: (t) => ({
    profileId: t.globalID({ for: ProfileType, description: 'Whose profile you have.' }),
    username: t.string({ description: 'What they sign in with, whole; capitals do not matter.' }),
  }),
})
const CreateGroupConversationInput = builder.inputType('CreateGroupConversationInput', {
  description: 'What a new group is made of: a name, and 1 to 255 others.',
  fields: (t) => ({
    clientId: t.string({ required: true, validate: clientId, description: clientIdDescription('group') }),
    name: t.string({ required: true, description: '1 to 80 characters.' }),
    memberIds: t.globalIDList({
      for: ProfileType,
      description: 'Profiles of those with whom you share, or have shared, a conversation.',
    }),
    usernames: t.stringList({ description: 'What others sign in with, whole.' }),
  }),
})

interface Made {
  conversation: Conversation
  created: boolean
}
const made = (name: string, description: string) =>
  builder.objectRef<Made>(name).implement({
    description,
    fields: (t) => ({
      conversation: t.expose('conversation', {
        type: ConversationType,
        description: 'The conversation, as it is now.',
      }),
      created: t.exposeBoolean('created', { description: 'Whether it was made just now.' }),
    }),
  })
const OpenDirectConversationPayload = made('OpenDirectConversationPayload', 'The one conversation of the two of you.')
const CreateGroupConversationPayload = made(
  'CreateGroupConversationPayload',
  'The new group, or the one that this client id has made.',
)

builder.mutationFields((t) => ({
  openDirectConversation: t.field({
    type: OpenDirectConversationPayload,
    nullable: true,
    authScopes: { account: true },
    errors: {
      types: [...gateErrors],
      union: { name: 'OpenDirectConversationResult', description: 'What `openDirectConversation` answers.' },
    },
    args: { input: t.arg({ type: OpenDirectConversationInput, required: true, description: 'With whom.' }) },
    description:
      'Opens the conversation with somebody: there is one for each pair, whoever asks first. Repeating it gives the same. At most 30 new ones an hour. Whoever is not there, or hidden by a block, is refused with NOT_FOUND.',
    resolve: async (_root, { input: { profileId, username } }, { services, viewer }) => {
      const accountId = accountOf(viewer)
      const { conversationId, created } = await services.messages.openDirect(accountId, {
        profileIds: profileId ? [profileId.id] : [],
        usernames: username == null ? [] : [username],
      })
      return { conversation: await services.messages.conversation(accountId, conversationId), created }
    },
  }),
  createGroupConversation: t.field({
    type: CreateGroupConversationPayload,
    nullable: true,
    authScopes: { account: true },
    errors: {
      types: [IdempotencyMismatchError, ...gateErrors],
      union: { name: 'CreateGroupConversationResult', description: 'What `createGroupConversation` answers.' },
    },
    args: { input: t.arg({ type: CreateGroupConversationInput, required: true, description: 'The group.' }) },
    description:
      'Makes a group that you own. At most 20 an hour. Send it again with the same clientId when an answer got lost.',
    resolve: async (_root, { input: { clientId, name, memberIds, usernames } }, { services, viewer }) => {
      const accountId = accountOf(viewer)
      const { conversationId, created } = await services.messages.createGroup(accountId, {
        ...{ clientId, name, usernames: usernames ?? [], profileIds: (memberIds ?? []).map(({ id }) => id) },
      })
      return { conversation: await services.messages.conversation(accountId, conversationId), created }
    },
  }),
}))
