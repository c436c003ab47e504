import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { z } from 'zod'
import { createDelivery, type Delivery, type DeliveryEngine } from '../../src/platform/delivery/index.ts'
import { appendLua } from '../../src/platform/delivery/log.ts'
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
  // Whatever comes next here finds the connection whole again.
  await eventually(
    () => a.delivery.publish(topic, newKey(), { n: 1 }).catch(() => 0),
    (seq) => seq === 1,
  )
})

describe('a signal', () => {
  const signalled = (deliveries: Delivery<{ n: number }>[]) =>
    deliveries.map((delivery) => (delivery.kind === 'event' ? [delivery.payload.n, delivery.cursor] : [delivery.kind]))

  test('reaches who is live, on every node, at the place that the stream has reached, and moves nobody', async () => {
    const key = newKey()
    const streams = [await a.delivery.subscribe(topic, key), await b.delivery.subscribe(topic, key)]
    for (const stream of streams) await take(stream, 1)
    await publish(a, key, 1, 1)
    await a.delivery.signal(topic, key, { n: 100 })
    await publish(a, key, 2, 2)
    for (const stream of streams) {
      const [first, passing, second] = signalled(await take(stream, 3))
      expect([first?.[0], passing, second?.[0]]).toEqual([1, [100, first?.[1]], 2])
      await stream.return?.()
    }
    const resumed = await b.delivery.subscribe(topic, key)
    await take(resumed, 1)
    await publish(a, key, 3, 3)
    expect(numbers(await take(resumed, 1))).toEqual([3])
    await resumed.return?.()
  })

  test('is asked about like an event, and one that cannot be read is counted and ignored', async () => {
    const key = newKey()
    const stream = await a.delivery.subscribe(topic, key, { accept: ({ n }) => n % 2 === 0 })
    await take(stream, 1)
    const dropped = async () => (await a.metrics.droppedWakeups.get()).values[0]?.value ?? 0
    const before = await dropped()
    for (const n of [7, 8]) await b.delivery.signal(topic, key, { n })
    await b.redis.command.publish(a.delivery.log.base(topic, key), '{"v":1,"signal":"no number"}')
    await b.delivery.signal(topic, key, { n: 10 })
    expect(numbers(await take(stream, 2))).toEqual([8, 10])
    expect(await dropped()).toBe(before + 1)
    await stream.return?.()
  })

  test('passes by who is still being replayed to', async () => {
    const key = newKey()
    const before = await a.delivery.subscribe(topic, key)
    const [ready] = await take(before, 1)
    await publish(b, key, 1, 3)
    const replayed = await a.delivery.subscribe(topic, key, { after: ready?.cursor })
    await take(replayed, 2)
    await b.delivery.signal(topic, key, { n: 100 })
    expect(numbers(await take(before, 4))).toEqual([1, 2, 3, 100])
    await publish(b, key, 4, 4)
    expect(numbers(await take(replayed, 3))).toEqual([2, 3, 4])
    await before.return?.()
    await replayed.return?.()
  })

  test('passes by who has more than half a queue waiting', async () => {
    const key = newKey()
    const busy = await a.delivery.subscribe(topic, key)
    const free = await a.delivery.subscribe(topic, key)
    await take(busy, 1)
    await take(free, 1)
    const seen = take(free, 201)
    await publish(b, key, 1, 200)
    await b.delivery.signal(topic, key, { n: 1000 })
    expect(numbers(await seen).at(-1)).toBe(1000)
    await publish(b, key, 201, 201)
    expect(numbers(await take(busy, 201))).toEqual(Array.from({ length: 201 }, (_, i) => i + 1))
    await busy.return?.()
    await free.return?.()
  })
})

describe('a stream that ends', () => {
  test('with its last event: that is delivered, and what comes after it is not', async () => {
    const key = newKey()
    let ended = 0
    const options = { accept: ({ n }: { n: number }) => (n === 2 ? ('last' as const) : true), onEnded: () => ended++ }
    const live = await a.delivery.subscribe(topic, key, options)
    const [ready] = await take(live, 1)
    await publish(b, key, 1, 3)
    expect(numbers(await take(live, 9))).toEqual([1, 2])
    const replayed = await b.delivery.subscribe(topic, key, { ...options, after: ready?.cursor })
    expect(numbers(await take(replayed, 9))).toEqual([1, 2])
    expect(ended).toBe(2)
  })

  test('because the right to it is lost: at once, whatever waits', async () => {
    const key = newKey()
    const right = new AbortController()
    let ended = 0
    const stream = await a.delivery.subscribe(topic, key, { until: right.signal, onEnded: () => ended++ })
    const other = await a.delivery.subscribe(topic, key)
    await take(stream, 1)
    await take(other, 1)
    await publish(b, key, 1, 3)
    expect(numbers(await take(other, 3))).toEqual([1, 2, 3])
    right.abort()
    expect(await take(stream, 1)).toEqual([])
    const late = await a.delivery.subscribe(topic, key, { until: right.signal, onEnded: () => ended++ })
    expect(await take(late, 1)).toEqual([])
    expect(ended).toBe(2)
    await other.return?.()
  })

  test('because the rule about it fails: with that error, and nobody else notices', async () => {
    const key = newKey()
    const accept = () => {
      throw new Error('a rule that fails')
    }
    const broken = await a.delivery.subscribe(topic, key, { accept })
    const healthy = await a.delivery.subscribe(topic, key)
    await take(broken, 1)
    await take(healthy, 1)
    await publish(b, key, 1, 2)
    await expect(broken.next()).rejects.toThrow('a rule that fails')
    expect(numbers(await take(healthy, 2))).toEqual([1, 2])
    await healthy.return?.()
  })
})

