import { builder } from '../../graphql/builder.ts'
import { ErrorInterface } from '../../graphql/interfaces.ts'
import { accountOf } from '../../graphql/person.ts'
import { gateErrors } from '../gate/schema.ts'
import { ProfileType } from '../profiles/schema.ts'
import { ConversationRoleEnum, ConversationType } from './conversation-schema.ts'
import { type Conversation, ConversationFullError } from './index.ts'

builder.objectType(ConversationFullError, {
  name: 'ConversationFullError',
  description: 'No more people fit into the conversation. Nobody was added.',
  interfaces: [ErrorInterface],
  fields: (t) => ({ limit: t.exposeInt('limit', { description: 'How many fit.' }) }),
})

const ours = 'A group that you are in.'
const AddConversationMembersInput = builder.inputType('AddConversationMembersInput', {
  description: 'Whom to add to a group, and how.',
  fields: (t) => ({
    conversationId: t.globalID({ for: ConversationType, required: true, description: ours }),
    profileIds: t.globalIDList({
      for: ProfileType,
      description: 'Profiles of those with whom you share, or have shared, a conversation.',
    }),
    usernames: t.stringList({ description: 'What others sign in with, whole.' }),
  }),
})
const RemoveConversationMemberInput = builder.inputType('RemoveConversationMemberInput', {
  description: 'Whom to take out of a group.',
  fields: (t) => ({
    conversationId: t.globalID({ for: ConversationType, required: true, description: ours }),
    profileId: t.globalID({ for: ProfileType, required: true, description: 'Who: not the owner, and not yourself.' }),
  }),
})
const LeaveConversationInput = builder.inputType('LeaveConversationInput', {
  description: 'Which group to leave.',
  fields: (t) => ({ conversationId: t.globalID({ for: ConversationType, required: true, description: ours }) }),
})
const SetConversationRoleInput = builder.inputType('SetConversationRoleInput', {
  description: 'Who may do what in a group from now on.',
  fields: (t) => ({
    conversationId: t.globalID({ for: ConversationType, required: true, description: 'A group that you own.' }),
    profileId: t.globalID({ for: ProfileType, required: true, description: 'Who: somebody else who is in it.' }),
    role: t.field({
      type: ConversationRoleEnum,
      required: true,
      description: 'What they are to be. OWNER hands the group over; you become an ADMIN.',
    }),
  }),
})
const RenameConversationInput = builder.inputType('RenameConversationInput', {
  description: 'What to call a group.',
  fields: (t) => ({
    conversationId: t.globalID({ for: ConversationType, required: true, description: ours }),
    name: t.string({ required: true, description: '1 to 80 characters.' }),
  }),
})

const changed = (name: string, description: string) =>
  builder.objectRef<{ conversation: Conversation }>(name).implement({
    description,
    fields: (t) => ({
      conversation: t.expose('conversation', {
        type: ConversationType,
        description: 'The conversation, as it is now.',
      }),
    }),
  })
const AddConversationMembersPayload = changed('AddConversationMembersPayload', 'They are in it.')
const RemoveConversationMemberPayload = changed('RemoveConversationMemberPayload', 'They are out of it.')
const SetConversationRolePayload = changed('SetConversationRolePayload', 'It holds.')
const RenameConversationPayload = changed('RenameConversationPayload', 'It is called so.')
const LeaveConversationPayload = builder.objectRef<{ conversationId: string }>('LeaveConversationPayload').implement({
  description: 'You are out of it.',
  fields: (t) => ({
    conversationId: t.globalID({
      description: 'The conversation that you were in.',
      resolve: ({ conversationId }) => ({ type: 'Conversation', id: conversationId }),
    }),
  }),
})

builder.mutationFields((t) => ({
  addConversationMembers: t.field({
    type: AddConversationMembersPayload,
    nullable: true,
    authScopes: { account: true },
    errors: {
      types: [ConversationFullError, ...gateErrors],
      union: { name: 'AddConversationMembersResult', description: 'What `addConversationMembers` answers.' },
    },
    args: { input: t.arg({ type: AddConversationMembersInput, required: true, description: 'Whom.' }) },
    description:
      'Adds people to a group, for its OWNER and ADMIN. They see what happens from then on. Who is in it already stays as they are, so that repeating it is safe.',
    resolve: async (_root, { input: { conversationId, profileIds, usernames } }, { services, viewer }) => {
      const whom = { profileIds: (profileIds ?? []).map(({ id }) => id), usernames: usernames ?? [] }
      await services.messages.addMembers(accountOf(viewer), conversationId.id, whom)
      return { conversation: await services.messages.conversation(accountOf(viewer), conversationId.id) }
    },
  }),
  removeConversationMember: t.field({
    type: RemoveConversationMemberPayload,
    nullable: true,
    authScopes: { account: true },
    errors: {
      types: [],
      union: { name: 'RemoveConversationMemberResult', description: 'What `removeConversationMember` answers.' },
    },
    args: { input: t.arg({ type: RemoveConversationMemberInput, required: true, description: 'Whom.' }) },
    description:
      'Takes somebody out of a group, for its OWNER and ADMIN: they see nothing that follows. Not the owner. Repeating it is safe.',
    resolve: async (_root, { input: { conversationId, profileId } }, { services, viewer }) => {
      await services.messages.removeMember(accountOf(viewer), conversationId.id, profileId.id)
      return { conversation: await services.messages.conversation(accountOf(viewer), conversationId.id) }
    },
  }),
  leaveConversation: t.field({
    type: LeaveConversationPayload,
    nullable: true,
    authScopes: { account: true },
    errors: { types: [], union: { name: 'LeaveConversationResult', description: 'What `leaveConversation` answers.' } },
    args: { input: t.arg({ type: LeaveConversationInput, required: true, description: 'Which one.' }) },
    description:
      'Leaves a group. An owner’s place goes to the ADMIN who is there longest, or else to the member who is. A direct conversation is not left: block the other. Repeating it is safe.',
    resolve: async (_root, { input: { conversationId } }, { services, viewer }) => {
      await services.messages.leave(accountOf(viewer), conversationId.id)
      return { conversationId: conversationId.id }
    },
  }),
  setConversationRole: t.field({
    type: SetConversationRolePayload,
    nullable: true,
    authScopes: { account: true },
    errors: {
      types: [],
      union: { name: 'SetConversationRoleResult', description: 'What `setConversationRole` answers.' },
    },
    args: { input: t.arg({ type: SetConversationRoleInput, required: true, description: 'Who, and what.' }) },
    description: 'Says what somebody may do in a group, for its OWNER. Repeating it is safe.',
    resolve: async (_root, { input: { conversationId, profileId, role } }, { services, viewer }) => {
      await services.messages.setRole(accountOf(viewer), conversationId.id, profileId.id, role)
      return { conversation: await services.messages.conversation(accountOf(viewer), conversationId.id) }
    },
  }),
  renameConversation: t.field({
    type: RenameConversationPayload,
    nullable: true,
    authScopes: { account: true },
    errors: {
      types: [...gateErrors],
      union: { name: 'RenameConversationResult', description: 'What `renameConversation` answers.' },
    },
    args: { input: t.arg({ type: RenameConversationInput, required: true, description: 'The name.' }) },
    description: 'Gives a group another name, for its OWNER and ADMIN. Repeating it is safe.',
    resolve: async (_root, { input: { conversationId, name } }, { services, viewer }) => {
      await services.messages.rename(accountOf(viewer), conversationId.id, name)
      return { conversation: await services.messages.conversation(accountOf(viewer), conversationId.id) }
    },
  }),
}))
