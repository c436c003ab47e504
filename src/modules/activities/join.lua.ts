import { takeLua } from '../../platform/rate-limit.ts'
import { alone } from './keys.ts'
import { recordArguments, recordLua } from './record.lua.ts'

const own = recordArguments

// Which activities a person may act on at all: `apart` names everybody hidden from them, in one text.
export const meetLua = `
local person, apart = ARGV[${own + 1}], ARGV[${own + 2}]
local function meets(r)
  return r and r.hidden < 2 and (r.host == person or (r.hidden == 0 and not string.find(apart, r.host, 1, true)))
end
`

/**
 * Takes a seat, if there is one: of a thousand who want the last, one gets it. Who has one keeps it.
 * ARGV: person, whom they must not meet, rate, its window, audience, display name or nothing, whether that may not be written, the cause
 * that hides it from others or nothing.
 */
export const joinLua = `${takeLua}${recordLua}${meetLua}
local r = load()
if not meets(r) then return { 'none' } end
local attendees = child('attendees')
if r.host == person or redis.call('ZSCORE', attendees, person) then return { 'joined', r.card } end
if not isOpen(r) then return { 'over' } end
if ARGV[${own + 7}] == '1' then return { 'refused' } end
local rate = tonumber(ARGV[${own + 3}])
if rate > 0 then
  local wait = take(P .. 'rate:join:' .. person, now, rate, tonumber(ARGV[${own + 4}]))
  if wait > 0 then return { 'wait', wait } end
end
if r.capacity > 0 and r.joins >= r.capacity then return { 'full' } end

-- Never twice the same, so that the time alone is a place in the list. A 1024th of a millisecond is exact in a score.
local last = redis.call('ZRANGE', attendees, -1, -1, 'WITHSCORES')[2]
local at = now
if last and tonumber(last) >= now then at = tonumber(last) + 1 / 1024 end
redis.call('ZADD', attendees, at, person)
inherit(attendees)
local name, hiddenBy = ARGV[${own + 6}], ARGV[${own + 8}]
if name ~= '' then
  local key = child(hiddenBy == '' and 'names' or 'aliases')
  redis.call('HSET', key, person, hiddenBy == '' and name or hiddenBy .. ' ' .. name)
  inherit(key)
end
redis.call('HINCRBY', record, 'joins', 1)
local after = settle(r)
touch(person)
redis.call('ZADD', child('seen'), now, person)
inherit(child('seen'))
local joined = { kind = 'joined', activityId = id, personId = person, audience = ARGV[${own + 5}], atMs = now, displayName = name ~= '' and name or cjson.null, joins = after.joins }
if name ~= '' and hiddenBy ~= '' then
  joined['for'] = 'author'
  tell(joined)
  joined['for'], joined.displayName = 'others', cjson.null
end
tell(joined)
return { 'joined', after.card }
`

/** Gives a seat back. Who has none has left already. ARGV: person, whom they must not meet, audience. */
export const leaveLua = `${recordLua}${meetLua}
local r = load()
if not r then return { 'none' } end
if r.host == person then return { 'host' } end
if redis.call('ZREM', child('attendees'), person) == 1 then
  local before = r
  redis.call('HDEL', child('names'), person)
  redis.call('HDEL', child('aliases'), person)
  redis.call('ZREM', child('seen'), person, person .. '${alone}')
  redis.call('SREM', child('typing'), person)
  redis.call('HINCRBY', record, 'joins', -1)
  r = settle(before)
  tell({ kind = 'left', activityId = id, personId = person, audience = ARGV[${own + 3}], atMs = now, joins = r.joins })
end
if not meets(r) then return { 'none' } end
return { 'left', r.card }
`
