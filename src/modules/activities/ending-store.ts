import { type Counters, createCounters } from '../../platform/counters.ts'
import type { DeliveryEngine } from '../../platform/delivery/index.ts'
import { type Area, areaOfId, areaSlot } from '../../platform/geo/index.ts'
import type { RedisConnections } from '../../platform/redis.ts'
import { surroundingsForMs, surroundingsKey, surroundingsTopic } from '../presence/index.ts'
import type { StoredMessage } from './chat-store.ts'
import { beginLua, dueLua, endLua, eraseLua, leaveAreaLua } from './ending.lua.ts'
import { activityKeys } from './keys.ts'
import type { ActivityStore } from './store.ts'

export interface Due {
  starts: string[]
  /** With the end that was found. */
  ends: { id: string; atMs: number }[]
  erase: string[]
  /** Whether something waits for Postgres. */
  counted: boolean
  noted: boolean
}

/** What is left of an organizer's activity that is over, until Postgres has it. */
export interface EndedEvent {
  eventId: string
  activityId: string
  joins: number
  messages: number
  /** Those kept, if the organizer wants them. */
  said: StoredMessage[]
  /** As it is stored: what is taken back must be this very text. */
  text: string
}

/** So many of each at once. */
const batch = 100

const takeBackLua = `
if redis.call('HGET', KEYS[1], ARGV[1]) == ARGV[2] then return redis.call('HDEL', KEYS[1], ARGV[1]) end
return 0
`

export type EndingStore = ReturnType<typeof createEndingStore>

/** How activities begin, end and are erased in an area. Each step is a script that may be repeated, and run twice at once. */
export function createEndingStore(deps: { redis: RedisConnections; delivery: DeliveryEngine; store: ActivityStore }) {
  const { redis, delivery, store } = deps
  const dueScript = redis.script('vicinityDueActivities', dueLua)
  const leaveAreaScript = redis.script('vicinityLeaveArea', leaveAreaLua)
  const beginScript = redis.script('vicinityBeginActivity', beginLua)
  const endScript = redis.script('vicinityEndActivity', endLua)
  const eraseScript = redis.script('vicinityEraseActivity', eraseLua)
  const takeBackScript = redis.script('vicinityEventArchived', takeBackLua)
  const counters = new Map<Area, Counters>()
  function countersOf(area: Area): Counters {
    const known = counters.get(area) ?? createCounters(redis, areaSlot(area))
    counters.set(area, known)
    return known
  }

  return {
    countersOf,

    async due(area: Area, nowMs: number): Promise<Due> {
      const keys = activityKeys(redis, area)
      const { key, waiting } = countersOf(area)
      const names = [keys.starts, keys.ends, keys.erase, keys.ended, key, waiting]
      const found = (await dueScript(names, [nowMs, batch])) as [string[], string[], string[], number, number]
      const [starts, flat, erase, noted, counted] = found
      const ends = Array.from({ length: flat.length / 2 }, (_, i) => ({
        id: flat[2 * i] ?? '',
        atMs: Number(flat[2 * i + 1]),
      }))
      return { starts, ends, erase, noted: noted > 0, counted: counted > 0 }
    },

    begin: (id: string, nowMs: number) => store.run(beginScript, id, nowMs, []),

    end(id: string, nowMs: number, dueMs: number): Promise<unknown> {
      const day = new Date(dueMs).toISOString().slice(0, 10)
      return store.run(endScript, id, nowMs, [dueMs, countersOf(areaOfId(id)).key, day])
    },

    erase: (id: string, nowMs: number) => store.run(eraseScript, id, nowMs, []),

    /** Organizers' activities of an area that are over and not archived. */
    async ended(area: Area): Promise<EndedEvent[]> {
      const found = await redis.run((client) => client.hgetall(activityKeys(redis, area).ended))
      return Object.entries(found).map(([eventId, text]) => {
        const { said, ...counts } = JSON.parse(text) as Omit<EndedEvent, 'said'> & { said: string[] | object }
        // An empty list is an empty object to Lua.
        const messages = Array.isArray(said) ? said.map((one) => JSON.parse(String(one)) as StoredMessage) : []
        return { ...counts, eventId, text, said: messages }
      })
    },

    /** Takes back what is archived, unless there is something newer. */
    async takeBack(area: Area, { eventId, text }: EndedEvent): Promise<void> {
      await takeBackScript([activityKeys(redis, area).ended], [eventId, text])
    },

    /** Nothing is left in an area until something is made there. */
    async leaveArea(area: Area, nowMs: number): Promise<void> {
      await leaveAreaScript([store.areasKey], [area, nowMs])
    },

    /** What happened around here a while ago is nobody's business any more. */
    fade: (area: Area, nowMs: number) =>
      delivery.log.fade(surroundingsTopic, surroundingsKey(area), nowMs, surroundingsForMs),
  }
}
