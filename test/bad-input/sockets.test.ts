import { connect, type Socket } from 'node:net'
import { jest } from '@jest/globals'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { eventually } from '../kit/eventually.ts'
import { ask, codeOf } from '../kit/gql.ts'
import { createPhone, newClientId, nudgesDocument, openDocument, type Phone } from '../kit/phones.ts'
import { sendBytes } from '../kit/raw-http.ts'
import { openSocket, type RawSocket } from '../kit/raw-socket.ts'
import { createStaff } from '../kit/staff.ts'

let app: TestApp
let phone: Phone
beforeAll(async () => {
  app = await createTestApp({ SOCKETS_PER_VIEWER: '1000' })
  phone = await createPhone(app)
})

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
const signedIn = (server = app) => openSocket(server, { init: bearer(phone.token) })
const subscribe = (id: string, query = nudgesDocument) => ({ id, type: 'subscribe', payload: { query } })
const typename = '{ __typename }'
const answered = { type: 'next', payload: { data: { __typename: 'Query' } } }

/** The bytes that ask for a socket. */
const handshake = (protocol: string) =>
  [
    ...['GET /graphql HTTP/1.1', 'Host: x', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'],
    ...['Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', `Sec-WebSocket-Protocol: ${protocol}`, '', ''],
  ].join('\r\n')
/** A masked frame of a client, of less than 126 bytes. */
const frame = (first: number, payload: Buffer = Buffer.alloc(0)) =>
  Buffer.concat([Buffer.from([first, 0x80 | payload.length, 0, 0, 0, 0]), payload])

describe('what breaks the protocol ends the socket', () => {
  const text = (data: string | Buffer) => (socket: RawSocket) => socket.socket.send(data, { binary: false })
  const message = (value: unknown) => text(JSON.stringify(value))

  test.each<[string, number, null | object, (socket: RawSocket) => void]>([
    ['80: a subscription before the init', 4401, null, message(subscribe('a', typename))],
    ['81: a second init', 4429, {}, message({ type: 'connection_init' })],
    ['83: a brace', 4400, {}, text('{')],
    ['83: nothing', 4400, {}, text('')],
    ['83: null', 4400, {}, text('null')],
    ['83: a list', 4400, {}, text('[{"type":"ping"}]')],
    ['83: no type', 4400, {}, message({})],
    ['83: an unknown type', 4400, {}, message({ type: 'start', id: 'a', payload: { query: typename } })],
    ['83: a type __proto__', 4400, {}, message({ type: '__proto__' })],
    ['83: a type that servers send', 4400, {}, message({ type: 'next', id: 'a' })],
    ['83: an empty id', 4400, {}, message(subscribe('', typename))],
    ['83: a number for an id', 4400, {}, message({ ...subscribe('a', typename), id: 7 })],
    ['83: no payload', 4400, {}, message({ type: 'subscribe', id: 'a' })],
    ['83: no query', 4400, {}, message({ type: 'subscribe', id: 'a', payload: {} })],
    ['83: a query that is a list', 4400, {}, message({ type: 'subscribe', id: 'a', payload: { query: [typename] } })],
    [
      '83: variables that are a text',
      4400,
      {},
      message({ type: 'subscribe', id: 'a', payload: { query: typename, variables: '{}' } }),
    ],
    [
      '83: an operationName that is a number',
      4400,
      {},
      message({ type: 'subscribe', id: 'a', payload: { query: typename, operationName: 1 } }),
    ],
    [
      '83: extensions that are a list',
      4400,
      {},
      message({ type: 'subscribe', id: 'a', payload: { query: typename, extensions: [] } }),
    ],
    ['83: a ping with a text', 4400, {}, message({ type: 'ping', payload: 'x' })],
    ['83: an init with a text', 4400, null, message({ type: 'connection_init', payload: 'x' })],
    ['83: lists 20000 deep', 4400, {}, text('['.repeat(20_000))],
    ['84: a good message in a binary frame', 4400, {}, ({ socket }) => socket.send(Buffer.from('{"type":"ping"}'))],
    ['85: bytes that are not UTF-8', 1007, {}, text(Buffer.from([0xff, 0xfe, 0xfd]))],
    ['86: 64 KiB and a byte', 1009, {}, text(' '.repeat(64 * 1024 + 1))],
    ['86: 5 MB', 1009, {}, text(' '.repeat(5_000_000))],
    [
      '87: a message in a hundred pieces',
      1008,
      {},
      ({ socket }) => {
        for (let i = 0; i < 100; i += 1) socket.send(' ', { fin: i === 99 })
      },
    ],
    [
      '95: an init of 21 members',
      4400,
      null,
      message({
        type: 'connection_init',
        payload: Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`m${i}`, i])),
      }),
    ],
    [
      '95: an init of five thousand members',
      4400,
      null,
      message({
        type: 'connection_init',
        payload: Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [i, 0])),
      }),
    ],
    [
      '95: an init of more than 64 KiB',
      1009,
      null,
      message({ type: 'connection_init', payload: { a: 'x'.repeat(65_536) } }),
    ],
  ])('%s: %i', async (_name, code, init, act) => {
    const socket = await openSocket(app, { init: init as Record<string, unknown> | null })
    act(socket)
    expect((await socket.closed).code).toBe(code)
  })

  test('79: nothing said for three seconds: 4408', async () => {
    const socket = await openSocket(app, { init: null })
    expect((await socket.closed).code).toBe(4408)
  })

  test('88: no subprotocol: 4406', async () => {
    const socket = await openSocket(app, { init: null, protocols: [] })
    expect((await socket.closed).code).toBe(4406)
  })

  test('88: the subprotocol of former times: 4406', async () => {
    const { status, text: frames } = await sendBytes(app, handshake('graphql-ws'), frame(0x88))
    expect(status).toBe(101)
    expect(Buffer.from(frames, 'latin1').readUInt16BE(2)).toBe(4406)
  })

  test.each([
    ['a frame that is not masked', Buffer.from([0x81, 0x02, 0x7b, 0x7d]), 1002],
    ['a frame with a bit of the future', frame(0xf1), 1002],
    ['a ping of more than 125 bytes', Buffer.from([0x89, 0xfe, 0x00, 0x7e, 0, 0, 0, 0]), 1002],
    ['the rest of a message that never began', frame(0x80), 1002],
    ['a compressed frame', frame(0xc1, Buffer.from('{}')), 1002],
    ['a length of 2^63', Buffer.from([0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]), 1009],
  ])('%s', async (_name, bytes, code) => {
    const { status, text: frames } = await sendBytes(app, handshake('graphql-transport-ws'), bytes, frame(0x88))
    expect(status).toBe(101)
    expect(Buffer.from(frames, 'latin1').readUInt16BE(2)).toBe(code)
  })

  test('89: an id that is in use: 4409', async () => {
    const socket = await signedIn()
    socket.send(subscribe('a'))
    await socket.next()
    socket.send(subscribe('a'))
    expect((await socket.closed).code).toBe(4409)
  })

  test('89: an id that is in use by an operation that is still being prepared: 4409', async () => {
    const socket = await signedIn()
    socket.send(subscribe('a'))
    socket.send(subscribe('a'))
    expect((await socket.closed).code).toBe(4409)
  })
})

