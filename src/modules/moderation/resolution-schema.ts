import { builder } from '../../graphql/builder.ts'
import { clientId, clientIdDescription } from '../../graphql/client-id.ts'
import { ErrorCodeEnum } from '../../graphql/interfaces.ts'
import { staffOf } from '../../graphql/staff.ts'
import { BadUserInputError, type DomainError, IdempotencyMismatchError } from '../../platform/errors.ts'
import { ModerationActionEnum } from '../enforcement/schema.ts'
import { AccountType } from '../identity/account-schema.ts'
import { CampusType } from '../places/schema.ts'
import { SurfaceEnum } from '../policies/surface-schema.ts'
import { ProfileType } from '../profiles/schema.ts'
import { CaseFilterInput, filterOf } from './filter-schema.ts'
import {
  CaseClaimedError,
  type CaseExport,
  CaseStateError,
  type ModerationCase,
  type Resolved,
  type Verdict,
} from './index.ts'
import { CaseType } from './schema.ts'

const words = {
  dismiss: 'True: nothing is wrong. Either this, or `action`.',
  action:
    'What is done. Needs `reason` and `explanation`. BAN, and MUTE and RESTRICT without an end, for ADMIN. HIDE and REMOVE not of a `DEVICE`.',
  surface: 'Of MUTE, RESTRICT and SHADOW: where; without it, everywhere.',
  minutes: 'Of MUTE, RESTRICT, SHADOW and BAN: for how long; without it, until it is undone.',
  reason: 'Why, in 1 to 80 characters. Told to the owner.',
  explanation: 'Why, in plain words, for the owner: 1 to 1,000 characters.',
  note: 'At most 2,000 characters, for staff.',
}

const ResolveCaseInput = builder.inputType('ResolveCaseInput', {
  description: 'What becomes of a case.',
  fields: (t) => ({
    clientId: t.string({ required: true, validate: clientId, description: clientIdDescription('decision') }),
    caseId: t.globalID({ for: CaseType, required: true, description: 'Which one.' }),
    dismiss: t.boolean({ description: words.dismiss }),
    action: t.field({ type: ModerationActionEnum, description: words.action }),
    surface: t.field({ type: SurfaceEnum, description: words.surface }),
    minutes: t.int({ description: words.minutes }),
    reason: t.string({ description: words.reason }),
    explanation: t.string({ description: words.explanation }),
    note: t.string({ description: words.note }),
  }),
})
const BulkResolveCasesInput = builder.inputType('BulkResolveCasesInput', {
  description: 'What becomes of many cases.',
  fields: (t) => ({
    clientId: t.string({ required: true, validate: clientId, description: clientIdDescription('decisions') }),
    caseIds: t.globalIDList({ for: CaseType, required: true, description: 'Which ones: 1 to 1,000.' }),
    dismiss: t.boolean({ description: words.dismiss }),
    action: t.field({ type: ModerationActionEnum, description: words.action }),
    surface: t.field({ type: SurfaceEnum, description: words.surface }),
    minutes: t.int({ description: words.minutes }),
    reason: t.string({ description: words.reason }),
    explanation: t.string({ description: words.explanation }),
    note: t.string({ description: words.note }),
  }),
})
const ExportCasesInput = builder.inputType('ExportCasesInput', {
  description: 'Which cases to export.',
  fields: (t) => ({
    filter: t.field({ type: CaseFilterInput, description: 'Which. Without it, all.' }),
    after: t.string({ description: 'The `endCursor` of the export before, with the same filter.' }),
  }),
})
const SetModeratorCampusesInput = builder.inputType('SetModeratorCampusesInput', {
  description: 'Whose cases a moderator sees.',
  fields: (t) => ({
    accountId: t.globalID({ for: [AccountType, ProfileType], required: true, description: 'The moderator.' }),
    campusIds: t.globalIDList({
      for: CampusType,
      required: true,
      description: 'At most 100. With none the moderator sees all cases; else those of these, and of no campus.',
    }),
  }),
})

type Given = Omit<typeof BulkResolveCasesInput.$inferInput, 'caseIds'>

function verdictOf({ clientId, dismiss, action, surface, minutes, reason, explanation, note }: Given): Verdict {
  if ((dismiss === true) === (action != null))
    throw new BadUserInputError('Either `dismiss` is true, or an `action` is given.', 'action')
  if (action == null) {
    if (surface != null || minutes != null || reason != null || explanation != null)
      throw new BadUserInputError('What is dismissed has nothing else but a note.', 'dismiss')
    return { clientId, measure: null, note: note ?? '' }
  }
  if (reason == null) throw new BadUserInputError('`reason` is missing.', 'reason')
  if (explanation == null) throw new BadUserInputError('`explanation` is missing.', 'explanation')
  const measure = { action, surface: surface ?? null, minutes: minutes ?? null, reason, explanation }
  return { clientId, measure, note: note ?? '' }
}

