import { appendLua } from '../../platform/delivery/log.ts'
import { takeLua } from '../../platform/rate-limit.ts'
import { standsLua } from './keys.ts'

/**
 * What a heartbeat and whatever ends a presence have in common: the index of an area, and telling who keeps up with it.
 * `move(person, was, is)` takes `cell audience`, or false for being in no index.
 */
const indexLua = `${appendLua}
local function standing(text)
  if not text then return 'null' end
  local cell, audience = string.match(text, '^(%S+) (%S+)$')
  return '{"cell":"' .. cell .. '","audience":"' .. audience .. '"}'
end
local function move(person, was, is, base, run, seed, maxLength, window)
  if was == is then return end
  local change = '{"kind":"person","id":"' .. person .. '","from":' .. standing(was) .. ',"to":' .. standing(is) .. '}'
  append(base, change, run, seed, maxLength, window)
end
local function remove(people, ends, cells, person)
  redis.call('ZREM', people, person)
  redis.call('ZREM', ends, person)
  redis.call('HDEL', cells, person)
end
`

/**
 * One heartbeat, from the rate limit to everybody who watches, in one step.
 *
 * KEYS: at, fix, rate, jumps, people, ends, cells.
 * A fix is compared with the last one: who cannot have walked there is shown to nobody until they have stood still, or walked,
 * for a while, and who cannot have flown there may not look around either.
 */
export const beatLua = `${takeLua}${indexLua}
local now, person = tonumber(ARGV[1]), ARGV[2]
local lat, lon, accuracy, observed = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local cell, cellLat, cellLon, near = ARGV[7], ARGV[8], ARGV[9], ARGV[10]
local audience, via, ttl = ARGV[11], ARGV[12], tonumber(ARGV[13])
local rate, rateWindow = tonumber(ARGV[14]), tonumber(ARGV[15])
local walk, jumpMeters, jumpMs, fly = tonumber(ARGV[16]), tonumber(ARGV[17]), tonumber(ARGV[18]), tonumber(ARGV[19])
local settle, jumpsADay, keep = tonumber(ARGV[20]), tonumber(ARGV[21]), ARGV[22]
local home, elsewhere = ARGV[23] == '1', ARGV[24]
local base, run, seed, maxLength, window = ARGV[25], ARGV[26], ARGV[27], ARGV[28], ARGV[29]
local viewpoint = ARGV[30]

if rate > 0 then
  local wait = take(KEYS[3], now, rate, rateWindow)
  if wait > 0 then return { 'wait', wait } end
end

local last = redis.call('HMGET', KEYS[2], 'lat', 'lon', 'accuracy', 'at', 'shownFrom', 'readFrom', 'observed')
if not last[1] then
  if home then return { 'lost' } end
  if elsewhere ~= '' then last = cjson.decode(elsewhere) end
end

local function meters(aLat, aLon, bLat, bLon)
  local x = math.sin(math.rad(bLat - aLat) / 2)
  local y = math.sin(math.rad(bLon - aLon) / 2)
  local h = x * x + math.cos(math.rad(aLat)) * math.cos(math.rad(bLat)) * y * y
  return 2 * 6372797.560856 * math.asin(math.min(1, math.sqrt(h)))
end

local shownFrom, readFrom = now, 0
if last[1] and now - tonumber(last[4]) < ttl then
  shownFrom, readFrom = tonumber(last[5]), tonumber(last[6])
  if observed < tonumber(last[7]) then
    -- Overtaken by a newer one: it only shows that the phone is there.
    for _, key in ipairs({ KEYS[1], KEYS[2] }) do redis.call('PEXPIRE', key, ttl) end
    redis.call('HSET', KEYS[1], 'endsAt', now + ttl, 'via', via)
    if redis.call('ZSCORE', KEYS[6], person) then redis.call('ZADD', KEYS[6], now + ttl, person) end
    return { 'late', shownFrom }
  end
  local passed = now - tonumber(last[4])
  local moved = meters(tonumber(last[1]), tonumber(last[2]), lat, lon)
  local surely = moved - accuracy - tonumber(last[3])
  local speed = surely / math.max(1, passed / 1000)
  if speed > fly then readFrom = now + settle end
  if speed > walk or (surely > jumpMeters and passed < jumpMs) then
    shownFrom = now + settle
    if jumpsADay > 0 then
      local wait = take(KEYS[4], now, jumpsADay, 86400000)
      if wait > 0 then shownFrom, readFrom = now + wait, now + wait end
    end
  end
end

redis.call('HSET', KEYS[2], 'lat', lat, 'lon', lon, 'accuracy', accuracy, 'at', now, 'shownFrom', shownFrom, 'readFrom', readFrom, 'observed', observed)
redis.call('PEXPIRE', KEYS[2], ttl)
local before, stand = redis.call('HGET', KEYS[1], 'stand'), cell .. '|' .. near .. '|' .. readFrom
redis.call('HSET', KEYS[1], 'stand', stand, 'endsAt', now + ttl, 'via', via)
redis.call('PEXPIRE', KEYS[1], ttl)
if before ~= stand then
  redis.call('PUBLISH', viewpoint, '{"v":1,"signal":{"kind":"stand","stand":"' .. stand .. '"}}')
end

local was = redis.call('HGET', KEYS[7], person)
local is = now >= shownFrom and audience ~= 'NOBODY' and cell .. ' ' .. audience
if is then
  redis.call('ZADD', KEYS[6], now + ttl, person)
  if is ~= was then
    redis.call('GEOADD', KEYS[5], cellLon, cellLat, person)
    redis.call('HSET', KEYS[7], person, is)
  end
  for i = 5, 7 do redis.call('PEXPIRE', KEYS[i], keep) end
elseif was then
  remove(KEYS[5], KEYS[6], KEYS[7], person)
end
move(person, was, is, base, run, seed, maxLength, window)
return { 'beat', shownFrom, readFrom }
`

