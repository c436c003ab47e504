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
