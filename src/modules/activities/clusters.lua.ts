import { finestLevel } from './tiles.ts'

/**
 * How many activities are in each tile of a rectangle, in one area, as one viewer may know: without those of hosts that are
 * hidden from them, and without those that are over and not yet swept. Their own are counted, also those that nobody else may see.
 *
 * KEYS: the area's counters of the level, its ends. ARGV: prefix, now, level, first and last row, first and last column (they
 * may wrap around), columns around the world, the viewer, then the hosts.
 */
export const clustersLua = `
local P, now, level = ARGV[1], ARGV[2], tonumber(ARGV[3])
local top, bottom, left, right, across = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local function inside(x, y)
  if y < top or y > bottom then return false end
  if left <= right then return x >= left and x <= right end
  return x >= left or x <= right
end

local counts = {}
local columns = (right - left + across) % across + 1
if redis.call('HLEN', KEYS[1]) <= columns * (bottom - top + 1) then
  local flat = redis.call('HGETALL', KEYS[1])
  for i = 1, #flat, 2 do
    local x, y = string.match(flat[i], '^(%d+):(%d+)$')
    if inside(tonumber(x), tonumber(y)) then counts[flat[i]] = tonumber(flat[i + 1]) end
  end
else
  for y = top, bottom do
    local tiles = {}
    for i = 0, columns - 1 do tiles[#tiles + 1] = string.format('%d:%d', (left + i) % across, y) end
    for i, found in ipairs(redis.call('HMGET', KEYS[1], unpack(tiles))) do
      if found then counts[tiles[i]] = tonumber(found) end
    end
  end
end
local side = 2 ^ (${finestLevel} - level)
for _, id in ipairs(redis.call('SMEMBERS', P .. 'hosting:' .. ARGV[9])) do
  local r = redis.call('HMGET', P .. 'activity:' .. id, 'hidden', 'tileX', 'tileY', 'kind', 'joins', 'endsAt', 'cancelledAt')
  if r[1] == '1' and not (r[4] == 'SPONTANEOUS' and (r[5] or '0') == '0') and tonumber(r[6]) > tonumber(now) and (r[7] or '0') == '0' then
    local x, y = math.floor(r[2] / side), math.floor(r[3] / side)
    local tile = string.format('%d:%d', x, y)
    if inside(x, y) then counts[tile] = (counts[tile] or 0) + 1 end
  end
end
if next(counts) == nil then return {} end

local away = redis.call('ZRANGE', KEYS[2], '-inf', now, 'BYSCORE')
for i = 10, #ARGV do
  for _, id in ipairs(redis.call('SMEMBERS', P .. 'hosting:' .. ARGV[i])) do away[#away + 1] = id end
end
local seen = {}
for _, id in ipairs(away) do
  if not seen[id] then
    seen[id] = true
    local r = redis.call('HMGET', P .. 'activity:' .. id, 'counted', 'tileX', 'tileY')
    local tile = r[1] == '1' and string.format('%d:%d', math.floor(r[2] / side), math.floor(r[3] / side))
    if tile and counts[tile] then counts[tile] = counts[tile] - 1 end
  end
end

local answer = {}
for tile, count in pairs(counts) do
  if count > 0 then
    answer[#answer + 1] = tile
    answer[#answer + 1] = count
  end
end
return answer
`
