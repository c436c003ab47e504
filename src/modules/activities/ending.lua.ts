import { recordArguments, recordLua } from './record.lua.ts'
import { finestLevel } from './tiles.ts'

const own = recordArguments
/** What waits for Postgres waits at most so long, milliseconds. */
const outboxKeepMs = 7 * 24 * 60 * 60 * 1000

/**
 * What of an area is due, and whether something waits for Postgres. KEYS: starts, ends, erase, outbox, running and waiting counts. ARGV: now, how many of each.
 */
export const dueLua = `
local function due(key, ...)
  return redis.call('ZRANGE', key, '-inf', ARGV[1], 'BYSCORE', 'LIMIT', 0, ARGV[2], ...)
end
return { due(KEYS[1]), due(KEYS[2], 'WITHSCORES'), due(KEYS[3]), redis.call('EXISTS', KEYS[4]), redis.call('EXISTS', KEYS[5], KEYS[6]) }
`

/** Forgets an area in which nothing is left, unless something was made there meanwhile. KEYS: areas. ARGV: area, now. */
export const leaveAreaLua = `
local untilMs = redis.call('ZSCORE', KEYS[1], ARGV[1])
if untilMs and tonumber(untilMs) < tonumber(ARGV[2]) then redis.call('ZREM', KEYS[1], ARGV[1]) end
return 1
`

/** Its time has come: whoever follows is told. */
export const beginLua = `${recordLua}
local at = tonumber(redis.call('ZSCORE', P .. 'starts', id) or now + 1)
if at > now then return 0 end
redis.call('ZREM', P .. 'starts', id)
local r = load()
if r and isOpen(r) then tell({ kind = 'changed', atMs = now, card = r.card }) end
return 1
`

// What a card still says when its record has gone by itself, before any sweep came.
const lostLua = `
local function lost()
  local name = '["' .. id .. '",'
  for _, card in ipairs(redis.call('ZRANGE', P .. 'index', 0, -1)) do
    if string.sub(card, 1, #name) == name then
      redis.call('ZREM', P .. 'index', card)
      local c = cjson.decode(card)
      local r = { host = c[2], kind = c[3], cell = c[6], joins = c[12], version = c[14], cancelledAt = c[15], hidden = c[16] }
      local across, sine = ${2 ** finestLevel}, math.sin(math.rad(c[7]))
      r.tileX = math.floor((c[8] + 180) / 360 * across)
      r.tileY = math.floor((0.5 - math.log((1 + sine) / (1 - sine)) / (4 * math.pi)) * across)
      if r.hidden == 0 and not isQuiet(r) then count(r, -1, 0) end
      return r
    end
  end
  return nil
end
`

/**
 * It is over. It leaves the map, whoever follows is told, and what may be kept of it is noted for Postgres: of a spontaneous one
 * that there was one, with so many joins and messages; of an event of a venue those numbers and, if its organizer wants them, its messages.
 * ARGV: the end that was found due, the area's running counts, the day.
 */
export const endLua = `${recordLua}${lostLua}
local due = tonumber(redis.call('ZSCORE', P .. 'ends', id) or 0)
if due ~= tonumber(ARGV[${own + 1}]) then return 'moved' end
local r = load()
if r and isOpen(r) then
  redis.call('ZADD', P .. 'ends', r.endsAt, id)
  return 'open'
end
redis.call('ZREM', P .. 'ends', id)
redis.call('ZREM', P .. 'starts', id)
if r and r.ended > 0 then return 'ended' end
local gone = r or lost()
if gone and gone.cancelledAt == 0 and gone.hidden < 2 then
  local from = { cell = gone.cell, quiet = isQuiet(gone), version = gone.version, hidden = gone.hidden == 1 or nil }
  append(ARGV[5], cjson.encode({ kind = 'activity', id = id, host = gone.host, from = from, to = cjson.null }), ARGV[7], ARGV[8], ARGV[9], ARGV[10])
end
if not r then return 'lost' end

redis.call('HSET', record, 'ended', now)
settle(r)
if r.cancelledAt == 0 then tell({ kind = 'ended', atMs = r.endsAt, cancelled = false }) end
redis.call('ZADD', P .. 'erase', due + retention, id)
redis.call('PEXPIRE', P .. 'erase', ${outboxKeepMs})

-- What not everybody may see is neither counted nor kept.
local messages = tonumber(redis.call('HGET', record, 'messages') or 0) - redis.call('HLEN', child('unseen'))
if r.kind == 'SPONTANEOUS' then
  for name, by in pairs({ activities = 1, joins = r.joins, messages = messages }) do
    if by > 0 and r.hidden == 0 then redis.call('HINCRBY', ARGV[${own + 2}], name .. ' ' .. ARGV[${own + 3}], by) end
  end
  redis.call('PEXPIRE', ARGV[${own + 2}], ${outboxKeepMs})
else
  local said = {}
  if redis.call('HGET', record, 'archive') == '1' then
    for _, text in ipairs(redis.call('LRANGE', child('chat'), 0, -1)) do
      if redis.call('HEXISTS', child('unseen'), cjson.decode(text).seq) == 0 then said[#said + 1] = text end
    end
  end
  redis.call('HSET', P .. 'ended', r.eventId, cjson.encode({ activityId = id, joins = r.joins, messages = messages, said = said }))
  redis.call('PEXPIRE', P .. 'ended', ${outboxKeepMs})
end
return 'ended'
`

/** Its retention is over: nothing of it stays. */
export const eraseLua = `${recordLua}
local due = tonumber(redis.call('ZSCORE', P .. 'erase', id) or now + 1)
if due > now then return 0 end
redis.call('ZREM', P .. 'erase', id)
local r = load()
if r and isOpen(r) then return 0 end
erase(r)
return 1
`
