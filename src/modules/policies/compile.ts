import { type ImageLabel, imageLabels, type Level, levels, type TextLabel, textLabels } from '../scanning/index.ts'
import type { PolicyDecision } from './decisions.ts'
import { labelPredicate, type PolicyDocument, type PolicyRule } from './documents.ts'
import type { Features, Surface } from './features.ts'
import { compilePattern, type Pattern } from './patterns.ts'

/** All that a decision follows from: what is known of a write, and which regular expressions have matched, by name. */
export interface Seen extends Features {
  matched: Readonly<Record<string, boolean>>
}

export interface Outcome {
  decision: PolicyDecision
  /** Rules of which nobody can say whether they match: their regular expression was never tried on this text. None while it is written. */
  unknown: string[]
}

/** A version, as it judges. */
export interface CompiledPolicy {
  /** The name of the regular expression of each rule that has one. */
  patternOf: ReadonlyMap<string, string>
  evaluate(seen: Seen): Outcome
  /** Tries every regular expression that is about this surface, and notes in `matched` what came of it. */
  tryPatterns(surface: Surface, folded: string, matched: Record<string, boolean>): void
}

interface Rule {
  id: string
  pattern: Pattern | undefined
  surfaces: ReadonlySet<Surface> | undefined
  /** Whether everything holds but the regular expression. */
  holds(seen: Seen): boolean
  then: PolicyRule['then']
}

/** Once per version. The document has been checked. */
export function compilePolicy({ defaultAction, rules }: PolicyDocument): CompiledPolicy {
  const compiled = rules.map(compileRule)

  function decide(matching: Rule[]): PolicyDecision {
    const strongest = matching.reduce((best, rule) => (rule.then.severity > best.then.severity ? rule : best))
    const ordered = [strongest, ...matching.filter((rule) => rule !== strongest)]
    return {
      action: strongest.then.action,
      severity: strongest.then.severity,
      reasons: ordered.map(({ then }) => then.reason),
      rules: ordered.map(({ id }) => id),
      restrict: strongest.then.restrict ?? null,
      openCase: ordered.some(({ then }) => then.openCase),
    }
  }
  const nothing = (): PolicyDecision => ({
    action: defaultAction,
    severity: 0,
    reasons: [],
    rules: [],
    restrict: null,
    openCase: false,
  })

  return {
    patternOf: new Map(compiled.flatMap(({ id, pattern }) => (pattern ? [[id, pattern.name] as const] : []))),

    evaluate(seen) {
      const matching: Rule[] = []
      const unknown: string[] = []
      for (const rule of compiled) {
        if (!rule.holds(seen)) continue
        const said = rule.pattern ? seen.matched[rule.pattern.name] : true
        if (said) matching.push(rule)
        else if (said === undefined) unknown.push(rule.id)
      }
      return { decision: matching.length > 0 ? decide(matching) : nothing(), unknown }
    },

    tryPatterns(surface, folded, matched) {
      for (const { pattern, surfaces } of compiled)
        if (pattern && (!surfaces || surfaces.has(surface))) matched[pattern.name] ??= pattern.test(folded)
    },
  }
}

function compileRule({ id, when, then }: PolicyRule): Rule {
  const surfaces = when.surfaces && new Set(when.surfaces)
  const predicates = [
    surfaces && ((seen: Seen) => surfaces.has(seen.surface)),
    trustPredicate(when.trustBelow),
    signalsPredicate(when.signals),
    textPredicate(when.text),
    imagePredicate(when.image),
  ].filter((each) => each !== undefined)
  const pattern = when.matches === undefined ? undefined : compilePattern(when.matches)
  return { id, pattern, surfaces, holds: (seen) => predicates.every((holds) => holds(seen)), then }
}

type Predicate = ((seen: Seen) => boolean) | undefined

const trustPredicate = (below: PolicyRule['when']['trustBelow']): Predicate =>
  below === undefined ? undefined : ({ trust }) => trust < below

function signalsPredicate(given: PolicyRule['when']['signals']): Predicate {
  if (!given) return undefined
  const { allOf, anyOf } = given
  return ({ signals }) =>
    (!allOf || allOf.every((each) => signals.includes(each))) &&
    (!anyOf || anyOf.some((each) => signals.includes(each)))
}

function textPredicate(given: PolicyRule['when']['text']): Predicate {
  const wanted = given?.anyOf.flatMap((each) => labelPredicate<TextLabel>(each, textLabels) ?? [])
  return wanted && (({ text }) => wanted.some(({ label, atLeast }) => reaches(text[label], atLeast)))
}

function imagePredicate(given: PolicyRule['when']['image']): Predicate {
  const wanted = given?.anyOf.flatMap((each) => labelPredicate<ImageLabel>(each, imageLabels) ?? [])
  return wanted && (({ image }) => wanted.some(({ label, atLeast }) => reaches(image[label], atLeast)))
}

/** A label that is absent reaches nothing; one that is unknown reaches only that. */
const reaches = (level: Level | undefined, atLeast: Level) =>
  level !== undefined && levels.indexOf(level) >= levels.indexOf(atLeast)
