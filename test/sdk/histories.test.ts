import fc from 'fast-check'
import { runs } from '../kit/fuzz.ts'
import { liveThrough } from './histories.ts'

// FUZZ_TIMES=400 lives through 20,000.
test('after any history of cuts, kills, lost and repeated answers and disorder, every device has what the server has', async () => {
  const histories = fc.asyncProperty(fc.integer({ min: 0, max: 2 ** 31 }), (seed) => liveThrough(seed))
  await fc.assert(histories, { ...runs(50), endOnFailure: true })
}, 3_600_000)
