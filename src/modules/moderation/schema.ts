import { builder } from '../../graphql/builder.ts'
import { loadersOf } from '../../graphql/loaders.ts'
import { keysetConnection, pageSize } from '../../graphql/pagination.ts'
import { perViewer } from '../../graphql/per-viewer.ts'
import { staffOf } from '../../graphql/staff.ts'
import { SubjectType } from '../../graphql/subjects.ts'
import { DecisionType } from '../enforcement/schema.ts'
import { CampusType } from '../places/schema.ts'
import { ProfileType } from '../profiles/schema.ts'
import type { CaseChange, CaseEvent, CaseEvidence, CaseState, ModerationCase, Report } from './index.ts'
import { ReportReasonEnum } from './report-schema.ts'

export const CaseStateEnum = builder.enumType('CaseState', {
  description: 'Where a case stands.',
  values: {
    OPEN: { description: 'It waits for a decision.' },
    ESCALATED: { description: 'It waits for the decision of an ADMIN.' },
    ACTIONED: { description: 'Something was done.' },
    DISMISSED: { description: 'Nothing was wrong.' },
    CLOSED: { description: 'An appeal was answered. A new report opens it again, as it does any that was decided.' },
  } satisfies Record<CaseState, { description: string }>,
})

export const CaseChangeEnum = builder.enumType('CaseChange', {
  description: 'What happened to a case. It may grow.',
  values: {
    OPENED: { description: 'It was made.' },
    REPORTED: { description: 'One more report came.' },
    REOPENED: { description: 'It was decided, and is open again: a new round.' },
    RAISED: { description: 'It became more urgent, or there is one more reason.' },
    ASSIGNED: { description: 'It is somebody else’s, or nobody’s.' },
    CLAIMED: { description: 'Somebody works on it, or goes on to.' },
    RELEASED: { description: 'Whoever worked on it gave it back.' },
    CLAIM_EXPIRED: { description: 'Whoever worked on it did not go on to.' },
    ESCALATED: { description: 'It was handed up.' },
    OVERDUE: { description: 'It should have been decided by now.' },
    ACTIONED: { description: 'Something was done.' },
    DISMISSED: { description: 'Nothing was wrong.' },
    APPEALED: { description: 'There is an appeal; or one was answered after the case was opened again.' },
    CLOSED: { description: 'An appeal was answered.' },
    REVERTED: { description: 'A decision was undone.' },
  } satisfies Record<CaseChange, { description: string }>,
})

const CaseReportType = builder.objectRef<Report>('CaseReport').implement({
  description: 'A report, as staff see it: who made it is told to nobody.',
  fields: (t) => ({
    reason: t.expose('reason', { type: ReportReasonEnum, description: 'Why.' }),
    note: t.exposeString('note', { nullable: true, description: 'In the words of who reported it.' }),
    weight: t.exposeFloat('weight', {
      description: 'What it counts, 0 to 1, by how far its reporter was trusted.',
    }),
    round: t.exposeInt('round', { description: 'In which round of the case.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it came.' }),
  }),
})

const CaseEventType = builder.objectRef<CaseEvent>('CaseEvent').implement({
  description: 'Something that happened to a case. Who did it is in the audit log.',
  fields: (t) => ({
    change: t.expose('change', { type: CaseChangeEnum, description: 'What.' }),
    at: t.expose('at', { type: 'DateTime', description: 'When.' }),
  }),
})

const ExcerptType = builder.objectRef<CaseEvidence['excerpts'][number]>('CaseExcerpt').implement({
  description: 'What something said when it was reported, or when a policy noticed it.',
  fields: (t) => ({
    text: t.exposeString('text', { description: 'The words: escape them where you show them.' }),
    at: t.expose('at', { type: 'DateTime', description: 'When they were kept.' }),
  }),
})

const CaseEvidenceType = builder.objectRef<CaseEvidence>('CaseEvidence').implement({
  description: 'What a case is about, in words. Kept until thirty days after the case is over.',
  fields: (t) => ({
    excerpts: t.expose('excerpts', { type: [ExcerptType], description: 'What it said, the newest first; at most 50.' }),
    now: t.exposeString('now', { nullable: true, description: 'What it says now; null once it is gone.' }),
  }),
})

export const CaseType = builder.objectRef<ModerationCase>('ModerationCase')

