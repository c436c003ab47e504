import { builder } from '../../graphql/builder.ts'
import { ErrorInterface } from '../../graphql/interfaces.ts'
import { keysetConnection, pageSize } from '../../graphql/pagination.ts'
import { selvesOf } from '../../graphql/person.ts'
import { DuplicateReportError, type Report, ReportLimitError, type ReportReason } from './index.ts'

// Other modules' fields answer with these too.
export { DuplicateReportError, type Report, ReportLimitError }

export const ReportReasonEnum = builder.enumType('ReportReason', {
  description: 'Why something is reported. It may grow.',
  values: {
    ABUSE: { description: 'It is rude, or means to hurt.' },
    HARASSMENT: { description: 'It goes after somebody.' },
    HATE: { description: 'It attacks people for what they are.' },
    VIOLENCE: { description: 'It threatens, or calls for violence.' },
    SELF_HARM: { description: 'Somebody may hurt themselves.' },
    SEXUAL: { description: 'It is sexual, and not wanted here.' },
    SPAM: { description: 'It is advertising, or the same again and again.' },
    SCAM: { description: 'It wants money or data by deceit.' },
    OTHER: { description: 'Something else: say what in the note.' },
  } satisfies Record<ReportReason, { description: string }>,
})

const ReportStateEnum = builder.enumType('ReportState', {
  description: 'What became of a report.',
  values: {
    OPEN: { description: 'Nobody has decided yet.' },
    ACTIONED: { description: 'Something was done.' },
    DISMISSED: { description: 'Nothing was found to be wrong.' },
  },
})

export const ReportType = builder.objectRef<Report>('Report')

builder.node(ReportType, {
  description: 'Something that you reported. Nobody but you sees that it was you.',
  fields: (t) => ({
    reason: t.expose('reason', { type: ReportReasonEnum, description: 'Why.' }),
    note: t.exposeString('note', { nullable: true, description: 'What you said about it.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When.' }),
    state: t.field({
      type: ReportStateEnum,
      description: 'What became of it.',
      resolve: ({ outcome }) => outcome ?? ('OPEN' as const),
    }),
    resolvedAt: t.expose('resolvedAt', { type: 'DateTime', nullable: true, description: 'When that was decided.' }),
  }),
  id: { resolve: ({ id }) => id },
  isTypeOf: (value) => typeof value === 'object' && value !== null && 'reporterId' in value,
  loadMany: async (ids, { services, viewer }) => {
    const found = await services.moderation.reportsById(selvesOf(viewer), ids)
    return ids.map((id) => found.get(id) ?? null)
  },
})

builder.objectType(DuplicateReportError, {
  name: 'DuplicateReportError',
  description: 'You have reported this already, and it is not decided yet.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    conflictingId: t.globalID({
      description: 'Your report.',
      resolve: ({ conflictingId }) => ({ type: 'Report', id: conflictingId }),
    }),
  }),
})
builder.objectType(ReportLimitError, {
  name: 'ReportLimitError',
  description: 'Too many of your reports are not decided yet. Try again when you are told of one.',
  interfaces: [ErrorInterface],
  fields: (t) => ({ limit: t.exposeInt('limit', { description: 'So many wait at most.' }) }),
})

builder.queryField('myReports', (t) =>
  t.connection({
    type: ReportType,
    nullable: true,
    authScopes: { $any: { device: true, account: true } },
    complexity: pageSize.cost,
    description: 'What you reported, as a device and as an account, the newest first.',
    resolve: (_root, args, { services, viewer }) =>
      keysetConnection(args, (page) => services.moderation.reportsOf(selvesOf(viewer), page)),
  }),
)
