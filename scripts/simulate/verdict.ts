import type { Heard, Ledger, Said } from './ledger.ts'

export interface Verdict {
  /** Messages that had to come to somebody, */
  expected: number
  /** and those of them that did not. */
  missing: number
  /** The same message at the same phone again. */
  duplicated: number
  /** A message after a later one. */
  reordered: number
  /** Activities with more people than seats, by what people saw or by what they were told. */
  overfull: number
  /** Comings and goings that cannot be. */
  fence: number
}

/** Who leaves right after a message may miss it: the answer to its sender says that it is kept, not that it has come. */
const underWayMs = 2000

/** Compares what people saw with what must be. Nothing in this file comes from the servers or their code. */
export function judge(ledger: Ledger): Verdict {
  const said = new Map<string, Said[]>()
  for (const each of ledger.said) said.set(each.activityId, [...(said.get(each.activityId) ?? []), each])
  const verdict = { expected: 0, missing: 0, duplicated: 0, reordered: 0 }
  for (const heard of ledger.heard) {
    const due = dueTo(heard, said.get(heard.activityId) ?? [])
    const got = new Set(heard.messages.map(({ messageId }) => messageId))
    verdict.expected += due.length
    verdict.missing += due.filter(({ messageId }) => !got.has(messageId)).length
    verdict.duplicated += heard.messages.length - got.size
    verdict.reordered += reorderedIn(heard)
  }
  return { ...verdict, overfull: overfull(ledger), fence: ledger.fenceFaults.length }
}

export const isRight = ({ missing, duplicated, reordered, overfull, fence }: Verdict): boolean =>
  missing + duplicated + reordered + overfull + fence === 0

/** How many messages have yet to come. */
export const missingOf = (ledger: Ledger): number => judge(ledger).missing

const dueTo = ({ readyMs, untilMs }: Heard, said: Said[]) =>
  said.filter(({ beganMs, answeredMs }) => beganMs >= readyMs && answeredMs + underWayMs <= untilMs)

/** The same one again is duplicated, not out of order. */
function reorderedIn({ messages }: Heard): number {
  const seen = new Set<string>()
  let last = 0
  let count = 0
  for (const { messageId, seq } of messages) {
    if (seen.has(messageId)) continue
    seen.add(messageId)
    if (seq <= last) count += 1
    last = Math.max(last, seq)
  }
  return count
}

function overfull({ seats, capacity, told }: Ledger): number {
  const moments = new Map<string, { ms: number; by: number }[]>()
  for (const { activityId, fromMs, untilMs } of seats) {
    const own = moments.get(activityId) ?? []
    own.push({ ms: fromMs, by: 1 }, { ms: untilMs, by: -1 })
    moments.set(activityId, own)
  }
  let count = 0
  for (const [activityId, most] of capacity) {
    if (most === null) continue
    let taken = 0
    let peak = told.get(activityId) ?? 0
    // Who leaves at the moment at which somebody else sits down has left first.
    for (const { by } of (moments.get(activityId) ?? []).sort((a, b) => a.ms - b.ms || a.by - b.by)) {
      taken += by
      peak = Math.max(peak, taken)
    }
    if (peak > most) count += 1
  }
  return count
}
