// Yardstick: the least that a server of `heartbeat` can do. It takes the same body, makes the same call of the store and writes
// an answer of the same shape. It knows each phone by the header that it sends, and checks nothing.
import { createGrids, createPresenceStore } from '../../src/modules/presence/index.ts'
import { createDelivery } from '../../src/platform/delivery/index.ts'
import { areaOf } from '../../src/platform/geo/index.ts'
import { createLogger } from '../../src/platform/logger.ts'
import { createMetrics } from '../../src/platform/metrics.ts'
import { createRedis } from '../../src/platform/redis.ts'
import { answer } from '../kit/answer.ts'
import { serveBare } from '../kit/bare-server.ts'
import { redisUrl } from '../kit/store.ts'
import type { Device } from './phones.ts'

interface Body {
  variables: { input: { latitude: number; longitude: number; accuracyMeters: number; observedAt: string } }
}

const ttlMs = 90_000
const rules = { walkMetersPerSecond: 12, jumpMeters: 1000, jumpMs: 30_000, flyMetersPerSecond: 300, settleMs: 30_000 }
const grids = createGrids(String(process.env['VICINITY_SECRET']), 700)
const personOf = new Map<string, string>()
const opened = open()

async function open() {
  const logger = createLogger({ level: 'warn' })
  const redis = await createRedis({ url: redisUrl, prefix: '', logger })
  return createPresenceStore({ redis, delivery: createDelivery({ redis, metrics: createMetrics(), logger }) })
}

/** Whose each token is. */
function know(crowd: Device[]): void {
  for (const { token, deviceId } of crowd) personOf.set(`Bearer ${token}`, deviceId)
}

async function beat(personId: string, { variables }: Body, home = true): Promise<string> {
  const store = await opened
  const nowMs = Date.now()
  const { latitude, longitude, accuracyMeters, observedAt } = variables.input
  const [cell, near] = [grids.people.snap(variables.input), grids.places.snap(variables.input)]
  const outcome = await store.beat(areaOf(cell), {
    ...{ nowMs, personId, latitude, longitude, accuracyMeters, observedAtMs: Date.parse(observedAt), cell, near },
    ...{ audience: 'EVERYONE', via: '', ttlMs, rate: { count: 0, windowMs: 60_000 }, home, last: [] },
    rules: { ...rules, jumpsADay: 0 },
  })
  if (outcome.kind === 'lost') return beat(personId, { variables }, false)
  const shownFrom = outcome.kind === 'wait' ? null : new Date(outcome.shownFromMs)
  const payload = { __typename: 'HeartbeatPayload', expiresAt: new Date(nowMs + ttlMs), shownFrom }
  return JSON.stringify({ data: { heartbeat: payload } })
}

const { listening, port } = serveBare<Body>((body, { authorization }) =>
  beat(personOf.get(String(authorization)) ?? '', body),
)
answer(Promise.all([opened, listening]), { know, port })
