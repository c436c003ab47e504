// Fills a city: activities as the app makes them, and the same number of records as the yardsticks read them.
import { Redis } from 'ioredis'
import { createActivityStore } from '../../src/modules/activities/index.ts'
import { placed } from '../../src/modules/activities/rules.ts'
import type { RecordFields } from '../../src/modules/activities/store.ts'
import { createGrids } from '../../src/modules/presence/index.ts'
import { createDelivery } from '../../src/platform/delivery/index.ts'
import { areaOf, createIdIn } from '../../src/platform/geo/index.ts'
import { createId } from '../../src/platform/ids.ts'
import { createLogger } from '../../src/platform/logger.ts'
import { createMetrics } from '../../src/platform/metrics.ts'
import { createRedis } from '../../src/platform/redis.ts'
import { answer } from '../kit/answer.ts'
import { type City, placeIn } from '../kit/city.ts'
import { redisUrl } from '../kit/store.ts'

const atOnce = 200
const hourMs = 60 * 60 * 1000
const grids = createGrids(String(process.env['VICINITY_SECRET']), 700)
const logger = createLogger({ level: 'warn' })
const plain = new Redis(redisUrl, { lazyConnect: true })

async function fill({ members, prefix }: City): Promise<void> {
  const redis = await createRedis({ url: redisUrl, prefix, logger })
  const delivery = createDelivery({ redis, metrics: createMetrics(), logger })
  const store = createActivityStore({ redis, delivery, retentionMs: 600_000 })
  for (let from = 0; from < members; from += atOnce) {
    const batch = Array.from({ length: Math.min(atOnce, members - from) }, (_, i) => from + i)
    const pipeline = plain.pipeline()
    const made = batch.map((i) => {
      const place = placeIn(members)
      pipeline.geoadd(`${prefix}{bench}geo`, place.longitude, place.latitude, `a${i}`)
      pipeline.hset(`${prefix}{bench}s:a${i}`, {
        title: `Activity ${i}`,
        emoji: '☕',
        startsAt: Date.now(),
        joins: i % 20,
      })
      const cell = grids.places.snap(place)
      const nowMs = Date.now()
      // Somebody has joined each: what nobody has joined is shown within 200 m only.
      return store.create(createIdIn(areaOf(cell), nowMs), nowMs, 24 * hourMs, {
        ...{ host: createId(nowMs), kind: 'SPONTANEOUS', title: `Activity ${i}`, emoji: '☕', ...placed(cell) },
        ...{ startsAt: nowMs, endsAt: nowMs + 20 * hourMs, createdAt: nowMs, capacity: 0, joins: (i % 20) + 1 },
      } as RecordFields)
    })
    await Promise.all([...made, pipeline.exec()])
  }
  delivery.close()
  await redis.close()
}

answer(plain.connect(), { fill })