test('something in the process follows a stream: each event once and in order, what passes, and what is lost', async () => {
  const key = newKey()
  await publish(b, key, 1, 2)
  const heard: string[] = []
  const { position, stop } = await a.delivery.follow(topic, key, {
    onEvent: ({ seq, payload }) => heard.push(`${seq}: ${JSON.stringify(payload)}`),
    onSignal: (payload) => heard.push(`passing: ${JSON.stringify(payload)}`),
    onResync: (reason, head) => heard.push(`${reason} at ${head.seq}`),
  })
  expect(position.seq).toBe(2)
  await publish(b, key, 3, 3)
  await b.delivery.signal(topic, key, { n: 9 })
  // A wake-up is lost, and the next one shows it.
  await a.redis.subscriber.unsubscribe(a.delivery.log.base(topic, key))
  await publish(b, key, 4, 4)
  await a.redis.subscriber.subscribe(a.delivery.log.base(topic, key))
  await publish(b, key, 5, 5)
  await eventually(
    () => heard.length,
    (count) => count >= 4,
  )
  await b.redis.command.del(`${b.delivery.log.base(topic, key)}:head`)
  await publish(b, key, 6, 6)
  await eventually(
    () => heard.length,
    (count) => count >= 5,
  )
  expect(heard).toEqual(['3: {"n":3}', 'passing: {"n":9}', '4: {"n":4}', '5: {"n":5}', 'EPOCH_CHANGED at 1'])
  stop()
  await publish(b, key, 7, 7)
  const channel = a.delivery.log.base(topic, key)
  await eventually(
    async () => Number((await b.redis.command.pubsub('NUMSUB', channel))[1]),
    (count) => count === 0,
  )
  expect(heard).toHaveLength(5)
})

describe('a log that lives with a record', () => {
  const append = (node: Node, key: string, record: string, n: number) => {
    const script = node.redis.script(
      'testAppendWith',
      `${appendLua}\nreturn append(string.sub(KEYS[1], 1, -6), ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], KEYS[3])`,
    )
    const base = node.delivery.log.base(topic, key)
    return script(
      [`${base}:head`, `${base}:log`, record],
      [JSON.stringify({ n }), ...node.delivery.log.appendArgs(topic)],
    )
  }

  test('ends when that does, whoever appends, reads or checks', async () => {
    const key = newKey()
    const record = a.redis.key('test', '{test}', `record-${key}`)
    const { command } = a.redis
    const base = a.delivery.log.base(topic, key)
    const lives = async () => Promise.all([record, `${base}:head`, `${base}:log`].map((name) => command.pttl(name)))
    // Asked one after the other: some milliseconds go by.
    const together = async () => {
      const [whole = 0, ...own] = await lives()
      for (const life of own) expect(Math.abs(life - whole)).toBeLessThan(1000)
    }
    await command.set(record, 'x', 'PX', 20_000)
    const stream = await a.delivery.subscribe(topic, key)
    await take(stream, 1)
    await append(a, key, record, 1)
    await together()
    for (const ms of [500_000, 5000]) {
      await command.pexpire(record, ms)
      await a.delivery.log.read(topic, key, undefined, 1)
      await together()
      await command.pexpire(record, ms + 3000)
      await a.delivery.log.positions([{ topic, key }])
      await together()
      await command.pexpire(record, ms + 6000)
      // Who appends without naming the record does not part the two.
      await a.delivery.publish(topic, key, { n: 2 })
      await together()
    }
    expect(numbers(await take(stream, 3))).toEqual([1, 2, 2])
    await stream.return?.()
  })

  test('is gone with it: who comes back is told', async () => {
    const key = newKey()
    const record = a.redis.key('test', '{test}', `record-${key}`)
    await a.redis.command.set(record, 'x', 'PX', 20_000)
    await append(a, key, record, 1)
    const stream = await a.delivery.subscribe(topic, key)
    const [ready] = await take(stream, 1)
    await stream.return?.()
    await a.redis.command.del(record)
    await b.delivery.log.positions([{ topic, key }])
    const base = a.delivery.log.base(topic, key)
    await eventually(
      () => a.redis.command.exists(`${base}:head`, `${base}:log`),
      (count) => count === 0,
    )
    const resumed = await b.delivery.subscribe(topic, key, { after: ready?.cursor })
    expect((await take(resumed, 1))[0]).toMatchObject({ kind: 'resync', reason: 'EPOCH_CHANGED' })
    await resumed.return?.()
  })
})
