import type { Counters } from '../../platform/counters.ts'
import { countLua } from '../../platform/counters.ts'
import type { Postgres } from '../../platform/postgres.ts'
import type { RedisConnections } from '../../platform/redis.ts'
import { sessionKeys, talkSlot } from './keys.ts'

export interface StoredSession {
  id: string
  deviceId: string
  clientId: string
  openedAtMs: number
  expiresAtMs: number
  closedAtMs: number | null
  /** HMAC of the input, under the session's own key. */
  fingerprint: string
  /** HMACs of the interests, under the keys of the days that the session may live in. */
  tags: string[]
}

export interface OpenRequest {
  session: StoredSession
  nowMs: number
  beacons: { value: string; fromMs: number; untilMs: number }[]
  dayKeys: { day: string; id: string }[]
  /** Devices that this one must not meet. */
  hidden: string[]
  /** Fields of the counters, one more each. */
  counts: string[]
}

export type OpenOutcome =
  | { kind: 'opened' }
  | { kind: 'stale-key' }
  | { kind: 'known'; id: string }
  | { kind: 'open'; id: string }

// KEYS: open, client, session, endings, hidden, counters, one interest key per day, then one key per beacon.
const openLua = `${countLua}
local now, id, ttl, days, beacons = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
for i = 1, days do
  local key = redis.call('GET', KEYS[6 + i])
  if not key or string.match(key, '^%x+') ~= ARGV[5 + i] then return { 'stale-key' } end
end
local known = redis.call('GET', KEYS[2])
if known then return { 'known', known } end
local open = redis.call('GET', KEYS[1])
if open then
  local ends = redis.call('HGET', ARGV[6 + days] .. 'session:' .. open, 'expiresAt')
  if ends and tonumber(ends) > now then return { 'open', open } end
end
local at = 7 + days
for i = 1, beacons do
  redis.call('SET', KEYS[6 + days + i], id .. ' ' .. ARGV[at], 'PX', ARGV[at + 1])
  at = at + 2
end
local fields = {}
for i = 1, 7 do fields[2 * i - 1] = ARGV[at]; fields[2 * i] = ARGV[at + 1]; at = at + 2 end
redis.call('HSET', KEYS[3], unpack(fields))
redis.call('PEXPIRE', KEYS[3], ttl)
redis.call('SET', KEYS[1], id, 'PX', ttl)
redis.call('SET', KEYS[2], id, 'PX', ttl)
redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', now)
redis.call('ZADD', KEYS[4], now + ttl, id)
redis.call('PEXPIRE', KEYS[4], 86400000)
local hidden = tonumber(ARGV[at])
redis.call('DEL', KEYS[5])
for i = 1, hidden do redis.call('SADD', KEYS[5], ARGV[at + i]) end
if hidden > 0 then redis.call('PEXPIRE', KEYS[5], ttl) end
for i = at + hidden + 1, #ARGV do count(KEYS[6], ARGV[i], 1) end
return { 'opened' }
`

// KEYS: open, session, endings, hidden, client, one interest key per day, then one key per new beacon.
const extendLua = `
local now, id, ttl, days, beacons = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
for i = 1, days do
  local key = redis.call('GET', KEYS[5 + i])
  if not key or string.match(key, '^%x+') ~= ARGV[5 + i] then return 'stale-key' end
end
local ends = redis.call('HGET', KEYS[2], 'expiresAt')
if redis.call('GET', KEYS[1]) ~= id or not ends or tonumber(ends) <= now then return 'none' end
local at = 6 + days
redis.call('HSET', KEYS[2], 'expiresAt', math.max(tonumber(ends), now + ttl), 'tags', ARGV[at])
for i = 1, beacons do
  redis.call('SET', KEYS[5 + days + i], id .. ' ' .. ARGV[at + 2 * i - 1], 'PX', ARGV[at + 2 * i])
end
for _, key in ipairs({ KEYS[1], KEYS[2], KEYS[4], KEYS[5] }) do redis.call('PEXPIRE', key, ttl, 'GT') end
redis.call('ZADD', KEYS[3], 'GT', now + ttl, id)
redis.call('PEXPIRE', KEYS[3], 86400000)
return 'extended'
`

