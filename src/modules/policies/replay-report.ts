import { createHash } from 'node:crypto'
import type { CompiledPolicy } from './compile.ts'
import type { PolicyDocument } from './documents.ts'
import type { PastWrite } from './judged-store.ts'
import { createRecall, type Recalled } from './recall.ts'

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
interface RuleCount {
  rule: string
  matched: number
  unknown: number
  accounts: Set<number>
}

/** Counts writes as they are read: what comes out does not depend on how many come at once. */
export class ReplayCount {
  readonly #recall: (write: PastWrite) => Recalled
  readonly #rules: Map<string, RuleCount>
  /** Stands for a default action that does nothing. */
  readonly #unlisted = counting('')
  readonly #accounts = new Map<string, number>()
  readonly #differences = new Map<string, { from: string; to: string; count: number }>()
  readonly #examples: string[] = []
  #events = 0
  #unknown = 0
  #unchanged = 0

  constructor(policy: CompiledPolicy, { rules, defaultAction }: PolicyDocument) {
    this.#recall = createRecall(policy)
    const ids = [...rules.map(({ id }) => id), ...(defaultAction === 'ALLOW' ? [] : [defaultRule])]
    this.#rules = new Map(ids.map((id) => [id, counting(id)]))
  }

  add(write: PastWrite): void {
    const { decision, unknown } = this.#recall(write)
    const account = this.#account(write.personId)
    this.#events += 1
    for (const id of unknown) this.#ruleOf(id).unknown += 1
    for (const id of decision.rules.length > 0 ? decision.rules : [defaultRule]) {
      const rule = this.#ruleOf(id)
      rule.matched += 1
      rule.accounts.add(account)
    }
    if (unknown.length > 0) this.#unknown += 1
    else if (decision.action === write.action) this.#unchanged += 1
    else this.#differs(write, decision.action)
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

  #ruleOf(id: string): RuleCount {
    return this.#rules.get(id) ?? this.#unlisted
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

const counting = (rule: string): RuleCount => ({ rule, matched: 0, unknown: 0, accounts: new Set() })

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
