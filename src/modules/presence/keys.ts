import { type Area, areaSlot } from '../../platform/geo/index.ts'
import type { RedisConnections } from '../../platform/redis.ts'

/** Keys of one area's presence. Everything of an area shares its slot; scripts derive what is not declared from `prefix`. */
export function presenceKeys(redis: RedisConnections, area: Area) {
  const prefix = redis.key('presence', `{${areaSlot(area)}}`, '')
  return {
    prefix,
    /** Where a person stands, in cells, and how fresh that is. */
    at: (personId: string) => `${prefix}at:${personId}`,
    /** The last fix itself, for judging the next one. No read path knows this key. */
    fix: (personId: string) => `${prefix}fix:${personId}`,
    rate: (personId: string) => `${prefix}rate:${personId}`,
    jumps: (personId: string) => `${prefix}jumps:${personId}`,
    /** Geo index of the people whom others may be shown. */
    people: `${prefix}people`,
    /** The same people by when their presence ends, milliseconds. */
    ends: `${prefix}ends`,
    /** Person → `cell audience`. */
    cells: `${prefix}cells`,
  }
}

/**
 * `stands(key, now, expected)`: whether a person stands where the caller believes. To be put before a script that reads for
 * a viewer, so that a remembered place is never trusted: see `PresenceService.from`.
 */
export const standsLua = `
local function stands(key, now, expected)
  local found = redis.call('HMGET', key, 'stand', 'endsAt')
  return found[1] == expected and tonumber(found[2] or 0) > now
end
`
