import { createHash } from 'node:crypto'
import type { Counters } from '../../platform/counters.ts'
import type { DeliveryEngine } from '../../platform/delivery/index.ts'
import { streamName } from '../../platform/delivery/topics.ts'
import type { RedisConnections } from '../../platform/redis.ts'
import { sessionKeys, talkSlot } from '../sessions/index.ts'
import { nudgesTopic } from './events.ts'
import { sightLua } from './sight.lua.ts'

export interface SightRequest {
  nowMs: number
  deviceId: string
  sessionId: string | null
  sightings: { beacon: string; observedAtMs: number }[]
  rate: { count: number; windowMs: number }
  rules: { windowMs: number; skewMs: number; mutualMs: number; cooldownMs: number; nudgesPerSession: number }
}

export type SightOutcome =
  | { kind: 'none' }
  | { kind: 'wait'; retryAfterMs: number }
  | { kind: 'seen'; answers: { match: boolean; nudgeSent: boolean; shared: string[] }[] }

export interface StoredMatch {
  id: string
  matchedAtMs: number
  nudgedAtMs: number | null
  shared: string[]
}

// KEYS: the match, then the two lists it is on.
const keepLua = `
redis.call('PEXPIRE', KEYS[1], ARGV[1], 'GT')
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do redis.call('PEXPIRE', ARGV[2] .. 'match:' .. id, ARGV[1], 'GT') end
return 1
`

/** For so long two who heard each other are in reach. */
export const reachMs = 2 * 60 * 1000

// Sessions that are in reach of a device's open one, as far as they are open themselves. KEYS: the device's open pointer.
const inReachLua = `
local mine = redis.call('GET', KEYS[1])
if not mine then return {} end
local devices = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', ARGV[2] .. 'reach:' .. mine, '(' .. ARGV[4], '+inf')) do
  local f = redis.call('HMGET', ARGV[3] .. 'session:' .. id, 'device', 'expiresAt', 'closedAt')
  if f[1] and not f[3] and tonumber(f[2]) > tonumber(ARGV[1]) then devices[#devices + 1] = f[1] end
end
return devices
`

const dayMs = 24 * 60 * 60 * 1000
let today = { number: -1, text: '' }

/** The UTC day of an instant, written anew once a day. */
function dayOf(ms: number): string {
  const number = Math.floor(ms / dayMs)
  if (number !== today.number) today = { number, text: new Date(ms).toISOString().slice(0, 10) }
  return today.text
}

export type MatchStore = ReturnType<typeof createMatchStore>

