import { namesOf, openFence } from '../nearby.ts'
import { createPhone } from '../phones.ts'
import { zurich } from '../places.ts'
import { type Scene, subject, type Tokens, type ViewerName } from './rows.ts'

interface Crowd extends Scene {
  /** What the owner calls the member, whom they see nearby. */
  name: string
  blockId: string
  cursor: string
}

const phonesOnly = { nobody: 'UNAUTHENTICATED', account: 'FORBIDDEN', MODERATOR: 'FORBIDDEN', ADMIN: 'FORBIDDEN' }
const madeUp = 'A'.repeat(22)
const fenceDocument = `subscription ($after: Cursor) { nearbyChanged(radius: UNDER_1_KM, after: $after) { __typename
  ... on Ready { cursor } ... on ResyncRequired { reason } } }`

/** Everybody stands at one place, and is shown to the others; the owner has blocked one of them. */
export const people = subject<Crowd>({
  name: 'somebody nearby',
  async set(app, around) {
    const parts: ViewerName[] = ['owner', 'member', 'exMember', 'blocked', 'stranger']
    const phones = await Promise.all(parts.map(() => createPhone(app)))
    for (const phone of phones) await phone.beat(zurich, new Date(app.clock.now()))
    const [owner, member, , blocked] = phones
    if (!owner || !member || !blocked) throw new Error('There is nobody.')
    const [name = '', blockedName = ''] = namesOf(app, owner, member, blocked)
    const { data, errors } = await owner.ask<{ block: { block: { id: string } } }>(
      'mutation ($input: BlockInput!) { block(input: $input) { ... on BlockPayload { block { id } } } }',
      { input: { personId: blockedName } },
    )
    if (!data?.block) throw new Error(JSON.stringify(errors))
    const fence = await openFence(app, owner, { radius: 'UNDER_1_KM' })
    fence.stream.stop()
    const tokens: Tokens = { ...around, ...Object.fromEntries(parts.map((part, at) => [part, phones[at]?.token])) }
    return { tokens, name, blockId: data.block.block.id, cursor: fence.cursor }
  },
  rows: [
    {
      of: 'Query.presence(ids)',
      query: 'query ($ids: [ID!]!) { presence(ids: $ids) { online lastSeenAt } }',
      variables: ({ name }) => ({ ids: [name] }),
      never: () => ({ ids: [madeUp] }),
      shows: ({ presence }) => ((presence as { online: boolean }[])[0]?.online ? 'online' : 'NOT_THERE'),
      // A name is worth nothing to anybody but whom it was told.
      gets: { ...phonesOnly, owner: 'online', others: 'NOT_THERE' },
    },
    {
      of: 'Mutation.block(input.personId)',
      query: 'mutation ($input: BlockInput!) { block(input: $input) { __typename } }',
      variables: ({ name }) => ({ input: { personId: name } }),
      never: () => ({ input: { personId: madeUp } }),
      gets: { ...phonesOnly, owner: 'BlockPayload', others: 'NOT_FOUND' },
    },
    {
      of: 'Mutation.unblock(input.blockId)',
      about: 'a block of a device',
      query: 'mutation ($input: UnblockInput!) { unblock(input: $input) { __typename } }',
      variables: ({ blockId }) => ({ input: { blockId } }),
      never: () => ({ input: { blockId: '01900000-0000-7000-8000-000000000000' } }),
      gets: { nobody: 'UNAUTHENTICATED', owner: 'UnblockPayload', others: 'NOT_FOUND' },
    },
    {
      of: 'Subscription.nearbyChanged(after)',
      query: fenceDocument,
      variables: ({ cursor }) => ({ after: cursor }),
      gets: { ...phonesOnly, owner: 'Ready', others: 'BAD_USER_INPUT' },
    },
  ],
})
