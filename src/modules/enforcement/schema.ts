import { builder } from '../../graphql/builder.ts'
import { ErrorInterface } from '../../graphql/interfaces.ts'
import { loadersOf } from '../../graphql/loaders.ts'
import { staffOf } from '../../graphql/staff.ts'
import { SubjectType } from '../../graphql/subjects.ts'
import { SurfaceEnum } from '../policies/surface-schema.ts'
import { type Decision, DecisionRevertedError, type DecisionState, type ModerationAction } from './index.ts'

export const ModerationActionEnum = builder.enumType('ModerationAction', {
  description: 'What moderation does. Each can be undone. It may grow.',
  values: {
    WARN: { description: 'The owner is told, and nothing else happens.' },
    HIDE: { description: 'Nobody but its author sees it any more.' },
    REMOVE: { description: 'Nobody sees it any more.' },
    SHADOW: {
      description:
        'Nobody but its author sees it any more, and the author is not told. Of an account or a device, or with a surface: also what they write from now on.',
    },
    MUTE: { description: 'The owner writes nothing for a time.' },
    RESTRICT: { description: 'The owner is kept from writing, on a surface or everywhere.' },
    BAN: { description: 'The owner writes nothing anywhere, and an account is signed out and cannot sign in.' },
  } satisfies Record<ModerationAction, { description: string }>,
})

const DecisionStateEnum = builder.enumType('DecisionState', {
  description: 'How far a decision is carried out.',
  values: {
    PENDING: { description: 'Decided; it takes effect within a moment.' },
    APPLIED: { description: 'In effect.' },
    REVERTING: { description: 'Undone by staff; its effects go within a moment.' },
    REVERTED: { description: 'Undone: nothing of it is left.' },
  } satisfies Record<DecisionState, { description: string }>,
})

builder.objectType(DecisionRevertedError, {
  name: 'DecisionRevertedError',
  description: 'The decision was undone before. Nothing was changed; the same can be decided anew.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    state: t.expose('state', { type: DecisionStateEnum, description: 'Where it stands.' }),
  }),
})

export const DecisionType = builder.objectRef<Decision>('Decision')

const forStaff = { moderator: true } as const

builder.node(DecisionType, {
  description:
    'Something that moderation did to something. Seen by staff, and by the owner of what it was done to, where that one is told of it.',
  fields: (t) => ({
    action: t.expose('action', { type: ModerationActionEnum, description: 'What was done.' }),
    subject: t.expose('subject', { type: SubjectType, description: 'What it was done to.' }),
    surface: t.expose('surface', { type: SurfaceEnum, nullable: true, description: 'Where; null: everywhere.' }),
    minutes: t.exposeInt('minutes', { nullable: true, description: 'For how long; null: until it is undone.' }),
    reason: t.exposeString('reason', { description: 'Why, in a few words.' }),
    explanation: t.exposeString('explanation', { description: 'Why, in plain words, for the owner.' }),
    state: t.expose('state', { type: DecisionStateEnum, description: 'How far it is carried out.' }),
    decidedAt: t.expose('decidedAt', { type: 'DateTime', description: 'When it was decided.' }),
    appliedAt: t.expose('appliedAt', { type: 'DateTime', nullable: true, description: 'Since when it is in effect.' }),
    revertedAt: t.expose('revertedAt', { type: 'DateTime', nullable: true, description: 'When it was undone.' }),
    decidedById: t.globalID({
      nullable: true,
      authScopes: forStaff,
      description: 'The account that decided; null: the system, or it is erased. For staff.',
      resolve: ({ decidedBy }) => (decidedBy === null ? null : { type: 'Account', id: decidedBy }),
    }),
    revertedById: t.globalID({
      nullable: true,
      authScopes: forStaff,
      description: 'The account that undid it. For staff.',
      resolve: ({ revertedBy }) => (revertedBy === null ? null : { type: 'Account', id: revertedBy }),
    }),
    note: t.exposeString('note', { nullable: true, authScopes: forStaff, description: 'What staff noted. For staff.' }),
    rule: t.exposeString('rule', {
      nullable: true,
      authScopes: forStaff,
      description: 'The rule of a policy that it follows from, if any. For staff.',
    }),
    policyId: t.globalID({
      nullable: true,
      authScopes: forStaff,
      description: 'The policy that it follows from, if any. For staff.',
      resolve: ({ policyId }) => (policyId === null ? null : { type: 'Policy', id: policyId }),
    }),
    revertReason: t.exposeString('revertReason', {
      nullable: true,
      authScopes: forStaff,
      description: 'Why it was undone. For staff.',
    }),
  }),
  id: { resolve: ({ id }) => id },
  isTypeOf: (value) => typeof value === 'object' && value !== null && 'decidedAt' in value && 'action' in value,
  loadMany: (ids, context) => Promise.all(ids.map((id) => loadersOf(context).decision.load(id))),
})

const RevertDecisionInput = builder.inputType('RevertDecisionInput', {
  description: 'Which decision to undo, and why.',
  fields: (t) => ({
    decisionId: t.globalID({ for: DecisionType, required: true, description: 'The decision.' }),
    reason: t.string({ required: true, description: '1 to 500 characters, for staff.' }),
  }),
})
const RevertDecisionPayload = builder.objectRef<{ decision: Decision }>('RevertDecisionPayload').implement({
  description: 'The decision is undone.',
  fields: (t) => ({ decision: t.expose('decision', { type: DecisionType, description: 'As it is now.' }) }),
})

builder.mutationField('revertDecision', (t) =>
  t.field({
    type: RevertDecisionPayload,
    nullable: true,
    authScopes: forStaff,
    errors: {
      types: [DecisionRevertedError],
      union: { name: 'RevertDecisionResult', description: 'What `revertDecision` answers.' },
    },
    args: { input: t.arg({ type: RevertDecisionInput, required: true, description: 'Which one.' }) },
    description:
      'Undoes a decision and everything that it did, for MODERATOR; a BAN, and a MUTE or RESTRICT without an end, for ADMIN. What another decision demands stays. Its owner is told, where they were told of it.',
    resolve: async (_root, { input }, { services, viewer }) => ({
      decision: await services.enforcement.revertByStaff(staffOf(viewer), {
        decisionId: input.decisionId.id,
        reason: input.reason,
      }),
    }),
  }),
)
