import { createAccount } from '../accounts.ts'
import { createGroup } from '../conversations.ts'
import { createCampus } from '../profiles.ts'
import { globalId, neverId, type Row, type Scene, subject, type Tokens } from './rows.ts'

interface Person extends Scene {
  accountId: string
  profileId: string
  signInId: string
  campusId: string
}

const neverAccount = globalId('Account', neverId)

/** A mutation of ADMIN's that names an account. */
function administration(name: string, more: object): Row<Person> {
  const type = `${name[0]?.toUpperCase()}${name.slice(1)}`
  return {
    of: `Mutation.${name}(input.accountId)`,
    query: `mutation ($input: ${type}Input!) { ${name}(input: $input) { __typename } }`,
    variables: ({ accountId }) => ({ input: { accountId, ...more } }),
    never: () => ({ input: { accountId: neverAccount, ...more } }),
    gets: { nobody: 'UNAUTHENTICATED', ADMIN: `${type}Payload`, others: 'FORBIDDEN' },
    fresh: true,
  }
}

/** A filter of ADMIN's that names an account: also one that there is not, since it names what was done once. */
function audited(name: 'actorId' | 'accountId'): Row<Person> {
  return {
    of: `Query.auditLog(filter.${name})`,
    query: 'query ($filter: AuditFilter) { auditLog(filter: $filter) { __typename edges { node { seq } } } }',
    variables: ({ accountId }) => ({ filter: { [name]: accountId } }),
    gets: { nobody: 'UNAUTHENTICATED', ADMIN: 'QueryAuditLogConnection', others: 'FORBIDDEN' },
  }
}

const accountsOnly = { nobody: 'UNAUTHENTICATED', device: 'FORBIDDEN' }

/** An account that shares a conversation with one, has shared one with another, and has nothing to do with a third. */
export const accounts = subject<Person>({
  name: 'an account',
  async set(app, around) {
    const [owner, member, exMember] = [await createAccount(app), await createAccount(app), await createAccount(app)]
    const [blocked, stranger] = [await createAccount(app), await createAccount(app)]
    const conversationId = await createGroup(owner, [member, exMember])
    await exMember.ask('mutation ($id: ID!) { leaveConversation(input: { conversationId: $id }) { __typename } }', {
      id: conversationId,
    })
    const { data } = await owner.ask<{ me: { signIns: { id: string }[] } }>('{ me { signIns { id } } }')
    const campus = await createCampus(app, `${owner.username}.example`)
    const tokens: Tokens = {
      ...around,
      ...{ owner: owner.token, member: member.token, exMember: exMember.token },
      ...{ blocked: blocked.token, stranger: stranger.token },
    }
    return {
      ...{ tokens, profileId: owner.profileId, campusId: campus.id, signInId: data?.me.signIns[0]?.id ?? '' },
      accountId: globalId('Account', owner.accountId),
    }
  },
  rows: [
    administration('revokeAccount', {}),
    administration('grantRole', { role: 'ORGANIZER' }),
    administration('withdrawRole', { role: 'ORGANIZER' }),
    administration('holdAccount', { held: true, reason: 'asked for by a court' }),
    audited('actorId'),
    audited('accountId'),
    {
      of: 'Mutation.endSignIn(input.signInId)',
      query: 'mutation ($input: EndSignInInput!) { endSignIn(input: $input) { __typename } }',
      variables: ({ signInId }) => ({ input: { signInId } }),
      never: () => ({ input: { signInId: neverId } }),
      gets: { ...accountsOnly, owner: 'EndSignInPayload', others: 'NOT_FOUND' },
    },
    {
      of: 'Mutation.updateProfile(input.campusId)',
      about: 'a campus whose address one has not',
      query: 'mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) { __typename } }',
      variables: ({ campusId }) => ({ input: { campusId } }),
      gets: { ...accountsOnly, others: 'CampusNotYoursError' },
    },
    {
      of: 'Query.node(id)',
      about: 'an account',
      query: 'query ($id: ID!) { node(id: $id) { __typename ... on Account { username email signIns { id } } } }',
      variables: ({ accountId }) => ({ id: accountId }),
      never: () => ({ id: neverAccount }),
      gets: { owner: 'Account', ADMIN: 'Account', others: 'null' },
    },
    {
      of: 'Query.node(id)',
      about: 'a profile',
      query: 'query ($id: ID!) { node(id: $id) { __typename ... on Profile { username } } }',
      variables: ({ profileId }) => ({ id: profileId }),
      never: () => ({ id: globalId('Profile', neverId) }),
      gets: { owner: 'Profile', ADMIN: 'Profile', member: 'Profile', exMember: 'Profile', others: 'null' },
    },
  ],
})
