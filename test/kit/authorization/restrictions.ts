import { createAccount } from '../accounts.ts'
import { impose } from '../gate.ts'
import { newClientId } from '../phones.ts'
import { globalId, neverId, type Row, type Scene, subject } from './rows.ts'

interface Restricted extends Scene {
  restrictionId: string
  profileId: string
}

const never = () => ({ id: globalId('Profile', neverId) })
const forStaff = (outcome: string) => ({
  nobody: 'UNAUTHENTICATED',
  MODERATOR: outcome,
  ADMIN: outcome,
  others: 'FORBIDDEN',
})
const create = 'mutation ($input: CreateRestrictionInput!) { createRestriction(input: $input) { __typename } }'
const wanted = (more: object) => ({
  input: { clientId: newClientId(), kind: 'MUTE', minutes: 5, reason: 'a test', explanation: 'For a test.', ...more },
})

/** A case that there is not, for staff: whose cases there are has rows of its own. */
const ofNoCase = (of: string, query: string, variables: () => Record<string, unknown>): Row<Restricted> => ({
  ...{ of, query, variables, about: 'no case' },
  gets: forStaff('NOT_FOUND'),
})
const neverCase = globalId('ModerationCase', neverId)

/** Somebody who is held back, and what by. */
export const restrictions = subject<Restricted>({
  name: 'a restriction',
  async set(app, around) {
    const [owner, stranger] = [await createAccount(app), await createAccount(app)]
    const id = await impose(app, { personId: owner.accountId, kind: 'MUTE', minutes: 60 })
    return {
      tokens: { ...around, owner: owner.token, stranger: stranger.token },
      ...{ restrictionId: globalId('Restriction', id), profileId: owner.profileId },
    }
  },
  rows: [
    {
      of: 'Query.node(id)',
      about: 'a restriction',
      query: 'query ($id: ID!) { node(id: $id) { __typename ... on Restriction { kind } } }',
      variables: ({ restrictionId }) => ({ id: restrictionId }),
      never: () => ({ id: globalId('Restriction', neverId) }),
      gets: { owner: 'Restriction', MODERATOR: 'Restriction', ADMIN: 'Restriction', others: 'null' },
    },
    {
      of: 'Query.restrictions(subjectId)',
      query: 'query ($id: ID!) { restrictions(subjectId: $id) { __typename edges { node { id } } } }',
      variables: ({ profileId }) => ({ id: profileId }),
      never,
      gets: forStaff('QueryRestrictionsConnection'),
    },
    {
      of: 'Query.standing(accountId)',
      query: 'query ($id: ID) { standing(accountId: $id) { __typename trust } }',
      variables: ({ profileId }) => ({ id: profileId }),
      never,
      gets: forStaff('Standing'),
    },
    ofNoCase('Query.standing(caseId)', 'query ($id: ID) { standing(caseId: $id) { __typename } }', () => ({
      id: neverCase,
    })),
    ofNoCase('Mutation.createRestriction(input.caseId)', create, () => wanted({ caseId: neverCase })),
    {
      of: 'Mutation.createRestriction(input.accountId)',
      query: create,
      variables: ({ profileId }) => wanted({ accountId: profileId }),
      never: () => wanted({ accountId: globalId('Profile', neverId) }),
      gets: forStaff('CreateRestrictionPayload'),
      fresh: true,
    },
    {
      of: 'Mutation.revokeRestriction(input.restrictionId)',
      query: 'mutation ($input: RevokeRestrictionInput!) { revokeRestriction(input: $input) { __typename } }',
      variables: ({ restrictionId }) => ({ input: { restrictionId, reason: 'a test' } }),
      never: () => ({ input: { restrictionId: globalId('Restriction', neverId), reason: 'a test' } }),
      gets: forStaff('RevokeRestrictionPayload'),
      fresh: true,
    },
  ],
})
