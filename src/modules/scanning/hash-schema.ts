import { builder } from '../../graphql/builder.ts'
import { keysetConnection, pageSize } from '../../graphql/pagination.ts'
import { staffOf } from '../../graphql/staff.ts'
import type { ImageHash } from './index.ts'

const ImageHashType = builder.objectRef<ImageHash>('ImageHash')

builder.node(ImageHashType, {
  description:
    'An image that is known, by what it looks like: a copy is found however it was scaled or packed. For ADMIN.',
  fields: (t) => ({
    hash: t.exposeString('hash', { description: 'dHash: 64 bits, as 16 hexadecimal digits.' }),
    label: t.exposeString('label', { description: 'What it is: `terror`, `scam`, …' }),
    source: t.exposeString('source', { description: 'Where it comes from.' }),
    addedAt: t.expose('addedAt', { type: 'DateTime', description: 'Since when it is on the list.' }),
    withdrawnAt: t.expose('withdrawnAt', {
      type: 'DateTime',
      nullable: true,
      description: 'Since when it is not any more; null: it is.',
    }),
  }),
  id: { resolve: ({ id }) => id },
  isTypeOf: (value) => typeof value === 'object' && value !== null && 'hash' in value && 'withdrawnAt' in value,
  loadMany: async (ids, { services, viewer }) => {
    const found = viewer?.roles.includes('ADMIN') ? await services.imageHashes.byIds(ids) : undefined
    return ids.map((id) => found?.get(id) ?? null)
  },
})

const AddImageHashesInput = builder.inputType('AddImageHashesInput', {
  description: 'Images that are known from now on.',
  fields: (t) => ({
    hashes: t.stringList({
      required: true,
      description:
        '1 to 1000 of them: dHash of 9 × 8 pixels, row by row, as 16 hexadecimal digits. Those of plain surfaces are refused.',
    }),
    label: t.string({ required: true, description: 'What they are: 1 to 40 characters out of `a–z 0–9 _`.' }),
    source: t.string({ required: true, description: 'Where they come from, in 1 to 200 characters.' }),
  }),
})
const WithdrawImageHashInput = builder.inputType('WithdrawImageHashInput', {
  description: 'Which one is not to be looked for any more.',
  fields: (t) => ({ imageHashId: t.globalID({ for: ImageHashType, required: true, description: 'Its id.' }) }),
})

const AddImageHashesPayload = builder.objectRef<{ added: number }>('AddImageHashesPayload').implement({
  description: 'All of them are on the list.',
  fields: (t) => ({ added: t.exposeInt('added', { description: 'How many were not there before.' }) }),
})
const WithdrawImageHashPayload = builder.objectRef<{ imageHash: ImageHash }>('WithdrawImageHashPayload').implement({
  description: 'It is not on the list any more.',
  fields: (t) => ({ imageHash: t.expose('imageHash', { type: ImageHashType, description: 'As it is now.' }) }),
})

builder.queryField('imageHashes', (t) =>
  t.connection({
    type: ImageHashType,
    nullable: true,
    authScopes: { admin: true },
    complexity: pageSize.cost,
    description: 'Images that are or were known, those added last first. For ADMIN.',
    resolve: (_root, args, { services }) => keysetConnection(args, (page) => services.imageHashes.list(page)),
  }),
)

builder.mutationFields((t) => ({
  addImageHashes: t.field({
    type: AddImageHashesPayload,
    nullable: true,
    authScopes: { admin: true },
    errors: { types: [], union: { name: 'AddImageHashesResult', description: 'What `addImageHashes` answers.' } },
    args: { input: t.arg({ type: AddImageHashesInput, required: true, description: 'Which ones.' }) },
    description:
      'Puts images on the list of those that are known, for ADMIN, and writes that down. Copies are blocked everywhere within a second. Repeating it is safe.',
    resolve: async (_root, { input }, { services, viewer }) => ({
      added: await services.imageHashes.add(staffOf(viewer).accountId, input),
    }),
  }),
  withdrawImageHash: t.field({
    type: WithdrawImageHashPayload,
    nullable: true,
    authScopes: { admin: true },
    errors: { types: [], union: { name: 'WithdrawImageHashResult', description: 'What `withdrawImageHash` answers.' } },
    args: { input: t.arg({ type: WithdrawImageHashInput, required: true, description: 'Which one.' }) },
    description:
      'Takes an image from the list, for ADMIN, and writes that down. What was blocked stays so. Repeating it is safe.',
    resolve: async (_root, { input }, { services, viewer }) => ({
      imageHash: await services.imageHashes.withdraw(staffOf(viewer).accountId, input.imageHashId.id),
    }),
  }),
}))
