import { takeLua } from '../../platform/rate-limit.ts'
import { meetLua } from './join.lua.ts'
import { recordArguments, recordLua } from './record.lua.ts'

const own = recordArguments
/** So many messages of an activity are kept: those before are gone. */
export const messagesKept = 100
/** Who has not been heard of for so long is not there any more, milliseconds. */
export const seenForMs = 60_000

/**
 * What everything that is said or signalled has in common: `partIn(r)` since when a person has a part in it, nil for who has
 * none; `hear()` that they are there now.
 */
const memberLua = `${meetLua}
local function partIn(r)
  if r.host == person then return r.createdAt end
  local at = redis.call('ZSCORE', child('attendees'), person)
  return at and math.floor(tonumber(at)) or nil
end
local function nameOf() return redis.call('HGET', child('names'), person) or cjson.null end
local function hear()
  redis.call('ZADD', child('seen'), now, person)
  redis.call('ZREMRANGEBYSCORE', child('seen'), '-inf', now - ${seenForMs})
  inherit(child('seen'))
end
`

/**
 * One message, from the rate to everybody who follows: it gets the next seq, and never another one. Repeating it finds it, also
 * when it is over or its author has left since.
 * ARGV: person, whom they must not meet, rate, its window, client id, fingerprint, body.
 */
export const sendLua = `${takeLua}${recordLua}${memberLua}
local r = load()
if not meets(r) then return { 'none' } end
local clients, field = child('clients'), person .. ' ' .. ARGV[${own + 5}]
local known = redis.call('HGET', clients, field)
if known then return { 'sent', known } end
local since = partIn(r)
if not since then return { 'stranger' } end
if not isOpen(r) then return { 'over' } end
local rate = tonumber(ARGV[${own + 3}])
if rate > 0 then
  local wait = take(P .. 'rate:message:' .. person, now, rate, tonumber(ARGV[${own + 4}]))
  if wait > 0 then return { 'wait', wait } end
end

local seq = redis.call('HINCRBY', record, 'messages', 1)
local sent = { seq = seq, personId = person, displayName = nameOf(), joinedAtMs = since, isHost = r.host == person, atMs = now }
-- The text itself is kept once, in the chat: whoever repeats it says it again.
sent.fingerprint = ARGV[${own + 6}]
local answer = cjson.encode(sent)
redis.call('HSET', clients, field, answer)
sent.fingerprint = nil
sent.body = ARGV[${own + 7}]
redis.call('RPUSH', child('chat'), cjson.encode(sent))
redis.call('LTRIM', child('chat'), -${messagesKept}, -1)
redis.call('SREM', child('typing'), person)
inherit(clients)
inherit(child('chat'))
hear()
sent.kind, sent.activityId = 'message', id
tell(sent)
return { 'sent', answer }
`

/**
 * That somebody is there, and typing or not. Who stops without having begun tells nothing new.
 * ARGV: person, whom they must not meet, rate, its window, whether they type.
 */
export const signalLua = `${takeLua}${recordLua}${memberLua}
local r = load()
if not meets(r) then return { 'none' } end
local since = partIn(r)
if not since then return { 'stranger' } end
if not isOpen(r) then return { 'over' } end
local rate = tonumber(ARGV[${own + 3}])
if rate > 0 then
  local wait = take(P .. 'rate:signal:' .. person, now, rate, tonumber(ARGV[${own + 4}]))
  if wait > 0 then return { 'wait', wait } end
end
hear()
local typing = ARGV[${own + 5}] == '1'
local new = redis.call(typing and 'SADD' or 'SREM', child('typing'), person) == 1
if new and typing then inherit(child('typing')) end
return { 'here', cjson.encode({ tell = typing or new, displayName = nameOf(), joinedAtMs = since, isHost = r.host == person }) }
`

// What both reads need: the record and its attendees as the first keys, the viewer as the first argument.
const forMembersLua = `
if redis.call('HGET', KEYS[1], 'host') ~= ARGV[1] and not redis.call('ZSCORE', KEYS[2], ARGV[1]) then return false end
`

/** The messages kept, oldest first. KEYS: record, attendees, chat. ARGV: viewer. False for whoever has no part in it. */
export const messagesLua = `${forMembersLua}
return redis.call('LRANGE', KEYS[3], 0, -1)
`

/** Who has been heard of since. KEYS: record, attendees, seen. ARGV: viewer, since. False for whoever has no part in it. */
export const presentLua = `${forMembersLua}
return redis.call('ZRANGE', KEYS[3], '(' .. ARGV[2], '+inf', 'BYSCORE')
`
