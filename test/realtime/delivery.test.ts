import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { z } from 'zod'
import { createDelivery, type Delivery, type DeliveryEngine } from '../../src/platform/delivery/index.ts'
import { ephemeralTopic } from '../../src/platform/delivery/topics.ts'
import { createLogger } from '../../src/platform/logger.ts'
import { createMetrics, type Metrics } from '../../src/platform/metrics.ts'
import { createRedis, type RedisConnections } from '../../src/platform/redis.ts'
import { eventually } from '../kit/eventually.ts'
import { runs } from '../kit/fuzz.ts'
import { createOwnRedis, type OwnRedis } from '../kit/redis.ts'

const topic = ephemeralTopic({
  name: 'numbers',
  slot: 'test',
  maxLength: 50,
  windowMs: 60_000,
  payload: z.object({ n: z.number() }),
})
const logger = createLogger({ level: 'silent' })

interface Node {
  delivery: DeliveryEngine
  redis: RedisConnections
  metrics: Metrics
}

let own: OwnRedis
const nodes: Node[] = []

async function createNode(): Promise<Node> {
  const redis = await createRedis({ url: own.url, prefix: '', logger })
  const metrics = createMetrics()
  const node = { redis, metrics, delivery: createDelivery({ redis, metrics, logger }) }
  nodes.push(node)
  return node
}

let a: Node
let b: Node
beforeAll(async () => {
  own = await createOwnRedis()
  a = await createNode()
  b = await createNode()
})
afterAll(async () => {
  for (const { delivery, redis } of nodes) {
    delivery.close()
    await redis.close()
  }
  await own?.remove()
})

const newKey = () => randomBytes(6).toString('hex')
type Stream = AsyncIterator<Delivery<{ n: number }>>

async function take(stream: Stream, count: number): Promise<Delivery<{ n: number }>[]> {
  const taken: Delivery<{ n: number }>[] = []
  while (taken.length < count) {
    const { value, done } = await stream.next()
    if (done) break
    taken.push(value)
  }
  return taken
}
const numbers = (deliveries: Delivery<{ n: number }>[]) =>
  deliveries.flatMap((delivery) => (delivery.kind === 'event' ? [delivery.payload.n] : []))
const publish = async (node: Node, key: string, from: number, to: number) => {
  for (let n = from; n <= to; n += 1) await node.delivery.publish(topic, key, { n })
}

test('a new subscriber is told where the stream stands, and then what happens', async () => {
  const key = newKey()
  await publish(a, key, 1, 3)
  const stream = await b.delivery.subscribe(topic, key)
  expect((await take(stream, 1)).map(({ kind }) => kind)).toEqual(['ready'])
  await publish(a, key, 4, 5)
  expect(numbers(await take(stream, 2))).toEqual([4, 5])
  await stream.return?.()
})

test('a cursor resumes on another node: what was missed comes once and in order, then what happens', async () => {
  const key = newKey()
  const before = await a.delivery.subscribe(topic, key)
  const [ready] = await take(before, 1)
  await before.return?.()
  await publish(a, key, 1, 10)
  const after = await b.delivery.subscribe(topic, key, { after: ready?.cursor })
  const taken = take(after, 14)
  await publish(a, key, 11, 13)
  expect(numbers(await taken)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13])
  await after.return?.()
})

test('wherever a reader is cut, resuming gives every event once and in order', async () => {
  const plan = fc.array(
    fc.record({ publish: fc.integer({ min: 0, max: 8 }), take: fc.integer({ min: 0, max: 8 }), node: fc.boolean() }),
    { minLength: 1, maxLength: 8 },
  )
  await fc.assert(
    fc.asyncProperty(plan, async (steps) => {
      const key = newKey()
      const start = await a.delivery.subscribe(topic, key)
      let cursor = (await take(start, 1))[0]?.cursor
      await start.return?.()
      let published = 0
      const seen: number[] = []
      for (const step of steps) {
        await publish(step.node ? a : b, key, published + 1, published + step.publish)
        published += step.publish
        const stream = await (step.node ? b : a).delivery.subscribe(topic, key, { after: cursor })
        const taken = await take(stream, 1 + Math.min(step.take, published - seen.length))
        await stream.return?.()
        seen.push(...numbers(taken))
        cursor = taken.at(-1)?.cursor
      }
      expect(seen).toEqual(Array.from({ length: seen.length }, (_, i) => i + 1))
    }),
    runs(40),
  )
})

test('a reader that missed more than the log keeps is told so, and goes on from now', async () => {
  const key = newKey()
  const before = await a.delivery.subscribe(topic, key)
  const [ready] = await take(before, 1)
  await before.return?.()
  await publish(a, key, 1, 60)
  const after = await b.delivery.subscribe(topic, key, { after: ready?.cursor })
  const [lost] = await take(after, 1)
  expect(lost).toMatchObject({ kind: 'resync', reason: 'WINDOW_EXCEEDED' })
  await publish(a, key, 61, 61)
  expect(numbers(await take(after, 1))).toEqual([61])
  await after.return?.()
})

