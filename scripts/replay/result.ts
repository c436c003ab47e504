import { percentile } from '../kit/percentile.ts'
import type { Crowd } from './crowd.ts'
import type { Expectation, Interests } from './oracle.ts'
import { type Receipt, type Tally, tally } from './tally.ts'

export interface ReplayResult extends Tally {
  sightings: number
  sightingsPerSecond: number
  matches: number
  /** From a nudge being published to its phone having it. Null when the servers' clock is the trace's. */
  p50Ms: number | null
  p99Ms: number | null
  matchesExpected: number
  people: number
  contacts: number
  calls: number
  /** Calls sent again, because the connection broke or the server said that it is not available right now. */
  repeats: number
  cuts: number
  /** Losses of a connection that the replay did not order. */
  lostConnections: number
  resyncs: number
  /** p99Ms among the nudges to phones that were connected when they were sent. */
  connectedP99Ms: number | null
  seconds: number
}

export function summarize(run: {
  crowd: Crowd
  expectation: Expectation
  interests: Interests
  contacts: number
  seconds: number
  /** Whether the times on nudges are of this machine's clock. */
  timed: boolean
}): ReplayResult {
  const { crowd, expectation, interests, contacts, seconds, timed } = run
  const { nudgesExpected, nudgesDelivered, missing, duplicated, reordered, ...others } = tally(
    crowd.receipts,
    expectation,
    interests,
  )
  const latency = (share: number, of: (receipt: Receipt) => boolean = () => true) =>
    timed
      ? percentile(
          crowd.receipts.filter(of).map(({ latencyMs }) => latencyMs),
          share,
        )
      : null
  const { sightings, ...counts } = crowd.counts
  return {
    sightings,
    sightingsPerSecond: Math.round(sightings / Math.max(seconds, 0.001)),
    matches: crowd.matched.size,
    ...{ nudgesExpected, nudgesDelivered, missing, duplicated, reordered },
    p50Ms: latency(0.5),
    p99Ms: latency(0.99),
    connectedP99Ms: latency(0.99, ({ live }) => live),
    ...others,
    matchesExpected: expectation.matched.size,
    ...{ people: crowd.people.length, contacts, seconds: Math.round(seconds * 10) / 10 },
    ...counts,
    repeats: crowd.repeats(),
  }
}

/** Whether everything was as it must be. */
export const isRight = (result: ReplayResult): boolean =>
  result.missing + result.duplicated + result.reordered + result.unexpected + result.mislabelled === 0 &&
  result.matches === result.matchesExpected
