import { appendLua } from '../../platform/delivery/log.ts'
import { activityChildren } from './keys.ts'
import { clusterLevels, finestLevel } from './tiles.ts'

const children = activityChildren.map((name) => `'${name}'`).join(', ')

/** A sweep erases what has ended, and forgets whom it concerned. If there is none, everything ends by itself so much later, milliseconds. */
const graceMs = 30_000

/** How many arguments `recordLua` takes before a script's own. */
export const recordArguments = 11

/**
 * Put before every script that changes an activity. After it `id`, `now`, `record` (the key), and:
 * `load()` the record as a table, or nil; `child(name)` the key of a child, and `inherit(key)` its end;
 * `settle(before)` makes everything that follows from the record true again (card, index, counters, ends, surroundings) after
 * fields were written, and answers the record as it is now (`still`: nothing of it looks different); `tell(event)` appends to the
 * activity's events; `rewrite(change)` writes the log of its events anew: `change(event)` answers what an entry becomes, nil for what stays;
 * `erase(r)` leaves nothing of it. `hidden` of a record is 0, 1 (its host's alone) or 2 (nobody's).
 *
 * ARGV: prefix, id, now, retention, base of the area's surroundings and of the activity's events, run, seed, then maxLength and
 * window of the surroundings, and maxLength of the events.
 */
export const recordLua = `${appendLua}
local P, id, now, retention = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local record = P .. 'activity:' .. id
local texts = { 'host', 'kind', 'title', 'emoji', 'cell', 'venueId', 'eventId', 'card' }
local numbers = { 'lat', 'lon', 'x', 'y', 'tileX', 'tileY', 'startsAt', 'endsAt', 'createdAt', 'joins', 'capacity', 'version', 'edits', 'cancelledAt', 'hidden', 'counted', 'ended' }

local function load()
  local found = redis.call('HMGET', record, 'host', 'kind', 'title', 'emoji', 'cell', 'venueId', 'eventId', 'card', unpack(numbers))
  if not found[1] then return nil end
  local r = {}
  for i, name in ipairs(texts) do r[name] = found[i] or '' end
  for i, name in ipairs(numbers) do r[name] = tonumber(found[#texts + i] or 0) end
  return r
end

local function isOpen(r) return r.cancelledAt == 0 and r.endsAt > now end
local function isQuiet(r) return r.joins == 0 and r.kind == 'SPONTANEOUS' end
local function child(name) return P .. name .. ':' .. id end
local function inherit(key) redis.call('PEXPIRE', key, math.max(1, redis.call('PTTL', record))) end
local function tell(event)
  append(ARGV[6], cjson.encode(event), ARGV[7], ARGV[8], ARGV[11], 0, record)
end

-- A stream is written once: it is written anew, every entry at its place, in one step.
local function rewrite(change)
  local log, changed = ARGV[6] .. ':log', false
  local entries = redis.call('XRANGE', log, '-', '+')
  for _, entry in ipairs(entries) do
    local after = change(cjson.decode(entry[2][2]))
    if after then
      entry[2][2] = cjson.encode(after)
      changed = true
    end
  end
  if not changed then return false end
  redis.call('DEL', log)
  for _, entry in ipairs(entries) do redis.call('XADD', log, entry[1], 'p', entry[2][2]) end
  inherit(log)
  return true
end

local function pack(r)
  return cjson.encode({ id, r.host, r.kind, r.title, r.emoji, r.cell, r.lat, r.lon, r.startsAt, r.endsAt, r.createdAt, r.joins, r.capacity, r.version, r.cancelledAt, r.hidden, r.venueId, r.eventId })
end

-- A key of the whole area lives as long as whatever in it lives longest.
local function keep(key, life)
  if redis.call('PTTL', key) < life then redis.call('PEXPIRE', key, life) end
end

-- Somebody has to do with it from now on: known from either side until it is erased.
local function touch(person)
  redis.call('SADD', P .. 'joined:' .. person, id)
  keep(P .. 'joined:' .. person, redis.call('PTTL', record))
  redis.call('SADD', child('people'), person)
  inherit(child('people'))
end

local function count(r, by, life)
  for _, level in ipairs({ ${clusterLevels.join(', ')} }) do
    local side = 2 ^ (${finestLevel} - level)
    local key = P .. 'clusters:' .. level
    local tile = string.format('%d:%d', math.floor(r.tileX / side), math.floor(r.tileY / side))
    if redis.call('HINCRBY', key, tile, by) <= 0 then redis.call('HDEL', key, tile) end
    keep(key, life)
  end
end

local function gathering(r)
  if not r or not isOpen(r) or r.hidden == 2 then return cjson.null end
  return { cell = r.cell, quiet = isQuiet(r), version = r.version, hidden = r.hidden == 1 or nil }
end

local function settle(before, still)
  if not still then redis.call('HINCRBY', record, 'version', 1) end
  local r = load()
  local open = isOpen(r)
  local over = r.cancelledAt > 0 and r.cancelledAt or r.endsAt
  local life = math.max(1, over + retention + ${graceMs} - now)
  if not before or before.endsAt ~= r.endsAt or before.cancelledAt ~= r.cancelledAt then
    redis.call('PEXPIRE', record, life)
    for _, name in ipairs({ ${children} }) do redis.call('PEXPIRE', child(name), life) end
  end

  r.card = pack(r)
  if r.counted == 1 then count(before or r, -1, life) end
  r.counted = (open and r.hidden == 0 and not isQuiet(r)) and 1 or 0
  if r.counted == 1 then count(r, 1, life) end
  redis.call('HSET', record, 'card', r.card, 'counted', r.counted)

  if before then redis.call('ZREM', P .. 'index', before.card) end
  if open then
    if r.hidden < 2 then redis.call('GEOADD', P .. 'index', r.x, r.y, r.card) end
    redis.call('ZADD', P .. 'ends', r.endsAt, id)
    redis.call('SADD', P .. 'hosting:' .. r.host, id)
    for _, key in ipairs({ 'index', 'ends', 'hosting:' .. r.host }) do keep(P .. key, life) end
    if r.ended > 0 then
      redis.call('HDEL', record, 'ended')
      redis.call('ZREM', P .. 'erase', id)
    end
  elseif r.cancelledAt > 0 and r.ended == 0 then
    redis.call('ZADD', P .. 'ends', r.cancelledAt, id)
  end
  if open and r.startsAt > now then
    redis.call('ZADD', P .. 'starts', r.startsAt, id)
    keep(P .. 'starts', life)
  elseif r.cancelledAt > 0 then
    redis.call('ZREM', P .. 'starts', id)
  end

  local from, to = gathering(before), gathering(r)
  if from ~= cjson.null or to ~= cjson.null then
    append(ARGV[5], cjson.encode({ kind = 'activity', id = id, host = r.host, from = from, to = to }), ARGV[7], ARGV[8], ARGV[9], ARGV[10])
  end
  return r
end

-- Everything that has the id in its name, and whatever names it elsewhere.
local function erase(r)
  for _, someone in ipairs(redis.call('SMEMBERS', child('people'))) do redis.call('SREM', P .. 'joined:' .. someone, id) end
  if r then
    redis.call('SREM', P .. 'hosting:' .. r.host, id)
    redis.call('ZREM', P .. 'index', r.card)
  end
  for _, set in ipairs({ 'starts', 'ends', 'erase' }) do redis.call('ZREM', P .. set, id) end
  for _, name in ipairs({ ${children} }) do redis.call('UNLINK', child(name)) end
  redis.call('UNLINK', record, ARGV[6] .. ':head', ARGV[6] .. ':log')
end
`
