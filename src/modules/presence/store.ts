import type { DeliveryEngine } from '../../platform/delivery/index.ts'
import type { Area, Cell } from '../../platform/geo/index.ts'
import type { RedisConnections } from '../../platform/redis.ts'
import type { Audience } from '../social/index.ts'
import { surroundingsForMs, surroundingsKey, surroundingsTopic, type Viewpoint, viewpointTopic } from './events.ts'
import { presenceKeys } from './keys.ts'
import { aroundLua, beatLua, leaveLua, showLua, sweepLua } from './scripts.lua.ts'

export interface BeatRequest {
  nowMs: number
  personId: string
  latitude: number
  longitude: number
  accuracyMeters: number
  observedAtMs: number
  cell: Cell
  near: Cell
  audience: Audience
  /** The socket it came over, or nothing. */
  via: string
  ttlMs: number
  rate: { count: number; windowMs: number }
  rules: {
    walkMetersPerSecond: number
    jumpMeters: number
    jumpMs: number
    flyMetersPerSecond: number
    settleMs: number
    jumpsADay: number
  }
  /** The caller believes that this area has the person already. */
  home: boolean
  /** The last fix, where another area had it. */
  last: string[]
}

export type BeatOutcome =
  | { kind: 'beat'; shownFromMs: number; readFromMs: number }
  | { kind: 'late'; shownFromMs: number }
  | { kind: 'lost' }
  | { kind: 'wait'; retryAfterMs: number }

export interface Around {
  personId: string
  cellId: string
}

/** How long an index outlives its last change: far longer than any presence in it, so that a sweep finds them all. */
const indexKeepMs = 24 * 60 * 60 * 1000
const whereaboutsKeepMs = 10 * 60 * 1000
const areasKeepMs = 24 * 60 * 60 * 1000
const sweepBatch = 500

export type PresenceStore = ReturnType<typeof createPresenceStore>

