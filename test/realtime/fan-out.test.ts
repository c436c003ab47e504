import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { nudgesTopic } from '../../src/modules/matches/events.ts'
import { createTestApp } from '../kit/app.ts'
import { eventually } from '../kit/eventually.ts'
import { runs } from '../kit/fuzz.ts'
import { createNumbersNode, executionsOf, type NumbersNode, numbersTopic } from '../kit/numbers.ts'
import { createPhone } from '../kit/phones.ts'
import { type Message, openSocket, type RawSocket } from '../kit/raw-socket.ts'
import { createOwnRedis, type OwnRedis } from '../kit/redis.ts'

let redis: OwnRedis
let a: NumbersNode
let b: NumbersNode
beforeAll(async () => {
  redis = await createOwnRedis()
  a = await createNumbersNode(redis.url, '')
  b = await createNumbersNode(redis.url, '')
})
afterAll(async () => {
  await Promise.all([a?.close(), b?.close()])
  await redis?.remove()
})

interface Numbered {
  kind: 'ready' | 'event' | 'resync'
  cursor: string
  n?: number | null
  mine?: string | null
  careless?: string | null
  guarded?: number | null
  failing?: number | null
}

const newKey = () => randomBytes(6).toString('hex')
const selecting = (fields: string, field = 'numbers') =>
  `subscription ($key: String!, $after: String, $until: Int, $even: Boolean, $odd: Boolean) {
    ${field}(key: $key, after: $after, until: $until, even: $even, odd: $odd) { kind cursor ${fields} } }`
const publish = async (key: string, from: number, to = from, node = b) => {
  for (let n = from; n <= to; n += 1) await node.delivery.publish(numbersTopic, key, { n })
}
const signIn = (viewer: string, node = a) => openSocket(node, { init: { authorization: `Bearer ${viewer}` } })
const eventOf = ({ payload }: Message) => Object.values((payload as { data: Record<string, Numbered> }).data)[0]

/** A subscription on a socket, past its first event. */
async function begin(socket: RawSocket, id: string, fields: string, variables: object, field = 'numbers') {
  socket.send({ id, type: 'subscribe', payload: { query: selecting(fields, field), variables } })
  const first = await socket.next()
  if (first.type !== 'next') throw new Error(JSON.stringify(first))
  return eventOf(first)
}

async function take(socket: RawSocket, count: number): Promise<Message[]> {
  const taken: Message[] = []
  while (taken.length < count) taken.push(await socket.next())
  return taken
}

/** How many selections are executed while something is done. */
async function executed(node: NumbersNode, act: () => Promise<void>): Promise<number> {
  const before = await node.executions()
  await act()
  return (await node.executions()) - before
}

const oneTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1)

