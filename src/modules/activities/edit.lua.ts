import { exposeLua } from './content.lua.ts'
import { recordArguments, recordLua } from './record.lua.ts'

const own = recordArguments

/**
 * Writes what a host changed, if nobody else changed it since they looked.
 * ARGV: host, the edits they saw, seats or nothing, the cause that hides it from others from now on or nothing, then fields and values.
 */
export const editLua = `${recordLua}${exposeLua}
local r = load()
if not r or r.hidden == 2 or r.host ~= ARGV[${own + 1}] then return { 'none' } end
if not isOpen(r) then return { 'over' } end
if r.edits ~= tonumber(ARGV[${own + 2}]) then return { 'stale' } end
local seats = tonumber(ARGV[${own + 3}]) or 0
if seats > 0 and seats < r.joins then return { 'seats', r.joins } end
-- Before anybody could be shown what it says now.
if ARGV[${own + 4}] ~= '' and tonumber(redis.call('HGET', record, 'state') or 0) == 0 then
  redis.call('HSET', record, 'state', 1, 'hiddenBy', ARGV[${own + 4}])
  r = expose(r)
end
if #ARGV > ${own + 4} then redis.call('HSET', record, unpack(ARGV, ${own + 5})) end
redis.call('HINCRBY', record, 'edits', 1)
local after = settle(r)
tell({ kind = 'changed', atMs = now, card = after.card })
return { 'edited', after.card }
`

/** Calls it off; who did so already is answered again. ARGV: host, and whether also what nobody may see any more. */
export const cancelLua = `${recordLua}
local r = load()
if not r or (r.hidden == 2 and ARGV[${own + 2}] == '') or r.host ~= ARGV[${own + 1}] then return { 'none' } end
if r.cancelledAt > 0 then return { 'cancelled', r.card } end
if not isOpen(r) then return { 'over' } end
redis.call('HSET', record, 'cancelledAt', now)
local after = settle(r)
tell({ kind = 'ended', atMs = now, cancelled = true })
return { 'cancelled', after.card }
`

/**
 * Makes an organizer's activity what its event says, if the event is newer than what is known; joins stay.
 * ARGV: the event's version, whether it is called off, then fields and values, who may see it among them.
 */
export const projectLua = `${recordLua}${exposeLua}
local known = tonumber(redis.call('HGET', record, 'projected') or 0)
if known >= tonumber(ARGV[${own + 1}]) then return 'known' end
local before = load()
local cancelled = ARGV[${own + 2}] == '1'
if cancelled and not before then return 'known' end
redis.call('HSET', record, 'projected', ARGV[${own + 1}], unpack(ARGV, ${own + 3}))
if not before then redis.call('HSET', record, 'createdAt', now) end
if cancelled and before.cancelledAt == 0 then redis.call('HSET', record, 'cancelledAt', now) end
-- What is hidden goes before anybody could be shown what it says now, and what is shown again comes as it is now.
if before then before = expose(before) else redis.call('HSET', record, 'hidden', redis.call('HGET', record, 'placeState') or 0) end
local after = settle(before)
if not before then return 'projected' end
if cancelled then tell({ kind = 'ended', atMs = now, cancelled = true })
else tell({ kind = 'changed', atMs = now, card = after.card }) end
return 'projected'
`
