import type { Clock } from '../../platform/clock.ts'
import { compilePolicy } from './compile.ts'
import type { PolicyDocument } from './documents.ts'
import type { After, JudgedStore } from './judged-store.ts'
import { defaultRule, ReplayCount, type ReplayReport } from './replay-report.ts'
import type { PolicyVersion } from './version-store.ts'

/** Whom one rule touches, at most. */
export interface Reach {
  rule: string
  /** Of the accounts active lately, 0 to 1. */
  share: number
}

export const lately = 30 * 24 * 60 * 60 * 1000
/** The newest writes tell well enough, in a second or two. */
const mostWrites = 200_000
const batch = 5000
/** Among fewer, one person is too large a share to say anything. */
const leastAccounts = 20

/** The rule that touches most, if that is so many that one person may not decide it alone. */
export function createReach(deps: { judged: Pick<JudgedStore, 'pageBack'>; clock: Clock; approvalShare: number }) {
  const { judged, clock, approvalShare } = deps

  return async ({ id: policyId, document }: PolicyVersion): Promise<Reach | undefined> => {
    const count = new ReplayCount(compilePolicy(document), document)
    const [since, until] = [new Date(clock.now() - lately), new Date(clock.now())]
    let before: After
    while (count.events < mostWrites) {
      const writes = await judged.pageBack(since, before, batch)
      for (const write of writes) count.add(write)
      before = writes.at(-1)
      if (writes.length < batch) break
    }
    return widest(document, count.report({ policyId, since, until }), approvalShare)
  }
}

function widest(document: PolicyDocument, { rules }: ReplayReport, approvalShare: number): Reach | undefined {
  const harmless = new Set(
    document.rules.filter(({ then }) => then.action === 'ALLOW' && !then.restrict).map(({ id }) => id),
  )
  const wide = rules.filter(
    ({ rule, accounts, share }) =>
      (rule === defaultRule || !harmless.has(rule)) && accounts >= leastAccounts && share > approvalShare,
  )
  const [first, ...others] = wide
  return first && others.reduce((most, rule) => (rule.share > most.share ? rule : most), first)
}