describe('what does not break the protocol leaves the socket open', () => {
  let socket: RawSocket
  beforeAll(async () => {
    socket = await signedIn()
  })
  afterEach(async () => {
    expect(await socket.answer(typename)).toMatchObject(answered)
  })

  test.each(['__proto__', 'constructor', 'toString', 'a\u0000b', '\u{1f600}', 'x'.repeat(10_000)])(
    '89: an id of %j',
    async (id) => {
      socket.send(subscribe(id, typename))
      expect(await socket.next()).toMatchObject({ ...answered, id })
      expect(await socket.next()).toEqual({ type: 'complete', id })
    },
  )

  test('89: an id that was in use', async () => {
    for (let i = 0; i < 3; i += 1) {
      socket.send(subscribe('again', typename))
      expect(await socket.next()).toMatchObject({ ...answered, id: 'again' })
      expect(await socket.next()).toEqual({ type: 'complete', id: 'again' })
    }
  })

  test.each([
    ['91: a brace', '{', 'BAD_REQUEST'],
    ['91: twelve levels', `${'{ a '.repeat(12)}${'}'.repeat(12)}`, 'QUERY_TOO_COMPLEX'],
    ['91: 9000 braces', `${'{a'.repeat(9000)}`, 'QUERY_TOO_COMPLEX'],
    ['91: an empty query', '', 'BAD_REQUEST'],
  ])('%s is an error of its operation', async (_name, query, code) => {
    expect(await socket.answer(query)).toMatchObject({ type: 'error', payload: [{ extensions: { code } }] })
  })

  test.each([
    ['an unknown member', { foo: 1 }, 'BAD_REQUEST'],
    ['an operationName that nothing has', { operationName: 'C' }, 'BAD_REQUEST'],
    ['variables with a lone surrogate', { variables: { a: '\ud800' } }, 'BAD_USER_INPUT'],
  ])('91: %s is an error of its operation', async (_name, more, code) => {
    const answer = await socket.answer(typename, undefined, more)
    if (answer.type === 'error') expect(answer.payload).toMatchObject([{ extensions: { code } }])
    else throw new Error(`Answered: ${JSON.stringify(answer)}`)
  })

  test('92: the end of an operation that was never begun', () => {
    socket.send({ type: 'complete', id: 'nothing' })
    socket.send({ type: 'complete', id: '__proto__' })
  })

  test('92: the end of a subscription, and then again', async () => {
    socket.send(subscribe('ending'))
    expect(await socket.next()).toMatchObject({ type: 'next', id: 'ending' })
    socket.send({ type: 'complete', id: 'ending' })
    socket.send({ type: 'complete', id: 'ending' })
  })

  test('92: the end of a subscription before it has begun leaves nothing running', async () => {
    const running = async () => (await app.metrics.subscribers.get()).values[0]?.value ?? 0
    const before = await eventually(running, Number.isInteger)
    for (let i = 0; i < 20; i += 1) {
      socket.send(subscribe(`brief-${i}`))
      socket.send({ type: 'complete', id: `brief-${i}` })
    }
    expect(await socket.answer(typename)).toMatchObject(answered)
    await eventually(running, (count) => count <= before)
  })

  test('pings and pongs, with and without a payload', async () => {
    socket.send({ type: 'ping' })
    expect(await socket.next()).toEqual({ type: 'pong' })
    socket.send({ type: 'ping', payload: { a: { b: [1] } } })
    expect(await socket.next()).toEqual({ type: 'pong', payload: { a: { b: [1] } } })
    socket.send({ type: 'pong' })
  })

  test('an init with a member that nobody knows is as good as one without', async () => {
    const other = await openSocket(app, { init: { more: { deep: ['x'] }, ...bearer(phone.token) } })
    expect(await other.answer('{ viewer { deviceId } }')).toMatchObject({
      payload: { data: { viewer: { deviceId: phone.deviceId } } },
    })
  })
})

