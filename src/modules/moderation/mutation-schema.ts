import { builder } from '../../graphql/builder.ts'
import { ErrorInterface } from '../../graphql/interfaces.ts'
import { loadersOf } from '../../graphql/loaders.ts'
import { staffOf } from '../../graphql/staff.ts'
import { AccountType } from '../identity/account-schema.ts'
import { ProfileType } from '../profiles/schema.ts'
import { CaseClaimedError, CaseStateError, type ModerationCase } from './index.ts'
import { CaseStateEnum, CaseType } from './schema.ts'

builder.objectType(CaseClaimedError, {
  name: 'CaseClaimedError',
  description: 'Somebody else works on this case.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    claimedBy: t.field({
      type: ProfileType,
      nullable: true,
      description: 'Who.',
      resolve: ({ claimedBy }, _args, context) => loadersOf(context).profile.load(claimedBy),
    }),
    claimExpiresAt: t.expose('claimExpiresAt', { type: 'DateTime', description: 'Until when, unless they go on.' }),
  }),
})
builder.objectType(CaseStateError, {
  name: 'CaseStateError',
  description: 'As the case stands, this cannot be done: it is decided.',
  interfaces: [ErrorInterface],
  fields: (t) => ({ state: t.expose('state', { type: CaseStateEnum, description: 'Where it stands.' }) }),
})

const caseIdOf = 'The `id` of the `ModerationCase`.'
const ClaimCaseInput = builder.inputType('ClaimCaseInput', {
  description: 'Which case to work on.',
  fields: (t) => ({ caseId: t.globalID({ for: CaseType, required: true, description: caseIdOf }) }),
})
const ReleaseCaseInput = builder.inputType('ReleaseCaseInput', {
  description: 'Which case to give back.',
  fields: (t) => ({ caseId: t.globalID({ for: CaseType, required: true, description: caseIdOf }) }),
})
const AssignCaseInput = builder.inputType('AssignCaseInput', {
  description: 'Whose a case is to be.',
  fields: (t) => ({
    caseId: t.globalID({ for: CaseType, required: true, description: caseIdOf }),
    accountId: t.globalID({
      for: [AccountType, ProfileType],
      description: 'The id of the `Account` or `Profile` of a MODERATOR or ADMIN; without it, nobody’s.',
    }),
  }),
})
const EscalateCaseInput = builder.inputType('EscalateCaseInput', {
  description: 'Which case to hand up, and why.',
  fields: (t) => ({
    caseId: t.globalID({ for: CaseType, required: true, description: caseIdOf }),
    note: t.string({ required: true, description: 'At most 2,000 characters, for staff.' }),
  }),
})

const payload = (name: string, description: string) =>
  builder.objectRef<{ case: ModerationCase }>(name).implement({
    description,
    fields: (t) => ({ case: t.expose('case', { type: CaseType, description: 'The case as it is now.' }) }),
  })
const ClaimCasePayload = payload('ClaimCasePayload', 'The case is yours for five minutes.')
const ReleaseCasePayload = payload('ReleaseCasePayload', 'Nobody works on the case.')
const AssignCasePayload = payload('AssignCasePayload', 'The case is theirs.')
const EscalateCasePayload = payload('EscalateCasePayload', 'The case waits for an ADMIN.')

builder.mutationFields((t) => ({
  claimCase: t.field({
    type: ClaimCasePayload,
    nullable: true,
    authScopes: { moderator: true },
    errors: {
      types: [CaseClaimedError, CaseStateError],
      union: { name: 'ClaimCaseResult', description: 'What `claimCase` answers.' },
    },
    args: { input: t.arg({ type: ClaimCaseInput, required: true, description: 'Which one.' }) },
    description:
      'Takes a case for five minutes, for MODERATOR; a case that was handed up, for ADMIN. Of many who try, one has it. Repeat it to go on working.',
    resolve: async (_root, { input }, { services, viewer }) => ({
      case: await services.moderation.claim(staffOf(viewer), input.caseId.id),
    }),
  }),
  releaseCase: t.field({
    type: ReleaseCasePayload,
    nullable: true,
    authScopes: { moderator: true },
    errors: {
      types: [CaseClaimedError],
      union: { name: 'ReleaseCaseResult', description: 'What `releaseCase` answers.' },
    },
    args: { input: t.arg({ type: ReleaseCaseInput, required: true, description: 'Which one.' }) },
    description: 'Gives a case back, for who has it and for ADMIN. Repeating it is safe.',
    resolve: async (_root, { input }, { services, viewer }) => ({
      case: await services.moderation.release(staffOf(viewer), input.caseId.id),
    }),
  }),
  assignCase: t.field({
    type: AssignCasePayload,
    nullable: true,
    authScopes: { moderator: true },
    errors: {
      types: [CaseStateError],
      union: { name: 'AssignCaseResult', description: 'What `assignCase` answers.' },
    },
    args: { input: t.arg({ type: AssignCaseInput, required: true, description: 'Which one, and whose.' }) },
    description:
      'Says whose a case is, for MODERATOR. It is for finding it again: who works on it is said by `claimCase`. Repeating it is safe.',
    resolve: async (_root, { input }, { services, viewer }) => ({
      case: await services.moderation.assign(staffOf(viewer), input.caseId.id, input.accountId?.id ?? null),
    }),
  }),
  escalateCase: t.field({
    type: EscalateCasePayload,
    nullable: true,
    authScopes: { moderator: true },
    errors: {
      types: [CaseClaimedError, CaseStateError],
      union: { name: 'EscalateCaseResult', description: 'What `escalateCase` answers.' },
    },
    args: { input: t.arg({ type: EscalateCaseInput, required: true, description: 'Which one, and why.' }) },
    description:
      'Hands a case up, for MODERATOR: from then on an ADMIN decides it. Each time is one level more, and ends the claim.',
    resolve: async (_root, { input }, { services, viewer }) => ({
      case: await services.moderation.escalate(staffOf(viewer), input.caseId.id, input.note),
    }),
  }),
}))
