import { builder } from '../../graphql/builder.ts'
import { clientId, clientIdDescription } from '../../graphql/client-id.ts'
import { ErrorInterface } from '../../graphql/interfaces.ts'
import { loadersOf } from '../../graphql/loaders.ts'
import { keysetConnection, pageSize } from '../../graphql/pagination.ts'
import { perViewer } from '../../graphql/per-viewer.ts'
import { selvesOf } from '../../graphql/person.ts'
import { staffOf } from '../../graphql/staff.ts'
import { IdempotencyMismatchError, NotFoundError } from '../../platform/errors.ts'
import { DecisionType } from '../enforcement/schema.ts'
import { AppealOutcomeEnum, AppealStatusType } from '../enforcement/status-schema.ts'
import {
  type Appeal,
  AppealExistsError,
  AppealResolvedError,
  type AppealState,
  NotAppealableError,
  type NotAppealableReason,
  OwnDecisionError,
} from './index.ts'

const AppealStateEnum = builder.enumType('AppealState', {
  description: 'Where an appeal stands.',
  values: {
    OPEN: { description: 'It waits for somebody else than whoever decided.' },
    ACCEPTED: { description: 'The decision is undone.' },
    REJECTED: { description: 'The decision stays.' },
  } satisfies Record<AppealState, { description: string }>,
})

const NotAppealableReasonEnum = builder.enumType('NotAppealableReason', {
  description: 'Why something cannot be appealed. It may grow.',
  values: {
    NOT_IN_EFFECT: { description: 'It was undone, or has not taken effect yet.' },
    TOO_LATE: { description: 'It took effect more than 30 days ago.' },
    DECIDED: { description: 'There was an appeal against it, and it was decided.' },
  } satisfies Record<NotAppealableReason, { description: string }>,
})

builder.objectType(AppealExistsError, {
  name: 'AppealExistsError',
  description: 'You have appealed in this matter, and it is not decided yet.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    conflictingId: t.globalID({
      description: 'The appeal that there is.',
      resolve: ({ conflictingId }) => ({ type: 'Appeal', id: conflictingId }),
    }),
  }),
})
builder.objectType(NotAppealableError, {
  name: 'NotAppealableError',
  description: 'This decision cannot be appealed, or not any more.',
  interfaces: [ErrorInterface],
  fields: (t) => ({ reason: t.expose('reason', { type: NotAppealableReasonEnum, description: 'Why.' }) }),
})
builder.objectType(OwnDecisionError, {
  name: 'OwnDecisionError',
  description:
    'You decided what is appealed, or something else in this matter, or it is about you: somebody else has to.',
  interfaces: [ErrorInterface],
})
builder.objectType(AppealResolvedError, {
  name: 'AppealResolvedError',
  description: 'The appeal was decided before.',
  interfaces: [ErrorInterface],
  fields: (t) => ({ state: t.expose('state', { type: AppealStateEnum, description: 'How.' }) }),
})

/** With its decision where there is nobody signed in who could see that one. */
type Shown = Appeal & { decision?: typeof DecisionType.$inferType | undefined }
export const AppealType = builder.objectRef<Shown>('Appeal')
const forStaff = { moderator: true } as const