describe('90: how much one socket, one viewer and one address may have', () => {
  test('one subscription too many is an error of its operation; when one ends there is room again', async () => {
    const own = await app.node({ SUBSCRIPTIONS_PER_SOCKET: '5' })
    const socket = await signedIn(own)
    for (let i = 0; i < 5; i += 1) {
      socket.send(subscribe(`s${i}`))
      expect(await socket.next()).toMatchObject({ type: 'next', id: `s${i}` })
    }
    expect(await socket.answer(nudgesDocument)).toMatchObject({
      type: 'error',
      payload: [{ extensions: { code: 'SUBSCRIPTION_LIMIT' } }],
    })
    expect(await socket.answer(typename)).toMatchObject(answered)
    socket.send({ type: 'complete', id: 's0' })
    expect(
      await eventually(
        () => socket.answer(nudgesDocument),
        ({ type }) => type === 'next',
      ),
    ).toMatchObject({ type: 'next' })
  })

  test('one socket too many of an address: 4414; when one closes there is room again', async () => {
    const own = await app.node({ SOCKETS_PER_ADDRESS: '3' })
    const [first] = await Promise.all([1, 2, 3].map(() => openSocket(own)))
    const late = await openSocket(own, { init: null })
    expect((await late.closed).code).toBe(4414)
    first?.socket.terminate()
    await eventually(() => openSocket(own).catch(() => undefined), Boolean)
  })

  test('one socket too many of a viewer: 4414, and nothing for anybody else', async () => {
    const own = await app.node({ SOCKETS_PER_VIEWER: '2' })
    const [first] = [await signedIn(own), await signedIn(own)]
    const late = await openSocket(own, { init: null })
    late.send({ type: 'connection_init', payload: bearer(phone.token) })
    expect((await late.closed).code).toBe(4414)
    const other = await createPhone(own)
    await openSocket(own, { init: bearer(other.token) })
    for (let i = 0; i < 3; i += 1) await openSocket(own)
    expect(await first.answer(typename)).toMatchObject(answered)
    first.socket.terminate()
    await eventually(() => signedIn(own).catch(() => undefined), Boolean)
  })

  test('sockets that are gone before their token was looked at do not count', async () => {
    const own = await app.node({ SOCKETS_PER_VIEWER: '2' })
    const { token } = await createStaff(own)
    for (let i = 0; i < 20; i += 1) {
      const brief = await openSocket(own, { init: null })
      brief.send({ type: 'connection_init', payload: bearer(token) })
      brief.socket.close()
      await brief.closed
    }
    const open = await Promise.all([1, 2].map(() => openSocket(own, { init: bearer(token) })))
    for (const socket of open) expect(await socket.answer(typename)).toMatchObject(answered)
  })
})

