import { builder } from '../../graphql/builder.ts'
import { ErrorInterface } from '../../graphql/interfaces.ts'
import { PolicyDecisionType, PolicySignalEnum } from './decision-schema.ts'
import { PolicyInvalidError, type PolicyProblem, type PolicyTrial } from './index.ts'
import { PolicyType } from './schema.ts'
import { SurfaceEnum } from './surface-schema.ts'

const PolicyProblemType = builder.objectRef<PolicyProblem>('PolicyProblem').implement({
  description: 'Something that is wrong with a document.',
  fields: (t) => ({
    path: t.exposeString('path', {
      description: 'Where, from the top: `rules.3.when.text.anyOf.0`; empty for the document as a whole.',
    }),
    message: t.exposeString('message', { description: 'What, in English.' }),
  }),
})

builder.objectType(PolicyInvalidError, {
  name: 'PolicyInvalidError',
  description: 'The document is not a policy. Nothing was made.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    problems: t.expose('problems', {
      type: [PolicyProblemType],
      description: 'All that is wrong with it, up to a hundred things.',
    }),
  }),
})

const TrialLabelType = builder.objectRef<{ label: string; level: string }>('PolicyTrialLabel').implement({
  description: 'What the scanner says of a text.',
  fields: (t) => ({
    label: t.exposeString('label', { description: 'As documents name it: `profanity`.' }),
    level: t.exposeString('level', { description: '`unknown`, `low`, `medium` or `high`.' }),
  }),
})

const PolicyTrialType = builder.objectRef<PolicyTrial>('PolicyTrial').implement({
  description: 'What a policy would decide.',
  fields: (t) => ({
    decision: t.expose('decision', { type: PolicyDecisionType, description: 'The decision.' }),
    labels: t.field({
      type: [TrialLabelType],
      description: 'What the scanner says of the texts.',
      resolve: ({ labels }) => Object.entries(labels).map(([label, level]) => ({ label, level })),
    }),
  }),
})

builder.queryField('dryRunPolicy', (t) =>
  t.field({
    type: PolicyTrialType,
    nullable: true,
    authScopes: { moderator: true },
    complexity: 20,
    errors: {
      types: [PolicyInvalidError],
      union: { name: 'DryRunPolicyResult', description: 'What `dryRunPolicy` answers.' },
    },
    args: {
      policyId: t.arg.globalID({
        for: PolicyType,
        description: 'A version; without it and `document`, the active one.',
      }),
      document: t.arg.string({ description: 'A document that is no version yet.' }),
      surface: t.arg({ type: SurfaceEnum, required: true, description: 'What is written.' }),
      texts: t.arg.stringList({
        description: 'Everything in it that people would read: at most 20 texts, 20,000 characters together.',
      }),
      trust: t.arg.int({ description: 'How far the writer is trusted, 0 to 100; 50 if it is not said.' }),
      signals: t.arg({ type: [PolicySignalEnum], description: 'What else is known.' }),
      imageLabels: t.arg.stringList({ description: 'What its image is, each like `nsfw>=high`.' }),
    },
    description: 'What a policy would decide about a write. Nothing is written, noted or told. For staff.',
    resolve: (_root, { policyId, document, surface, texts, trust, signals, imageLabels }, { services }) =>
      services.policies.dryRun(
        { policyId: policyId?.id ?? null, document: document ?? null },
        { surface, texts: texts ?? [], trust: trust ?? null, signals: signals ?? [], imageLabels: imageLabels ?? [] },
      ),
  }),
)
