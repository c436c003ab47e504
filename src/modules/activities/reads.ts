import type { Area } from '../../platform/geo/index.ts'
import { areaOfId, type Cell } from '../../platform/geo/index.ts'
import type { RedisConnections } from '../../platform/redis.ts'
import { presenceKeys, standsLua } from '../presence/index.ts'
import { type Activity, type Card, cardOf, isQuiet, unpacked } from './card.ts'
import { clustersLua } from './clusters.lua.ts'
import { activityKeys, keysOf } from './keys.ts'
import { nearbyLua } from './nearby.lua.ts'
import type { Tile } from './tiles.ts'

/** Where a viewer is believed to stand. */
export interface Believed {
  area: Area
  token: string
}

export interface TileRange {
  level: number
  top: number
  bottom: number
  /** `left` may be greater than `right`: around the antimeridian. */
  left: number
  right: number
  across: number
}

/** An activity as far as `surroundingsTopic` tells of it. */
export interface Gathering {
  id: string
  host: string
  cell: string
  quiet: boolean
  version: number
  /** Set: for its host only. */
  hidden?: true
}

export interface StoredAttendee {
  personId: string
  /** Unlike anybody else's of this activity. */
  joinedAt: number
  displayName: string | null
}

const cardsLua = `
local cards = {}
for i, key in ipairs(KEYS) do cards[i] = redis.call('HGET', key, 'card') or '' end
return cards
`
const seatsLua = `
local seats = {}
for i, key in ipairs(KEYS) do seats[i] = redis.call('ZSCORE', key, ARGV[1]) and 1 or 0 end
return seats
`
const standsScriptLua = `${standsLua}
return stands(KEYS[1], tonumber(ARGV[1]), ARGV[2]) and 1 or 0
`

// KEYS: record, attendees, names, aliases. ARGV: viewer, after, how many. For the host and those who joined.
const attendeesLua = `
if redis.call('HGET', KEYS[1], 'host') ~= ARGV[1] and not redis.call('ZSCORE', KEYS[2], ARGV[1]) then return false end
local found = redis.call('ZRANGE', KEYS[2], ARGV[2], '+inf', 'BYSCORE', 'LIMIT', 0, ARGV[3], 'WITHSCORES')
local rows = {}
for i = 1, #found, 2 do
  rows[#rows + 1] = found[i]
  rows[#rows + 1] = found[i + 1]
  local alias = found[i] == ARGV[1] and redis.call('HGET', KEYS[4], ARGV[1])
  rows[#rows + 1] = alias and string.match(alias, '^%S* (.*)$') or redis.call('HGET', KEYS[3], found[i]) or ''
end
return rows
`

export type ActivityReads = ReturnType<typeof createActivityReads>

