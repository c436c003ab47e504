import type { Clock } from '../../platform/clock.ts'
import { compilePolicy } from './compile.ts'
import type { PolicyDocument } from './documents.ts'
import type { After, JudgedStore } from './judged-store.ts'
import { createRecall } from './recall.ts'
import { defaultRule } from './replay-report.ts'
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
const batch = 2000
/** Among fewer, one person is too large a share to say anything. */
const leastAccounts = 20
/** An expression that was tried on writes of so many is known well enough; before, it may touch whoever it was not tried on. */
const enoughTried = 100

/** The rule that touches most, if that is so many that one person may not decide it alone. */
export function createReach(deps: { judged: Pick<JudgedStore, 'pageBack'>; clock: Clock; approvalShare: number }) {
  const { judged, clock, approvalShare } = deps

  return async ({ document }: Pick<PolicyVersion, 'document'>): Promise<Reach | undefined> => {
    const since = new Date(clock.now() - lately)
    const count = countReach(document)
    let before: After
    for (let read = 0; read < mostWrites; read += batch) {
      const writes = await judged.pageBack(since, before, batch)
      for (const write of writes) count.add(write)
      before = writes.at(-1)
      if (writes.length < batch) break
    }
    const [widest] = count.reaches().sort((a, b) => b.share - a.share)
    return widest && widest.share > approvalShare ? widest : undefined
  }
}

interface Counted {
  /** The name of its expression, if it has one. */
  pattern: string | undefined
  touched: Set<string>
  unsure: Set<string>
  tried: Set<string>
}

function countReach(document: PolicyDocument) {
  const policy = compilePolicy(document)
  const recall = createRecall(policy)
  const everybody = new Set<string>()
  const counted = new Map<string, Counted>()
  for (const id of touching(document))
    counted.set(id, { pattern: policy.patternOf.get(id), touched: new Set(), unsure: new Set(), tried: new Set() })
  const withPattern = [...counted.values()].filter(({ pattern }) => pattern !== undefined)

  return {
    add(write: Parameters<typeof recall>[0]) {
      const { decision, unknown, tried } = recall(write)
      const { personId } = write
      everybody.add(personId)
      for (const id of decision.rules.length > 0 ? decision.rules : [defaultRule])
        counted.get(id)?.touched.add(personId)
      for (const id of unknown) counted.get(id)?.unsure.add(personId)
      for (const rule of withPattern) if (tried[rule.pattern ?? ''] !== undefined) rule.tried.add(personId)
    },
    reaches: (): Reach[] =>
      Array.from(counted, ([rule, { pattern, touched, unsure, tried }]) => {
        const isKnown = pattern === undefined || tried.size >= enoughTried
        const reached = isKnown ? touched.size : new Set([...touched, ...unsure]).size
        const among = pattern !== undefined && isKnown ? tried.size : everybody.size
        return { rule, share: reached < leastAccounts ? 0 : Math.round((reached / among) * 1_000_000) / 1_000_000 }
      }),
  }
}

/** The rules that do something to somebody. */
function touching({ rules, defaultAction }: PolicyDocument): string[] {
  const some = rules.filter(({ then }) => then.action !== 'ALLOW' || then.restrict).map(({ id }) => id)
  return defaultAction === 'ALLOW' ? some : [...some, defaultRule]
}
