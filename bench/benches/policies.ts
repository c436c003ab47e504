// biome-ignore-all lint/suspicious/noThenProperty: the word of the documents, which nobody awaits
import { compilePolicy } from '../../src/modules/policies/compile.ts'
import type { PolicyDocument, PolicyRule } from '../../src/modules/policies/documents.ts'
import { type Features, signals, surfaces } from '../../src/modules/policies/index.ts'
import { validatePolicy } from '../../src/modules/policies/validation.ts'
import { levels, textLabels } from '../../src/modules/scanning/index.ts'
import type { Bench } from '../kit/bench.ts'
import { percentile } from '../kit/figures.ts'
import { interleave } from '../kit/rounds.ts'

/** As many rules as a document may have, and regular expressions about as costly as they may be together. */
const rules = 200
const expressions = 60
const writes = 20_000

/** The decision about one write, with everything that a document may ask, beside reading the document anew for each write. */
export const policies: Bench = async ({ rounds, say }) => {
  say(`policies: ${rules} rules, ${expressions} of them with a regular expression`)
  const document = largest()
  const policy = compilePolicy(document)
  const seen = Array.from({ length: writes }, (_, i) => ({ features: featuresAt(i), folded: textAt(i) }))
  const subjects = [
    {
      name: 'interpreted',
      decide: ({ features, folded }: (typeof seen)[number]) =>
        document.rules.filter(({ when }) => holds(when, features, folded)).length,
    },
    {
      name: 'vicinity',
      decide({ features, folded }: (typeof seen)[number]) {
        const matched: Record<string, boolean> = {}
        policy.tryPatterns(features.surface, folded, matched)
        return policy.evaluate({ ...features, matched }).decision.rules.length
      },
    },
  ]
  const [one, other] = subjects.map(({ decide }) => seen.reduce((sum, write) => sum + decide(write), 0))
  if (one !== other) throw new Error(`${one} rules match one way, ${other} the other`)
  const rows = await interleave(subjects, rounds, async ({ decide }) => {
    const took = seen.map((write) => {
      const began = performance.now()
      decide(write)
      return performance.now() - began
    })
    const sorted = Float64Array.from(took).sort()
    return { 'p95 µs': percentile(sorted, 0.95) * 1000, 'p50 µs': percentile(sorted, 0.5) * 1000 }
  })
  return {
    bench: 'policies',
    says: `what ${rules} rules decide about a write of 300 characters`,
    rows,
    goals: [{ subject: 'vicinity', figure: 'p95 µs', bound: 1000, want: 'at most', unit: 'µs' }],
    notes: ['interpreted: predicates are taken apart for each write, and expressions are those of the language'],
  }
}

const words = ['money', 'lottery', 'winner', 'click', 'account', 'urgent', 'bonus', 'crypto', 'prize', 'gift']
const order: (string | undefined)[] = [...levels]
const at = <Item>(items: readonly Item[], i: number): Item => items[i % items.length] as Item

function largest(): PolicyDocument {
  const made = Array.from({ length: rules }, (_, i): PolicyRule => {
    const when: PolicyRule['when'] = {
      text: { anyOf: [`${at(textLabels, i)}>=${at(levels, i)}`] },
      trustBelow: 1 + (i % 100),
    }
    if (i % 3 === 0) when.signals = { anyOf: [at(signals, i)] }
    if (i % 4 === 0) when.surfaces = [at(surfaces, i), at(surfaces, i + 3)]
    if (i < expressions) when.matches = `\\b${at(words, i)}\\s+(now|today|${i})\\b`
    return { id: `r${i}`, when, then: { action: 'HIDE', severity: i % 6, reason: 'Because.', openCase: false } }
  })
  const validated = validatePolicy(JSON.stringify({ rules: made }))
  if ('problems' in validated) throw new Error(JSON.stringify(validated.problems))
  return validated.document
}

function featuresAt(i: number): Features {
  const text = { [at(textLabels, i)]: at(levels, i >> 2), [at(textLabels, i * 7)]: at(levels, i >> 3) }
  const some = signals.filter((_, n) => (i >> n) % 3 === 0)
  return { surface: at(surfaces, i), text, image: {}, signals: some, trust: i % 101 }
}

const textAt = (i: number) =>
  Array.from({ length: 50 }, (_, n) => (n % 9 === 4 ? at(words, i + n) : `word${(i * 31 + n) % 997}`))
    .join(' ')
    .slice(0, 300)

function holds(
  { text, signals: some, trustBelow, surfaces: on, matches }: PolicyRule['when'],
  features: Features,
  folded: string,
) {
  const reaches = (each: string) => {
    const [label, level] = each.split('>=')
    const found = Object.entries(features.text).find(([name]) => name === label)?.[1]
    return found !== undefined && levels.indexOf(found) >= order.indexOf(level)
  }
  return (
    (!text || text.anyOf.some(reaches)) &&
    (!some?.anyOf || some.anyOf.some((each) => features.signals.includes(each))) &&
    (trustBelow === undefined || features.trust < trustBelow) &&
    (!on || on.includes(features.surface)) &&
    (matches === undefined || new RegExp(matches, 'i').test(folded))
  )
}
