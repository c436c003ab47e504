import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { z } from 'zod'
import { createDelivery, type Delivery, type DeliveryEngine } from '../../src/platform/delivery/index.ts'
import { type DurableTopic, durableTopic } from '../../src/platform/delivery/topics.ts'
import { createLogger } from '../../src/platform/logger.ts'
import { createMetrics, type Metrics } from '../../src/platform/metrics.ts'
import { createRedis, type RedisConnections } from '../../src/platform/redis.ts'
import { eventually } from '../kit/eventually.ts'
import { runs } from '../kit/fuzz.ts'
import { createOwnRedis, type OwnRedis } from '../kit/redis.ts'

interface Node {
  delivery: DeliveryEngine
  redis: RedisConnections
  metrics: Metrics
  topic: DurableTopic<{ n: number }>
}

/** What a module would keep in Postgres: `n` is the seq. */
const kept = new Map<string, number>()
let asked: string[] = []
const logger = createLogger({ level: 'silent' })
let own: OwnRedis
const nodes: Node[] = []

async function createNode(): Promise<Node> {
  const redis = await createRedis({ url: own.url, prefix: '', logger })
  const metrics = createMetrics()
  const topic = durableTopic({
    name: 'kept',
    payload: z.object({ n: z.number() }),
    log: {
      async read(key, after, limit) {
        asked.push(`read ${after}`)
        const head = kept.get(key) ?? 0
        const seqs = Array.from({ length: Math.min(limit, head - after) }, (_, i) => after + 1 + i)
        return { head, entries: seqs.map((seq) => ({ seq, payload: { n: seq } })) }
      },
      async positions(keys) {
        asked.push(`positions ${keys.length}`)
        return keys.map((key) => kept.get(key) ?? 0)
      },
    },
  })
  const node = { redis, metrics, topic, delivery: createDelivery({ redis, metrics, logger }) }
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

function keep(key: string, count = 1): number {
  const head = (kept.get(key) ?? 0) + count
  kept.set(key, head)
  return head
}
async function wake({ delivery, redis, topic }: Node, key: string, seq: number) {
  const { channel, message } = delivery.wakeUp(topic, key, seq, { n: seq })
  await redis.command.publish(channel, message)
}
const subscribe = ({ delivery, topic }: Node, key: string, after?: string) => delivery.subscribe(topic, key, { after })

async function take(stream: AsyncIterator<Delivery<{ n: number }>>, count: number) {
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
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1)

test('a durable stream is woken, and reads nothing while nothing is missing', async () => {
  const key = newKey()
  const streams = [await subscribe(a, key), await subscribe(b, key)]
  for (const stream of streams) await take(stream, 1)
  asked = []
  for (let n = 1; n <= 3; n += 1) await wake(a, key, keep(key))
  for (const stream of streams) {
    expect(numbers(await take(stream, 3))).toEqual([1, 2, 3])
    await stream.return?.()
  }
  expect(asked).toEqual([])
})

test('it resumes from its beginning, however long ago that was', async () => {
  const key = newKey()
  const before = await subscribe(a, key)
  const [ready] = await take(before, 1)
  await before.return?.()
  keep(key, 2000)
  const after = await subscribe(b, key, ready?.cursor)
  expect(numbers(await take(after, 2001))).toEqual(upTo(2000))
  await wake(a, key, keep(key))
  expect(numbers(await take(after, 1))).toEqual([2001])
  await after.return?.()
})

test('wherever a reader is cut, and whichever wake-ups are lost or overtake each other, it gets everything once and in order', async () => {
  const step = fc.record({
    publish: fc.integer({ min: 0, max: 8 }),
    told: fc.shuffledSubarray(upTo(8)),
    take: fc.integer({ min: 0, max: 8 }),
    node: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
      const key = newKey()
      const start = await subscribe(a, key)
      let cursor = (await take(start, 1))[0]?.cursor
      await start.return?.()
      const seen: number[] = []
      for (const { publish, told, take: wanted, node } of steps) {
        const stream = await subscribe(node ? b : a, key, cursor)
        const first = kept.get(key) ?? 0
        keep(key, publish)
        for (const i of told) if (i <= publish) await wake(node ? a : b, key, first + i)
        await (node ? b : a).delivery.checkPositions()
        const taken = await take(stream, 1 + Math.min(wanted, (kept.get(key) ?? 0) - seen.length))
        await stream.return?.()
        seen.push(...numbers(taken))
        cursor = taken.at(-1)?.cursor
      }
      expect(seen).toEqual(upTo(seen.length))
    }),
    runs(40),
  )
})

test('cursors of another stream and from the future are refused', async () => {
  const [here, there] = [newKey(), newKey()]
  keep(here, 5)
  const stream = await subscribe(a, here)
  const [ready] = await take(stream, 1)
  await stream.return?.()
  await expect(subscribe(a, there, ready?.cursor)).rejects.toMatchObject({ code: 'BAD_USER_INPUT' })
  const text = Buffer.from(ready?.cursor ?? '', 'base64url')
    .toString()
    .replace(/\.5$/, '.6')
  const ahead = await subscribe(a, here, Buffer.from(text).toString('base64url'))
  await expect(ahead.next()).rejects.toMatchObject({ code: 'BAD_USER_INPUT' })
})

test('streams that run go on while Redis is away, and old cursors are good after it came back empty', async () => {
  const key = newKey()
  keep(key, 3)
  const stream = await subscribe(a, key)
  const [ready] = await take(stream, 1)
  const next = take(stream, 2)
  await own.kill()
  keep(key, 2)
  expect(numbers(await next)).toEqual([4, 5])
  await expect(subscribe(b, newKey())).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  await own.start()
  keep(key)
  expect(numbers(await take(stream, 1))).toEqual([6])
  const resumed = await subscribe(a, key, ready?.cursor)
  expect((await take(resumed, 4)).map(({ kind }) => kind)).toEqual(['ready', 'event', 'event', 'event'])
  await stream.return?.()
  await resumed.return?.()
  await eventually(
    () => [a, b].map(({ redis }) => redis.subscriber.status),
    (statuses) => statuses.every((status) => status === 'ready'),
  )
})

test('many durable streams are compared with what is kept by few questions', async () => {
  const keys = upTo(250).map(newKey)
  const streams = await Promise.all(keys.map((key) => subscribe(a, key)))
  asked = []
  await a.delivery.checkPositions()
  expect(asked).toEqual(['positions 200', 'positions 50'])
  for (const stream of streams) await stream.return?.()
})
