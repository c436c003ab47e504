import { builder } from '../../graphql/builder.ts'
import { clientId, clientIdDescription } from '../../graphql/client-id.ts'
import { staffOf } from '../../graphql/staff.ts'
import { IdempotencyMismatchError } from '../../platform/errors.ts'
import { PolicyActionEnum } from './decision-schema.ts'
import type { PolicyAction, PolicyReplay, ReplayReport } from './index.ts'
import { PolicyType } from './schema.ts'

const PolicyReplayStateEnum = builder.enumType('PolicyReplayState', {
  description: 'How far a replay is.',
  values: {
    QUEUED: { description: 'It waits.' },
    RUNNING: { description: 'It is under way.' },
    DONE: { description: 'There is a report.' },
    FAILED: { description: 'It did not work. It is tried again.' },
  } satisfies Record<PolicyReplay['state'], { description: string }>,
})

const DifferenceType = builder.objectRef<ReplayReport['differences'][number]>('PolicyDifference').implement({
  description: 'Writes about which something else would have been decided.',
  fields: (t) => ({
    from: t.field({
      type: PolicyActionEnum,
      description: 'What was decided.',
      resolve: ({ from }) => from as PolicyAction,
    }),
    to: t.field({
      type: PolicyActionEnum,
      description: 'What would have been.',
      resolve: ({ to }) => to as PolicyAction,
    }),
    count: t.exposeInt('count', { description: 'How many.' }),
  }),
})

const RuleReachType = builder.objectRef<ReplayReport['rules'][number]>('PolicyRuleReach').implement({
  description: 'What one rule would have matched.',
  fields: (t) => ({
    rule: t.exposeString('rule', { description: 'Its id; `(default)` for a default action that does something.' }),
    matched: t.exposeInt('matched', { description: 'How many writes.' }),
    accounts: t.exposeInt('accounts', { description: 'Of how many people.' }),
    share: t.exposeFloat('share', { description: 'Of all who wrote, 0 to 1.' }),
    unknown: t.exposeInt('unknown', {
      description: 'About how many writes nobody can tell, because its expression was never tried on their text.',
    }),
  }),
})

const PolicyReplayType = builder.objectRef<PolicyReplay>('PolicyReplay')

builder.node(PolicyReplayType, {
  description: 'A version of the policy tried on what was written before. It changed nothing. For staff.',
  fields: (t) => ({
    policyId: t.globalID({
      description: 'The version.',
      resolve: ({ policyId }) => ({ type: 'Policy', id: policyId }),
    }),
    since: t.expose('since', { type: 'DateTime', description: 'From this time on.' }),
    until: t.expose('until', { type: 'DateTime', description: 'Before this time.' }),
    state: t.expose('state', { type: PolicyReplayStateEnum, description: 'How far it is.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was asked for.' }),
    finishedAt: t.expose('finishedAt', { type: 'DateTime', nullable: true, description: 'When it was done.' }),
    events: t.exposeInt('events', { description: 'How many writes it was tried on.' }),
    accounts: t.int({ description: 'How many people wrote them.', resolve: ({ report }) => report?.accounts ?? 0 }),
    unchanged: t.int({
      description: 'About how many the same would have been decided.',
      resolve: ({ report }) => report?.unchanged ?? 0,
    }),
    unknown: t.int({
      description:
        'About how many nobody can tell: texts are not kept, so an expression is only known to match where it was tried before.',
      resolve: ({ report }) => report?.unknown ?? 0,
    }),
    differences: t.field({
      type: [DifferenceType],
      description: 'About which something else would have been decided; the most frequent first.',
      resolve: ({ report }) => report?.differences ?? [],
    }),
    rules: t.field({
      type: [RuleReachType],
      description: 'What each rule would have matched, in the order of the document.',
      resolve: ({ report }) => report?.rules ?? [],
    }),
    examples: t.stringList({
      description: 'The first twenty writes that differ, by their number in the record of what was judged.',
      resolve: ({ report }) => report?.examples ?? [],
    }),
    digest: t.exposeString('digest', {
      nullable: true,
      description: 'SHA-256 of the report, in hexadecimal digits: the same for the same version and writes.',
    }),
  }),
  id: { resolve: ({ id }) => id },
  isTypeOf: (value) => typeof value === 'object' && value !== null && 'digest' in value && 'requestedBy' in value,
  loadMany: async (ids, { services, viewer }) => {
    const isStaff = viewer?.roles.some((role) => role === 'MODERATOR' || role === 'ADMIN') ?? false
    const found = isStaff ? await services.policies.replaysById(ids) : new Map<string, PolicyReplay>()
    return ids.map((id) => found.get(id) ?? null)
  },
})

const ReplayPolicyInput = builder.inputType('ReplayPolicyInput', {
  description: 'Which version to try, and on what.',
  fields: (t) => ({
    clientId: t.string({ required: true, validate: clientId, description: clientIdDescription('replay') }),
    policyId: t.globalID({ for: PolicyType, required: true, description: 'The version.' }),
    since: t.field({ type: 'DateTime', required: true, description: 'What was written from then on.' }),
    until: t.field({ type: 'DateTime', required: true, description: 'And before this time, which is over.' }),
  }),
})

const ReplayPolicyPayload = builder.objectRef<{ replay: PolicyReplay }>('ReplayPolicyPayload').implement({
  description: 'The replay is under way: ask for it again.',
  fields: (t) => ({ replay: t.expose('replay', { type: PolicyReplayType, description: 'The replay.' }) }),
})

builder.queryField('policyReplay', (t) =>
  t.field({
    type: PolicyReplayType,
    nullable: true,
    authScopes: { moderator: true },
    args: { id: t.arg.globalID({ for: PolicyReplayType, required: true, description: 'Its id.' }) },
    description: 'A replay. For staff; one that is not there is refused with NOT_FOUND.',
    resolve: (_root, { id }, { services }) => services.policies.policyReplay(id.id),
  }),
)

builder.mutationField('replayPolicy', (t) =>
  t.field({
    type: ReplayPolicyPayload,
    nullable: true,
    authScopes: { admin: true },
    errors: {
      types: [IdempotencyMismatchError],
      union: { name: 'ReplayPolicyResult', description: 'What `replayPolicy` answers.' },
    },
    args: { input: t.arg({ type: ReplayPolicyInput, required: true, description: 'What to try.' }) },
    description:
      'Tries a version on everything that was judged in a time, for ADMIN. Changes nothing. What was judged is kept for 30 days.',
    resolve: async (_root, { input: { policyId, ...input } }, { services, viewer }) => ({
      replay: await services.policies.replayPolicy(staffOf(viewer).accountId, { ...input, policyId: policyId.id }),
    }),
  }),
)
