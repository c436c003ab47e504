import { isOver, stateOf } from '../../src/modules/activities/index.ts'

const hour = 3_600_000
const [startsAtMs, endsAtMs] = [10 * hour, 16 * hour]

test.each([
  ['before its start', 10 * hour - 1, null, 'SCHEDULED'],
  ['at its start', 10 * hour, null, 'LIVE'],
  ['a moment before its end', 16 * hour - 1, null, 'LIVE'],
  ['at its end', 16 * hour, null, 'ENDED'],
  ['long after', 100 * hour, null, 'ENDED'],
  ['cancelled before its start', 9 * hour, 8 * hour, 'CANCELLED'],
  ['cancelled while it was live', 12 * hour, 11 * hour, 'CANCELLED'],
  ['cancelled, after its end too', 20 * hour, 11 * hour, 'CANCELLED'],
] as const)('%s', (_name, nowMs, cancelledAtMs, state) => {
  const times = { startsAtMs, endsAtMs, cancelledAtMs }
  expect(stateOf(times, nowMs)).toBe(state)
  expect(isOver(times, nowMs)).toBe(state === 'ENDED' || state === 'CANCELLED')
})