describe('an event is executed once for all who asked the same', () => {
  test('once for a thousand subscriptions of the app, which get the same bytes; twice for two documents', async () => {
    const app = await createTestApp({ SOCKETS_PER_VIEWER: '1000', SUBSCRIPTIONS_PER_SOCKET: '1000' })
    const phone = await createPhone(app)
    const deviceId = Buffer.from(phone.deviceId, 'base64').toString().split(':')[1] ?? ''
    const sockets = await Promise.all(
      oneTo(20).map(() => openSocket(app, { init: { authorization: `Bearer ${phone.token}` } })),
    )
    const query = (fields: string) =>
      `subscription { nudges { __typename ... on Ready { cursor } ... on Nudge { ${fields} } } }`
    const subscribe = async (socket: RawSocket, id: string, fields: string) => {
      socket.send({ id, type: 'subscribe', payload: { query: query(fields) } })
      expect((await socket.next()).type).toBe('next')
    }
    await Promise.all(
      sockets.map(async (socket, s) => {
        for (let i = 0; i < 50; i += 1) await subscribe(socket, `${s}-${i}`, 'cursor matchId sharedInterests nudgedAt')
      }),
    )
    const texts = new Set<string>()
    let heard = 0
    for (const { socket } of sockets)
      socket.on('message', (data) => {
        heard += 1
        texts.add(String(data).replace(/"id":"\d+-\d+"/, '"id":""'))
      })
    const nudge = (n: number) =>
      app.delivery.publish(nudgesTopic, deviceId, { matchId: `m${n}`, sessionId: 's', shared: [], atMs: 0 })

    const before = await executionsOf(app.metrics)
    await nudge(1)
    await eventually(
      () => heard,
      (count) => count === 1000,
    )
    expect((await executionsOf(app.metrics)) - before).toBe(1)
    expect(texts.size).toBe(1)

    await subscribe(sockets[0] as RawSocket, 'other', 'matchId')
    await nudge(2)
    await eventually(
      () => heard,
      // The first event of the new subscription is one of them.
      (count) => count === 2002,
    )
    expect((await executionsOf(app.metrics)) - before).toBe(3)
  })

  test('once for all viewers; wherever they began, and in whatever order their variables were written', async () => {
    const key = newKey()
    const [ann, bob] = [await signIn('ann'), await signIn('bob')]
    const start = await begin(ann, '1', 'n', { key, even: false, until: null })
    await begin(bob, '1', 'n', { until: null, after: start?.cursor, even: false, key })
    const count = await executed(a, async () => {
      await publish(key, 1)
      expect([await ann.next(), await bob.next()].map(eventOf)).toMatchObject([{ n: 1 }, { n: 1 }])
    })
    expect(count).toBe(1)
  })

  test('for other variables, another operation or another node once more', async () => {
    const key = newKey()
    const [here, there] = [await signIn('ann'), await signIn('ann', b)]
    await begin(here, '1', 'n', { key })
    await begin(here, '2', 'n', { key, even: false })
    await begin(here, '3', 'n text', { key })
    await begin(there, '1', 'n', { key })
    const elsewhere = await b.executions()
    const count = await executed(a, async () => {
      await publish(key, 1)
      await take(here, 3)
      await there.next()
    })
    expect([count, (await b.executions()) - elsewhere]).toEqual([3, 1])
  })

  test('a variable that chooses more than the start is not left out', async () => {
    const key = newKey()
    const socket = await signIn('ann')
    const query = `subscription ($key: String!, $after: String, $skip: Boolean!) {
      numbers(key: $key, after: $after) { kind n @skip(if: $skip) } }`
    for (const skip of [true, false]) {
      socket.send({ id: `${skip}`, type: 'subscribe', payload: { query, variables: { key, skip } } })
      await socket.next()
    }
    await publish(key, 1)
    const events = await take(socket, 2)
    expect(Object.fromEntries(events.map((event) => [event.id, eventOf(event)]))).toEqual({
      true: { kind: 'event' },
      false: { kind: 'event', n: 1 },
    })
  })

  test.each([
    ['a field that depends on the viewer', 'mine', 'numbers'],
    ['a field with a scope', 'guarded', 'numbers'],
    ['a subscription that depends on the viewer', 'n', 'ownNumbers'],
  ])('with %s once for each viewer', async (_what, fields, field) => {
    const key = newKey()
    const viewers = ['ann', 'bob', 'cleo']
    const sockets = await Promise.all([...viewers, ...viewers].map((viewer) => signIn(viewer)))
    for (const socket of sockets) await begin(socket, '1', fields, { key }, field)
    const count = await executed(a, async () => {
      await publish(key, 1)
      const seen = await Promise.all(sockets.map((socket) => socket.next()))
      if (fields === 'mine') expect(seen.map((event) => eventOf(event)?.mine)).toEqual([...viewers, ...viewers])
      if (fields === 'guarded') expect(seen.map((event) => eventOf(event)?.guarded)).toEqual([1, 1, 1, 1, 1, 1])
    })
    expect(count).toBe(3)
  })

  test('a field that depends on the viewer and does not say so finds none', async () => {
    const key = newKey()
    const socket = await signIn('ann')
    await begin(socket, '1', 'careless', { key })
    await publish(key, 1)
    expect(eventOf(await socket.next())).toMatchObject({ careless: null })
  })

  test('what costs too much is refused with every event, also beside what does not', async () => {
    const app = await createTestApp()
    const phone = await createPhone(app)
    const deviceId = Buffer.from(phone.deviceId, 'base64').toString().split(':')[1] ?? ''
    const socket = await openSocket(app, { init: { authorization: `Bearer ${phone.token}` } })
    const place = { latitude: 47.3769, longitude: 8.5417 }
    const made = { clientId: 'chess-in-the-park', title: 'Chess', emoji: '♟️', ...place }
    const { id: activityId } = await app.services.activities.create(deviceId, made)
    const globalId = Buffer.from(`Activity:${activityId}`).toString('base64')
    const pages = (count: number) => oneTo(count).map((i) => `p${i}: attendees(first: 100) { edges { node { id } } }`)
    const query = (count: number) =>
      `subscription { activityEvents(id: "${globalId}") { ... on ActivityChanged { activity { title ${pages(count).join(' ')} } } } }`
    const codes = async () => {
      const { payload } = await socket.next()
      return (payload as { errors?: { extensions: { code: string } }[] }).errors?.map(
        ({ extensions }) => extensions.code,
      )
    }
    for (const [id, count] of [
      ['dear', 10],
      ['cheap', 1],
    ] as const) {
      socket.send({ id, type: 'subscribe', payload: { query: query(count) } })
      expect(await codes()).toEqual(id === 'dear' ? ['QUERY_TOO_COMPLEX'] : undefined)
    }
    await app.services.activities.update(deviceId, activityId, { title: 'Chess again' })
    expect([await codes(), await codes()]).toEqual(expect.arrayContaining([['QUERY_TOO_COMPLEX'], undefined]))
  })

  test('an error is told to each with the id of its own operation, and logged with it', async () => {
    const key = newKey()
    const sockets = [await signIn('ann'), await signIn('bob')]
    for (const socket of sockets) await begin(socket, '1', 'n failing', { key })
    const count = await executed(a, async () => {
      await publish(key, 13)
      const answers = await Promise.all(sockets.map((socket) => socket.next()))
      const errors = answers.map(
        ({ payload }) => (payload as { errors: { extensions: { requestId: string } }[] }).errors,
      )
      expect(errors).toMatchObject([[{ extensions: { code: 'INTERNAL' } }], [{ extensions: { code: 'INTERNAL' } }]])
      expect(JSON.stringify(answers)).not.toContain('secret')
      const ids = errors.map(([error]) => error?.extensions.requestId)
      expect(new Set(ids).size).toBe(2)
      for (const id of ids) expect(a.logged.join()).toContain(id)
    })
    expect(count).toBe(1)
  })
})

