import { createHash } from 'node:crypto'
import type { CompiledPolicy, Outcome, Seen } from './compile.ts'
import type { PolicyDocument } from './documents.ts'
import type { PastWrite } from './judged-store.ts'

/** What a version would have decided about past writes, beside what was decided. */
export interface ReplayReport {
  policyId: string
  since: string
  until: string
  events: number
  /** Of those, how many nobody can tell about: a regular expression was never tried on their text, which is not kept. */
  unknown: number
  /** How many people wrote them. */
  accounts: number
  unchanged: number
  /** What was decided and what would be, where that is not the same; the most frequent first. */
  differences: { from: string; to: string; count: number }[]
  /** In the order of the document. `share`: of the accounts, to a millionth. */
  rules: { rule: string; matched: number; accounts: number; share: number; unknown: number }[]
  /** The first of those that differ. */
  examples: string[]
}

/** Stands for the default action among the rules, where that does something. No rule can have this id. */
export const defaultRule = '(default)'
const mostExamples = 20
/** Features that many writes have in common are evaluated once. */
const mostRemembered = 20_000

interface Known {
  action: string
  isUnknown: boolean
  matched: RuleCount[]
  unsure: RuleCount[]
}

interface RuleCount {
  rule: string
  matched: number
  unknown: number
  accounts: Set<number>
}

/** Counts writes as they are read: what comes out does not depend on how many come at once. */
export class ReplayCount {
  readonly #policy: CompiledPolicy
  readonly #rules: Map<string, RuleCount>
  readonly #accounts = new Map<string, number>()
  readonly #differences = new Map<string, { from: string; to: string; count: number }>()
  readonly #examples: string[] = []
  #remembered = new Map<string, Known>()
  #events = 0
  #unknown = 0
  #unchanged = 0

  constructor(policy: CompiledPolicy, { rules, defaultAction }: PolicyDocument) {
    this.#policy = policy
    const ids = [...rules.map(({ id }) => id), ...(defaultAction === 'ALLOW' ? [] : [defaultRule])]
    this.#rules = new Map(ids.map((id) => [id, { rule: id, matched: 0, unknown: 0, accounts: new Set() }]))
  }

  get events(): number {
    return this.#events
  }

  add(write: PastWrite): void {
    const { action, isUnknown, matched, unsure } = this.#known(write)
    const account = this.#account(write.personId)
    this.#events += 1
    for (const rule of unsure) rule.unknown += 1
    for (const rule of matched) {
      rule.matched += 1
      rule.accounts.add(account)
    }
    if (isUnknown) this.#unknown += 1
    else if (action === write.action) this.#unchanged += 1
    else this.#differs(write, action)
  }

  report(of: { policyId: string; since: Date; until: Date }): ReplayReport {
    const accounts = this.#accounts.size
    const share = (some: number) => (accounts === 0 ? 0 : Math.round((some / accounts) * 1_000_000) / 1_000_000)
    const key = ({ from, to }: { from: string; to: string }) => `${from} ${to}`
    return {
      policyId: of.policyId,
      since: of.since.toISOString(),
      until: of.until.toISOString(),
      events: this.#events,
      unknown: this.#unknown,
      accounts,
      unchanged: this.#unchanged,
      differences: [...this.#differences.values()].sort((a, b) => b.count - a.count || (key(a) < key(b) ? -1 : 1)),
      rules: Array.from(this.#rules.values(), ({ rule, matched, unknown, accounts: touched }) => ({
        ...{ rule, matched, unknown, accounts: touched.size, share: share(touched.size) },
      })),
      examples: this.#examples,
    }
  }

  #known({ surface, features }: PastWrite): Known {
    const key = `${surface} ${features}`
    const known = this.#remembered.get(key)
    if (known) return known
    if (this.#remembered.size >= mostRemembered) this.#remembered = new Map()
    const { decision, unknown }: Outcome = this.#policy.evaluate(seenIn(surface, features))
    const counts = (ids: string[]) => ids.flatMap((id) => this.#rules.get(id) ?? [])
    const fresh = {
      action: decision.action,
      isUnknown: unknown.length > 0,
      matched: counts(decision.rules.length > 0 ? decision.rules : [defaultRule]),
      unsure: counts(unknown),
    }
    this.#remembered.set(key, fresh)
    return fresh
  }

  #account(personId: string): number {
    const known = this.#accounts.get(personId)
    if (known !== undefined) return known
    this.#accounts.set(personId, this.#accounts.size)
    return this.#accounts.size - 1
  }

  #differs({ id, action: from }: PastWrite, to: string): void {
    const key = `${from} ${to}`
    const difference = this.#differences.get(key) ?? { from, to, count: 0 }
    difference.count += 1
    this.#differences.set(key, difference)
    if (this.#examples.length < mostExamples) this.#examples.push(id)
  }
}

/** The features of a write as they were kept. What was not known then counts as it did then. */
function seenIn(surface: Seen['surface'], features: string): Seen {
  const { text = {}, image = {}, signals = [], trust = 50, matched = {} } = JSON.parse(features) as Partial<Seen>
  return { surface, text, image, signals, trust, matched }
}

/** SHA-256 of a report, written in one way only. */
export function digestOf(report: ReplayReport): string {
  return createHash('sha256').update(canonicalJson(report)).digest('hex')
}

/** JSON whose members are sorted by name, without blanks. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_name, each: unknown) =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  )
}
