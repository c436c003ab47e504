import { createId } from './ids.ts'
import type { RedisConnections } from './redis.ts'

/**
 * Counts that are taken in the same script as what they count, and moved to Postgres in batches: each batch once, also when
 * the mover dies half-way. `count(key, field, by)` for scripts of the counter's slot.
 */
export const countLua = `
local function count(key, field, by)
  redis.call('HINCRBY', key, field, by)
  redis.call('PEXPIRE', key, 604800000)
end
`

// Renames the running counts to a batch with an id of its own, unless one is already waiting to be added.
const takeLua = `
if redis.call('EXISTS', KEYS[2]) == 0 and redis.call('EXISTS', KEYS[1]) == 1 then
  redis.call('RENAME', KEYS[1], KEYS[2])
  redis.call('HSET', KEYS[2], 'batch', ARGV[1])
end
return redis.call('HGETALL', KEYS[2])
`

// Another mover may have dropped this batch, and the next one may be waiting in its place.
const dropLua = `
if redis.call('HGET', KEYS[1], 'batch') == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
`

export interface CounterBatch {
  id: string
  counts: Map<string, number>
}

export interface Counters {
  /** The key that scripts count into. */
  key: string
  /** The key of the batch that is being moved. */
  waiting: string
  /** The batch to be added next, if any; the same one until it is dropped. */
  take(nowMs: number): Promise<CounterBatch | undefined>
  /** Forgets a batch that has been added. */
  drop(batch: CounterBatch): Promise<void>
}

export function createCounters(redis: RedisConnections, slot: string): Counters {
  const running = redis.key('counters', `{${slot}}`, 'running')
  const waiting = redis.key('counters', `{${slot}}`, 'batch')
  const takeScript = redis.script('vicinityTakeCounts', takeLua)
  const dropScript = redis.script('vicinityDropCounts', dropLua)
  return {
    key: running,
    waiting,
    async take(nowMs) {
      const flat = (await takeScript([running, waiting], [createId(nowMs)])) as string[]
      const counts = new Map<string, number>()
      let id: string | undefined
      for (let i = 0; i < flat.length; i += 2) {
        if (flat[i] === 'batch') id = flat[i + 1]
        else counts.set(String(flat[i]), Number(flat[i + 1]))
      }
      return id === undefined ? undefined : { id, counts }
    },
    async drop({ id }) {
      await dropScript([waiting], [id])
    },
  }
}