describe('what one subscriber gets is its own affair', () => {
  test('a stream that its viewer has no scope for is refused when it begins', async () => {
    const socket = await openSocket(a)
    socket.send({ id: '1', type: 'subscribe', payload: { query: selecting('n'), variables: { key: newKey() } } })
    const [answer, end] = await take(socket, 2)
    expect(answer?.payload).not.toHaveProperty('data')
    expect(end).toEqual({ id: '1', type: 'complete' })
  })

  test('each is asked about each event before it is sent', async () => {
    const key = newKey()
    const [ann, even] = [await signIn('ann'), await signIn('even-eve')]
    for (const socket of [ann, even]) await begin(socket, '1', 'n', { key })
    await publish(key, 1, 4)
    expect((await take(ann, 4)).map((event) => eventOf(event)?.n)).toEqual([1, 2, 3, 4])
    expect((await take(even, 2)).map((event) => eventOf(event)?.n)).toEqual([2, 4])
  })

  test.each(['n', 'slowly n'])('its last event is delivered, and then it is complete: %s', async (fields) => {
    const key = newKey()
    const [brief, long] = [await signIn('ann'), await signIn('ann')]
    const before = a.ended()
    const start = await begin(long, '1', fields, { key })
    await begin(brief, '1', fields, { key, until: 2 })
    await publish(key, 1, 3)
    const taken = await take(brief, 3)
    expect(taken.slice(0, 2).map((event) => eventOf(event)?.n)).toEqual([1, 2])
    expect(taken[2]).toEqual({ id: '1', type: 'complete' })
    expect(a.ended()).toBe(before + 1)
    expect((await take(long, 3)).map((event) => eventOf(event)?.n)).toEqual([1, 2, 3])

    // The same when it is replayed, and the id is free again.
    await begin(brief, '1', fields, { key, until: 2, after: start?.cursor })
    const replayed = await take(brief, 3)
    expect(replayed.slice(0, 2).map((event) => eventOf(event)?.n)).toEqual([1, 2])
    expect(replayed[2]).toEqual({ id: '1', type: 'complete' })
    expect(a.ended()).toBe(before + 2)
  })

  test('a viewer who loses the right to a stream gets nothing more of it, not even what is being made', async () => {
    const key = newKey()
    const [ann, bob] = [await signIn('ann'), await signIn('banished')]
    for (const socket of [ann, bob]) await begin(socket, '1', 'slowly', { key })
    let open: () => void = () => undefined
    a.gate.opens = new Promise<void>((resolve) => {
      open = resolve
    })
    const before = await a.executions()
    await publish(key, 1)
    await eventually(a.executions, (count) => count > before)
    a.banish('banished')
    expect(await bob.next()).toEqual({ id: '1', type: 'complete' })
    open()
    a.gate.opens = undefined
    expect(eventOf(await ann.next())).toMatchObject({ slowly: 1 })
    await publish(key, 2)
    expect(eventOf(await ann.next())).toMatchObject({ slowly: 2 })
    expect(await bob.answer('{ ok }')).toMatchObject({ payload: { data: { ok: true } } })
    await begin(bob, '1', 'slowly', { key })
  })

  test('what passes is told to who is there, and is no place to come back to', async () => {
    const key = newKey()
    const [ann, even] = [await signIn('ann'), await signIn('even-eve')]
    for (const socket of [ann, even]) await begin(socket, '1', 'n', { key })
    await publish(key, 2)
    const reached = [await ann.next(), await even.next()].map((event) => eventOf(event)?.cursor)
    const count = await executed(a, async () => {
      await b.delivery.signal(numbersTopic, key, { n: 7 })
      await b.delivery.signal(numbersTopic, key, { n: 8 })
      expect((await take(ann, 2)).map(eventOf)).toEqual([
        { kind: 'event', cursor: reached[0], n: 7 },
        { kind: 'event', cursor: reached[0], n: 8 },
      ])
      expect(eventOf(await even.next())).toEqual({ kind: 'event', cursor: reached[1], n: 8 })
    })
    expect(count).toBe(2)
    await publish(key, 4)
    expect(eventOf(await ann.next())).toMatchObject({ n: 4 })
    await begin(ann, '2', 'n', { key, after: reached[0] })
    expect(eventOf(await ann.next())).toMatchObject({ n: 4 })
  })
})

