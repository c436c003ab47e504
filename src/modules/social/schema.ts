import { builder } from '../../graphql/builder.ts'
import { phone } from '../../graphql/phone.ts'
import type { Block } from './index.ts'

export const BlockType = builder.objectRef<Block>('Block').implement({
  description: 'You and somebody else are hidden from each other.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'What `unblock` takes.' }),
    blockedAt: t.expose('blockedAt', { type: 'DateTime', description: 'Since when.' }),
  }),
})

const UnblockInput = builder.inputType('UnblockInput', {
  description: 'Which block to undo.',
  fields: (t) => ({ blockId: t.id({ required: true, description: 'Its id.' }) }),
})
const UnblockPayload = builder.objectRef<{ blockId: string }>('UnblockPayload').implement({
  description: 'The block is undone.',
  fields: (t) => ({ blockId: t.exposeID('blockId', { description: 'The id of the block that was.' }) }),
})

builder.mutationField('unblock', (t) =>
  t.field({
    type: UnblockPayload,
    nullable: true,
    authScopes: { device: true },
    errors: { types: [], union: { name: 'UnblockResult', description: 'What `unblock` answers.' } },
    args: { input: t.arg({ type: UnblockInput, required: true, description: 'Which one.' }) },
    description: 'Undoes a block of your own. If the other side blocked you too, you stay hidden from each other.',
    resolve: async (_root, { input }, { services, viewer }) => {
      const blockId = String(input.blockId)
      await services.social.unblock(phone(viewer).deviceId, blockId)
      return { blockId }
    },
  }),
)