builder.node(CaseType, {
  description:
    'Everything there is about one subject: reports, decisions, appeals. There is one for each, for ever. For staff.',
  fields: (t) => ({
    subject: t.field({
      type: SubjectType,
      description: 'What it is about.',
      resolve: ({ subjectKind, subjectId }) => ({ kind: subjectKind, id: subjectId }),
    }),
    state: t.expose('state', { type: CaseStateEnum, description: 'Where it stands.' }),
    reasons: t.exposeStringList('reasons', { description: 'Values of `ReportReason`, and reasons of policies.' }),
    severity: t.exposeInt('severity', { description: '0 to 5. It only rises while the case waits.' }),
    round: t.exposeInt('round', { description: '1, and one more each time it was opened again.' }),
    reportCount: t.exposeInt('reportCount', { description: 'How many reports there were, in all rounds.' }),
    escalationLevel: t.exposeInt('escalationLevel', { description: 'How often it was handed up in this round.' }),
    openedAt: t.expose('openedAt', { type: 'DateTime', description: 'When this round began.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When something last happened to it.' }),
    dueAt: t.expose('dueAt', {
      type: 'DateTime',
      description: 'By when it should be decided: 30 minutes at severity 4 and 5, 60 at 2 and 3, else 120.',
    }),
    overdue: t.boolean({
      description: 'Whether it waits, and should have been decided.',
      resolve: (found, _args, { services }) => services.moderation.isLate(found),
    }),
    resolvedAt: t.expose('resolvedAt', { type: 'DateTime', nullable: true, description: 'When it was decided.' }),
    assignee: t.field({
      type: ProfileType,
      nullable: true,
      description: 'Whose it is.',
      resolve: ({ assigneeId }, _args, context) => (assigneeId ? loadersOf(context).profile.load(assigneeId) : null),
    }),
    claimedBy: t.field({
      type: ProfileType,
      nullable: true,
      description: 'Who works on it. A claim that ran out is gone within two seconds: see `claimExpiresAt`.',
      resolve: ({ claimedBy }, _args, context) => (claimedBy ? loadersOf(context).profile.load(claimedBy) : null),
    }),
    claimExpiresAt: t.expose('claimExpiresAt', {
      type: 'DateTime',
      nullable: true,
      description: 'Until when; claim it again to go on.',
    }),
    appealOpen: t.exposeBoolean('appealOpen', { description: 'Whether an appeal waits for an answer.' }),
    campus: t.field({
      type: CampusType,
      nullable: true,
      description: 'Where its subject belongs to, if anywhere.',
      resolve: ({ campusId }, _args, context) => (campusId ? loadersOf(context).campus.load(campusId) : null),
    }),
    decisions: t.connection({
      type: DecisionType,
      complexity: pageSize.cost,
      description: 'What was done, the newest first.',
      resolve: ({ id }, args, context) =>
        keysetConnection(args, (page) => loadersOf(context).decisionsOfCase.load({ id, page })),
    }),
    reports: t.connection({
      type: CaseReportType,
      complexity: pageSize.cost,
      description: 'Who cares, the newest first.',
      resolve: ({ id }, args, context) =>
        keysetConnection(args, (page) => loadersOf(context).reportsOfCase.load({ id, page })),
    }),
    history: t.connection({
      type: CaseEventType,
      complexity: pageSize.cost,
      description: 'What happened, the newest first.',
      resolve: ({ id }, args, context) =>
        keysetConnection(args, (page) => loadersOf(context).historyOfCase.load({ id, page })),
    }),
    evidence: t.field({
      type: CaseEvidenceType,
      complexity: 10,
      extensions: perViewer,
      description: 'What it is about, in words. That you have read it is written down before you are answered.',
      resolve: ({ id }, _args, { services, viewer }) => services.moderation.evidence(staffOf(viewer), id),
    }),
  }),
  id: { resolve: ({ id }) => id },
  isTypeOf: (value) => typeof value === 'object' && value !== null && 'escalationLevel' in value,
  loadMany: async (ids, { services, viewer }) => {
    const isStaff = viewer?.accountId && viewer.roles.some((role) => role === 'MODERATOR' || role === 'ADMIN')
    const found = isStaff ? await services.moderation.casesById(staffOf(viewer), ids) : undefined
    return ids.map((id) => found?.get(id) ?? null)
  },
})
