import { builder } from '../../graphql/builder.ts'
import { ErrorInterface } from '../../graphql/interfaces.ts'
import { keysetConnection, pageSize } from '../../graphql/pagination.ts'
import { staffOf } from '../../graphql/staff.ts'
import { SubjectType } from '../../graphql/subjects.ts'
import {
  type Level,
  QuarantineDecidedError,
  type QuarantineDecision,
  type QuarantineItem,
  type QuarantineKind,
  type QuarantineState,
} from './index.ts'
import { LevelEnum } from './text-schema.ts'

const QuarantineStateEnum = builder.enumType('QuarantineState', {
  description: 'Where something in quarantine stands.',
  values: {
    NEEDS_REVIEW: { description: 'It waits for somebody to look, and is seen meanwhile.' },
    QUARANTINED: { description: 'It waits for somebody to look, and nobody but its author sees it.' },
    CLEAN: { description: 'Nothing was wrong with it.' },
    BLOCKED: { description: 'It was removed.' },
    HIDDEN: { description: 'Nobody but its author sees it.' },
  } satisfies Record<QuarantineState, { description: string }>,
})
const QuarantineDecisionEnum = builder.enumType('QuarantineDecision', {
  description: 'What becomes of something in quarantine.',
  values: {
    CLEAN: { description: 'Nothing is wrong with it: it is seen again.' },
    BLOCKED: { description: 'It is removed, and its case is as urgent as any.' },
    HIDDEN: { description: 'Nobody but its author sees it, and its case is urgent.' },
  } satisfies Record<QuarantineDecision, { description: string }>,
})
const kinds = { image: 'IMAGE', url: 'URL', text: 'TEXT' } as const satisfies Record<QuarantineKind, string>
const QuarantineKindEnum = builder.enumType('QuarantineKind', {
  description: 'What of a subject is in quarantine.',
  values: {
    IMAGE: { value: 'image' as QuarantineKind, description: 'An image.' },
    URL: { value: 'url', description: 'A link.' },
    TEXT: { value: 'text', description: 'Its words.' },
  } satisfies Record<(typeof kinds)[QuarantineKind], { value: QuarantineKind; description: string }>,
})

builder.objectType(QuarantineDecidedError, {
  name: 'QuarantineDecidedError',
  description: 'Somebody else was faster, or it was decided otherwise. Nothing was changed.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    decision: t.expose('decision', { type: QuarantineDecisionEnum, description: 'How it was decided.' }),
    decidedById: t.globalID({
      nullable: true,
      description: 'The account that decided; null: the system, or it is erased.',
      resolve: ({ decidedBy }) => (decidedBy === null ? null : { type: 'Account', id: decidedBy }),
    }),
    decidedAt: t.expose('decidedAt', { type: 'DateTime', nullable: true, description: 'When.' }),
  }),
})

const FoundLabelType = builder.objectRef<{ label: string; level: Level }>('FoundLabel').implement({
  description: 'What a scanner found.',
  fields: (t) => ({
    label: t.exposeString('label', { description: 'What it seems to be: `nsfw`, `gore`, `known`, `scam`, …' }),
    level: t.expose('level', { type: LevelEnum, description: 'How surely.' }),
  }),
})

const QuarantineItemType = builder.objectRef<QuarantineItem>('QuarantineItem')

builder.node(QuarantineItemType, {
  description: 'Something that a scanner was not sure of, until somebody has looked. For MODERATOR.',
  fields: (t) => ({
    subject: t.expose('subject', { type: SubjectType, description: 'What it is part of.' }),
    kind: t.expose('kind', { type: QuarantineKindEnum, description: 'What of it.' }),
    locator: t.exposeString('locator', { description: 'Which one: an address or a hash.' }),
    labels: t.field({
      type: [FoundLabelType],
      description: 'What was found, by name.',
      resolve: ({ labels }) =>
        Object.entries(labels)
          .map(([label, level]) => ({ label, level }))
          .sort((one, other) => (one.label < other.label ? -1 : 1)),
    }),
    state: t.expose('state', { type: QuarantineStateEnum, description: 'Where it stands.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was put there.' }),
    decidedById: t.globalID({
      nullable: true,
      description: 'The account that decided; null: nobody yet, the system, or it is erased.',
      resolve: ({ decidedBy }) => (decidedBy === null ? null : { type: 'Account', id: decidedBy }),
    }),
    decidedAt: t.expose('decidedAt', { type: 'DateTime', nullable: true, description: 'When it was decided.' }),
  }),
  id: { resolve: ({ id }) => id },
  isTypeOf: (value) => typeof value === 'object' && value !== null && 'locator' in value && 'labels' in value,
  loadMany: async (ids, { services, viewer }) => {
    const isStaff = viewer?.roles.some((role) => role === 'MODERATOR' || role === 'ADMIN') ?? false
    const found = isStaff ? await services.quarantine.byIds(staffOf(viewer).accountId, ids) : undefined
    return ids.map((id) => found?.get(id) ?? null)
  },
})

const QuarantineFilterInput = builder.inputType('QuarantineFilter', {
  description: 'Which ones. What is not named does not matter.',
  fields: (t) => ({
    state: t.field({ type: QuarantineStateEnum, description: 'In this state; without it, those that wait.' }),
  }),
})
const DecideQuarantineInput = builder.inputType('DecideQuarantineInput', {
  description: 'What becomes of which one.',
  fields: (t) => ({
    itemId: t.globalID({ for: QuarantineItemType, required: true, description: 'Its id.' }),
    decision: t.field({ type: QuarantineDecisionEnum, required: true, description: 'What becomes of it.' }),
    note: t.string({ description: 'Why, for staff, in at most 1000 characters.' }),
  }),
})
const DecideQuarantinePayload = builder.objectRef<{ item: QuarantineItem }>('DecideQuarantinePayload').implement({
  description: 'It is decided.',
  fields: (t) => ({ item: t.expose('item', { type: QuarantineItemType, description: 'As it is now.' }) }),
})

builder.queryField('quarantine', (t) =>
  t.connection({
    type: QuarantineItemType,
    nullable: true,
    authScopes: { moderator: true },
    complexity: pageSize.cost,
    args: { filter: t.arg({ type: QuarantineFilterInput, description: 'Which ones; without it, those that wait.' }) },
    description: 'What is in quarantine, the oldest first. For MODERATOR; whoever reads it is written down.',
    resolve: (_root, { filter, ...args }, { services, viewer }) =>
      keysetConnection(args, (page) =>
        services.quarantine.list(staffOf(viewer).accountId, filter?.state ?? null, page),
      ),
  }),
)

builder.mutationField('decideQuarantine', (t) =>
  t.field({
    type: DecideQuarantinePayload,
    nullable: true,
    authScopes: { moderator: true },
    errors: {
      types: [QuarantineDecidedError],
      union: { name: 'DecideQuarantineResult', description: 'What `decideQuarantine` answers.' },
    },
    args: { input: t.arg({ type: DecideQuarantineInput, required: true, description: 'Which one, and how.' }) },
    description:
      'Decides what becomes of something in quarantine, once, for MODERATOR, and writes that down. The owner is told. Repeating it is safe.',
    resolve: async (_root, { input: { itemId, decision, note } }, { services, viewer }) => ({
      item: await services.quarantine.decide(staffOf(viewer).accountId, {
        itemId: itemId.id,
        decision,
        note: note ?? null,
      }),
    }),
  }),
)
