import { builder } from '../../graphql/builder.ts'
import { clientId, clientIdDescription } from '../../graphql/client-id.ts'
import { ErrorInterface } from '../../graphql/interfaces.ts'
import { keysetConnection, pageSize } from '../../graphql/pagination.ts'
import { selvesOf } from '../../graphql/person.ts'
import { staffOf } from '../../graphql/staff.ts'
import { BadUserInputError, IdempotencyMismatchError } from '../../platform/errors.ts'
import { SurfaceEnum } from '../policies/surface-schema.ts'
import { ChallengeFailedError, type PersonName, type Restriction } from './index.ts'
import { RestrictionKindEnum } from './schema.ts'

builder.objectType(ChallengeFailedError, {
  name: 'ChallengeFailedError',
  description:
    'This is not an answer to a challenge of yours, or it comes too late or again. Repeat what you wanted to write: if there is still a challenge, you get another one.',
  interfaces: [ErrorInterface],
})

const forStaff = { moderator: true } as const

export const RestrictionType = builder.objectRef<Restriction>('Restriction')

builder.node(RestrictionType, {
  description:
    'What somebody is held back by. Seen by staff, and by whom it is about; nobody is told that what they write is hidden.',
  fields: (t) => ({
    kind: t.expose('kind', { type: RestrictionKindEnum, description: 'What it does.' }),
    surface: t.expose('surface', { type: SurfaceEnum, nullable: true, description: 'Where; null: everywhere.' }),
    reason: t.exposeString('reason', { description: 'Why, in a word or a few.' }),
    explanation: t.exposeString('explanation', { description: 'Why, in plain words, for the person.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'Since when it holds.' }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it ends by itself; null: when it is revoked.',
    }),
    revokedAt: t.expose('revokedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was ended before that, if it was.',
    }),
    authorId: t.globalID({
      nullable: true,
      authScopes: forStaff,
      description: 'The account that imposed it; null: the system, or it is erased. For staff.',
      resolve: ({ authorId }) => (authorId === null ? null : { type: 'Account', id: authorId }),
    }),
    decisionId: t.globalID({
      nullable: true,
      authScopes: forStaff,
      description: 'The `Decision` that it came with, if any. For staff.',
      resolve: ({ decisionId }) => (decisionId === null ? null : { type: 'Decision', id: decisionId }),
    }),
  }),
  id: { resolve: ({ id }) => id },
  isTypeOf: (value) => typeof value === 'object' && value !== null && 'expiresAt' in value && 'decisionId' in value,
  async loadMany(ids, { services, viewer }) {
    const isStaff = viewer?.roles.some((role) => role === 'MODERATOR' || role === 'ADMIN') ?? false
    // The secret of a session speaks for that session only.
    const personIds = viewer?.sessionId == null ? selvesOf(viewer) : []
    const found = await services.gate.restrictionsById({ personIds, isStaff }, ids)
    return ids.map((id) => found.get(id) ?? null)
  },
})

const CreateRestrictionInput = builder.inputType('CreateRestrictionInput', {
  description: 'Whom to hold back, and how. Name an account or a case.',
  fields: (t) => ({
    clientId: t.string({ required: true, validate: clientId, description: clientIdDescription('restriction') }),
    accountId: t.id({ description: 'An `Account`, by its own id or that of its `Profile`.' }),
    caseId: t.id({ description: 'Whoever answers for the subject of this case, which may be a device.' }),
    kind: t.field({ type: RestrictionKindEnum, required: true, description: 'What it does.' }),
    surface: t.field({ type: SurfaceEnum, description: 'Where; without it, everywhere. A ban is everywhere.' }),
    minutes: t.int({ description: 'For how long, 1 to 525,600; without it, until it is revoked, which takes ADMIN.' }),
    reason: t.string({ required: true, description: 'Why, in 1 to 100 characters.' }),
    explanation: t.string({ required: true, description: 'Why, for the person, in 1 to 500 characters.' }),
  }),
})
const RevokeRestrictionInput = builder.inputType('RevokeRestrictionInput', {
  description: 'Which restriction to end.',
  fields: (t) => ({
    restrictionId: t.globalID({ for: RestrictionType, required: true, description: 'The restriction.' }),
    reason: t.string({ required: true, description: 'Why, for the audit log, in 1 to 500 characters.' }),
  }),
})
const AnswerChallengeInput = builder.inputType('AnswerChallengeInput', {
  description: 'A challenge and its answer.',
  fields: (t) => ({
    challenge: t.string({ required: true, description: 'The `challenge` of a `ChallengeRequiredError`.' }),
    solution: t.string({
      required: true,
      description:
        'At most 64 characters, such that SHA-256 of `<challenge>.<solution>` begins with so many zero bits: count up from 0 until one does.',
    }),
  }),
})

const payload = (name: string, description: string) =>
  builder.objectRef<{ restriction: Restriction }>(name).implement({
    description,
    fields: (t) => ({
      restriction: t.expose('restriction', { type: RestrictionType, description: 'As it is now.' }),
    }),
  })
