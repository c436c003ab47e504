import { type Expectation, type Interests, pairOf, sharedBy, sidesOf } from './oracle.ts'

/** A nudge as a phone got it. */
export interface Receipt {
  person: string
  matchId: string
  sharedInterests: string[]
  /** Its place in the phone's stream; undefined when the cursor does not tell. */
  seq: number | undefined
  latencyMs: number
  /** Whether the phone was connected when it was sent. */
  live: boolean
}

export interface Tally {
  nudgesExpected: number
  nudgesDelivered: number
  missing: number
  duplicated: number
  reordered: number
  /** Nudges for pairs that should have none. */
  unexpected: number
  /** Nudges that name other interests than the two share. */
  mislabelled: number
}

/**
 * Compares what came, in the order it came, with what ought to have come. A nudge does not tell who the other side is: the
 * two phones that got the same match id are the pair, and one that got it alone stands for any pair of its own that is lacking.
 */
export function tally(receipts: Receipt[], { nudged }: Expectation, interests: Interests): Tally {
  const matches = new Map<string, Receipt[]>()
  let duplicated = 0
  for (const receipt of receipts) {
    const got = matches.get(receipt.matchId) ?? []
    if (got.some(({ person }) => person === receipt.person)) duplicated += 1
    else matches.set(receipt.matchId, [...got, receipt])
  }

  let delivered = 0
  let unexpected = 0
  let mislabelled = 0
  const lacking = new Set(nudged)
  const alone = new Map<string, number>()
  for (const got of matches.values()) {
    const [one, other, ...more] = got
    if (one && other && more.length === 0) {
      const pair = pairOf(one.person, other.person)
      const shared = JSON.stringify(sharedBy(interests, one.person, other.person))
      mislabelled += got.filter(({ sharedInterests }) => JSON.stringify(sharedInterests) !== shared).length
      if (lacking.delete(pair)) delivered += 2
      else if (nudged.has(pair)) duplicated += 2
      else unexpected += 2
    } else {
      for (const { person } of got) alone.set(person, (alone.get(person) ?? 0) + 1)
    }
  }
  let missing = 0
  for (const person of [...lacking].flatMap(sidesOf)) {
    const left = alone.get(person) ?? 0
    if (left > 0) delivered += 1
    else missing += 1
    alone.set(person, Math.max(0, left - 1))
  }
  for (const left of alone.values()) unexpected += left

  return {
    nudgesExpected: 2 * nudged.size,
    nudgesDelivered: delivered,
    ...{ missing, duplicated, reordered: countReordered(receipts), unexpected, mislabelled },
  }
}

/** Those that came after a later one of the same stream. The same one again is duplicated, not out of order. */
function countReordered(receipts: Receipt[]): number {
  const last = new Map<string, number>()
  const seen = new Set<string>()
  let reordered = 0
  for (const { person, matchId, seq } of receipts) {
    const again = seen.has(`${person} ${matchId}`)
    seen.add(`${person} ${matchId}`)
    if (seq === undefined || again) continue
    const before = last.get(person) ?? 0
    if (seq <= before) reordered += 1
    last.set(person, Math.max(before, seq))
  }
  return reordered
}