test('a cursor of another stream, a forged one and one from the future are refused', async () => {
  const [here, there] = [newKey(), newKey()]
  const stream = await a.delivery.subscribe(topic, here)
  const [ready] = await take(stream, 1)
  await stream.return?.()
  await expect(a.delivery.subscribe(topic, there, { after: ready?.cursor })).rejects.toMatchObject({
    code: 'BAD_USER_INPUT',
  })
  await expect(a.delivery.subscribe(topic, here, { after: 'bm9uc2Vuc2U' })).rejects.toMatchObject({
    code: 'BAD_USER_INPUT',
  })
  const text = Buffer.from(ready?.cursor ?? '', 'base64url')
    .toString()
    .replace(/\.0$/, '.7')
  const ahead = await a.delivery.subscribe(topic, here, { after: Buffer.from(text).toString('base64url') })
  await expect(ahead.next()).rejects.toMatchObject({ code: 'BAD_USER_INPUT' })
})

test('the loss of a last wake-up is found by the position check', async () => {
  const key = newKey()
  const stream = await b.delivery.subscribe(topic, key)
  await take(stream, 1)
  const next = take(stream, 1)
  await b.redis.command.client('KILL', 'TYPE', 'pubsub')
  await publish(a, key, 1, 1)
  await b.delivery.checkPositions()
  expect(numbers(await next)).toEqual([1])
  await stream.return?.()
})

test('wake-ups that cannot be read are counted and ignored', async () => {
  const key = newKey()
  const stream = await a.delivery.subscribe(topic, key)
  await take(stream, 1)
  const channel = a.delivery.log.base(topic, key)
  for (const message of ['{bad', '[]', '{"v":2,"epoch":"x","seq":1,"payload":{}}', '{"v":1,"epoch":1,"seq":"1"}'])
    await b.redis.command.publish(channel, message)
  await publish(b, key, 1, 1)
  expect(numbers(await take(stream, 1))).toEqual([1])
  expect((await a.metrics.droppedWakeups.get()).values[0]?.value).toBe(4)
  await stream.return?.()
})

test('a subscriber that takes nothing is cut alone: the others get everything', async () => {
  const key = newKey()
  let cut = 0
  const stalled = await a.delivery.subscribe(topic, key, { onSlow: () => cut++ })
  const healthy = await a.delivery.subscribe(topic, key)
  await take(stalled, 1)
  await take(healthy, 1)
  const all = (async () => numbers(await take(healthy, 400)))()
  await publish(b, key, 1, 400)
  expect(await all).toEqual(Array.from({ length: 400 }, (_, i) => i + 1))
  expect(cut).toBe(1)
  await expect(stalled.next()).rejects.toMatchObject({ code: 'SLOW_CONSUMER' })
  await healthy.return?.()
})

test('however many subscribers a stream has in a process, Redis has one subscription, and none when they are gone', async () => {
  const key = newKey()
  const channel = a.delivery.log.base(topic, key)
  const streams = await Promise.all(Array.from({ length: 50 }, () => a.delivery.subscribe(topic, key)))
  const listeners = async () => Number((await b.redis.command.pubsub('NUMSUB', channel))[1])
  expect(await listeners()).toBe(1)
  for (const stream of streams) await stream.return?.()
  await eventually(listeners, (count) => count === 0)
  expect((await a.metrics.subscribers.get()).values[0]?.value).toBe(0)
})

test('a Redis that comes back empty is another epoch: subscribers and old cursors are told', async () => {
  const key = newKey()
  const stream = await a.delivery.subscribe(topic, key)
  await take(stream, 1)
  await publish(b, key, 1, 2)
  const [, second] = await take(stream, 2)
  await own.kill()
  await expect(b.delivery.publish(topic, key, { n: 3 })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  await expect(b.delivery.subscribe(topic, newKey())).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  await own.start()
  expect((await take(stream, 1))[0]).toMatchObject({ kind: 'resync', reason: 'EPOCH_CHANGED' })
  await eventually(
    () =>
      publish(b, key, 3, 3).then(
        () => true,
        () => false,
      ),
    Boolean,
  )
  expect(numbers(await take(stream, 1))).toEqual([3])
  const resumed = await a.delivery.subscribe(topic, key, { after: second?.cursor })
  expect((await take(resumed, 1))[0]).toMatchObject({ kind: 'resync', reason: 'EPOCH_CHANGED' })
  await stream.return?.()
  await resumed.return?.()
})

test('a gap that cannot be read when it is found is filled as soon as it can be', async () => {
  const key = newKey()
  const stream = await a.delivery.subscribe(topic, key)
  await take(stream, 1)
  await publish(b, key, 1, 1)
  expect(numbers(await take(stream, 1))).toEqual([1])
  // Wake-ups come on a connection of their own: the one that reads the log is cut, and the next wake-up tells of a gap.
  const channel = a.delivery.log.base(topic, key)
  const epoch = await b.redis.command.hget(`${channel}:head`, 'epoch')
  a.redis.command.disconnect(true)
  const next = take(stream, 3)
  await b.redis.command.publish(channel, JSON.stringify({ v: 1, epoch, seq: 9, payload: { n: 9 } }))
  await publish(b, key, 2, 4)
  expect(numbers(await next)).toEqual([2, 3, 4])
  await stream.return?.()
})
