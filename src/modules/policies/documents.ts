// biome-ignore-all lint/suspicious/noThenProperty: the word of the documents, which nobody awaits
import { z } from 'zod'
import { imageLabels, type Level, levels, textLabels } from '../scanning/index.ts'
import { type PolicyAction, type PolicyRestriction, policyActions, policyRestrictionKinds } from './decisions.ts'
import { type Signal, type Surface, signals, surfaces } from './features.ts'

/** What all of a document may be, bytes: more is not even parsed. */
export const largestBytes = 64 * 1024
const mostRules = 200
const mostOfAList = 50
const longestPattern = 500
const longestReason = 200
const longestMinutes = 365 * 24 * 60

export interface PolicyRule {
  id: string
  /** All of it has to hold. */
  when: {
    text?: { anyOf: string[] } | undefined
    image?: { anyOf: string[] } | undefined
    signals?: { allOf?: Signal[] | undefined; anyOf?: Signal[] | undefined } | undefined
    trustBelow?: number | undefined
    surfaces?: Surface[] | undefined
    matches?: string | undefined
  }
  then: {
    action: PolicyAction
    severity: number
    reason: string
    restrict?: PolicyRestriction | undefined
    openCase: boolean
  }
}

/** What is allowed: a version’s document, as it was checked. */
export interface PolicyDocument {
  defaultAction: PolicyAction
  rules: PolicyRule[]
}

/** A label that is at least so sure. */
export interface LabelPredicate<Label extends string> {
  label: Label
  atLeast: Level
}

const predicate = /^([a-z_]+)>=([a-z]+)$/

/** `profanity>=medium`, taken apart; nothing if there is no such label or level. */
export function labelPredicate<Label extends string>(
  text: string,
  labels: readonly Label[],
): LabelPredicate<Label> | undefined {
  const [, label, atLeast] = predicate.exec(text) ?? []
  const [known, level] = [labels.find((each) => each === label), levels.find((each) => each === atLeast)]
  return known && level && { label: known, atLeast: level }
}

const oneOf = (what: string, words: readonly string[]) => `${what} is one of ${words.join(', ')}.`
const named = <Words extends readonly [string, ...string[]]>(what: string, words: Words) =>
  z.enum(words, { error: oneOf(what, words) })
const some = <Item extends z.ZodType>(item: Item) =>
  z.array(item, { error: 'This is a list.' }).min(1, 'An empty list never holds.').max(mostOfAList)
// Neither Postgres nor every client could take the others.
const printable = /^[^\p{Cc}\p{Cs}]*$/u
const text = (longest: number) =>
  z
    .string({ error: 'This is a text.' })
    .min(1, 'This is empty.')
    .max(longest, `At most ${longest} characters.`)
    .regex(printable, 'No control characters, and whole characters only.')
const whole = (least: number, most: number) =>
  z
    .number({ error: `A whole number, ${least} to ${most}.` })
    .int()
    .min(least)
    .max(most)

const labelled = (labels: readonly string[]) =>
  some(
    z.string({ error: 'This is a text.' }).refine((given) => labelPredicate(given, labels), {
      error: `A label and a level, like ${labels[0]}>=medium: one of ${labels.join(', ')}, and one of ${levels.join(', ')}.`,
    }),
  )

const whenSchema = z
  .strictObject({
    text: z.strictObject({ anyOf: labelled(textLabels) }).optional(),
    image: z.strictObject({ anyOf: labelled(imageLabels) }).optional(),
    signals: z
      .strictObject({
        allOf: some(named('A signal', signals)).optional(),
        anyOf: some(named('A signal', signals)).optional(),
      })
      .refine(({ allOf, anyOf }) => allOf ?? anyOf, 'One of allOf and anyOf is needed.')
      .optional(),
    trustBelow: whole(1, 100).optional(),
    surfaces: some(named('A surface', surfaces)).optional(),
    matches: text(longestPattern).optional(),
  })
  .refine((when) => Object.values(when).some((part) => part !== undefined), 'At least one predicate is needed.')

const restrictSchema = z.strictObject({
  kind: named('A kind', policyRestrictionKinds),
  surface: named('A surface', surfaces).nullable().default(null),
  minutes: whole(1, longestMinutes),
})

const ruleSchema = z.strictObject({
  id: z
    .string({ error: 'This is a text.' })
    .regex(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/, 'A letter, then up to 63 letters, digits, - and _.'),
  when: whenSchema,
  then: z.strictObject({
    action: named('An action', policyActions),
    severity: whole(0, 5),
    reason: text(longestReason),
    restrict: restrictSchema.optional(),
    openCase: z.boolean({ error: 'true or false.' }).default(false),
  }),
})

/** The shape alone: what regular expressions cost, and ids that are there twice, is looked at besides. */
export const documentSchema: z.ZodType<PolicyDocument> = z.strictObject({
  defaultAction: named('An action', policyActions).default('ALLOW'),
  rules: z.array(ruleSchema, { error: 'This is a list.' }).max(mostRules, `At most ${mostRules} rules.`),
})
