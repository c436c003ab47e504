import { newClientId } from '../phones.ts'
import {
  accountsOnly,
  createGroupScene,
  documentOf,
  type Group,
  insiders,
  never,
  neverMessage,
  neverProfile,
} from './group-scene.ts'
import { type Row, subject } from './rows.ts'

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

export const groupChanges = subject<Group>({
  name: 'a group',
  set: createGroupScene,
  rows: [
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
      ...change('addConversationMembers', ({ newcomer }) => ({ usernames: [newcomer.username] }), {
        ...{ member: 'FORBIDDEN', blocked: 'FORBIDDEN' },
      }),
      of: 'Mutation.addConversationMembers(input.usernames)',
      never: ({ id }) => ({ input: { conversationId: id, usernames: ['nobody-at-all'] } }),
    },
  ],
})
