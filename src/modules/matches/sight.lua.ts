import { countLua } from '../../platform/counters.ts'
import { appendLua } from '../../platform/delivery/log.ts'
import { takeLua } from '../../platform/rate-limit.ts'

/**
 * One call's sightings, from the rate limit to both nudges, in one step: whichever of two phones, nodes or retries comes
 * first, a pair is nudged once. A beacon that leads nowhere (unknown, not its time, own, hidden, nothing shared) costs the
 * same reads as one that leads to somebody, against the reporter's own session, so that time tells nothing either.
 *
 * KEYS: open pointer of the reporter, its rate window, counters, then a beacon key per sighting.
 * Two who are known to be far apart have not heard each other, whatever a relay carries; that too is no different to see.
 * Keys of whoever a beacon belongs to are derived from the prefixes; they share the hash tag of the declared ones.
 */
export const sightLua = `${takeLua}${countLua}${appendLua}
local now, session, device = tonumber(ARGV[1]), ARGV[2], ARGV[3]
local rate, rateWindow = tonumber(ARGV[4]), tonumber(ARGV[5])
local window, skew = tonumber(ARGV[6]), tonumber(ARGV[7])
local mutual, cooldown, cap = tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])
local P, M, nudges, day = ARGV[11], ARGV[12], ARGV[13], ARGV[14]
local run, seed, maxLength, topicWindow = ARGV[15], ARGV[16], ARGV[17], ARGV[18]
local reach = tonumber(ARGV[19])
local observed = 19

local mine = redis.call('GET', KEYS[1])
if not mine or (session ~= '' and session ~= mine) then return { 'none' } end
local function load(id)
  local f = redis.call('HMGET', P .. 'session:' .. id, 'expiresAt', 'tags', 'nudges', 'nudgedAt', 'device')
  return { id = id, ends = tonumber(f[1] or 0), tags = f[2] or '', nudges = tonumber(f[3] or 0), nudgedAt = tonumber(f[4] or 0), device = f[5] or '' }
end
local me = load(mine)
if me.ends <= now then return { 'none' } end
if rate > 0 then
  local wait = take(KEYS[2], now, rate, rateWindow)
  if wait > 0 then return { 'wait', wait } end
end

local myTags = {}
for tag in string.gmatch(me.tags, '%S+') do myTags[tag] = true end
local function overlap(you)
  local shared = {}
  for tag in string.gmatch(you.tags, '%S+') do if myTags[tag] then shared[#shared + 1] = tag end end
  return shared
end
local function quiet(s)
  return (cooldown > 0 and s.nudgedAt > 0 and now - s.nudgedAt < cooldown) or (cap > 0 and s.nudges >= cap)
end
local function nudge(s, matchId, shared)
  s.nudges, s.nudgedAt = s.nudges + 1, now
  redis.call('HSET', P .. 'session:' .. s.id, 'nudges', s.nudges, 'nudgedAt', now)
  append(nudges .. s.device, cjson.encode({ matchId = matchId, sessionId = s.id, shared = shared, atMs = now }), run, seed, maxLength, topicWindow)
end

local function meet(you, shared)
  local a, b = mine, you.id
  if b < a then a, b = b, a end
  local matchId = redis.sha1hex(a .. ':' .. b)
  local key = M .. 'match:' .. matchId
  local f = redis.call('HMGET', key, 'matchedAt', 'nudgedAt', 'seen:' .. you.id, 'hidden')
  if f[4] then return 0 end
  local keep = math.max(me.ends, you.ends) - now
  if not f[1] then
    if mutual > 0 and not (f[3] and now - tonumber(f[3]) <= mutual) then
      redis.call('HSET', key, 'seen:' .. mine, now)
      redis.call('PEXPIRE', key, keep)
      return 0
    end
    redis.call('HSET', key, 'matchedAt', now, 'shared', table.concat(shared, ' '), 'deviceA', a == mine and device or you.device, 'deviceB', b == mine and device or you.device)
    redis.call('PEXPIRE', key, keep)
    for _, s in ipairs({ me, you }) do
      local list = M .. 'of:' .. s.id
      redis.call('ZADD', list, now, matchId)
      redis.call('PEXPIRE', list, s.ends - now)
    end
    count(KEYS[3], 'matches ' .. day, 1)
  end
  if f[2] or quiet(me) or quiet(you) then return 1 end
  redis.call('HSET', key, 'nudgedAt', now)
  nudge(me, matchId, shared)
  nudge(you, matchId, shared)
  return 2
end

-- Cells lead with their own id and name those that touch it. Who is nowhere is far from nobody.
local function isFar(mineText, yoursText)
  local yours = string.match(yoursText, '^%S+')
  return mineText ~= '' and yours ~= nil and not string.find(' ' .. mineText .. ' ', ' ' .. yours .. ' ', 1, true)
end
local function remember(key, score, member)
  redis.call('ZADD', key, score, member)
  redis.call('PEXPIRE', key, reach)
end

-- In reach are two who heard each other lately, since the older of both hearings. What leads nowhere writes as much, of nobody.
local function hear(you, counts, at)
  local heard = M .. 'heard:'
  remember(heard .. mine, counts and at or now, counts and you.id or '-')
  local back = redis.call('ZSCORE', heard .. you.id, mine)
  local since = math.min(at, tonumber(back or 0))
  local both = counts and back and now - since < reach
  remember(M .. 'reach:' .. mine, both and since or now, both and you.id or '-')
  remember(M .. 'reach:' .. (both and you.id or mine), both and since or now, both and mine or '-')
end

for _, name in ipairs({ 'heard:', 'reach:' }) do redis.call('ZREMRANGEBYSCORE', M .. name .. mine, '-inf', now - reach) end
local myCell = redis.call('GET', M .. 'cell:' .. device) or ''
local answers = {}
for i = 4, #KEYS do
  local at = tonumber(ARGV[observed + i - 3])
  local found = redis.call('GET', KEYS[i])
  local other, from = string.match(found or (mine .. ' 0'), '^(%S+) (%d+)$')
  from = tonumber(from)
  local you = other == mine and load(mine) or load(other)
  local shared = overlap(you)
  local apart = redis.call('SISMEMBER', P .. 'hidden:' .. device, you.device) + redis.call('SISMEMBER', P .. 'hidden:' .. you.device, device)
  local fresh = now >= from - skew and now < from + 2 * window and at >= from - skew and at < from + 2 * window
  local far = isFar(myCell, redis.call('GET', M .. 'cell:' .. you.device) or '')
  local heard = found and fresh and other ~= mine and you.ends > now and apart == 0 and not far
  hear(you, heard and now - at < reach, math.min(at, now))
  local outcome = 0
  if heard and #shared > 0 then
    outcome = meet(you, shared)
    me = load(mine)
  end
  answers[#answers + 1] = outcome
  answers[#answers + 1] = outcome > 0 and table.concat(shared, ' ') or ''
end
return { 'seen', answers }
`
