import type { Bench } from '../kit/bench.ts'
import { startChild } from '../kit/child.ts'
import { interleave } from '../kit/rounds.ts'
import type { MatchRound } from '../processes/match.ts'
import type { Phone } from '../processes/phones.ts'

const people = 200
const inFlight = 32

/** Matching at the data layer: all sightings of a call in one round trip, at nearly the price of that round trip. */
export const match: Bench = async ({ stage, rounds, roundMs, say }) => {
  say('match: the store beside the bare script')
  const phones = await startChild('phones', { core: 'load', env: stage.env })
  const crowd = await phones.call<Phone[]>('crowd', people)
  await phones.stop()
  const child = await startChild('match', { core: 'subject', env: stage.env })
  await child.call('prepare', crowd)
  const measure = async (way: 'store' | 'bare') => {
    const before = await child.usage()
    const { calls, elapsedMs } = await child.call<MatchRound>('run', { way, inFlight, ms: roundMs / 2 })
    const cpuMicros = (await child.usage()).cpuMicros - before.cpuMicros
    return { 'calls/s': (calls / elapsedMs) * 1000, 'node µs/call': cpuMicros / calls }
  }
  const subjects = [
    { name: 'bare script', way: 'bare' as const },
    { name: 'vicinity', way: 'store' as const },
  ]
  for (const { way } of subjects) await measure(way)
  const rows = await interleave(subjects, rounds, ({ way }) => measure(way))
  const own = rows.find(({ name }) => name === 'vicinity')
  if (own) own.figures['commands/call'] = [await child.call<number>('commandsPerCall')]
  await child.stop()
  return {
    bench: 'match',
    says: `10 sightings in a call, ${inFlight} calls in flight`,
    rows,
    goals: [
      { subject: 'vicinity', figure: 'calls/s', of: 'bare script', bound: 0.9, want: 'at least' },
      { subject: 'vicinity', figure: 'commands/call', bound: 1, want: 'at most' },
    ],
    notes: [],
  }
}
