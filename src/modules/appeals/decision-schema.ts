import { builder } from '../../graphql/builder.ts'
import { loadersOf } from '../../graphql/loaders.ts'
import { perViewer } from '../../graphql/per-viewer.ts'
import { DecisionType } from '../enforcement/schema.ts'
import { ReportStatusType } from '../enforcement/status-schema.ts'
import { ReportType } from '../moderation/report-schema.ts'
import { CaseType } from '../moderation/schema.ts'
import { ProfileType } from '../profiles/schema.ts'
import { AppealType } from './schema.ts'

// What leads from decisions, appeals and statuses to what the modules in between own.
const forStaff = { moderator: true } as const

builder.objectFields(DecisionType, (t) => ({
  case: t.field({
    type: CaseType,
    nullable: true,
    authScopes: forStaff,
    description: 'The case that it belongs to, if any. For staff.',
    resolve: ({ caseId }, _args, context) => (caseId === null ? null : loadersOf(context).shownCase.load(caseId)),
  }),
  decidedBy: t.field({
    type: ProfileType,
    nullable: true,
    authScopes: forStaff,
    description: 'Who decided; null: the system, or they are erased. For staff.',
    resolve: ({ decidedBy }, _args, context) =>
      decidedBy === null ? null : loadersOf(context).profile.load(decidedBy),
  }),
}))

builder.objectFields(AppealType, (t) => ({
  case: t.field({
    type: CaseType,
    nullable: true,
    authScopes: forStaff,
    description: 'The case that it belongs to. For staff.',
    resolve: ({ caseId }, _args, context) => loadersOf(context).shownCase.load(caseId),
  }),
}))

builder.objectFields(ReportStatusType, (t) => ({
  report: t.field({
    type: ReportType,
    nullable: true,
    extensions: perViewer,
    description: 'Your report as it is now.',
    resolve: ({ reportId }, _args, context) => loadersOf(context).report.load(reportId),
  }),
}))
