import { builder } from '../../graphql/builder.ts'
import { clientId, clientIdDescription } from '../../graphql/client-id.ts'
import { ErrorInterface } from '../../graphql/interfaces.ts'
import { staffOf } from '../../graphql/staff.ts'
import { IdempotencyMismatchError } from '../../platform/errors.ts'
import {
  ApprovalNeededError,
  OwnPolicyError,
  PolicyInvalidError,
  PolicyStateError,
  type PolicyVersion,
} from './index.ts'
import { PolicyType } from './schema.ts'

builder.objectType(ApprovalNeededError, {
  name: 'ApprovalNeededError',
  description:
    'One rule touches so many that another ADMIN, who neither made nor activates the version, has to approve it first: see `approvePolicy`.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    rule: t.exposeString('rule', { description: 'The rule that touches most; `(default)` for the default action.' }),
    share: t.exposeFloat('share', {
      description:
        'Of those who wrote in the last 30 days, 0 to 1. A regular expression that was hardly tried yet counts as touching whoever it might: let it judge beside the active version for a while.',
    }),
  }),
})

builder.objectType(OwnPolicyError, {
  name: 'OwnPolicyError',
  description: 'You made this version: another ADMIN approves it.',
  interfaces: [ErrorInterface],
})

builder.objectType(PolicyStateError, {
  name: 'PolicyStateError',
  description: 'The version is the active one: that is changed by activating another.',
  interfaces: [ErrorInterface],
  fields: (t) => ({ state: t.exposeString('state', { description: 'What it is now: a `PolicyState`.' }) }),
})

const CreatePolicyInput = builder.inputType('CreatePolicyInput', {
  description: 'A new version of the policy.',
  fields: (t) => ({
    clientId: t.string({ required: true, validate: clientId, description: clientIdDescription('version') }),
    document: t.string({
      required: true,
      description:
        'JSON: `{ "defaultAction", "rules": [{ "id", "when": { "text": { "anyOf": ["profanity>=medium"] }, "image": { "anyOf" }, "signals": { "allOf", "anyOf" }, "trustBelow", "surfaces", "matches" }, "then": { "action", "severity", "reason", "restrict": { "kind", "surface", "minutes" }, "openCase" } }] }`. Everything in `when` has to hold. `matches` is a regular expression (RE2) over the text without disguises, in small letters. Of several rules that match, the one with the highest severity decides, then the first. At most 200 rules, and 64 KiB with the rest of the request.',
    }),
    note: t.string({ description: 'What it is for, at most 1000 characters.' }),
  }),
})

const naming = (name: string, description: string) =>
  builder.inputType(name, {
    description,
    fields: (t) => ({ policyId: t.globalID({ for: PolicyType, required: true, description: 'Its id.' }) }),
  })
const ActivatePolicyInput = naming('ActivatePolicyInput', 'Which version is to decide.')
const ApprovePolicyInput = naming('ApprovePolicyInput', 'Which version may be activated by another ADMIN.')
const ShadowPolicyInput = naming('ShadowPolicyInput', 'Which version is to judge beside the active one.')
const RetirePolicyInput = naming('RetirePolicyInput', 'Which version is not needed any more.')

const payload = (name: string, description: string) =>
  builder.objectRef<{ policy: PolicyVersion }>(name).implement({
    description,
    fields: (t) => ({ policy: t.expose('policy', { type: PolicyType, description: 'The version as it is now.' }) }),
  })
const CreatePolicyPayload = payload('CreatePolicyPayload', 'The new draft, or the one that this client id has made.')
const ActivatePolicyPayload = payload('ActivatePolicyPayload', 'The version decides, on every node within a second.')
const ApprovePolicyPayload = payload('ApprovePolicyPayload', 'The version is approved.')
const ShadowPolicyPayload = payload('ShadowPolicyPayload', 'The version judges beside the active one.')
const RetirePolicyPayload = payload('RetirePolicyPayload', 'The version does nothing any more.')

builder.mutationFields((t) => ({
  createPolicy: t.field({
    type: CreatePolicyPayload,
    nullable: true,
    authScopes: { admin: true },
    errors: {
      types: [PolicyInvalidError, IdempotencyMismatchError],
      union: { name: 'CreatePolicyResult', description: 'What `createPolicy` answers.' },
    },
    args: { input: t.arg({ type: CreatePolicyInput, required: true, description: 'The version.' }) },
    description: 'Makes a draft of the policy, which does nothing yet. For ADMIN.',
    resolve: async (_root, { input: { note, ...input } }, { services, viewer }) => ({
      policy: await services.policies.createPolicy(staffOf(viewer).accountId, { ...input, note: note ?? '' }),
    }),
  }),
  activatePolicy: t.field({
    type: ActivatePolicyPayload,
    nullable: true,
    authScopes: { admin: true },
    complexity: 90,
    errors: {
      types: [ApprovalNeededError],
      union: { name: 'ActivatePolicyResult', description: 'What `activatePolicy` answers.' },
    },
    args: { input: t.arg({ type: ActivatePolicyInput, required: true, description: 'Which one.' }) },
    description: 'Lets a version decide, in place of the one that did. For ADMIN. Repeating it is safe.',
    resolve: async (_root, { input }, { services, viewer }) => ({
      policy: await services.policies.activatePolicy(staffOf(viewer).accountId, input.policyId.id),
    }),
  }),
  approvePolicy: t.field({
    type: ApprovePolicyPayload,
    nullable: true,
    authScopes: { admin: true },
    errors: {
      types: [OwnPolicyError, PolicyStateError],
      union: { name: 'ApprovePolicyResult', description: 'What `approvePolicy` answers.' },
    },
    args: { input: t.arg({ type: ApprovePolicyInput, required: true, description: 'Which one.' }) },
    description: 'Agrees that another ADMIN may activate a version. For ADMIN. Repeating it is safe.',
    resolve: async (_root, { input }, { services, viewer }) => ({
      policy: await services.policies.approvePolicy(staffOf(viewer).accountId, input.policyId.id),
    }),
  }),
  shadowPolicy: t.field({
    type: ShadowPolicyPayload,
    nullable: true,
    authScopes: { admin: true },
    errors: {
      types: [PolicyStateError],
      union: { name: 'ShadowPolicyResult', description: 'What `shadowPolicy` answers.' },
    },
    args: { input: t.arg({ type: ShadowPolicyInput, required: true, description: 'Which one.' }) },
    description:
      'Lets a version judge every write beside the active one without deciding anything, in place of the one that did. For ADMIN. Repeating it is safe.',
    resolve: async (_root, { input }, { services, viewer }) => ({
      policy: await services.policies.shadowPolicy(staffOf(viewer).accountId, input.policyId.id),
    }),
  }),
  retirePolicy: t.field({
    type: RetirePolicyPayload,
    nullable: true,
    authScopes: { admin: true },
    errors: {
      types: [PolicyStateError],
      union: { name: 'RetirePolicyResult', description: 'What `retirePolicy` answers.' },
    },
    args: { input: t.arg({ type: RetirePolicyInput, required: true, description: 'Which one.' }) },
    description:
      'Takes away a draft, or the version that judges beside the active one. For ADMIN. Repeating it is safe.',
    resolve: async (_root, { input }, { services, viewer }) => ({
      policy: await services.policies.retirePolicy(staffOf(viewer).accountId, input.policyId.id),
    }),
  }),
}))
