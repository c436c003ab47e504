import { createId } from '../../../src/platform/ids.ts'
import { globalId, neverId, type Row, type Scene, subject } from './rows.ts'

interface Quarantined extends Scene {
  itemId: string
  hashId: string
}

const forbidden = { nobody: 'UNAUTHENTICATED', others: 'FORBIDDEN' }
const forStaff = (name: string): Row['gets'] => ({ ...forbidden, MODERATOR: name, ADMIN: name })

export const quarantine = subject<Quarantined>({
  name: 'something in quarantine and a known image',
  async set(app, around) {
    const id = createId(app.clock.now())
    const facts = { kind: 'image', locator: id, labels: {}, state: 'NEEDS_REVIEW' } as const
    const item = await app.services.quarantine.quarantine({ subject: { kind: 'MESSAGE', id }, ownerId: null, ...facts })
    const hash = id.replaceAll('-', '').slice(16)
    const values = [id, Buffer.from(hash, 'hex')]
    await app.postgres.pool.query(
      `insert into image_hashes (id, hash, label, source) values ($1, $2, 'scam', 'x')`,
      values,
    )
    return { tokens: around, itemId: globalId('QuarantineItem', item.id), hashId: globalId('ImageHash', id) }
  },
  rows: [
    {
      of: 'Mutation.decideQuarantine(input.itemId)',
      query: 'mutation ($input: DecideQuarantineInput!) { decideQuarantine(input: $input) { __typename } }',
      variables: ({ itemId }) => ({ input: { itemId, decision: 'CLEAN' } }),
      never: () => ({ input: { itemId: globalId('QuarantineItem', neverId), decision: 'CLEAN' } }),
      gets: forStaff('DecideQuarantinePayload'),
      fresh: true,
    },
    {
      of: 'Mutation.withdrawImageHash(input.imageHashId)',
      query: 'mutation ($input: WithdrawImageHashInput!) { withdrawImageHash(input: $input) { __typename } }',
      variables: ({ hashId }) => ({ input: { imageHashId: hashId } }),
      never: () => ({ input: { imageHashId: globalId('ImageHash', neverId) } }),
      gets: { ...forbidden, ADMIN: 'WithdrawImageHashPayload' },
    },
  ],
})
