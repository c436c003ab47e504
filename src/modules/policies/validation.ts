import { documentSchema, largestBytes, type PolicyDocument } from './documents.ts'
import { compilePattern } from './patterns.ts'

export interface PolicyProblem {
  /** `rules.3.when.text.anyOf.0`; empty: the document as a whole. */
  path: string
  message: string
}

export type Validated = { document: PolicyDocument } | { problems: PolicyProblem[] }

/** More would help nobody. */
const mostProblems = 100
/** Of one expression and of all of a document: what one write may cost. */
const largestPattern = 500
const largestPatterns = 2000

/** The document, or everything that is wrong with it. Never fails, and parses nothing that is too large. */
export function validatePolicy(text: string): Validated {
  const tooLarge = text.length > largestBytes || Buffer.byteLength(text) > largestBytes
  if (tooLarge) return whole(`A document has at most ${largestBytes} bytes.`)
  const parsed = parse(text)
  if (!parsed) return whole('This is not JSON.')
  const checked = documentSchema.safeParse(parsed.value)
  if (!checked.success) {
    const problems = checked.error.issues.flatMap((issue) => {
      const at = (keys: PropertyKey[]) => [...issue.path, ...keys].map(String).join('.')
      if (issue.code !== 'unrecognized_keys') return [{ path: at([]), message: issue.message }]
      return issue.keys.map((key) => ({ path: at([shortened(key)]), message: 'There is no such member.' }))
    })
    return { problems: problems.slice(0, mostProblems) }
  }
  const document = checked.data
  const problems = [...repeatedIds(document), ...costlyPatterns(document)]
  return problems.length > 0 ? { problems: problems.slice(0, mostProblems) } : { document }
}

const whole = (message: string): Validated => ({ problems: [{ path: '', message }] })

/** What is said of an unknown member must be printable, and no longer than what is known. */
const shortened = (key: string) => key.replace(/[\p{Cc}\p{Cs}]/gu, '\ufffd').slice(0, 64)

function parse(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) }
  } catch {
    return undefined
  }
}

function repeatedIds({ rules }: PolicyDocument): PolicyProblem[] {
  const seen = new Set<string>()
  return rules.flatMap(({ id }, i) => {
    const again = seen.has(id)
    seen.add(id)
    return again ? [{ path: `rules.${i}.id`, message: 'Another rule has this id.' }] : []
  })
}

function costlyPatterns({ rules }: PolicyDocument): PolicyProblem[] {
  const problems: PolicyProblem[] = []
  let spent = 0
  for (const [i, { when }] of rules.entries()) {
    if (when.matches === undefined) continue
    const refuse = (message: string) => problems.push({ path: `rules.${i}.when.matches`, message })
    // Compiling costs, too.
    if (spent > largestPatterns) {
      refuse('All regular expressions together are too costly.')
      break
    }
    try {
      const { size } = compilePattern(when.matches)
      spent += size
      if (size > largestPattern) refuse('This regular expression is too costly: repeat less.')
      else if (spent > largestPatterns) refuse('All regular expressions together are too costly.')
    } catch (error) {
      refuse(`This is not a regular expression: ${error instanceof Error ? error.message : 'it is not understood'}.`)
    }
  }
  return problems
}