export function createPresenceStore({ redis, delivery }: { redis: RedisConnections; delivery: DeliveryEngine }) {
  const beatScript = redis.script('vicinityBeat', beatLua)
  const leaveScript = redis.script('vicinityLeavePresence', leaveLua)
  const showScript = redis.script('vicinityShowPresence', showLua)
  const sweepScript = redis.script('vicinitySweepPresence', sweepLua)
  const aroundScript = redis.script('vicinityAround', aroundLua)

  const whereabouts = (personId: string) => redis.key('presence', 'whereabouts', personId)
  const areas = redis.key('presence', 'areas')
  const logArgs = (area: Area) => [
    delivery.log.base(surroundingsTopic, surroundingsKey(area)),
    ...delivery.log.appendArgs(surroundingsTopic),
  ]
  const position = ({ latitude, longitude }: Cell) => [latitude, longitude]

  return {
    async beat(area: Area, request: BeatRequest): Promise<BeatOutcome> {
      const { nowMs, personId, latitude, longitude, accuracyMeters, observedAtMs, cell, near } = request
      const { walkMetersPerSecond, jumpMeters, jumpMs, flyMetersPerSecond, settleMs, jumpsADay } = request.rules
      const keys = presenceKeys(redis, area)
      const [kind, a, b] = (await beatScript(
        [
          keys.at(personId),
          keys.fix(personId),
          keys.rate(personId),
          keys.jumps(personId),
          keys.people,
          keys.ends,
          keys.cells,
        ],
        [
          ...[nowMs, personId, latitude, longitude, accuracyMeters, observedAtMs],
          ...[cell.id, ...position(cell), near.id, request.audience, request.via, request.ttlMs],
          ...[request.rate.count, request.rate.windowMs, walkMetersPerSecond, jumpMeters, jumpMs, flyMetersPerSecond],
          ...[settleMs, jumpsADay, indexKeepMs],
          ...[request.home ? '1' : '', request.last.length > 0 ? JSON.stringify(request.last) : ''],
          ...logArgs(area),
          delivery.log.base(viewpointTopic, personId),
        ],
      )) as [string, number, number]
      if (kind === 'wait') return { kind, retryAfterMs: a }
      if (kind === 'late') return { kind, shownFromMs: a }
      if (kind === 'lost') return { kind }
      return { kind: 'beat', shownFromMs: a, readFromMs: b }
    },

    /** Ends a presence, if it is there and came the way that is named. Its last fix; nothing if there was none to end. */
    async leave(area: Area, personId: string, via = ''): Promise<string[]> {
      const keys = presenceKeys(redis, area)
      return (await leaveScript(
        [keys.at(personId), keys.fix(personId), keys.people, keys.ends, keys.cells],
        [personId, via, ...logArgs(area)],
      )) as string[]
    },

    async show(area: Area, personId: string, audience: Audience): Promise<void> {
      const keys = presenceKeys(redis, area)
      await showScript([keys.people, keys.ends, keys.cells], [personId, audience, ...logArgs(area)])
    },

    /** Those fresh within the widest of `radii`, metres in ascending order, or within a narrower one that holds `atMost`. */
    async around(
      area: Area,
      viewer: { personId: string; token: string },
      search: { nowMs: number; middle: Cell; radii: number[]; atMost: number },
    ): Promise<Around[] | undefined> {
      const keys = presenceKeys(redis, area)
      const { nowMs, middle, radii, atMost } = search
      const found = (await aroundScript(
        [keys.at(viewer.personId), keys.people, keys.ends, keys.cells],
        [nowMs, viewer.token, middle.longitude, middle.latitude, atMost, ...radii],
      )) as string | null
      if (found === null) return undefined
      if (found === '') return []
      return found.split('\n').map((line) => {
        const [personId = '', cellId = ''] = line.split(' ')
        return { personId, cellId }
      })
    },

    /** In which area a person was last, and that this area is to be swept. */
    async settle(personId: string, area: Area, nowMs: number): Promise<void> {
      await redis.run((client) =>
        Promise.all([
          client.set(whereabouts(personId), area, 'PX', whereaboutsKeepMs),
          client.zadd(areas, nowMs, area),
          client.pexpire(areas, areasKeepMs),
        ]),
      )
    },

    /** Tells whoever looks at things for a person that they stand nowhere any more. */
    async tellGone(personId: string): Promise<void> {
      await delivery.signal(viewpointTopic, personId, { kind: 'stand', stand: null })
    },

    /** Tells whoever looks at things for a person who is hidden from them, or is not any more. */
    async tell(personId: string, change: Viewpoint): Promise<void> {
      await delivery.publish(viewpointTopic, personId, change)
    },

    async areaOf(personId: string): Promise<Area | undefined> {
      const area = await redis.run((client) => client.get(whereabouts(personId)))
      return area === null ? undefined : Number(area)
    },

    async forget(personId: string): Promise<void> {
      await redis.run((client) => client.del(whereabouts(personId)))
    },

    /** What `stands` compares, and when it ends. */
    async standOf(area: Area, personId: string): Promise<{ token: string; endsAtMs: number } | undefined> {
      const [token, endsAt] = await redis.run((client) =>
        client.hmget(presenceKeys(redis, area).at(personId), 'stand', 'endsAt'),
      )
      return token ? { token, endsAtMs: Number(endsAt) } : undefined
    },

    /** When the presence of each of these ends, as far as others may know. */
    async endsOf(personIds: string[]): Promise<(number | undefined)[]> {
      const homes = await Promise.all(personIds.map((id) => this.areaOf(id)))
      return Promise.all(
        personIds.map(async (personId, i) => {
          const area = homes[i]
          if (area === undefined) return undefined
          const ends = await redis.run((client) => client.zscore(presenceKeys(redis, area).ends, personId))
          return ends === null ? undefined : Number(ends)
        }),
      )
    },

    /** Every area that had somebody in it lately. */
    async areas(nowMs: number): Promise<Area[]> {
      const found = await redis.run((client) => client.zrange(areas, nowMs - areasKeepMs, '+inf', 'BYSCORE'))
      return found.map(Number)
    },

    /** Takes out whose presence has ended by itself; how many those were. */
    async sweep(area: Area, nowMs: number): Promise<number> {
      const keys = presenceKeys(redis, area)
      let swept = 0
      for (;;) {
        const due = Number(
          await sweepScript([keys.people, keys.ends, keys.cells], [nowMs, sweepBatch, ...logArgs(area)]),
        )
        swept += due
        if (due < sweepBatch) return swept
      }
    },

    /** What happened a while ago is nobody's business any more. */
    fade: (area: Area, nowMs: number) =>
      delivery.log.fade(surroundingsTopic, surroundingsKey(area), nowMs, surroundingsForMs),

    /** Leaves nothing of a person in an area, and tells how much that was. */
    async erase(area: Area, personId: string): Promise<number> {
      const keys = presenceKeys(redis, area)
      const own = [keys.at(personId), keys.fix(personId), keys.rate(personId), keys.jumps(personId)]
      const dropped = await redis.run((client) => client.unlink(...own))
      await redis.run((client) =>
        client.multi().zrem(keys.people, personId).zrem(keys.ends, personId).hdel(keys.cells, personId).exec(),
      )
      return dropped
    },

    /** Takes a person out of whatever is remembered of what happened, wherever it was, and tells how much that was. */
    async eraseFromLogs(personId: string): Promise<number> {
      let taken = 0
      for (const topic of [surroundingsTopic, viewpointTopic])
        for await (const logs of redis.keysLike('delivery', '*', topic.name, '*:log'))
          for (const log of logs) {
            const [key = ''] = log.split(':').slice(-2)
            taken += await delivery.log.redact(topic, key, (json) => json.includes(personId))
          }
      return taken
    },

    /** Everybody in an area's index, page by page. Not one instant: what changes meanwhile is in the area's surroundings. */
    async *everybody(area: Area): AsyncGenerator<Around & { audience: Audience }> {
      const { cells } = presenceKeys(redis, area)
      let cursor = '0'
      do {
        const [next, flat] = await redis.run((client) => client.hscan(cells, cursor, 'COUNT', 1000))
        cursor = next
        for (let i = 0; i < flat.length; i += 2) {
          const [cellId = '', audience] = (flat[i + 1] ?? '').split(' ')
          yield { personId: flat[i] ?? '', cellId, audience: audience as Audience }
        }
      } while (cursor !== '0')
    },
  }
}
