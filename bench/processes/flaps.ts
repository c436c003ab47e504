// People who come and go as fast as they can, told straight to Redis as other nodes would tell it.
import { createGrids, createPresenceStore } from '../../src/modules/presence/index.ts'
import { createDelivery } from '../../src/platform/delivery/index.ts'
import { areaOf } from '../../src/platform/geo/index.ts'
import { createId } from '../../src/platform/ids.ts'
import { createLogger } from '../../src/platform/logger.ts'
import { createMetrics } from '../../src/platform/metrics.ts'
import { createRedis } from '../../src/platform/redis.ts'
import { answer } from '../kit/answer.ts'
import { redisUrl } from '../kit/store.ts'

const grids = createGrids(String(process.env['VICINITY_SECRET']), 700)
const rules = { walkMetersPerSecond: 12, jumpMeters: 1000, jumpMs: 30_000, flyMetersPerSecond: 300, settleMs: 0 }
const people = Array.from({ length: 2000 }, (_, i) => ({
  id: createId(Date.now()),
  place: { latitude: 47.35 + (i % 50) * 0.001, longitude: 8.5 + Math.floor(i / 50) * 0.002 },
}))
const opened = open()
const ticksPerSecond = 500
let running: NodeJS.Timeout | undefined
let done = 0

async function open() {
  const logger = createLogger({ level: 'warn' })
  const redis = await createRedis({ url: redisUrl, prefix: '', logger })
  return createPresenceStore({ redis, delivery: createDelivery({ redis, metrics: createMetrics(), logger }) })
}

/** Where they come and go: where somebody watches, or in an area of which nobody takes notice. */
export type Where = 'here' | 'elsewhere'
const northOf: Record<Where, number> = { here: 0, elsewhere: 10 }

/** Every other time somebody's turn comes, they leave. */
async function flap(store: Awaited<typeof opened>, turn: number, where: Where): Promise<void> {
  const someone = people[turn % people.length]
  if (!someone) return
  const { latitude, longitude } = someone.place
  const person = { id: someone.id, place: { latitude: latitude + northOf[where], longitude } }
  const [cell, near] = [grids.people.snap(person.place), grids.places.snap(person.place)]
  const area = areaOf(cell)
  const nowMs = Date.now()
  if (Math.floor(turn / people.length) % 2 === 1) await store.leave(area, person.id)
  else
    await store.beat(area, {
      ...{ nowMs, personId: person.id, ...person.place, accuracyMeters: 10, observedAtMs: nowMs, cell, near },
      ...{ audience: 'EVERYONE', via: '', ttlMs: 90_000, rate: { count: 0, windowMs: 60_000 }, home: false, last: [] },
      rules: { ...rules, jumpsADay: 0 },
    })
  done += 1
}

async function start({ perSecond, where }: { perSecond: number; where: Where }): Promise<void> {
  const store = await opened
  let turn = 0
  done = 0
  running = setInterval(() => {
    for (let i = 0; i < perSecond / ticksPerSecond; i += 1) flap(store, turn++, where).catch(() => undefined)
  }, 1000 / ticksPerSecond)
}

/** How many came or went. */
function stop(): number {
  clearInterval(running)
  return done
}

answer(opened, { start, stop })