const CreateRestrictionPayload = payload('CreateRestrictionPayload', 'It holds, everywhere and at once.')
const RevokeRestrictionPayload = payload('RevokeRestrictionPayload', 'It holds no more.')
const AnswerChallengePayload = builder.objectRef<{ answered: boolean }>('AnswerChallengePayload').implement({
  description: 'The challenge is answered.',
  fields: (t) => ({ answered: t.exposeBoolean('answered', { description: 'True: go on with what you wanted.' }) }),
})

const globalId = /^([A-Za-z]+):([0-9a-f-]{36})$/

/** A person, as staff names one: by a global id, or by the id behind it. */
export function personNamed(given: { accountId?: unknown; caseId?: unknown }): PersonName {
  const { accountId, caseId } = given
  if ((accountId == null) === (caseId == null)) throw new BadUserInputError('Name an account or a case.', 'accountId')
  return accountId == null
    ? { caseId: bare(String(caseId), ['ModerationCase']) }
    : { accountId: bare(String(accountId), ['Account', 'Profile']) }
}

function bare(given: string, types: readonly string[]): string {
  const [, type, id] = globalId.exec(Buffer.from(given, 'base64').toString('latin1')) ?? []
  return type !== undefined && id !== undefined && types.includes(type) ? id : given
}

builder.queryFields((t) => ({
  myRestrictions: t.field({
    type: [RestrictionType],
    nullable: true,
    authScopes: { $any: { device: true, account: true } },
    description: 'What you are held back by now, as a device and as an account, the newest first.',
    resolve: (_root, _args, { services, viewer }) => services.gate.toldRestrictions(selvesOf(viewer)),
  }),
  restrictions: t.connection({
    type: RestrictionType,
    nullable: true,
    authScopes: forStaff,
    complexity: pageSize.cost,
    args: {
      subjectId: t.arg.id({
        required: true,
        description: 'An `Account`, a `Profile`, or a case: whoever answers for its subject.',
      }),
    },
    description:
      'What somebody is held back by and was, the newest first. For staff; each page is in the audit log. Nobody is NOT_FOUND.',
    resolve: (_root, { subjectId, ...args }, { services, viewer }) => {
      const [, type] = globalId.exec(Buffer.from(String(subjectId), 'base64').toString('latin1')) ?? []
      const person = personNamed(type === 'ModerationCase' ? { caseId: subjectId } : { accountId: subjectId })
      return keysetConnection(args, (page) => services.gate.restrictionsOf(staffOf(viewer), person, page))
    },
  }),
}))

builder.mutationFields((t) => ({
  createRestriction: t.field({
    type: CreateRestrictionPayload,
    nullable: true,
    authScopes: forStaff,
    errors: {
      types: [IdempotencyMismatchError],
      union: { name: 'CreateRestrictionResult', description: 'What `createRestriction` answers.' },
    },
    args: { input: t.arg({ type: CreateRestrictionInput, required: true, description: 'Whom, and how.' }) },
    description:
      'Holds somebody back, within a second and everywhere. For staff; to ban, or without an end, for ADMIN. In the audit log.',
    resolve: async (_root, { input }, { services, viewer }) => {
      const { accountId, caseId, surface, minutes, ...rest } = input
      const person = personNamed({ accountId, caseId })
      const wanted = { ...rest, person, surface: surface ?? null, minutes: minutes ?? null }
      return { restriction: await services.gate.restrict(staffOf(viewer), wanted) }
    },
  }),
  revokeRestriction: t.field({
    type: RevokeRestrictionPayload,
    nullable: true,
    authScopes: forStaff,
    errors: { types: [], union: { name: 'RevokeRestrictionResult', description: 'What `revokeRestriction` answers.' } },
    args: { input: t.arg({ type: RevokeRestrictionInput, required: true, description: 'Which one.' }) },
    description:
      'Ends a restriction, within a second and everywhere. For staff; a BAN, and what has no end, for ADMIN. Repeating it is safe. In the audit log.',
    resolve: async (_root, { input: { restrictionId, reason } }, { services, viewer }) => ({
      restriction: await services.gate.lift(staffOf(viewer), restrictionId.id, reason),
    }),
  }),
  answerChallenge: t.field({
    type: AnswerChallengePayload,
    nullable: true,
    authScopes: { $any: { device: true, account: true } },
    errors: {
      types: [ChallengeFailedError],
      union: { name: 'AnswerChallengeResult', description: 'What `answerChallenge` answers.' },
    },
    args: { input: t.arg({ type: AnswerChallengeInput, required: true, description: 'Challenge and answer.' }) },
    description:
      'Answers a challenge, so that what was held back can be written. Each is good for ten minutes and once.',
    resolve: async (_root, { input: { challenge, solution } }, { services, viewer }) => {
      await services.gate.answerChallenge(selvesOf(viewer), challenge, solution)
      return { answered: true }
    },
  }),
}))
