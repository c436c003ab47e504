import { takeLua } from '../../platform/rate-limit.ts'
import { recordArguments, recordLua } from './record.lua.ts'

const own = recordArguments
/** So many different people flag an activity away. */
const enough = 3

/** Counts one person's flag, once. ARGV: person, whom they must not meet, rate, its window, reason. */
export const flagLua = `${takeLua}${recordLua}
local person = ARGV[${own + 1}]
local r = load()
if not r or (r.host ~= person and (r.hidden == 1 or string.find(ARGV[${own + 2}], r.host, 1, true))) then return { 'none' } end
if r.host == person then return { 'host' } end
local flags = child('flags')
if redis.call('HEXISTS', flags, person) == 1 then return { 'flagged' } end
if not isOpen(r) then return { 'over' } end
local rate = tonumber(ARGV[${own + 3}])
if rate > 0 then
  local wait = take(P .. 'rate:flag:' .. person, now, rate, tonumber(ARGV[${own + 4}]))
  if wait > 0 then return { 'wait', wait } end
end
redis.call('HSET', flags, person, ARGV[${own + 5}])
inherit(flags)
touch(person)
if redis.call('HLEN', flags) >= ${enough} then
  redis.call('HSET', record, 'hidden', 1)
  settle(r)
  tell({ kind = 'hidden', atMs = now })
end
return { 'flagged' }
`
