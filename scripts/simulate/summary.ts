import { duration, written } from '../kit/written.ts'
import { errors, ms } from './frame.ts'
import type { Meter } from './meter.ts'
import type { Simulation } from './simulation.ts'
import { isRight, type Verdict } from './verdict.ts'

/** What a person reads at the end. */
export function summaryOf(
  { counters, city, people, repeats, ledger }: Simulation,
  verdict: Verdict,
  seconds: number,
): string {
  const all = (meter: Meter) => written(meter.total())
  const timed = (meter: Meter) =>
    `${all(meter)}, half of them within ${ms(meter.percentile(0.5, 'all'))}, 99 % within ${ms(meter.percentile(0.99, 'all'))}`
  const { started, cancelled, joins, leaves, full, over, later, lost } = counters
  const others: [string, string][] = [
    ['sent again', `${written(repeats())} calls that a server could not take at the time`],
    ['waited', `${all(later)} times because the servers limit it`],
    ['came back', `${all(lost)} streams and sockets, by themselves`],
  ]
  const capped = [...ledger.capacity.values()].filter((seats) => seats !== null).length
  const moves = counters.entered.total() + counters.left.total()
  const rows: [string, string][] = [
    ['people', `${written(people.length)}, ${duration(seconds)} on foot in ${city.name}`],
    ['heartbeats', timed(counters.heartbeats)],
    ['looked around', timed(counters.looks)],
    ['told nearby', `${all(counters.entered)} times that something came, ${all(counters.left)} times that it went`],
    ['activities', `${all(started)} started, ${all(cancelled)} called off`],
    ['joined', `${all(joins)}, left ${all(leaves)}; ${all(full)} found every seat taken, ${all(over)} found it over`],
    ['messages', `${all(counters.said)} sent, ${all(counters.heard)} received`],
    ...others.filter(([, value]) => !value.startsWith('0')),
    ['errors', counters.errors.size === 0 ? '0' : errors(counters)],
  ]
  const checks = [
    `${written(verdict.expected)} messages were due: ${verdict.missing} missing, ${verdict.duplicated} twice, ${verdict.reordered} out of order`,
    `${written(capped)} activities had few seats: ${verdict.overfull} held more people than seats`,
    `${written(moves)} comings and goings: ${verdict.fence} that cannot be`,
  ]
  const lines = [...rows, ...checks.map((check, i) => [i === 0 ? 'checked' : '', check])]
  const told = lines.map(([name = '', value]) => `  ${name.padEnd(16)}${value}`).join('\n')
  const faults = ledger.fenceFaults.slice(0, 5).map((fault) => `\n  ${fault}`)
  return `\n${told}\n${faults.join('')}\n  ${passed(verdict, counters.errors.size) ? 'Everything happened as it must.' : 'Not everything happened as it must.'}\n`
}

export const passed = (verdict: Verdict, errorCodes: number): boolean => isRight(verdict) && errorCodes === 0