export function createMatchStore(deps: { redis: RedisConnections; delivery: DeliveryEngine; counters: Counters }) {
  const { redis, delivery, counters } = deps
  const keys = sessionKeys(redis)
  const prefix = redis.key('matches', `{${talkSlot}}`, '')
  const nudgesPrefix = redis.key(...streamName(nudgesTopic, ''))
  const matchKey = (id: string) => `${prefix}match:${id}`
  const listKey = (sessionId: string) => `${prefix}of:${sessionId}`
  const hiddenKey = (deviceId: string) => `${prefix}hidden:${deviceId}`
  const sightScript = redis.script('vicinitySight', sightLua)
  const inReachScript = redis.script('vicinityInReach', inReachLua)
  const cellKey = (deviceId: string) => `${prefix}cell:${deviceId}`
  const keepScript = redis.script('vicinityKeepMatches', keepLua)

  const tags = (text: string | null | undefined) => (text ? text.split(' ') : [])

  return {
    /** Everything one call's sightings lead to, in one round trip. */
    async sight({ nowMs, deviceId, sessionId, sightings, rate, rules }: SightRequest): Promise<SightOutcome> {
      const scriptKeys = [keys.open(deviceId), `${prefix}rate:${deviceId}`, counters.key]
      const args = [nowMs, sessionId ?? '', deviceId, rate.count, rate.windowMs, rules.windowMs, rules.skewMs]
      args.push(
        rules.mutualMs,
        rules.cooldownMs,
        rules.nudgesPerSession,
        keys.prefix,
        prefix,
        nudgesPrefix,
        dayOf(nowMs),
      )
      args.push(...delivery.log.appendArgs(nudgesTopic), reachMs)
      for (const { beacon, observedAtMs } of sightings) {
        scriptKeys.push(keys.beacon(beacon))
        args.push(observedAtMs)
      }
      const reply = (await sightScript(scriptKeys, args)) as ['none'] | ['wait', number] | ['seen', (number | string)[]]
      if (reply[0] === 'none') return { kind: 'none' }
      if (reply[0] === 'wait') return { kind: 'wait', retryAfterMs: reply[1] }
      const flat = reply[1]
      const answers = sightings.map((_, i) => ({
        match: Number(flat[2 * i]) > 0,
        nudgeSent: flat[2 * i] === 2,
        shared: tags(String(flat[2 * i + 1] ?? '')),
      }))
      return { kind: 'seen', answers }
    },

    /** Ids of a session's matches, newest first, without those hidden from the device. */
    async list(sessionId: string, deviceId: string): Promise<string[]> {
      const [ids, hidden] = await redis.run((client) =>
        Promise.all([
          client.zrange(listKey(sessionId), '+inf', '-inf', 'BYSCORE', 'REV', 'LIMIT', 0, 1000),
          client.smembers(hiddenKey(deviceId)),
        ]),
      )
      const gone = new Set(hidden)
      return ids.filter((id) => !gone.has(id))
    },

    async load(ids: string[]): Promise<(StoredMatch | undefined)[]> {
      if (ids.length === 0) return []
      return redis.run(async (client) => {
        const rows = await Promise.all(ids.map((id) => client.hmget(matchKey(id), 'matchedAt', 'nudgedAt', 'shared')))
        return rows.map(([matchedAt, nudgedAt, shared], i) =>
          matchedAt
            ? {
                id: ids[i] ?? '',
                matchedAtMs: Number(matchedAt),
                nudgedAtMs: nudgedAt ? Number(nudgedAt) : null,
                shared: tags(shared),
              }
            : undefined,
        )
      })
    },

    /** The device on the other side of a match, if `deviceId` is on one. */
    async otherSide(matchId: string, deviceId: string): Promise<string | undefined> {
      const [a, b] = await redis.run((client) => client.hmget(matchKey(matchId), 'deviceA', 'deviceB'))
      if (a === deviceId) return b ?? undefined
      if (b === deviceId) return a ?? undefined
      return undefined
    },

    /** Takes a match out of sight of both sides, replays included. */
    async hide(matchId: string, deviceIds: string[]): Promise<void> {
      await redis.run((client) => {
        const work = client.multi().hset(matchKey(matchId), 'hidden', 1)
        for (const deviceId of deviceIds)
          work.sadd(hiddenKey(deviceId), matchId).pexpire(hiddenKey(deviceId), 2 * nudgesTopic.windowMs)
        return work.exec()
      })
    },

    /** Which of these matches the device may still be told of. */
    async visible(deviceId: string, matchIds: string[]): Promise<boolean[]> {
      if (matchIds.length === 0) return []
      const hidden = await redis.run((client) => client.smismember(hiddenKey(deviceId), ...matchIds))
      return hidden.map((found) => found === 0)
    },

    /** The devices whose phones and this one's heard each other lately. */
    async inReachOf(deviceId: string, nowMs: number): Promise<string[]> {
      return (await inReachScript([keys.open(deviceId)], [nowMs, prefix, keys.prefix, nowMs - reachMs])) as string[]
    },

    /** In which cell a device is, and which cells touch that. */
    async stand(deviceId: string, cells: string[]): Promise<void> {
      await redis.run((client) => client.set(cellKey(deviceId), cells.join(' '), 'PX', reachMs))
    },

    async standNowhere(deviceId: string): Promise<void> {
      await redis.run((client) => client.del(cellKey(deviceId)))
    },

    /** The match that the open sessions of two devices have, or would have. */
    async between(deviceId: string, otherId: string): Promise<string | undefined> {
      const [mine, yours] = await redis.run((client) => client.mget(keys.open(deviceId), keys.open(otherId)))
      if (!mine || !yours) return undefined
      return createHash('sha1').update([mine, yours].sort().join(':')).digest('hex')
    },

    /** Forgets the matches of sessions, for both sides, and whom they were in reach of. */
    async erase(sessionIds: string[]): Promise<number> {
      let erased = 0
      for (const sessionId of sessionIds) {
        const ids = await redis.run((client) => client.zrange(listKey(sessionId), 0, -1))
        if (ids.length > 0) erased += await redis.run((client) => client.unlink(...ids.map(matchKey)))
        const own = [listKey(sessionId), `${prefix}heard:${sessionId}`, `${prefix}reach:${sessionId}`]
        await redis.run((client) => client.unlink(...own))
      }
      return erased
    },

    /** Remembers a session's matches for as long as it now lasts. */
    async keep(sessionId: string, forMs: number): Promise<void> {
      await keepScript([listKey(sessionId)], [forMs, prefix])
    },
  }
}