// KEYS: open, session, endings, hidden, then one key per beacon. What is left until its own end is only that it was closed.
const closeLua = `
if redis.call('GET', KEYS[1]) ~= ARGV[2] then return 0 end
for i = 5, #KEYS do redis.call('DEL', KEYS[i]) end
redis.call('DEL', KEYS[1], KEYS[4])
redis.call('HSET', KEYS[2], 'closedAt', ARGV[1])
redis.call('HDEL', KEYS[2], 'tags', 'nudges', 'nudgedAt')
redis.call('ZREM', KEYS[3], ARGV[2])
return 1
`

const interestKeysLua = `
for i = 1, #KEYS do redis.call('SET', KEYS[i], ARGV[2 * i - 1], 'PX', ARGV[2 * i], 'NX') end
return redis.call('MGET', unpack(KEYS))
`

const hideLua = `
for i = 1, 2 do
  local ttl = redis.call('PTTL', KEYS[i])
  if ttl > 0 then
    redis.call(ARGV[1], KEYS[2 + i], ARGV[1 + i])
    redis.call('PEXPIRE', KEYS[2 + i], ttl)
  end
end
return 1
`

export interface CatalogueCategory {
  id: string
  interests: string[]
}

export type SessionStore = ReturnType<typeof createSessionStore>

