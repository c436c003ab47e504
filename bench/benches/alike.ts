import type { Bench } from '../kit/bench.ts'
import { startChild } from '../kit/child.ts'
import { kinds, type Times } from '../kit/nowhere.ts'
import { interleave } from '../kit/rounds.ts'
import type { Phone } from '../processes/phones.ts'

const turns = 3000

/** Whether time tells why a beacon led to no match: it must not. */
export const alike: Bench = async ({ stage, rounds, say }) => {
  say('alike: beacons that lead nowhere')
  const phones = await startChild('phones', { core: 'load', env: stage.env })
  const crowd = await phones.call<Phone[]>('crowd', 2)
  await phones.stop()
  const child = await startChild('alike', { core: 'subject', env: stage.env })
  let times: Times | undefined
  const rows = await interleave(
    kinds.map((name) => ({ name })),
    rounds,
    async ({ name }) => {
      // One run measures all kinds in turn, so that whatever the machine does it does to all of them.
      if (name === kinds[0]) times = await child.call<Times>('run', { crowd, turns })
      const own = times?.[name] ?? []
      return {
        'p50 µs': quantile(own, 0.5),
        'p90 µs': quantile(own, 0.9),
        'distance from unknown': distance(own, times?.unknown ?? []),
      }
    },
  )
  await child.stop()
  // Two samples of one distribution are farther apart than this once in a hundred times.
  const bound = 1.63 * Math.sqrt(2 / (turns * 0.9))
  return {
    bench: 'alike',
    says: 'one sighting that leads to no match, by why it does not; Kolmogorov–Smirnov distance of the times',
    rows,
    goals: kinds
      .filter((kind) => kind !== 'unknown')
      .map((subject) => ({ subject, figure: 'distance from unknown', bound, want: 'at most' as const })),
    notes: [],
  }
}

function quantile(values: number[], share: number): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length * share)] ?? Number.NaN
}

/** The largest difference between two distribution functions. */
function distance(some: number[], others: number[]): number {
  const [a, b] = [some, others].map((values) => [...values].sort((x, y) => x - y)) as [number[], number[]]
  let [i, j, largest] = [0, 0, 0]
  while (i < a.length && j < b.length) {
    if ((a[i] ?? 0) <= (b[j] ?? 0)) i += 1
    else j += 1
    largest = Math.max(largest, Math.abs(i / a.length - j / b.length))
  }
  return largest
}
