// Invariant: once somebody is erased, nothing anywhere names them but a proof that only whoever knows their id can find.
import type { RedisConnections } from '../../platform/redis.ts'
import type { ErasureStore } from './store.ts'

/** Leaves nothing of a person in one part of the whole, and tells how much that was. Each is safe to repeat. */
type ErasePart = (personId: string) => Promise<number>

export interface ErasureService {
  /** Erases somebody whose tokens no node takes any more. Repeating it is safe, and so is dying half-way. */
  erase(personId: string): Promise<void>
}

export function createErasureService(deps: {
  redis: RedisConnections
  store: ErasureStore
  /** By what the proof is found. */
  nameOf(personId: string): string
  /** In this order. */
  parts: Record<string, ErasePart>
}): ErasureService {
  const { redis, store, nameOf, parts } = deps

  /** What is theirs alone has their id in its name: rates, client ids, streams. */
  async function dropKeys(personId: string): Promise<number> {
    let dropped = 0
    for await (const keys of redis.keysLike(`*${personId}*`))
      dropped += await redis.run((client) => client.unlink(...keys))
    return dropped
  }

  return {
    async erase(personId) {
      const counts: Record<string, number> = {}
      for (const [name, part] of Object.entries(parts)) counts[name] = await part(personId)
      counts['keys'] = await dropKeys(personId)
      await store.complete(personId, nameOf(personId), counts)
    },
  }
}
