import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import type { Delivery } from '../../src/platform/delivery/index.ts'
import { ephemeralTopic } from '../../src/platform/delivery/topics.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'

const topic = ephemeralTopic({
  name: 'redacted',
  slot: 'test',
  maxLength: 50,
  windowMs: 60_000,
  payload: z.object({ n: z.number() }),
})

let app: TestApp
let other: TestApp
beforeAll(async () => {
  app = await createTestApp()
  other = await app.node()
})

const newKey = () => randomBytes(6).toString('hex')
const publish = (node: TestApp, key: string, ...numbers: number[]) =>
  numbers.reduce<Promise<unknown>>(
    (before, n) => before.then(() => node.delivery.publish(topic, key, { n })),
    Promise.resolve(),
  )
const redact = (key: string, ...numbers: number[]) =>
  app.delivery.log.redact(topic, key, (json) => numbers.includes((JSON.parse(json) as { n: number }).n))

async function take(stream: AsyncIterator<Delivery<{ n: number }>>, count: number) {
  const taken: (number | string)[] = []
  while (taken.length < count) {
    const { value } = await stream.next()
    if (value) taken.push(value.kind === 'event' ? value.payload.n : value.kind)
  }
  return taken
}

describe('what is taken out of a log', () => {
  // What is taken out of 1 to 5, and what a reader who had none of it is given before 6: a hole is no silent gap.
  const rows: [number[], (number | string)[]][] = [
    [[], ['ready', 1, 2, 3, 4, 5, 6]],
    [[3], ['ready', 1, 2, 'resync', 6]],
    [[5], ['ready', 1, 2, 3, 4, 'resync', 6]],
    [
      [2, 3, 5],
      ['ready', 1, 'resync', 6],
    ],
    [[1], ['resync', 6]],
    [
      [1, 2, 3, 4, 5],
      ['resync', 6],
    ],
  ]
  test.each(rows)('%j: a reader who comes back gets %j', async (gone, expected) => {
    const key = newKey()
    const first = await app.delivery.subscribe(topic, key)
    const ready = (await first.next()).value
    await publish(app, key, 1, 2, 3, 4, 5)
    expect(await take(first, 5)).toEqual([1, 2, 3, 4, 5])
    expect(await redact(key, ...gone)).toBe(gone.length)
    for (const node of [app, other]) {
      const stream = await node.delivery.subscribe(topic, key, { after: ready?.cursor ?? null })
      const before = expected.filter((n) => n !== 6)
      expect(await take(stream, before.length)).toEqual(before)
      // All there is: it waits for what comes, on a node that follows the stream and on one that does not.
      expect(await stream.return?.()).toMatchObject({ done: true })
    }
    const last = await other.delivery.subscribe(topic, key, { after: ready?.cursor ?? null })
    expect(await take(last, expected.length - 1)).toEqual(expected.slice(0, -1))
    await publish(other, key, 6)
    expect(await take(last, 1)).toEqual([6])
    expect(await take(first, 1)).toEqual([6])
    await Promise.all([first.return?.(), last.return?.()])
  })

  test('is a resync for a node that had lost it, and for nobody else', async () => {
    const key = newKey()
    const stream = await other.delivery.subscribe(topic, key)
    await take(stream, 1)
    await other.redis.subscriber.unsubscribe(other.delivery.log.base(topic, key))
    await publish(app, key, 1, 2, 3)
    await redact(key, 2, 3)
    await other.delivery.checkPositions()
    expect(await take(stream, 1)).toEqual(['resync'])
    await other.redis.subscriber.subscribe(other.delivery.log.base(topic, key))
    await publish(app, key, 4)
    expect(await take(stream, 1)).toEqual([4])
    await stream.return?.()
  })
})

test('what fades is gone after at most twice its time, and what is younger stays', async () => {
  const key = newKey()
  const left = async () => {
    const [head] = await app.delivery.log.positions([{ topic, key }])
    const { entries } = await app.delivery.log.read(topic, key, { epoch: head?.epoch ?? '', seq: 0 }, 50)
    return entries.map(({ payload }) => (payload as { n: number }).n)
  }
  const fade = (nowMs: number) => app.delivery.log.fade(topic, key, nowMs, 100)
  await fade(0)
  await publish(app, key, 1)
  await fade(1000)
  await publish(app, key, 2)
  await fade(1099)
  expect(await left()).toEqual([1, 2])
  await fade(1100)
  expect(await left()).toEqual([2])
  await publish(app, key, 3)
  await fade(1200)
  expect(await left()).toEqual([3])
  await fade(1300)
  expect(await left()).toEqual([])
  await publish(app, key, 4)
  expect(await left()).toEqual([4])
})
