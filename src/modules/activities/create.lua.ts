import { recordArguments, recordLua } from './record.lua.ts'

const own = recordArguments

/**
 * Makes an activity, once: a repeated create with the same id finds the one that is there, or that it was there.
 * ARGV: for how long a repetition may come, then the record's fields and values.
 */
export const createLua = `${recordLua}
local there = redis.call('HGET', record, 'card')
if there then return { 'made', there } end
if not redis.call('SET', P .. 'made:' .. id, 1, 'NX', 'PX', ARGV[${own + 1}]) then return { 'gone' } end
redis.call('HSET', record, unpack(ARGV, ${own + 2}))
return { 'made', settle(nil).card }
`

/**
 * Whether a client id of this person is new: it then stands for `id`. Otherwise what it stands for, and what it was asked with.
 * KEYS: the client id's, the person's rate. ARGV: id, fingerprint, for how long (0: only look), now, rate, its window.
 */
export const claimBody = `
local known = redis.call('HMGET', KEYS[1], 'id', 'fingerprint')
if known[1] then return { 'known', known[1], known[2] } end
if ARGV[3] == '0' then return { 'new', ARGV[1] } end
local rate = tonumber(ARGV[5])
if rate > 0 then
  local wait = take(KEYS[2], tonumber(ARGV[4]), rate, tonumber(ARGV[6]))
  if wait > 0 then return { 'wait', wait } end
end
redis.call('HSET', KEYS[1], 'id', ARGV[1], 'fingerprint', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return { 'new', ARGV[1] }
`
