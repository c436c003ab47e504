import { duration, written } from '../kit/written.ts'
import { isRight, type ReplayResult } from './result.ts'

/** What a person reads at the end. */
export function resultTable(result: ReplayResult): string {
  const { sightings, calls, seconds, matches, matchesExpected, nudgesDelivered, nudgesExpected } = result
  const ms = (value: number | null) => (value === null ? 'not measured: the clock is the trace’s' : `${value} ms`)
  const others: [string, string][] = [
    ['unexpected', `${written(result.unexpected)} (for pairs that should have none)`],
    ['mislabelled', `${written(result.mislabelled)} (other interests than the two share)`],
    ['resyncs', `${written(result.resyncs)} (streams that could not be resumed)`],
    ['sent again', `${written(result.repeats)} calls that a server could not take at the time`],
    ['lost connections', `${written(result.lostConnections)} that nobody ordered`],
  ]
  const rows: [string, string][] = [
    ['sightings', `${written(sightings)} in ${written(calls)} calls, ${duration(seconds)}`],
    ['sightings/s', written(result.sightingsPerSecond)],
    ['matches', matches === matchesExpected ? written(matches) : `${written(matches)} of ${written(matchesExpected)}`],
    ['nudges expected', `${written(nudgesExpected)}, by brute force from the trace`],
    ['nudges delivered', written(nudgesDelivered)],
    ['missing', written(result.missing)],
    ['duplicated', written(result.duplicated)],
    ['out of order', written(result.reordered)],
    ...others.filter(([, value]) => !value.startsWith('0 ')),
    ['sockets cut', written(result.cuts)],
    ['publish to receive', `p50 ${ms(result.p50Ms)}, p99 ${ms(result.p99Ms)}`],
    ['  while connected', `p99 ${ms(result.connectedP99Ms)}`],
  ]
  const shown = result.p50Ms === null ? rows.slice(0, -1) : rows
  if (result.p50Ms === null) shown[shown.length - 1] = ['publish to receive', ms(null)]
  const lines = shown.map(([name, value]) => `  ${name.padEnd(20)}${value}`)
  return `\n${lines.join('\n')}\n\n  ${isRight(result) ? 'Every nudge came, once and in order.' : 'Not every nudge came once and in order.'}\n`
}