describe('93: with the rate limits on', () => {
  let limited: TestApp
  beforeAll(async () => {
    limited = await app.node({ RATE_LIMITS: 'on' })
  })
  const repeated = (times: number, act: () => void) => {
    for (let i = 0; i < times; i += 1) act()
  }

  test.each<[string, object | null, (socket: RawSocket) => void]>([
    ['six pings before the init', null, (socket) => repeated(6, () => socket.send({ type: 'ping' }))],
    ['5000 pings before the init', null, (socket) => repeated(5000, () => socket.send({ type: 'ping' }))],
    ['six pings of the transport before the init', null, ({ socket }) => repeated(6, () => socket.ping())],
    ['six pongs of the transport before the init', null, ({ socket }) => repeated(6, () => socket.pong())],
    ['a hundred pings', {}, (socket) => repeated(100, () => socket.send({ type: 'ping' }))],
    ['a hundred pings of the transport', {}, ({ socket }) => repeated(100, () => socket.ping())],
    ['a hundred pongs of the transport', {}, ({ socket }) => repeated(100, () => socket.pong())],
    ['a hundred operations', {}, (socket) => repeated(100, () => socket.send(subscribe(newClientId(), typename)))],
    ['a hundred ends', {}, (socket) => repeated(100, () => socket.send({ type: 'complete', id: 'a' }))],
  ])('%s: 4413', async (_name, init, act) => {
    const socket = await openSocket(limited, { init: init as Record<string, unknown> | null })
    act(socket)
    expect((await socket.closed).code).toBe(4413)
  })

  test('thirty messages at once are no flood', async () => {
    const socket = await openSocket(limited)
    repeated(29, () => socket.send({ type: 'pong' }))
    expect(await socket.answer(typename)).toMatchObject(answered)
  })

  test('94: an address registers so many devices over sockets and HTTP together', async () => {
    const own = await createTestApp({ RATE_LIMITS: 'on' })
    const register = 'mutation { registerDevice(input: {}) { __typename } }'
    const socket = await openSocket(own)
    for (let i = 0; i < 5; i += 1) {
      expect(codeOf(await ask(own, register))).toBeUndefined()
      expect(await socket.answer(register)).toMatchObject({
        payload: { data: { registerDevice: { __typename: 'RegisterDevicePayload' } } },
      })
    }
    expect(await socket.answer(register)).toMatchObject({
      payload: { errors: [{ extensions: { code: 'RATE_LIMITED', retryAfterMs: expect.any(Number) } }] },
    })
    expect(codeOf(await ask(own, register))).toBe('RATE_LIMITED')
  })
})

test('94: a client id means the same over sockets and over HTTP', async () => {
  const someone = await createPhone(app)
  const socket = await openSocket(app, { init: bearer(someone.token) })
  const clientId = newClientId()
  const { id } = await someone.open(['jazz'], clientId)
  const again = await socket.answer(openDocument, { input: { clientId, interests: ['jazz'] } })
  expect(again).toMatchObject({ payload: { data: { openSession: { session: { id } } } } })
})

describe('95: Origin', () => {
  const opened = (server: TestApp, origin: string) =>
    openSocket(server, { headers: { origin } }).then(
      () => 'open',
      (error: Error) => error.message,
    )

  test.each(['https://evil.example', 'null', 'http://127.0.0.1', 'http://127.0.0.1.evil.example', 'file://'])(
    '%s: 403',
    async (origin) => {
      expect(await opened(app, origin)).toMatch('403')
    },
  )
  test('our own pages and those that are allowed: open', async () => {
    expect(await opened(app, `http://127.0.0.1:${app.port}`)).toBe('open')
    const allowing = await app.node({ ALLOWED_ORIGINS: 'https://app.example' })
    expect(await opened(allowing, 'https://app.example')).toBe('open')
    expect(await opened(allowing, 'https://app.example.evil.example')).toMatch('403')
  })
})

test('96: a socket that answers no ping by the next one is gone; one that does stays', async () => {
  const intervals = jest.spyOn(globalThis, 'setInterval')
  const own = await app.node()
  const keepAlive = intervals.mock.calls.find(([, everyMs]) => everyMs === 12_000)?.[0] as () => void
  intervals.mockRestore()
  const dead = await new Promise<Socket>((resolve) => {
    const socket = connect(own.port, '127.0.0.1', () => socket.write(handshake('graphql-transport-ws')))
    socket.once('data', () => resolve(socket))
  })
  const gone = new Promise((resolve) => dead.resume().once('close', resolve))
  const alive = await openSocket(own)
  const pinged = new Promise((resolve) => alive.socket.once('ping', resolve))
  keepAlive()
  await pinged
  expect(await alive.answer(typename)).toMatchObject(answered)
  keepAlive()
  await gone
  expect(await alive.answer(typename)).toMatchObject(answered)
})

test('after all of it nothing was unexpected, and no socket was closed with 4500', async () => {
  expect(app.logs.filter(({ level }) => level === 'error')).toEqual([])
  expect(await app.metrics.registry.metrics()).not.toContain('vicinity_socket_closes_total{code="4500"}')
})