describe('nothing is lost, doubled or reordered', () => {
  test('where some events take long to make, all members get them in order, and who joins meanwhile its own', async () => {
    const key = newKey()
    const early = await signIn('ann')
    const start = await begin(early, '1', 'slowly', { key })
    let open: () => void = () => undefined
    a.gate.opens = new Promise<void>((resolve) => {
      open = resolve
    })
    const before = await a.executions()
    await publish(key, 1, 5)
    await eventually(a.executions, (count) => count > before)
    a.gate.opens = undefined
    const late = await signIn('bob')
    await begin(late, '1', 'slowly', { key, after: start?.cursor })
    await publish(key, 6, 8)
    open()
    const numbers = async (socket: RawSocket) =>
      (await take(socket, 8)).map((event) => (eventOf(event) as { slowly?: number })?.slowly)
    expect(await numbers(early)).toEqual(oneTo(8))
    expect(await numbers(late)).toEqual(oneTo(8))
  })

  test('wherever members of groups on two nodes are cut, each gets every event once and in order', async () => {
    const step = fc.record({
      publish: fc.integer({ min: 0, max: 6 }),
      from: fc.boolean(),
      /** Which of four phones is cut, and where it comes back. */
      cut: fc.option(fc.record({ phone: fc.integer({ min: 0, max: 3 }), to: fc.boolean() })),
      fields: fc.constantFrom('n', 'n slowly', 'n mine'),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 10 }), async (steps) => {
        const key = newKey()
        const phones = await Promise.all(oneTo(4).map((i) => createFollower(key, `viewer-${i % 2}`, i % 2 ? a : b)))
        let published = 0
        for (const { publish: count, from, cut, fields } of steps) {
          const publishing = publish(key, published + 1, published + count, from ? a : b)
          published += count
          if (cut) await phones[cut.phone]?.move(cut.to ? a : b, fields)
          await publishing
        }
        for (const phone of phones) {
          await eventually(phone.seen, (seen) => seen.length >= published)
          expect(phone.seen()).toEqual(oneTo(published))
          phone.stop()
        }
      }),
      runs(25),
    )
  })

  test('a log that is gone is told to every member, after what came before, and the group goes on', async () => {
    const key = newKey()
    const sockets = [await signIn('ann'), await signIn('bob')]
    for (const socket of sockets) await begin(socket, '1', 'n slowly', { key })
    await publish(key, 1)
    await b.redis.command.del(`${b.delivery.log.base(numbersTopic, key)}:head`)
    await publish(key, 2)
    for (const socket of sockets)
      expect((await take(socket, 2)).map((event) => eventOf(event)?.kind)).toEqual(['event', 'resync'])
    const count = await executed(a, async () => {
      await publish(key, 3)
      for (const socket of sockets) expect(eventOf(await socket.next())).toMatchObject({ n: 3 })
    })
    expect(count).toBe(1)
  })
})

