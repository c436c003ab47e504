import { builder } from '../../graphql/builder.ts'
import { keysetConnection, pageSize } from '../../graphql/pagination.ts'
import { staffOf } from '../../graphql/staff.ts'
import type { Level, LinkDomain, TextLabel, TextReason } from './index.ts'

const TextLabelEnum = builder.enumType('TextLabel', {
  description: 'What a text was found to be. It may grow.',
  values: {
    PROFANITY: { value: 'profanity', description: 'Swear words.' },
    SLUR: { value: 'slur', description: 'Words that are meant to degrade whole groups of people.' },
    SEXUAL: { value: 'sexual', description: 'About sex.' },
    HARASSMENT: { value: 'harassment', description: 'Against somebody.' },
    SELF_HARM: { value: 'self_harm', description: 'Somebody may want to hurt themselves.' },
    VIOLENCE: { value: 'violence', description: 'A threat.' },
    SCAM: { value: 'scam', description: 'After somebody’s money.' },
    UNSAFE_LINKS: { value: 'unsafe_links', description: 'Links to a domain that is denied.' },
    EXCESSIVE_LINKS: { value: 'excessive_links', description: 'More than three links.' },
  } satisfies Record<Uppercase<TextLabel>, { value: TextLabel; description: string }>,
})

export const LevelEnum = builder.enumType('LabelLevel', {
  description: 'How sure a label is. What is clean has none.',
  values: {
    UNKNOWN: { value: 'unknown', description: 'A detector did not answer.' },
    LOW: { value: 'low', description: 'It is also said kindly, or of something else.' },
    MEDIUM: { value: 'medium', description: 'Likely.' },
    HIGH: { value: 'high', description: 'Sure.' },
  } satisfies Record<Uppercase<Level>, { value: Level; description: string }>,
})

interface Labelled {
  label: TextLabel
  level: Level
}
const TextScanLabel = builder.objectRef<Labelled & { reasons: TextReason[] }>('TextScanLabel').implement({
  description: 'A label of a text, and what gave it.',
  fields: (t) => ({
    label: t.expose('label', { type: TextLabelEnum, description: 'Which one.' }),
    level: t.expose('level', { type: LevelEnum, description: 'How sure.' }),
    reasons: t.field({
      type: [TextScanReason],
      description: 'Where in the text, at most 50 of all labels together.',
      resolve: ({ reasons }) => reasons,
    }),
  }),
})
const TextScanReason = builder.objectRef<TextReason>('TextScanReason').implement({
  description: 'A part of a text that gave a label.',
  fields: (t) => ({
    level: t.expose('level', { type: LevelEnum, description: 'How sure this alone makes.' }),
    start: t.exposeInt('start', { description: 'Where it begins, in UTF-16 units.' }),
    end: t.exposeInt('end', { description: 'Where it ends, in UTF-16 units.' }),
  }),
})

const LinkVerdictEnum = builder.enumType('LinkVerdict', {
  description: 'What is known of a domain.',
  values: {
    ALLOWED: { description: 'Its links are never held against anyone.' },
    DENIED: { description: 'Its links are unsafe.' },
  },
})
const LinkDomainType = builder.objectRef<LinkDomain>('LinkDomain').implement({
  description: 'A domain whose links are known, with all that is under it. For ADMIN.',
  fields: (t) => ({
    domain: t.exposeString('domain', { description: 'In ASCII: `example.com`, `xn--…`.' }),
    verdict: t.field({
      type: LinkVerdictEnum,
      description: 'What is known.',
      resolve: ({ denied }) => (denied ? 'DENIED' : 'ALLOWED'),
    }),
    addedAt: t.expose('addedAt', { type: 'DateTime', description: 'Since when.' }),
  }),
})

const SetLinkDomainInput = builder.inputType('SetLinkDomainInput', {
  description: 'What is known of a domain from now on.',
  fields: (t) => ({
    domain: t.string({
      required: true,
      description:
        'A domain or an address, without anything around it: `example.com` stands for `www.example.com`, too.',
    }),
    verdict: t.field({
      type: LinkVerdictEnum,
      description: 'What is known; null: nothing, it is taken from the list.',
    }),
  }),
})
const SetLinkDomainPayload = builder.objectRef<{ linkDomain: LinkDomain | null }>('SetLinkDomainPayload').implement({
  description: 'It is so.',
  fields: (t) => ({
    linkDomain: t.expose('linkDomain', {
      type: LinkDomainType,
      nullable: true,
      description: 'The domain as it is listed now; null: it is not.',
    }),
  }),
})

builder.queryFields((t) => ({
  scanText: t.field({
    type: [TextScanLabel],
    nullable: true,
    authScopes: { moderator: true },
    args: { text: t.arg.string({ required: true, description: 'At most 10,000 characters. It is not kept.' }) },
    description: 'What the scanner finds in a text, the surest first. For staff.',
    resolve: (_root, { text }, { services }) => services.texts.labelled(text),
  }),
  linkDomains: t.connection({
    type: LinkDomainType,
    nullable: true,
    authScopes: { admin: true },
    complexity: pageSize.cost,
    description: 'Domains whose links are known, those added last first. For ADMIN.',
    resolve: (_root, args, { services }) => keysetConnection(args, (page) => services.linkDomains.list(page)),
  }),
}))

builder.mutationField('setLinkDomain', (t) =>
  t.field({
    type: SetLinkDomainPayload,
    nullable: true,
    authScopes: { admin: true },
    errors: { types: [], union: { name: 'SetLinkDomainResult', description: 'What `setLinkDomain` answers.' } },
    args: { input: t.arg({ type: SetLinkDomainInput, required: true, description: 'Which one, and what.' }) },
    description:
      'Allows or denies a domain, for ADMIN, and writes that down. It holds everywhere within a second. Repeating it is safe.',
    resolve: async (_root, { input }, { services, viewer }) => ({
      linkDomain: await services.linkDomains.set(staffOf(viewer).accountId, {
        domain: input.domain,
        verdict: input.verdict ?? null,
      }),
    }),
  }),
)
