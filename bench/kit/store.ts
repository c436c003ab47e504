import { createMatchStore } from '../../src/modules/matches/index.ts'
import { talkSlot } from '../../src/modules/sessions/index.ts'
import { createCounters } from '../../src/platform/counters.ts'
import { createDelivery } from '../../src/platform/delivery/index.ts'
import { createLogger } from '../../src/platform/logger.ts'
import { createMetrics } from '../../src/platform/metrics.ts'
import { createRedis, type RedisConnections } from '../../src/platform/redis.ts'

export const redisUrl = String(process.env['REDIS_URL'])

/** What a phone reports to the store, as the app with its own settings and without rate limits would. */
export const terms = {
  rate: { count: 0, windowMs: 60_000 },
  rules: { windowMs: 600_000, skewMs: 60_000, mutualMs: 0, cooldownMs: 300_000, nudgesPerSession: 10 },
}

/** The store of matches without an app around it. */
export async function openStore() {
  const logger = createLogger({ level: 'warn' })
  const redis = await createRedis({ url: redisUrl, prefix: '', logger })
  const delivery = createDelivery({ redis, metrics: createMetrics(), logger })
  const counters = createCounters(redis, talkSlot)
  const storeOn = (connections: RedisConnections) => createMatchStore({ redis: connections, delivery, counters })
  return { redis, storeOn, store: storeOn(redis) }
}
