import { takeLua } from '../../platform/rate-limit.ts'
import { speakLua } from './content.lua.ts'
import { meetLua } from './join.lua.ts'
import { alone } from './keys.ts'
import { recordArguments, recordLua } from './record.lua.ts'

const own = recordArguments
/** So many messages of an activity are kept: those before are gone. */
export const messagesKept = 100
/** Who has not been heard of for so long is not there any more, milliseconds. */
export const seenForMs = 60_000

/**
 * What everything that is said or signalled has in common: `partIn(r)` since when a person has a part in it, nil for who has
 * none; `names()` what they are called by others and, if that is not the same, by themselves; `hear(hidden)` that they are there now,
 * or `hidden`, for themselves.
 */
const memberLua = `${meetLua}
local function partIn(r)
  if r.host == person then return r.createdAt end
  local at = redis.call('ZSCORE', child('attendees'), person)
  return at and math.floor(tonumber(at)) or nil
end
local function names()
  local alias = redis.call('HGET', child('aliases'), person)
  return redis.call('HGET', child('names'), person) or cjson.null, alias and string.match(alias, '^%S* (.*)$') or nil
end
local function hear(hidden)
  redis.call('ZADD', child('seen'), now, hidden and person .. '${alone}' or person)
  redis.call('ZREMRANGEBYSCORE', child('seen'), '-inf', now - ${seenForMs})
  inherit(child('seen'))
end
`

/**
 * One message, from the rate to everybody who follows: it gets the next seq, and never another one. Repeating it finds it, also
 * when it is over, its author has left since, or may not write any more.
 * ARGV: person, whom they must not meet, rate, its window, client id, fingerprint, body, whether that is not what was asked for,
 * whether it may not be written, the cause that hides it from others or nothing.
 */
export const sendLua = `${takeLua}${recordLua}${memberLua}${speakLua}
local r = load()
if not meets(r) then return { 'none' } end
local clients, field = child('clients'), person .. ' ' .. ARGV[${own + 5}]
local known = redis.call('HGET', clients, field)
if known then
  local unseen = redis.call('HGET', child('unseen'), cjson.decode(known).seq)
  if unseen and string.sub(unseen, 1, 1) == '2' then return { 'none' } end
  return { 'sent', known }
end
local since = partIn(r)
if not since then return { 'stranger' } end
if not isOpen(r) then return { 'over' } end
if ARGV[${own + 9}] == '1' then return { 'refused' } end
local rate = tonumber(ARGV[${own + 3}])
if rate > 0 then
  local wait = take(P .. 'rate:message:' .. person, now, rate, tonumber(ARGV[${own + 4}]))
  if wait > 0 then return { 'wait', wait } end
end

local seq = redis.call('HINCRBY', record, 'messages', 1)
local name, alias = names()
local sent = { seq = seq, personId = person, displayName = alias or name, joinedAtMs = since, isHost = r.host == person, atMs = now }
-- The text itself is kept once, in the chat: whoever repeats it says it again, unless something was taken out of it.
sent.fingerprint = ARGV[${own + 6}]
if ARGV[${own + 8}] == '1' then sent.body = ARGV[${own + 7}] end
local answer = cjson.encode(sent)
redis.call('HSET', clients, field, answer)
sent.fingerprint = nil
sent.body, sent.displayName, sent.alias = ARGV[${own + 7}], name, alias
redis.call('RPUSH', child('chat'), cjson.encode(sent))
redis.call('LTRIM', child('chat'), -${messagesKept}, -1)
redis.call('SREM', child('typing'), person)
inherit(clients)
inherit(child('chat'))
local hiddenBy = ARGV[${own + 10}]
hear(hiddenBy ~= '')
if hiddenBy ~= '' then
  redis.call('HSET', child('unseen'), seq, '1 ' .. hiddenBy)
  inherit(child('unseen'))
end
sent.kind, sent.activityId = 'message', id
speak(sent, true, hiddenBy == '')
return { 'sent', answer }
`

/**
 * That somebody is there, and typing or not. Who stops without having begun tells nothing new.
 * ARGV: person, whom they must not meet, rate, its window, whether they type, whether only they are to know.
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
hear(ARGV[${own + 6}] == '1')
local typing = ARGV[${own + 5}] == '1'
local new = redis.call(typing and 'SADD' or 'SREM', child('typing'), person) == 1
if new and typing then inherit(child('typing')) end
return { 'here', cjson.encode({ tell = typing or new, displayName = (names()), joinedAtMs = since, isHost = r.host == person }) }
`

// What both reads need: the record and its attendees as the first keys, the viewer as the first argument.
const forMembersLua = `
if redis.call('HGET', KEYS[1], 'host') ~= ARGV[1] and not redis.call('ZSCORE', KEYS[2], ARGV[1]) then return false end
`

/** The messages kept, oldest first, and which of them not everybody may see. KEYS: record, attendees, chat, unseen. ARGV: viewer. False for whoever has no part in it. */
export const messagesLua = `${forMembersLua}
return { redis.call('LRANGE', KEYS[3], 0, -1), redis.call('HGETALL', KEYS[4]) }
`

/** One message that is kept, and what is known of who may see it, whoever asks. KEYS: record, chat, unseen. ARGV: seq. False if it is not there. */
export const messageLua = `
if redis.call('EXISTS', KEYS[1]) == 0 then return false end
for _, text in ipairs(redis.call('LRANGE', KEYS[2], 0, -1)) do
  if cjson.decode(text).seq == tonumber(ARGV[1]) then return { text, redis.call('HGET', KEYS[3], ARGV[1]) or '' } end
end
return false
`

/** Who has been heard of since. KEYS: record, attendees, seen. ARGV: viewer, since. False for whoever has no part in it. */
export const presentLua = `${forMembersLua}
return redis.call('ZRANGE', KEYS[3], '(' .. ARGV[2], '+inf', 'BYSCORE')
`