export function createSessionStore(deps: { redis: RedisConnections; postgres: Postgres; counters: Counters }) {
  const { redis, postgres, counters } = deps
  const keys = sessionKeys(redis)
  const openScript = redis.script('vicinityOpenSession', openLua)
  const extendScript = redis.script('vicinityExtendSession', extendLua)
  const closeScript = redis.script('vicinityCloseSession', closeLua)
  const interestKeysScript = redis.script('vicinityInterestKeys', interestKeysLua)
  const hideScript = redis.script('vicinityHide', hideLua)

  return {
    /** The catalogue of interests by category. */
    async catalogue(): Promise<CatalogueCategory[]> {
      return postgres.sql<{ id: string; interests: string[] }>({
        name: 'sessions-catalogue',
        text: 'select category_id as id, array_agg(id order by id) as interests from interests group by category_id order by category_id',
      })
    },

    /** The written keys of these days; those that did not exist begin as proposed. */
    async interestKeys(days: { day: string; proposed: string; ttlMs: number }[]): Promise<string[]> {
      const names = days.map(({ day }) => keys.interestKey(day))
      return (await interestKeysScript(
        names,
        days.flatMap(({ proposed, ttlMs }) => [proposed, ttlMs]),
      )) as string[]
    },

    /** Opens, in one step, unless the device has an open session or used this client id before. */
    async open({ session, nowMs, beacons, dayKeys, hidden, counts }: OpenRequest): Promise<OpenOutcome> {
      const { id, deviceId, clientId } = session
      const ttlMs = session.expiresAtMs - nowMs
      const lives = (untilMs: number) => Math.max(1, Math.min(untilMs, session.expiresAtMs) - nowMs)
      const [kind, found = ''] = (await openScript(
        [
          keys.open(deviceId),
          keys.client(deviceId, clientId),
          keys.session(id),
          keys.endings,
          keys.hidden(deviceId),
          counters.key,
          ...dayKeys.map(({ day }) => keys.interestKey(day)),
          ...beacons.map(({ value }) => keys.beacon(value)),
        ],
        [
          nowMs,
          id,
          ttlMs,
          dayKeys.length,
          beacons.length,
          ...dayKeys.map((key) => key.id),
          keys.prefix,
          ...beacons.flatMap(({ fromMs, untilMs }) => [fromMs, lives(untilMs)]),
          ...['device', deviceId, 'client', clientId, 'openedAt', session.openedAtMs, 'expiresAt', session.expiresAtMs],
          ...['fingerprint', session.fingerprint, 'tags', session.tags.join(' '), 'nudges', 0],
          hidden.length,
          ...hidden,
          ...counts,
        ],
      )) as [OpenOutcome['kind'], string?]
      return { kind, id: found } as OpenOutcome
    },

    /** Lengthens the open session; `none` when it has ended meanwhile. */
    async extend(
      request: Pick<OpenRequest, 'session' | 'nowMs' | 'beacons' | 'dayKeys'>,
    ): Promise<'extended' | 'stale-key' | 'none'> {
      const { session, nowMs, beacons, dayKeys } = request
      const { id, deviceId, clientId, expiresAtMs, tags } = session
      return (await extendScript(
        [
          keys.open(deviceId),
          keys.session(id),
          keys.endings,
          keys.hidden(deviceId),
          keys.client(deviceId, clientId),
          ...dayKeys.map(({ day }) => keys.interestKey(day)),
          ...beacons.map(({ value }) => keys.beacon(value)),
        ],
        [
          nowMs,
          id,
          expiresAtMs - nowMs,
          dayKeys.length,
          beacons.length,
          ...dayKeys.map((key) => key.id),
          tags.join(' '),
          ...beacons.flatMap(({ fromMs, untilMs }) => [fromMs, Math.max(1, Math.min(untilMs, expiresAtMs) - nowMs)]),
        ],
      )) as 'extended' | 'stale-key' | 'none'
    },

    async close(session: StoredSession, beacons: string[], nowMs: number): Promise<void> {
      const { id, deviceId } = session
      await closeScript(
        [keys.open(deviceId), keys.session(id), keys.endings, keys.hidden(deviceId), ...beacons.map(keys.beacon)],
        [nowMs, id],
      )
    },

    async find(id: string): Promise<StoredSession | undefined> {
      const found = await redis.run((client) => client.hgetall(keys.session(id)))
      const {
        device,
        client: clientId,
        openedAt,
        expiresAt,
        closedAt,
        fingerprint,
        tags,
      } = found as Record<string, string | undefined>
      if (device === undefined || clientId === undefined || fingerprint === undefined) return undefined
      return {
        id,
        deviceId: device,
        clientId,
        openedAtMs: Number(openedAt),
        expiresAtMs: Number(expiresAt),
        closedAtMs: closedAt === undefined ? null : Number(closedAt),
        fingerprint,
        tags: tags ? tags.split(' ') : [],
      }
    },

    /** The id of the device's open session; it may have ended by the clock. */
    async openOf(deviceId: string): Promise<string | undefined> {
      return (await redis.run((client) => client.get(keys.open(deviceId)))) ?? undefined
    },

    /** Every session that a device ever opened, as far as any is remembered. */
    async sessionsOf(deviceId: string): Promise<string[]> {
      const found = new Set<string>()
      for await (const names of redis.keysLike('sessions', `{${talkSlot}}`, 'client', deviceId, '*'))
        for (const id of await redis.run((client) => client.mget(...names))) if (id) found.add(id)
      return [...found]
    },

    async erase(deviceId: string, ids: string[]): Promise<void> {
      await redis.run((client) =>
        client.unlink(keys.open(deviceId), keys.hidden(deviceId), ...ids.map((id) => keys.session(id))),
      )
    },

    async countOpen(nowMs: number): Promise<number> {
      return redis.run((client) => client.zcount(keys.endings, `(${nowMs}`, '+inf'))
    },

    /** Makes two devices hidden from each other, or visible again, for as long as their sessions are open. */
    async hide(deviceId: string, otherId: string, hidden: boolean): Promise<void> {
      const pair = [deviceId, otherId]
      await hideScript(
        [...pair.map(keys.open), ...pair.map(keys.hidden)],
        [hidden ? 'SADD' : 'SREM', otherId, deviceId],
      )
    },
  }
}
