import { createPhone } from '../phones.ts'
import { globalId, neverId, type Scene, subject } from './rows.ts'

interface Owned extends Scene {
  deviceId: string
}

/** A device, with the secret of its session as a member that may do less. */
export const devices = subject<Owned>({
  name: 'a device',
  async set(app, around) {
    const [owner, stranger] = [await createPhone(app), await createPhone(app)]
    const { secret } = await owner.open(['jazz'])
    const tokens = { ...around, owner: owner.token, member: secret, stranger: stranger.token }
    return { tokens, deviceId: owner.deviceId }
  },
  rows: [
    {
      of: 'Mutation.revokeDevice(input.deviceId)',
      query: 'mutation ($input: RevokeDeviceInput!) { revokeDevice(input: $input) { __typename } }',
      variables: ({ deviceId }) => ({ input: { deviceId } }),
      never: () => ({ input: { deviceId: globalId('Device', neverId) } }),
      gets: {
        ...{
          nobody: 'UNAUTHENTICATED',
          account: 'FORBIDDEN',
          MODERATOR: 'FORBIDDEN',
          member: 'FORBIDDEN',
          ADMIN: 'RevokeDevicePayload',
          owner: 'RevokeDevicePayload',
        },
        others: 'NOT_FOUND',
      },
      fresh: true,
    },
    {
      of: 'Query.node(id)',
      query: 'query ($id: ID!) { node(id: $id) { __typename } }',
      variables: ({ deviceId }) => ({ id: deviceId }),
      never: () => ({ id: globalId('Device', neverId) }),
      gets: { owner: 'Device', member: 'Device', ADMIN: 'Device', others: 'null' },
    },
    {
      of: 'Query.nodes(ids)',
      query: 'query ($ids: [ID!]!) { nodes(ids: $ids) { __typename } }',
      variables: ({ deviceId }) => ({ ids: [deviceId] }),
      never: () => ({ ids: [globalId('Device', neverId)] }),
      shows: ({ nodes }) => (nodes as ({ __typename: string } | null)[])[0]?.__typename ?? 'null',
      gets: { owner: 'Device', member: 'Device', ADMIN: 'Device', others: 'null' },
    },
  ],
})
