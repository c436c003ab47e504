import { alone } from './keys.ts'
import { recordArguments, recordLua } from './record.lua.ts'

const own = recordArguments

/** Whatever a host leaves goes with them, at once. ARGV: host. */
export const eraseHostedLua = `${recordLua}
local r = load()
if r and r.host ~= ARGV[${own + 1}] then return 0 end
if r and isOpen(r) then return 0 end
erase(r)
redis.call('SREM', P .. 'hosting:' .. ARGV[${own + 1}], id)
return 1
`

/**
 * Takes a person out of an activity of others: their seat, names, flags and messages. What they did in its log becomes empty
 * places, so that no reader finds a gap. Answers how much that was.
 * ARGV: person, what they are called there.
 */
export const forgetLua = `${recordLua}
local person, attendee = ARGV[${own + 1}], ARGV[${own + 2}]
redis.call('SREM', P .. 'joined:' .. person, id)
local r = load()
if not r or redis.call('SREM', child('people'), person) == 0 then return 0 end

local seat = redis.call('ZREM', child('attendees'), person)
redis.call('HDEL', child('names'), person)
redis.call('HDEL', child('aliases'), person)
redis.call('ZREM', child('seen'), person, person .. '${alone}')
redis.call('SREM', child('typing'), person)
local flags, said = redis.call('HDEL', child('flags'), person), 0
for _, field in ipairs(redis.call('HKEYS', child('clients'))) do
  if string.sub(field, 1, #person) == person then redis.call('HDEL', child('clients'), field) end
end
for _, text in ipairs(redis.call('LRANGE', child('chat'), 0, -1)) do
  local message = cjson.decode(text)
  if message.personId == person then
    said = said + redis.call('LREM', child('chat'), 1, text)
    -- It still does not count, and says nothing of why.
    if redis.call('HEXISTS', child('unseen'), message.seq) == 1 then redis.call('HSET', child('unseen'), message.seq, '2 ') end
  end
end

local changed = rewrite(function(event) return event.personId == person and { kind = 'empty' } or nil end)
if seat == 1 then
  redis.call('HINCRBY', record, 'joins', -1)
  r = settle(r)
end
if changed then inherit(ARGV[6] .. ':log') end
-- Who only flagged it was never seen there.
if isOpen(r) and (seat == 1 or changed or said > 0) then
  tell({ kind = 'erased', atMs = now, attendeeId = attendee, joins = r.joins })
end
return seat + flags + said
`
