import { builder } from '../../graphql/builder.ts'
import { cursorDescription, cutWhenSlow, memberOf, ReadyType, ResyncType } from '../../graphql/event-stream.ts'
import { loadersOf } from '../../graphql/loaders.ts'
import { keysetConnection, pageSize } from '../../graphql/pagination.ts'
import { perViewer } from '../../graphql/per-viewer.ts'
import { halfOf } from '../../graphql/person.ts'
import { SubjectType } from '../../graphql/subjects.ts'
import type { Delivery } from '../../platform/delivery/index.ts'
import { RestrictionKindEnum } from '../gate/schema.ts'
import { SurfaceEnum } from '../policies/surface-schema.ts'
import type { ToldStatus } from './index.ts'
import { DecisionType, ModerationActionEnum } from './schema.ts'

type Of<Kind extends ToldStatus['kind']> = Extract<ToldStatus, { kind: Kind }>

const StatusInterface = builder.interfaceRef<ToldStatus>('ModerationStatus').implement({
  description: 'Something that moderation tells you: about what is yours, or what you reported or appealed.',
  fields: (t) => ({
    seq: t.exposeInt('seq', { description: 'Its place among all that you were told: 1, 2, 3, … without gaps.' }),
    at: t.field({ type: 'DateTime', description: 'When you were told.', resolve: ({ at }) => new Date(at) }),
  }),
  resolveType: ({ kind }) => typeNames[kind],
})

const typeNames: Record<ToldStatus['kind'], string> = {
  DECISION: 'DecisionStatus',
  REPORT: 'ReportStatus',
  APPEAL: 'AppealStatus',
  RESTRICTION: 'RestrictionStatus',
}

const momentOf = (iso: string | null) => (iso === null ? null : new Date(iso))

builder.objectRef<Of<'DECISION'>>('DecisionStatus').implement({
  description: 'Moderation did something to something of yours, or undid it.',
  interfaces: [StatusInterface],
  fields: (t) => ({
    decisionId: t.globalID({
      description: 'The decision: what `createAppeal` takes.',
      resolve: ({ decisionId }) => ({ type: 'Decision', id: decisionId }),
    }),
    decision: t.field({
      type: DecisionType,
      nullable: true,
      extensions: perViewer,
      description: 'The decision as it is now.',
      resolve: ({ decisionId }, _args, context) => loadersOf(context).decision.load(decisionId),
    }),
    action: t.expose('action', { type: ModerationActionEnum, description: 'What was done.' }),
    subject: t.expose('subject', { type: SubjectType, description: 'What of yours it is about.' }),
    surface: t.expose('surface', { type: SurfaceEnum, nullable: true, description: 'Where; null: everywhere.' }),
    until: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When it ends by itself; null: it does not.',
      resolve: ({ until }) => momentOf(until),
    }),
    reason: t.exposeString('reason', { description: 'Why, in a few words.' }),
    explanation: t.exposeString('explanation', { description: 'Why, in plain words, to be shown.' }),
    reverted: t.exposeBoolean('reverted', { description: 'Whether it was undone: nothing of it holds any more.' }),
    appealable: t.boolean({
      description: 'Whether you may appeal, until `appealableUntil`.',
      resolve: ({ appealableUntil }) => appealableUntil !== null,
    }),
    appealableUntil: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'Until when `createAppeal` takes it.',
      resolve: ({ appealableUntil }) => momentOf(appealableUntil),
    }),
  }),
})

const ReportOutcomeEnum = builder.enumType('ReportOutcome', {
  description: 'What became of a report.',
  values: {
    ACTIONED: { description: 'Something was done about it. Thank you.' },
    DISMISSED: { description: 'Nothing was found to be against the rules.' },
  } satisfies Record<Of<'REPORT'>['outcome'], { description: string }>,
})

export const ReportStatusType = builder.objectRef<Of<'REPORT'>>('ReportStatus').implement({
  description: 'What you reported was looked at.',
  interfaces: [StatusInterface],
  fields: (t) => ({
    reportId: t.globalID({
      description: 'Your report.',
      resolve: ({ reportId }) => ({ type: 'Report', id: reportId }),
    }),
    outcome: t.expose('outcome', { type: ReportOutcomeEnum, description: 'What became of it.' }),
  }),
})