/** Everything that is read of activities. One command in each area that has something of what is asked for. */
export function createActivityReads(redis: RedisConnections) {
  const cardsScript = redis.script('vicinityActivityCards', cardsLua)
  const seatsScript = redis.script('vicinityActivitySeats', seatsLua)
  const standsScript = redis.script('vicinityStands', standsScriptLua)
  const attendeesScript = redis.script('vicinityAttendees', attendeesLua)
  const nearbyScript = redis.script('vicinityNearbyActivities', nearbyLua)
  const clustersScript = redis.script('vicinityActivityClusters', clustersLua)

  /** Asks each area once for all of its ids, and puts the answers in the order asked for. */
  async function byArea<T>(ids: readonly string[], ask: (area: Area, ids: string[]) => Promise<T[]>): Promise<T[]> {
    const groups = new Map<Area, string[]>()
    for (const id of new Set(ids)) {
      const area = areaOfId(id)
      const group = groups.get(area)
      if (group) group.push(id)
      else groups.set(area, [id])
    }
    const answers = new Map<string, T>()
    await Promise.all(
      [...groups].map(async ([area, own]) => {
        const found = await ask(area, own)
        for (const [i, id] of own.entries()) answers.set(id, found[i] as T)
      }),
    )
    return ids.map((id) => answers.get(id) as T)
  }

  return {
    load: (ids: readonly string[]): Promise<(Activity | undefined)[]> =>
      byArea(ids, async (area, own) => {
        const { activity } = activityKeys(redis, area)
        const cards = (await cardsScript(own.map(activity), [])) as string[]
        return cards.map((card) => (card === '' ? undefined : cardOf(card)))
      }),

    /** Every activity of an area that is in its index, page by page. Not one instant: what changes meanwhile is in the area's surroundings. */
    async *gatherings(area: Area): AsyncGenerator<Gathering> {
      const { index } = activityKeys(redis, area)
      let cursor = '0'
      do {
        const [next, flat] = await redis.run((client) => client.zscan(index, cursor, 'COUNT', 1000))
        cursor = next
        for (let i = 0; i < flat.length; i += 2) {
          const activity = unpacked(JSON.parse(flat[i] ?? '') as Card)
          const { id, hostId, cellId, version, state } = activity
          const gathering = { id, host: hostId, cell: cellId, quiet: isQuiet(activity), version }
          if (state !== 'REMOVED') yield state === 'HIDDEN' ? { ...gathering, hidden: true } : gathering
        }
      } while (cursor !== '0')
    },

    /** Whether a person has a seat in each of these. */
    seats: (ids: readonly string[], personId: string): Promise<boolean[]> =>
      byArea(ids, async (area, own) => {
        const keys = activityKeys(redis, area)
        const found = (await seatsScript(
          own.map((id) => keys.child('attendees', id)),
          [personId],
        )) as number[]
        return found.map((seat) => seat === 1)
      }),

    /** How often an activity was edited, for `ActivityStore.edit`. */
    async edits(id: string): Promise<number> {
      return Number(await redis.run((client) => client.hget(keysOf(redis, id).activity(id), 'edits')))
    },

    async stands(personId: string, nowMs: number, { area, token }: Believed): Promise<boolean> {
      return (await standsScript([presenceKeys(redis, area).at(personId)], [nowMs, token])) === 1
    },

    /** Those after a time of joining; undefined for whoever has no part in it. */
    async attendees(
      id: string,
      viewerId: string,
      after: number | undefined,
      limit: number,
    ): Promise<StoredAttendee[] | undefined> {
      const keys = keysOf(redis, id)
      const flat = (await attendeesScript(
        [keys.activity(id), ...(['attendees', 'names', 'aliases'] as const).map((name) => keys.child(name, id))],
        [viewerId, after === undefined ? '-inf' : `(${after}`, limit],
      )) as string[] | null
      if (flat === null) return undefined
      return Array.from({ length: flat.length / 3 }, (_, i) => ({
        personId: flat[3 * i] ?? '',
        joinedAt: Number(flat[3 * i + 1]),
        displayName: flat[3 * i + 2] || null,
      }))
    },

    /** Cards around a cell; undefined when the viewer, believed to be at home in this area, stands elsewhere. */
    async nearby(
      area: Area,
      viewer: { personId: string; token: string },
      search: { nowMs: number; middle: Cell; radii: number[]; atMost: number },
    ): Promise<Card[] | undefined> {
      const { nowMs, middle, radii, atMost } = search
      const keys = [activityKeys(redis, area).index]
      if (viewer.token !== '') keys.push(presenceKeys(redis, area).at(viewer.personId))
      const args = [nowMs, viewer.token, middle.longitude, middle.latitude, atMost, ...radii]
      const found = (await nearbyScript(keys, args)) as string | null
      return found === null ? undefined : (JSON.parse(found) as Card[])
    },

    /** How many there are in each tile for a viewer, of those that anybody but these hosts made. */
    async clusters(
      area: Area,
      nowMs: number,
      { level, top, bottom, left, right, across }: TileRange,
      viewerId: string,
      hidden: ReadonlySet<string>,
    ): Promise<(Tile & { count: number })[]> {
      const keys = activityKeys(redis, area)
      const flat = (await clustersScript(
        [keys.clusters(level), keys.ends],
        [keys.prefix, nowMs, level, top, bottom, left, right, across, viewerId, ...hidden],
      )) as (string | number)[]
      return Array.from({ length: flat.length / 2 }, (_, i) => {
        const [x = 0, y = 0] = String(flat[2 * i])
          .split(':')
          .map(Number)
        return { x, y, count: Number(flat[2 * i + 1]) }
      })
    },
  }
}
