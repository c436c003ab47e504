import { builder } from '../../graphql/builder.ts'
import { keysetConnection, pageSize } from '../../graphql/pagination.ts'
import { selvesOf } from '../../graphql/person.ts'
import { phone } from '../../graphql/phone.ts'
import type { Block, Visibility, VisibilitySettings } from './index.ts'

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
    authScopes: { $any: { device: true, account: true } },
    errors: { types: [], union: { name: 'UnblockResult', description: 'What `unblock` answers.' } },
    args: { input: t.arg({ type: UnblockInput, required: true, description: 'Which one.' }) },
    description: 'Undoes a block of your own. If the other side blocked you too, you stay hidden from each other.',
    resolve: async (_root, { input }, { services, viewer }) => {
      const blockId = String(input.blockId)
      await services.social.unblock(selvesOf(viewer), blockId)
      return { blockId }
    },
  }),
)

builder.queryField('blocks', (t) =>
  t.connection({
    type: BlockType,
    authScopes: { $any: { device: true, account: true } },
    complexity: pageSize.cost,
    description:
      'Your own blocks, newest first: whom they are about is nobody’s business any more. `first` is at most 100.',
    resolve: (_root, args, { services, viewer }) =>
      keysetConnection(args, (page) => services.social.blocks(selvesOf(viewer), page)),
  }),
)

const VisibilityEnum = builder.enumType('Visibility', {
  description: 'Who may find you: nearby, by presence, among attendees.',
  values: {
    EVERYONE: { description: 'Everybody whom no block keeps from you.' },
    FRIENDS: { description: 'Your friends.' },
    NOBODY: { description: 'Nobody.' },
  } satisfies Record<Visibility, { description: string }>,
})

const VisibilitySettingsType = builder.objectRef<VisibilitySettings>('VisibilitySettings').implement({
  description: 'Who may find you. What you publish yourself, an activity or a message, is seen by whoever it is for.',
  fields: (t) => ({
    visibility: t.expose('visibility', { type: VisibilityEnum, description: 'EVERYONE until you say otherwise.' }),
    ghost: t.exposeBoolean('ghost', { description: 'Found by nobody for now, whatever `visibility` says.' }),
  }),
})

const SetVisibilityInput = builder.inputType('SetVisibilityInput', {
  description: 'What to change: one of the two, or both.',
  fields: (t) => ({
    visibility: t.field({ type: VisibilityEnum, description: 'Who may find you.' }),
    ghost: t.boolean({ description: 'Whether to be found by nobody for now.' }),
  }),
})
const SetVisibilityPayload = builder.objectRef<{ settings: VisibilitySettings }>('SetVisibilityPayload').implement({
  description: 'It holds: for every list, count and stream, here at once and everywhere within a second.',
  fields: (t) => ({
    settings: t.expose('settings', { type: VisibilitySettingsType, description: 'What holds now.' }),
  }),
})

builder.queryField('visibility', (t) =>
  t.field({
    type: VisibilitySettingsType,
    authScopes: { device: true },
    description: 'Who may find you.',
    resolve: (_root, _args, { services, viewer }) => services.social.settingsOf(phone(viewer).deviceId),
  }),
)

builder.mutationField('setVisibility', (t) =>
  t.field({
    type: SetVisibilityPayload,
    nullable: true,
    authScopes: { device: true },
    errors: { types: [], union: { name: 'SetVisibilityResult', description: 'What `setVisibility` answers.' } },
    args: { input: t.arg({ type: SetVisibilityInput, required: true, description: 'What to change.' }) },
    description:
      'Says who may find you. Who could see you until now is told that you have left, within two seconds. Repeating it is safe.',
    resolve: async (_root, { input: { visibility, ghost } }, { services, viewer }) => ({
      settings: await services.social.setVisibility(phone(viewer).deviceId, {
        ...(visibility ? { visibility } : {}),
        ...(ghost == null ? {} : { ghost }),
      }),
    }),
  }),
)