export const AppealOutcomeEnum = builder.enumType('AppealOutcome', {
  description: 'How an appeal is decided.',
  values: {
    ACCEPTED: { description: 'The decision is undone.' },
    REJECTED: { description: 'The decision stays.' },
  } satisfies Record<Of<'APPEAL'>['state'], { description: string }>,
})

export const AppealStatusType = builder.objectRef<Of<'APPEAL'>>('AppealStatus').implement({
  description: 'Your appeal was decided, by somebody else than the decision.',
  interfaces: [StatusInterface],
  fields: (t) => ({
    appealId: t.globalID({
      description: 'Your appeal.',
      resolve: ({ appealId }) => ({ type: 'Appeal', id: appealId }),
    }),
    decisionId: t.globalID({
      description: 'What you appealed.',
      resolve: ({ decisionId }) => ({ type: 'Decision', id: decisionId }),
    }),
    state: t.expose('state', { type: AppealOutcomeEnum, description: 'How.' }),
    answer: t.exposeString('answer', { description: 'Why, in plain words, to be shown.' }),
  }),
})

builder.objectRef<Of<'RESTRICTION'>>('RestrictionStatus').implement({
  description:
    'You may not do something any more for some time, or may again. What came with a decision is told with that.',
  interfaces: [StatusInterface],
  fields: (t) => ({
    restriction: t.expose('restriction', { type: RestrictionKindEnum, description: 'What holds you back.' }),
    surface: t.expose('surface', { type: SurfaceEnum, nullable: true, description: 'Where; null: everywhere.' }),
    until: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When it ends by itself; null: it does not.',
      resolve: ({ until }) => momentOf(until),
    }),
    reason: t.exposeString('reason', { description: 'Why, in a few words.' }),
    explanation: t.exposeString('explanation', { description: 'Why, in plain words, to be shown.' }),
    revoked: t.exposeBoolean('revoked', { description: 'Whether it was ended: it does not hold any more.' }),
  }),
})

type Told = Extract<Delivery<ToldStatus>, { kind: 'event' }>

const StatusChangedType = builder.objectRef<Told>('ModerationStatusChanged').implement({
  description: 'You are told something.',
  fields: (t) => ({
    cursor: t.expose('cursor', { type: 'Cursor', description: cursorDescription }),
    status: t.field({ type: StatusInterface, description: 'What.', resolve: ({ payload }) => payload }),
  }),
})

const StatusEventUnion = builder.unionType('ModerationStatusEvent', {
  description: 'What `myModerationStatus` delivers.',
  types: [ReadyType, ResyncType, StatusChangedType],
  resolveType: memberOf('ModerationStatusChanged') as never,
})

const deviceDescription =
  'On an account’s phone: what concerns the phone, such as activities, and not the account. A phone without an account asks for that anyway.'
const eitherHalf = { $any: { device: true, account: true } } as const

builder.queryField('moderationStatuses', (t) =>
  t.connection({
    type: StatusInterface,
    nullable: true,
    authScopes: eitherHalf,
    complexity: pageSize.cost,
    args: { device: t.arg.boolean({ defaultValue: false, description: deviceDescription }) },
    description: 'What moderation has told you, the newest first.',
    resolve: (_root, { device, ...args }, { services, viewer }) =>
      keysetConnection(args, (page) => services.enforcement.statuses(halfOf(viewer, device ?? false), page)),
  }),
)

builder.subscriptionField('myModerationStatus', (t) =>
  t.field({
    type: StatusEventUnion,
    authScopes: eitherHalf,
    args: {
      after: t.arg({ type: 'Cursor', description: 'The last cursor you got. Without it the stream starts now.' }),
      device: t.arg.boolean({ defaultValue: false, description: deviceDescription }),
    },
    description:
      'What moderation tells you: what became of something of yours, of your reports and of your appeals, within a second. Nothing of it is ever lost: with `after`, however old, first what you missed, once and in order.',
    subscribe: (_root, { after, device }, context) =>
      context.services.enforcement.statusEvents(
        ...([halfOf(context.viewer, device ?? false), after ?? null, cutWhenSlow(context)] as const),
      ),
    resolve: (delivery) => delivery as never,
  }),
)
