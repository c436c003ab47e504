import { randomBytes } from 'node:crypto'
import { HashMemory } from '../../src/modules/scanning/hash-memory.ts'
import type { Bench } from '../kit/bench.ts'
import { percentile } from '../kit/figures.ts'
import { interleave } from '../kit/rounds.ts'

const known = 100_000
const searches = 500
const maxDistance = 10

/** Looking for an image among many that are known, beside no more than reading all of them. */
export const imageHashes: Bench = async ({ rounds }) => {
  const memory = new HashMemory()
  const [high, low] = [new Uint32Array(known), new Uint32Array(known)]
  for (let i = 0; i < known; i += 1) {
    const bytes = randomBytes(8)
    memory.set(String(i), bytes.toString('hex'))
    high[i] = bytes.readUInt32BE(0)
    low[i] = bytes.readUInt32BE(4)
  }
  const subjects = [
    {
      name: 'reading',
      search() {
        let sum = 0
        for (let i = 0; i < known; i += 1) sum = (sum + ((high[i] as number) ^ (low[i] as number))) | 0
        return sum
      },
    },
    { name: 'searching', search: () => memory.nearest(randomBytes(8).toString('hex'), maxDistance) },
  ]
  const rows = await interleave(subjects, rounds, async ({ search }) => {
    const taken: number[] = []
    for (let i = 0; i < searches; i += 1) {
      const began = performance.now()
      search()
      taken.push(performance.now() - began)
    }
    taken.sort((one, other) => one - other)
    return { 'p50 ms': percentile(taken, 0.5), 'p99 ms': percentile(taken, 0.99) }
  })
  return {
    bench: 'image-hashes',
    says: `the nearest of ${known} hashes of 64 bits, within ${maxDistance} bits`,
    rows,
    goals: [{ subject: 'searching', figure: 'p50 ms', bound: 5, want: 'at most', unit: 'ms' }],
    notes: [],
  }
}