/**
 * Ends a presence: asked for, disconnected (only if the last heartbeat came the same way), or gone on to another area, which
 * needs the last fix to judge the move.
 *
 * KEYS: at, fix, people, ends, cells.
 */
export const leaveLua = `${indexLua}
local person, via = ARGV[1], ARGV[2]
local found = redis.call('HGET', KEYS[1], 'via')
if not found or (via ~= '' and found ~= via) then return {} end
local last = redis.call('HMGET', KEYS[2], 'lat', 'lon', 'accuracy', 'at', 'shownFrom', 'readFrom', 'observed')
redis.call('DEL', KEYS[1], KEYS[2])
local was = redis.call('HGET', KEYS[5], person)
remove(KEYS[3], KEYS[4], KEYS[5], person)
move(person, was, false, ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7])
return last
`

/** Another audience for a presence that is in the index. Who was hidden until now is shown from the next heartbeat on. */
export const showLua = `${indexLua}
local person, audience = ARGV[1], ARGV[2]
local was = redis.call('HGET', KEYS[3], person)
if not was then return 0 end
local is = audience ~= 'NOBODY' and string.match(was, '^%S+') .. ' ' .. audience
if is then redis.call('HSET', KEYS[3], person, is) else remove(KEYS[1], KEYS[2], KEYS[3], person) end
move(person, was, is, ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7])
return 1
`

/** Takes those out of the index whose presence has ended by itself. KEYS: people, ends, cells. */
export const sweepLua = `${indexLua}
local due = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])
for _, person in ipairs(due) do
  local was = redis.call('HGET', KEYS[3], person)
  remove(KEYS[1], KEYS[2], KEYS[3], person)
  move(person, was, false, ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7])
end
return #due
`

/**
 * Who is around: nobody whose presence has ended, whether or not it has been swept. Looks in ever wider circles and stops at
 * the first that holds as many as are wanted, so that its work is bounded in any crowd.
 *
 * KEYS: at of the viewer, people, ends, cells. False when the viewer is not where the caller believes.
 */
export const aroundLua = `${standsLua}
local now, expected, lon, lat, atMost = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
if expected ~= '' and not stands(KEYS[1], now, expected) then return false end
local found = {}
for i = 6, #ARGV do
  found = redis.call('GEOSEARCH', KEYS[2], 'FROMLONLAT', lon, lat, 'BYRADIUS', ARGV[i], 'm', 'COUNT', atMost, 'ANY')
  if #found >= atMost then break end
end
if #found == 0 then return '' end
local ends = redis.call('ZMSCORE', KEYS[3], unpack(found))
local cells = redis.call('HMGET', KEYS[4], unpack(found))
local fresh = {}
for i, person in ipairs(found) do
  if cells[i] and ends[i] and tonumber(ends[i]) > now then fresh[#fresh + 1] = person .. ' ' .. cells[i] end
end
return table.concat(fresh, '\\n')
`
