import { newClientId } from '../phones.ts'
import { accountsOnly, createGroupScene, documentOf, type Group, neverProfile } from './group-scene.ts'
import { neverId, subject } from './rows.ts'

/** Whoever says the whole username may write, unless a block keeps them apart. */
const byWord = { owner: 'BAD_USER_INPUT', blocked: 'NOT_FOUND' }

/** People, as others name them who have met in a group. */
export const acquaintances = subject<Group>({
  name: 'somebody in a group',
  set: createGroupScene,
  rows: [
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
})
