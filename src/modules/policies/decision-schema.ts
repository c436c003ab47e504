import { builder } from '../../graphql/builder.ts'
import {
  type PolicyAction,
  type PolicyDecision,
  type PolicyRestriction,
  policyRestrictionKinds,
  type Signal,
} from './index.ts'
import { SurfaceEnum } from './surface-schema.ts'

export const PolicyActionEnum = builder.enumType('PolicyAction', {
  description: 'What a policy does about a write. It may grow.',
  values: {
    ALLOW: { description: 'Nothing: it is written.' },
    STRIP_LINKS: { description: 'Links are taken out of it.' },
    CHALLENGE: { description: 'Its writer has to answer a challenge first.' },
    HIDE: { description: 'Only its writer sees it, and is told.' },
    SHADOW: { description: 'Only its writer sees it, and is not told.' },
    REJECT: { description: 'It is not written.' },
  } satisfies Record<PolicyAction, { description: string }>,
})

export const PolicySignalEnum = builder.enumType('PolicySignal', {
  description:
    'What is known of a write besides its words. Documents have the same names in small letters. It may grow.',
  values: {
    DUPLICATE_TEXT: { value: 'duplicate_text', description: 'The same text was written before, in a short time.' },
    HIGH_VELOCITY: { value: 'high_velocity', description: 'Its writer writes much in a short time.' },
    NEW_PERSON: { value: 'new_person', description: 'Its writer is new.' },
    LINKED_TO_BANNED: {
      value: 'linked_to_banned',
      description: 'Its writer shares a device with somebody who is banned.',
    },
    REPORTED: { value: 'reported', description: 'Its writer was reported lately.' },
  } satisfies Record<Uppercase<Signal>, { value: Signal; description: string }>,
})

const PolicyRestrictionKindEnum = builder.enumType('PolicyRestrictionKind', {
  description: 'What a policy may hold somebody back with: see `RestrictionKind`. It may grow.',
  values: policyRestrictionKinds,
})

const PolicyRestrictionType = builder.objectRef<PolicyRestriction>('PolicyRestriction').implement({
  description: 'What a policy holds the writer back with, from then on.',
  fields: (t) => ({
    kind: t.expose('kind', { type: PolicyRestrictionKindEnum, description: 'What it does.' }),
    surface: t.expose('surface', { type: SurfaceEnum, nullable: true, description: 'Where; null: everywhere.' }),
    minutes: t.exposeInt('minutes', { description: 'For how long.' }),
  }),
})

export const PolicyDecisionType = builder.objectRef<PolicyDecision>('PolicyDecision').implement({
  description: 'What a policy decides about a write.',
  fields: (t) => ({
    action: t.expose('action', { type: PolicyActionEnum, description: 'Of the rule with the highest severity.' }),
    severity: t.exposeInt('severity', { description: '0 to 5; 0 if no rule matches.' }),
    reasons: t.exposeStringList('reasons', {
      description: 'Of every rule that matches; first that of the one that decides.',
    }),
    rules: t.exposeStringList('rules', { description: 'Their ids, in the same order.' }),
    restrict: t.expose('restrict', {
      type: PolicyRestrictionType,
      nullable: true,
      description: 'What the writer is held back with, if anything.',
    }),
    openCase: t.exposeBoolean('openCase', { description: 'Whether staff is to look at it.' }),
  }),
})
