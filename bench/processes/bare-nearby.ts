// Yardsticks: what a careful server without GraphQL makes of Redis' own geo index. `pipeline`: the ids first, then their records,
// in two round trips; `script`: both in one.
import { Redis } from 'ioredis'
import type { Position } from '../../src/platform/geo/index.ts'
import { answer } from '../kit/answer.ts'
import { serveBare } from '../kit/bare-server.ts'
import { radiusKm } from '../kit/city.ts'
import { redisUrl } from '../kit/store.ts'

const prefix = String(process.env['REDIS_PREFIX'])
const oneRoundTrip = process.env['HOW'] === 'script'
const redis = new Redis(redisUrl, { lazyConnect: true })
const geo = `${prefix}{bench}geo`
const records = `${prefix}{bench}s:`
const fields = ['title', 'emoji', 'startsAt', 'joins'] as const
const search = ['BYRADIUS', radiusKm, 'km', 'ASC', 'COUNT', 50, 'WITHDIST'] as const

redis.defineCommand('nearbyScript', {
  numberOfKeys: 2,
  lua: `local hits = redis.call('GEOSEARCH', KEYS[1], 'FROMLONLAT', ARGV[1], ARGV[2], 'BYRADIUS', ARGV[3], 'km', 'ASC', 'COUNT', 50, 'WITHDIST')
local out = {}
for i = 1, #hits do
  local v = redis.call('HMGET', KEYS[2] .. hits[i][1], 'title', 'emoji', 'startsAt', 'joins')
  out[#out + 1] = hits[i][1] out[#out + 1] = hits[i][2]
  out[#out + 1] = v[1] out[#out + 1] = v[2] out[#out + 1] = v[3] out[#out + 1] = v[4]
end
return out`,
})

const row = (id: string, meters: string, [title, emoji, startsAt, joins]: (string | null)[]) => ({
  ...{ id, meters: Number(meters), title, emoji, startsAt: Number(startsAt), joins: Number(joins) },
})

async function byPipeline(longitude: number, latitude: number) {
  const hits = (await redis.call('GEOSEARCH', geo, 'FROMLONLAT', longitude, latitude, ...search)) as [string, string][]
  if (hits.length === 0) return []
  const pipeline = redis.pipeline()
  for (const [id] of hits) pipeline.hmget(records + id, ...fields)
  const found = (await pipeline.exec()) ?? []
  return hits.map(([id, meters], i) => row(id, meters, found[i]?.[1] as string[]))
}

async function byScript(longitude: number, latitude: number) {
  const script = Reflect.get(redis, 'nearbyScript') as (...args: unknown[]) => Promise<string[]>
  const flat = await script.call(redis, geo, records, longitude, latitude, radiusKm)
  return Array.from({ length: flat.length / 6 }, (_, i) => {
    const [id = '', meters = '', ...values] = flat.slice(6 * i, 6 * i + 6)
    return row(id, meters, values)
  })
}

const nearby = oneRoundTrip ? byScript : byPipeline
const { listening, port } = serveBare<{ variables: Position }>(async ({ variables: { longitude, latitude } }) =>
  JSON.stringify({ data: { nearby: await nearby(longitude, latitude) } }),
)
answer(Promise.all([redis.connect(), listening]), { port })
