import { recordArguments, recordLua } from './record.lua.ts'

const own = recordArguments

/**
 * Who may see an activity, 0 everybody, 1 its host, 2 nobody, follows from two fields of its record: `state`, of the activity itself, and
 * `placeState`, of the event that it is on the map for. `hidden` is the greater one. `expose(before)` makes that true after either was
 * written, and tells whoever follows; answers the record as it is now.
 */
export const exposeLua = `
local function expose(before)
  local states = redis.call('HMGET', record, 'state', 'placeState')
  local hidden = math.max(tonumber(states[1] or 0), tonumber(states[2] or 0))
  if hidden == before.hidden then return before end
  redis.call('HSET', record, 'hidden', hidden)
  local after = settle(before, true)
  -- Whoever comes back and may see it again goes on behind what ended their stream.
  if hidden < before.hidden then
    rewrite(function(event)
      if event.kind ~= 'hidden' or (hidden == 1 and not event.removed) then return nil end
      if hidden == 0 then return { kind = 'empty' } end
      event.removed = nil
      return event
    end)
  else tell({ kind = 'hidden', atMs = now, removed = hidden == 2 or nil }) end
  return after
end
`

/** Sets who may see an activity, whoever hid it before. ARGV: state, the cause. Answers whether it is there. */
export const setStateLua = `${recordLua}${exposeLua}
local r = load()
if not r then return 0 end
local state = tonumber(ARGV[${own + 1}])
redis.call('HSET', record, 'state', state, 'hiddenBy', state == 0 and '' or ARGV[${own + 2}])
if state == 0 then redis.call('HSET', record, 'pardoned', redis.call('HLEN', child('flags'))) end
expose(r)
return 1
`

/**
 * `retell(said, before, after)`: a message may be seen by others from now on than before. It is taken out of the log for those who may
 * not see it any more, and they are told that it is gone; who may see it now is told of it at the end. An event may be \`for\` its
 * author or for others only.
 */
const retellLua = `
local function audience(author, others) return not (author and others) and (author and 'author' or 'others') or nil end
local function retell(said, before, after)
  local isAuthors, isOthers = after < 2, after == 0
  rewrite(function(event)
    if event.seq ~= said.seq or (event.kind ~= 'message' and event.kind ~= 'withdrawn') then return nil end
    local there = event.kind == 'message'
    local author = event['for'] ~= 'others' and isAuthors == there
    local others = event['for'] ~= 'author' and isOthers == there
    if not author and not others then return { kind = 'empty' } end
    event['for'] = audience(author, others)
    return event
  end)
  local authors, others = isAuthors ~= (before < 2), isOthers ~= (before == 0)
  if after > before then
    tell({ kind = 'withdrawn', activityId = id, personId = said.personId, seq = said.seq, atMs = now, ['for'] = audience(authors, others) })
    return
  end
  said.kind, said.activityId = 'message', id
  speak(said, authors, others)
end
`

/**
 * `speak(said, authors, others)` tells a message to its author, to others, or both; \`alias\` is the name that its author alone is shown.
 */
export const speakLua = `
local function speak(said, authors, others)
  local alias = said.alias
  said.alias = nil
  if authors and others and not alias then
    tell(said)
    return
  end
  if others then
    said['for'] = 'others'
    tell(said)
  end
  if authors then
    said['for'], said.displayName = 'author', alias or said.displayName
    tell(said)
  end
end
`

// One that is not in the chat any more may still be in the log.
const findLua = `
local function find(seq)
  for _, text in ipairs(redis.call('LRANGE', child('chat'), 0, -1)) do
    local said = cjson.decode(text)
    if said.seq == seq then return said end
  end
  for _, entry in ipairs(redis.call('XRANGE', ARGV[6] .. ':log', '-', '+')) do
    local event = cjson.decode(entry[2][2])
    if event.kind == 'message' and event.seq == seq then
      event['for'] = nil
      return event
    end
  end
  return nil
end
local function setMessage(seq, state, by)
  local said = find(seq)
  if not said then return false end
  local before = tonumber(string.sub(redis.call('HGET', child('unseen'), seq) or '0', 1, 1))
  if state == 0 then redis.call('HDEL', child('unseen'), seq)
  else
    redis.call('HSET', child('unseen'), seq, state .. ' ' .. by)
    inherit(child('unseen'))
  end
  if before ~= state then retell(said, before, state) end
  return true
end
`

/** The same for a message. ARGV: seq, state, the cause. */
export const setMessageStateLua = `${recordLua}${speakLua}${retellLua}${findLua}
if not load() then return 0 end
return setMessage(tonumber(ARGV[${own + 1}]), tonumber(ARGV[${own + 2}]), ARGV[${own + 3}]) and 1 or 0
`

/** Shows whatever of a person is hidden by a cause: the activity if it is theirs, what they said, what they are called. ARGV: person, cause. */
export const revealLua = `${recordLua}${exposeLua}${speakLua}${retellLua}${findLua}
local person, by, shown = ARGV[${own + 1}], ARGV[${own + 2}], 0
local r = load()
if not r then return 0 end
if r.host == person and redis.call('HGET', record, 'hiddenBy') == by then
  redis.call('HSET', record, 'state', 0, 'hiddenBy', '')
  expose(r)
  shown = shown + 1
end
local alias = redis.call('HGET', child('aliases'), person)
if alias and string.sub(alias, 1, #by + 1) == by .. ' ' then
  redis.call('HSET', child('names'), person, string.sub(alias, #by + 2))
  inherit(child('names'))
  redis.call('HDEL', child('aliases'), person)
  shown = shown + 1
end
local unseen = redis.call('HGETALL', child('unseen'))
for i = 1, #unseen, 2 do
  local seq = tonumber(unseen[i])
  if string.sub(unseen[i + 1], 3) == by then
    local said = find(seq)
    if not said or said.personId == person then
      if said and setMessage(seq, 0, '') then shown = shown + 1 end
    end
  end
end
return shown
`
