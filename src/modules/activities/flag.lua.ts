import { takeLua } from '../../platform/rate-limit.ts'
import { exposeLua } from './content.lua.ts'
import { recordArguments, recordLua } from './record.lua.ts'

const own = recordArguments
/** So many different people flag an activity away. */
const enough = 3

/** Counts one person's flag, once. ARGV: person, whom they must not meet, rate, its window, reason. */
export const flagLua = `${takeLua}${recordLua}${exposeLua}
local person = ARGV[${own + 1}]
local r = load()
if not r or r.hidden == 2 or (r.host ~= person and (r.hidden == 1 or string.find(ARGV[${own + 2}], r.host, 1, true))) then return { 'none' } end
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
-- Those that somebody has looked at count no more.
if redis.call('HLEN', flags) - tonumber(redis.call('HGET', record, 'pardoned') or 0) >= ${enough} then
  redis.call('HSET', record, 'state', 1, 'hiddenBy', '')
  expose(r)
end
return { 'flagged' }
`