builder.node(AppealType, {
  description: 'Somebody’s word against a decision about what is theirs. Seen by them, and by staff.',
  fields: (t) => ({
    decision: t.field({
      type: DecisionType,
      extensions: perViewer,
      description: 'What is appealed.',
      resolve: async ({ decisionId, decision: known }, _args, context) => {
        const decision = known ?? (await loadersOf(context).decision.load(decisionId))
        if (!decision) throw new NotFoundError()
        return decision
      },
    }),
    state: t.expose('state', { type: AppealStateEnum, description: 'Where it stands.' }),
    note: t.exposeString('note', {
      nullable: true,
      description: 'What was said against the decision; null once whoever said it is erased.',
    }),
    answer: t.exposeString('answer', { nullable: true, description: 'Why it was decided so; null before.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    resolvedAt: t.expose('resolvedAt', { type: 'DateTime', nullable: true, description: 'When it was decided.' }),
    caseId: t.globalID({
      authScopes: forStaff,
      nullable: true,
      description: 'The case that it belongs to. For staff.',
      resolve: ({ caseId }) => ({ type: 'ModerationCase', id: caseId }),
    }),
    appellantId: t.exposeString('appellantId', {
      authScopes: forStaff,
      nullable: true,
      description: 'Whose it is, an account or a device; null once they are erased. For staff.',
    }),
    decidedById: t.globalID({
      authScopes: forStaff,
      nullable: true,
      description: 'The account that decided it. For staff.',
      resolve: ({ decidedBy }) => (decidedBy === null ? null : { type: 'Account', id: decidedBy }),
    }),
  }),
  id: { resolve: ({ id }) => id },
  isTypeOf: (value) => typeof value === 'object' && value !== null && 'appellantId' in value,
  loadMany: (ids, context) => Promise.all(ids.map((id) => loadersOf(context).appeal.load(id))),
})

builder.objectField(AppealStatusType, 'appeal', (t) =>
  t.field({
    type: AppealType,
    nullable: true,
    extensions: perViewer,
    description: 'Your appeal as it is now.',
    resolve: ({ appealId }, _args, context) => loadersOf(context).appeal.load(appealId),
  }),
)

const CreateAppealInput = builder.inputType('CreateAppealInput', {
  description: 'What is appealed, and why.',
  fields: (t) => ({
    clientId: t.string({ required: true, validate: clientId, description: clientIdDescription('appeal') }),
    decisionId: t.globalID({
      for: DecisionType,
      required: true,
      description: 'A decision about something of yours, in effect for at most 30 days.',
    }),
    note: t.string({ required: true, description: 'What you have to say, 10 to 2,000 characters.' }),
    appealToken: t.string({
      required: false,
      description:
        'For a ban, in the place of a token: the `appealToken` of the `AccountBannedError` that names this decision. It speaks for that account, in this matter only.',
    }),
  }),
})
const ResolveAppealInput = builder.inputType('ResolveAppealInput', {
  description: 'How an appeal is decided.',
  fields: (t) => ({
    appealId: t.globalID({ for: AppealType, required: true, description: 'The appeal.' }),
    outcome: t.field({ type: AppealOutcomeEnum, required: true, description: 'Accepted: the decision is undone.' }),
    answer: t.string({ required: true, description: 'Why, in plain words, for the appellant: 1 to 2,000 characters.' }),
  }),
})
const AppealFilterInput = builder.inputType('AppealFilter', {
  description: 'Which appeals. What is not named does not matter.',
  fields: (t) => ({ state: t.field({ type: AppealStateEnum, description: 'Of this state.' }) }),
})

const payload = (name: string, description: string) =>
  builder.objectRef<{ appeal: Shown }>(name).implement({
    description,
    fields: (t) => ({ appeal: t.expose('appeal', { type: AppealType, description: 'The appeal as it is now.' }) }),
  })
const CreateAppealPayload = payload('CreateAppealPayload', 'The new appeal, or the one that this client id has made.')
const ResolveAppealPayload = payload('ResolveAppealPayload', 'The appeal is decided.')

const eitherHalf = { $any: { device: true, account: true } } as const

builder.queryFields((t) => ({
  appeals: t.connection({
    type: AppealType,
    nullable: true,
    authScopes: forStaff,
    complexity: pageSize.cost,
    args: { filter: t.arg({ type: AppealFilterInput, description: 'Which appeals; without it, all.' }) },
    description: 'Appeals of the cases that you see, the oldest first. For MODERATOR.',
    resolve: (_root, { filter, ...args }, { services, viewer }) =>
      keysetConnection(args, (page) =>
        services.appeals.appeals(staffOf(viewer), { state: filter?.state ?? null }, page),
      ),
  }),
  myAppeals: t.connection({
    type: AppealType,
    nullable: true,
    authScopes: eitherHalf,
    complexity: pageSize.cost,
    description: 'Your own appeals, the newest first.',
    resolve: (_root, args, { services, viewer }) =>
      keysetConnection(args, (page) => services.appeals.appealsOf(selvesOf(viewer), page)),
  }),
}))

builder.mutationFields((t) => ({
  createAppeal: t.field({
    type: CreateAppealPayload,
    nullable: true,
    authScopes: (_root, { input }) => (input.appealToken == null ? eitherHalf : true),
    errors: {
      types: [AppealExistsError, NotAppealableError, IdempotencyMismatchError],
      union: { name: 'CreateAppealResult', description: 'What `createAppeal` answers.' },
    },
    args: { input: t.arg({ type: CreateAppealInput, required: true, description: 'The appeal.' }) },
    description:
      'Appeals a decision about something of yours. It is decided by somebody else, and you are told by `myModerationStatus`. Who is banned sends the `appealToken`; then no other token is needed or looked at. At most 20 an hour, with an `appealToken` 10.',
    async resolve(_root, { input: { appealToken, ...given } }, { services, viewer }) {
      const input = { ...given, decisionId: given.decisionId.id }
      if (appealToken == null) return { appeal: await services.appeals.createAppeal(selvesOf(viewer), input) }
      const appeal = await services.appeals.createAppealByToken(appealToken, input)
      const decision = (await services.enforcement.decisionsById([appeal.decisionId])).get(appeal.decisionId)
      return { appeal: { ...appeal, decision } }
    },
  }),
  resolveAppeal: t.field({
    type: ResolveAppealPayload,
    nullable: true,
    authScopes: forStaff,
    errors: {
      types: [AppealResolvedError, OwnDecisionError],
      union: { name: 'ResolveAppealResult', description: 'What `resolveAppeal` answers.' },
    },
    args: { input: t.arg({ type: ResolveAppealInput, required: true, description: 'How.' }) },
    description:
      'Decides an appeal, once, for MODERATOR; that of a BAN, and of a MUTE or RESTRICT without an end, for ADMIN. Accepted undoes the decision at once. Whoever decided something in the matter cannot.',
    resolve: async (_root, { input }, { services, viewer }) => ({
      appeal: await services.appeals.resolveAppeal(staffOf(viewer), { ...input, appealId: input.appealId.id }),
    }),
  }),
}))
