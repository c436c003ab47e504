// Invariant: of somebody who is erased nothing stays in what they hosted or joined; what others did there stays as it was.
import type { Clock } from '../../platform/clock.ts'
import type { Area } from '../../platform/geo/index.ts'
import type { RedisConnections } from '../../platform/redis.ts'
import type { EndingStore } from './ending-store.ts'
import { eraseHostedLua, forgetLua } from './forget.lua.ts'
import { activityKeys } from './keys.ts'
import type { ActivityReads } from './reads.ts'
import type { ActivityStore } from './store.ts'

export interface Forgetting {
  /** Cancels and erases what a person hosts, and takes them out of what they joined. Tells how much that was. Repeating it is safe. */
  erase(personId: string): Promise<number>
}

export function createForgetting(deps: {
  redis: RedisConnections
  store: ActivityStore
  ending: EndingStore
  reads: ActivityReads
  clock: Clock
  attendeeId(activityId: string, personId: string): string
}): Forgetting {
  const { redis, store, ending, reads, clock, attendeeId } = deps
  const eraseHostedScript = redis.script('vicinityEraseHosted', eraseHostedLua)
  const forgetScript = redis.script('vicinityForgetPerson', forgetLua)

  /** It ends as any other: whoever follows is told, and it counts. */
  async function eraseHosted(id: string, personId: string): Promise<number> {
    await store.cancel(id, clock.now(), personId, true)
    const [activity] = await reads.load([id])
    if (activity) await ending.end(id, clock.now(), activity.cancelledAtMs ?? activity.endsAtMs)
    return Number(await store.run(eraseHostedScript, id, clock.now(), [personId]))
  }

  async function eraseIn(area: Area, personId: string): Promise<number> {
    const keys = activityKeys(redis, area)
    const [hosted, joined] = await redis.run((client) =>
      Promise.all([client.smembers(keys.hosting(personId)), client.smembers(keys.joined(personId))]),
    )
    let erased = 0
    for (const id of hosted) erased += await eraseHosted(id, personId)
    for (const id of joined)
      erased += Number(await store.run(forgetScript, id, clock.now(), [personId, attendeeId(id, personId)]))
    return erased
  }

  return {
    async erase(personId) {
      let erased = 0
      for (const area of await store.areas()) erased += await eraseIn(area, personId)
      return erased
    },
  }
}
