import { builder } from '../../graphql/builder.ts'
import { phone } from '../../graphql/phone.ts'
import { BadUserInputError } from '../../platform/errors.ts'
import { BlockType } from '../social/schema.ts'

const BlockInput = builder.inputType('BlockInput', {
  description: 'Whom to block: one of these.',
  fields: (t) => ({
    matchId: t.id({ required: false, description: 'A match with them.' }),
    personId: t.id({ required: false, description: 'What they are called towards you: `NearbyPerson.id`.' }),
  }),
})
const BlockPayload = builder.objectRef<{ block: { id: string; blockedAt: Date } }>('BlockPayload').implement({
  description: 'The block.',
  fields: (t) => ({ block: t.expose('block', { type: BlockType, description: 'Keep its id to undo it.' }) }),
})

builder.mutationField('block', (t) =>
  t.field({
    type: BlockPayload,
    nullable: true,
    authScopes: { device: true },
    errors: { types: [], union: { name: 'BlockResult', description: 'What `block` answers.' } },
    args: { input: t.arg({ type: BlockInput, required: true, description: 'Whom.' }) },
    description:
      'Hides you and somebody else from each other, for good: neither is shown to the other anywhere, running subscriptions included, and there are no more matches, nudges, or traces of one. Repeating it gives the same block.',
    resolve: async (_root, { input: { matchId, personId } }, { services, viewer }) => {
      const { deviceId } = phone(viewer)
      if ((matchId == null) === (personId == null))
        throw new BadUserInputError('Say whom to block: `matchId` or `personId`.', 'personId')
      if (personId != null) return { block: await services.discovery.block(deviceId, String(personId)) }
      return { block: await services.matches.block(phone(viewer), String(matchId)) }
    },
  }),
)
