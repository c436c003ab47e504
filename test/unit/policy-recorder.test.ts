import type { JudgedRow } from '../../src/modules/policies/judged-store.ts'
import { createRecorder } from '../../src/modules/policies/recorder.ts'
import { UnavailableError } from '../../src/platform/errors.ts'
import { createLogger } from '../../src/platform/logger.ts'
import { createMetrics } from '../../src/platform/metrics.ts'

const row = (i: number): JudgedRow => ({
  ...{ at: new Date(i), surface: 'MESSAGE', personId: String(i), features: {}, policyId: null, decision: {} },
  ...{ shadowPolicyId: null, shadowDecision: null },
})

/** A recorder whose table fails as it is told to. */
function recorder(mostWaiting?: number) {
  const kept: string[] = []
  const metrics = createMetrics()
  const table: { failure: Error | undefined; sizes: number[] } = { failure: undefined, sizes: [] }
  const made = createRecorder({
    store: {
      async insert(rows) {
        if (table.failure) throw table.failure
        table.sizes.push(rows.length)
        kept.push(...rows.map(({ personId }) => personId))
      },
    },
    ...{ metrics, logger: createLogger({ level: 'silent' }) },
    ...(mostWaiting === undefined ? {} : { mostWaiting }),
  })
  const dropped = async () => (await metrics.droppedJudgedWrites.get()).values[0]?.value ?? 0
  return { made, kept, table, dropped }
}
const numbers = (count: number) => Array.from({ length: count }, (_, i) => i)

test('what was judged is kept in order, many at once, and nothing is lost at the end', async () => {
  const { made, kept, table } = recorder()
  for (const i of numbers(2500)) made.add(row(i))
  const flushing = made.flush()
  for (const i of numbers(10)) made.add(row(2500 + i))
  await flushing
  made.add(row(2510))
  await made.close()
  expect(kept).toEqual(numbers(2511).map(String))
  expect(table.sizes.length).toBeLessThan(6)
})

test('while Postgres is away it waits, up to a bound; what is more is dropped and counted, and nobody fails', async () => {
  const { made, kept, table, dropped } = recorder(100)
  table.failure = new UnavailableError()
  for (const i of numbers(150)) made.add(row(i))
  await made.flush()
  expect([kept.length, await dropped()]).toEqual([0, 50])
  table.failure = undefined
  await made.close()
  expect(kept).toEqual(numbers(100).map(String))
})

test('what cannot be kept at all does not keep the rest from being kept', async () => {
  const { made, kept, table, dropped } = recorder()
  table.failure = new Error('no such surface')
  made.add(row(1))
  await made.flush()
  table.failure = undefined
  made.add(row(2))
  await made.close()
  expect([kept, await dropped()]).toEqual([['2'], 1])
})