describe('one stalled socket among many', () => {
  test('is cut alone with 4412, slows nobody, and has lost nothing when it comes back', async () => {
    const key = newKey()
    const stalled = await signIn('ann')
    const others = await Promise.all(oneTo(20).map((i) => signIn(`viewer-${i}`)))
    const heard: string[] = []
    stalled.socket.on('message', (data) => heard.push(String(data)))
    for (const socket of [stalled, ...others]) await begin(socket, '1', 'n text', { key })
    stalled.socket.pause()

    const slow = async () => (await a.metrics.slowConsumers.get()).values[0]?.value ?? 0
    const before = await slow()
    const text = 'x'.repeat(30_000)
    let published = 0
    while ((await slow()) === before && published < 1000) {
      published += 1
      await b.delivery.publish(numbersTopic, key, { n: published, text })
      for (const socket of others) expect(eventOf(await socket.next())?.n).toBe(published)
    }
    expect(await slow()).toBe(before + 1)

    stalled.socket.resume()
    expect(await stalled.closed).toMatchObject({ code: 4412 })
    const seen = heard
      .map((line) => JSON.parse(line))
      .filter(({ type }) => type === 'next')
      .map(eventOf)
    const after = seen.at(-1)?.cursor
    const back = await signIn('ann')
    await begin(back, '1', 'n', { key, after })
    const missed = published - (seen.length - 1)
    const rest = (await take(back, missed)).map((event) => eventOf(event)?.n)
    expect([...seen.slice(1).map((event) => event?.n), ...rest]).toEqual(oneTo(published))
  })

  test('events that take for ever to make are bounded too: their group is cut, and others go on', async () => {
    const key = newKey()
    const [waiting, other] = [await signIn('ann'), await signIn('ann')]
    await begin(waiting, '1', 'slowly', { key })
    await begin(other, '1', 'n', { key })
    let open: () => void = () => undefined
    a.gate.opens = new Promise<void>((resolve) => {
      open = resolve
    })
    await publish(key, 1, 300)
    expect(await waiting.closed).toMatchObject({ code: 4412 })
    expect((await take(other, 300)).map((event) => eventOf(event)?.n)).toEqual(oneTo(300))
    a.gate.opens = undefined
    open()
  })
})

/** A phone that keeps what it has seen, and comes back with its last cursor wherever it is moved. */
async function createFollower(key: string, viewer: string, on: NumbersNode) {
  const seen: number[] = []
  let cursor: string | undefined
  let socket: RawSocket | undefined

  async function move(node: NumbersNode, fields: string) {
    socket?.socket.terminate()
    const own = await signIn(viewer, node)
    socket = own
    own.socket.on('message', (data) => {
      const message = JSON.parse(String(data)) as Message
      if (socket !== own || message.type !== 'next') return
      const event = eventOf(message)
      cursor = event?.cursor
      if (event?.n != null) seen.push(event.n)
    })
    const variables = { key, ...(cursor === undefined ? {} : { after: cursor }) }
    own.send({ id: '1', type: 'subscribe', payload: { query: selecting(fields), variables } })
    // Before it has begun for the first time, it has no place to come back to.
    if (cursor === undefined)
      await eventually(
        () => cursor,
        (known) => known !== undefined,
      )
  }
  await move(on, 'n')
  return { move, seen: () => seen, stop: () => socket?.socket.terminate() }
}
