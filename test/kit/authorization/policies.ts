import { rawId } from '../accounts.ts'
import { newClientId } from '../phones.ts'
import { draft, policyDocument } from '../policies.ts'
import { createStaff } from '../staff.ts'
import { globalId, neverId, type Row, type Scene, subject } from './rows.ts'

interface Rules extends Scene {
  policyId: string
  replayId: string
}

const [neverPolicy, neverReplay] = [globalId('Policy', neverId), globalId('PolicyReplay', neverId)]
const staffOnly = { nobody: 'UNAUTHENTICATED', others: 'FORBIDDEN' }
const forAll = { MODERATOR: 'given', ADMIN: 'given', owner: 'given' }

function change(name: string, owner = ''): Row<Rules> {
  const type = `${name[0]?.toUpperCase()}${name.slice(1)}`
  return {
    of: `Mutation.${name}(input.policyId)`,
    query: `mutation ($input: ${type}Input!) { ${name}(input: $input) { __typename } }`,
    variables: ({ policyId }) => ({ input: { policyId } }),
    never: () => ({ input: { policyId: neverPolicy } }),
    gets: { ...staffOnly, ADMIN: `${type}Payload`, owner: owner || `${type}Payload` },
    fresh: true,
  }
}

const span = () => ({ since: new Date(1000).toISOString(), until: new Date(2000).toISOString() })

/** The owner is the ADMIN who has made it. */
export const policies = subject<Rules>({
  name: 'a version of the policy and a replay of it',
  async set(app, around) {
    const maker = await createStaff(app)
    const policyId = await draft(app, maker.token, policyDocument({ text: { anyOf: ['slur>=high'] } }))
    const replay = await app.services.policies.replayPolicy(maker.id, {
      ...{ clientId: newClientId(), policyId: rawId(policyId), since: new Date(1000), until: new Date(2000) },
    })
    return { tokens: { ...around, owner: maker.token }, policyId, replayId: globalId('PolicyReplay', replay.id) }
  },
  rows: [
    {
      of: 'Query.policy(id)',
      query: 'query ($id: ID!) { policy(id: $id) { id } }',
      variables: ({ policyId }) => ({ id: policyId }),
      never: () => ({ id: neverPolicy }),
      gets: { ...staffOnly, ...forAll },
    },
    {
      of: 'Query.policyReplay(id)',
      query: 'query ($id: ID!) { policyReplay(id: $id) { id } }',
      variables: ({ replayId }) => ({ id: replayId }),
      never: () => ({ id: neverReplay }),
      gets: { ...staffOnly, ...forAll },
    },
    {
      of: 'Query.dryRunPolicy(policyId)',
      query: 'query ($id: ID) { dryRunPolicy(policyId: $id, surface: EVENT) { __typename } }',
      variables: ({ policyId }) => ({ id: policyId }),
      never: () => ({ id: neverPolicy }),
      gets: { ...staffOnly, MODERATOR: 'PolicyTrial', ADMIN: 'PolicyTrial', owner: 'PolicyTrial' },
    },
    change('activatePolicy'),
    change('approvePolicy', 'OwnPolicyError'),
    change('shadowPolicy'),
    change('retirePolicy'),
    {
      of: 'Mutation.replayPolicy(input.policyId)',
      query: 'mutation ($input: ReplayPolicyInput!) { replayPolicy(input: $input) { __typename } }',
      variables: ({ policyId }) => ({ input: { clientId: newClientId(), policyId, ...span() } }),
      never: () => ({ input: { clientId: newClientId(), policyId: neverPolicy, ...span() } }),
      gets: { ...staffOnly, ADMIN: 'ReplayPolicyPayload', owner: 'ReplayPolicyPayload' },
      fresh: true,
    },
  ],
})
