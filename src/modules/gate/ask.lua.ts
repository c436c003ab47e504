/** `put(key, version, state, ttl)`: the mirror of a person, never an older one over a newer. */
export const putLua = `
local function put(key, version, state, ttl)
  local known = tonumber(redis.call('HGET', key, 'version') or '-1')
  if known > tonumber(version) then return 0 end
  redis.call('HSET', key, 'version', version, 'state', state)
  redis.call('PEXPIRE', key, ttl)
  return 1
end
`

/**
 * Everything that is asked before a write, in one step. Whatever is counted is counted by attempt: a repeated one is there already.
 *
 * KEYS: state, paces, texts, domains.
 * ARGV: what is asked, as JSON; the state of the person as Postgres has it, or nothing.
 * Answers the state, or nothing while there is none, and as JSON what was counted. A write that is stopped is not counted.
 */
export const askLua = `${putLua}
local ask = cjson.decode(ARGV[1])
local now = ask.now
if ARGV[2] ~= '' then put(KEYS[1], ask.version, ARGV[2], ask.mirrorTtl) end
local text = redis.call('HGET', KEYS[1], 'state')
if not text then return false end
local state = cjson.decode(text)
local null = cjson.null

local stops = {BAN = true, BLOCK = true, MUTE = true, COOLDOWN = true, CHALLENGE = true}
for _, one in ipairs(state.restrictions) do
  local here = one.surface == null or one.surface == ask.surface
  if here and stops[one.kind] and (one.expiresAtMs == null or one.expiresAtMs > now) then return {text, '{}'} end
end

local counted = {}

-- A true sliding window: the attempts themselves, by their time.
if #ask.windows > 0 then
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - ask.longest)
  if not redis.call('ZSCORE', KEYS[2], ask.attempt) then
    local share = 1
    for _, step in ipairs(ask.shares) do
      if state.risk > step[1] then share = step[2] end
    end
    for i, window in ipairs(ask.windows) do
      local limit = math.max(1, math.floor(window.count * share + 0.000001))
      if redis.call('ZCOUNT', KEYS[2], '(' .. (now - window.ms), '+inf') >= limit then
        return {text, cjson.encode({tripped = i})}
      end
    end
    redis.call('ZADD', KEYS[2], now, ask.attempt)
    redis.call('PEXPIRE', KEYS[2], ask.longest)
  end
  counted.lately = redis.call('ZCOUNT', KEYS[2], '(' .. (now - ask.latelyMs), '+inf')
end

if ask.hasText then
  redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now - ask.textsMs)
  redis.call('ZADD', KEYS[3], 'NX', now, ask.attempt)
  redis.call('PEXPIRE', KEYS[3], ask.textsMs)
  counted.equal = redis.call('ZCARD', KEYS[3])
end

if #ask.domains > 0 and state.knownSinceMs > now - ask.newMs then
  redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', now - ask.domainsMs)
  for _, domain in ipairs(ask.domains) do redis.call('ZADD', KEYS[4], now, domain) end
  redis.call('PEXPIRE', KEYS[4], ask.domainsMs)
  counted.domains = redis.call('ZCARD', KEYS[4])
end

return {text, cjson.encode(counted)}
`
