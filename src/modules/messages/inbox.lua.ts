import { appendLua } from '../../platform/delivery/log.ts'

/** Answers: everything up to the last one is there now; */
export const isThere = -1
/** nothing is known of this conversation. Any other answer is the seq up to which it is there. */
export const isUnknown = -2

/**
 * Appends what happened in one conversation to one inbox, in the conversation's order and once, whoever comes first. The inbox
 * remembers up to which seq it has each conversation; that belongs to the life of its log, and is forgotten with it.
 * KEYS: head, log, seen. ARGV: run, seed, maxLength, ttl, conversation; `after` and `upTo`: whatever the inbox may hold of what
 * lies between follows; whether it may do so although nothing is known; whether something before is lost; then seq and payload of each.
 */
export const inboxLua = `${appendLua}
local base, seen = string.sub(KEYS[1], 1, -6), KEYS[3]
local conversation, after, upTo = ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7])
local epoch, seq, life = openHead(base, ARGV[1], ARGV[2], ARGV[4])
local known = redis.call('HMGET', seen, 'epoch', conversation)
if known[1] ~= epoch then
  redis.call('DEL', seen)
  redis.call('HSET', seen, 'epoch', epoch)
  known[2] = false
end
local last = known[2] and tonumber(known[2])
if last and last >= upTo then return ${isThere} end
if not last and ARGV[8] ~= '1' then return ${isUnknown} end
if last and last < after then return last end
-- A seq without an entry: whoever has read up to there is told that events were lost.
if ARGV[9] == '1' then seq = seq + 1 end
for i = 10, #ARGV, 2 do
  if not last or tonumber(ARGV[i]) > last then
    seq = seq + 1
    put(base, epoch, seq, ARGV[i + 1], ARGV[3], life)
  end
end
redis.call('HSET', seen, conversation, upTo)
redis.call('PEXPIRE', seen, life)
return ${isThere}
`

/** The higher of two seqs stays. KEYS: mark. ARGV: seq, ttl. */
export const markLua = `
local marked = redis.call('GET', KEYS[1])
if not marked or tonumber(marked) < tonumber(ARGV[1]) then redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end
return 0
`