const ResolveCasePayload = builder.objectRef<{ case: ModerationCase }>('ResolveCasePayload').implement({
  description: 'The case is decided.',
  fields: (t) => ({ case: t.expose('case', { type: CaseType, description: 'The case as it is now.' }) }),
})
const RefusalType = builder.objectRef<Pick<DomainError, 'code' | 'message'>>('CaseRefusal').implement({
  description: 'Why one of many cases is not decided.',
  fields: (t) => ({
    code: t.expose('code', { type: ErrorCodeEnum, description: 'What kind of refusal this is.' }),
    message: t.exposeString('message', { description: 'One English sentence for a developer.' }),
  }),
})
const BulkResultType = builder.objectRef<Resolved>('BulkCaseResult').implement({
  description: 'What became of one of many cases.',
  fields: (t) => ({
    caseId: t.globalID({
      description: 'Which one.',
      resolve: ({ caseId }) => ({ type: 'ModerationCase', id: caseId }),
    }),
    case: t.field({
      type: CaseType,
      nullable: true,
      description: 'The case as it is now, if it is decided.',
      resolve: ({ found }) => found,
    }),
    error: t.field({
      type: RefusalType,
      nullable: true,
      description: 'Else, why it is not.',
      // An error as it is would be taken for one of this field.
      resolve: ({ error }) => error && { code: error.code, message: error.message },
    }),
  }),
})
const BulkResolveCasesPayload = builder.objectRef<{ results: Resolved[] }>('BulkResolveCasesPayload').implement({
  description: 'Each case was decided by itself, or refused.',
  fields: (t) => ({
    results: t.expose('results', { type: [BulkResultType], description: 'In the order asked for, each case once.' }),
  }),
})
const ExportCasesPayload = builder.objectRef<CaseExport>('ExportCasesPayload').implement({
  description: 'Cases as a table.',
  fields: (t) => ({
    csv: t.exposeString('csv', {
      description: 'RFC 4180, with names in the first line. No cell runs as a formula, and no reporter is in it.',
    }),
    rows: t.exposeInt('rows', { description: 'How many cases: at most 5,000.' }),
    endCursor: t.exposeString('endCursor', { nullable: true, description: 'Where to go on.' }),
    hasNextPage: t.exposeBoolean('hasNextPage', { description: 'Whether there are more.' }),
  }),
})
const SetModeratorCampusesPayload = builder
  .objectRef<{ campusIds: string[] }>('SetModeratorCampusesPayload')
  .implement({
    description: 'The campuses are theirs.',
    fields: (t) => ({
      campusIds: t.globalIDList({
        description: 'Which ones.',
        resolve: ({ campusIds }) => campusIds.map((id) => ({ type: 'Campus', id })),
      }),
    }),
  })

builder.mutationFields((t) => ({
  resolveCase: t.field({
    type: ResolveCasePayload,
    nullable: true,
    authScopes: { moderator: true },
    errors: {
      types: [CaseStateError, CaseClaimedError, IdempotencyMismatchError],
      union: { name: 'ResolveCaseResult', description: 'What `resolveCase` answers.' },
    },
    args: { input: t.arg({ type: ResolveCaseInput, required: true, description: 'Which one, and what.' }) },
    description:
      'Decides a case, for MODERATOR; one that was handed up, for ADMIN. Whoever holds it decides it, or anybody if nobody does. Its reporters are told within a second, and its owner of what is done, unless that is SHADOW.',
    resolve: async (_root, { input }, { services, viewer }) => ({
      case: await services.moderation.resolve(staffOf(viewer), input.caseId.id, verdictOf(input)),
    }),
  }),
  bulkResolveCases: t.field({
    type: BulkResolveCasesPayload,
    nullable: true,
    authScopes: { admin: true },
    errors: {
      types: [IdempotencyMismatchError],
      union: { name: 'BulkResolveCasesResult', description: 'What `bulkResolveCases` answers.' },
    },
    args: { input: t.arg({ type: BulkResolveCasesInput, required: true, description: 'Which ones, and what.' }) },
    description:
      'Decides many cases, for ADMIN, each by itself: what one is refused with keeps back no other. Repeat it with the same client id for those that were not reached.',
    resolve: async (_root, { input: { caseIds, ...rest } }, { services, viewer }) => ({
      results: await services.moderation.resolveAll(
        ...([staffOf(viewer), caseIds.map(({ id }) => id), verdictOf(rest)] as const),
      ),
    }),
  }),
  exportCases: t.field({
    type: ExportCasesPayload,
    nullable: true,
    authScopes: { admin: true },
    errors: { types: [], union: { name: 'ExportCasesResult', description: 'What `exportCases` answers.' } },
    args: { input: t.arg({ type: ExportCasesInput, required: true, description: 'Which ones.' }) },
    description: 'Cases as CSV, the newest first, for ADMIN, once a minute. That it was done is in the audit log.',
    resolve: (_root, { input: { filter, after } }, { services, viewer }) => {
      const staff = staffOf(viewer)
      return services.moderation.exportCases(staff, filterOf(filter, staff.accountId), after ?? null)
    },
  }),
  setModeratorCampuses: t.field({
    type: SetModeratorCampusesPayload,
    nullable: true,
    authScopes: { admin: true },
    errors: {
      types: [],
      union: { name: 'SetModeratorCampusesResult', description: 'What `setModeratorCampuses` answers.' },
    },
    args: { input: t.arg({ type: SetModeratorCampusesInput, required: true, description: 'Whose, and which.' }) },
    description:
      'Says whose cases a moderator sees, for ADMIN. It counts at once; streams that are open end within seconds. Repeating it is safe.',
    resolve: async (_root, { input }, { services, viewer }) => ({
      campusIds: await services.moderation.setCampuses(
        ...([staffOf(viewer), input.accountId.id, input.campusIds.map(({ id }) => id)] as const),
      ),
    }),
  }),
}))
