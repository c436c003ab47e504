import { standsLua } from '../presence/index.ts'

/**
 * The cards of what is around: within the widest radius or, where that holds too many, within the first narrower one that
 * does; everything nearer than that is complete, and of its outermost band whichever were met first.
 *
 * KEYS: the area's index, and in the viewer's own area their presence.
 * ARGV: now, where the viewer is believed to stand or nothing, longitude, latitude, how many, then radii in metres, ascending;
 * the first of them is that of a single cell.
 */
export const nearbyLua = `${standsLua}
if ARGV[2] ~= '' and not stands(KEYS[2], tonumber(ARGV[1]), ARGV[2]) then return false end
local most = tonumber(ARGV[5])
local function within(radius)
  return redis.call('GEOSEARCH', KEYS[1], 'FROMLONLAT', ARGV[3], ARGV[4], 'BYRADIUS', radius, 'm', 'COUNT', most, 'ANY')
end
local nearer, found, full
for i = math.min(7, #ARGV), #ARGV do
  nearer, found = found, within(ARGV[i])
  full = #found >= most
  if full then break end
end
if full then
  local all, known = nearer or within(ARGV[6]), {}
  for _, card in ipairs(all) do known[card] = true end
  for _, card in ipairs(found) do
    if not known[card] then all[#all + 1] = card end
  end
  found = all
end
return '[' .. table.concat(found, ',') .. ']'
`
