import { connect } from 'node:net'
import { readBody } from '../../src/platform/body.ts'
import { createHttpServer, type Exchange, type HttpServer } from '../../src/platform/http.ts'
import { createLogger } from '../../src/platform/logger.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { createPhone } from '../kit/phones.ts'
import { type RawAnswer, type RawRequest, sendBytes, sendHttp } from '../kit/raw-http.ts'

let app: TestApp
let throughYoga: TestApp
beforeAll(async () => {
  app = await createTestApp()
  throughYoga = await app.node({ HTTP_LANE: 'off' })
})

const ways = [
  ['through the lane', () => app],
  ['through yoga', () => throughYoga],
] as const

const json = 'application/json; charset=utf-8'
const response = 'application/graphql-response+json; charset=utf-8'
const typename = '{ __typename }'

interface Want {
  status: number
  type?: string
  /** The code of the first error; null where there must be none. */
  code?: string | null
  allow?: string
}
type Row = [name: string, request: RawRequest, want: Want]

const asJson = { 'content-type': 'application/json' }
const post = (body: string | Buffer, headers: Record<string, string | string[]> = {}): RawRequest => ({
  body,
  headers: { ...asJson, accept: 'application/graphql-response+json', ...headers },
})
const ask = (body: unknown, headers: Record<string, string> = {}) => post(JSON.stringify(body), headers)
const get = (parameters: Record<string, string>, headers: Record<string, string> = {}): RawRequest => ({
  method: 'GET',
  path: `/graphql?${new URLSearchParams(parameters)}`,
  headers,
})
const refused: Want = { status: 400, type: response, code: 'BAD_REQUEST' }
const unsupported: Want = { status: 415, type: response, code: 'BAD_REQUEST' }
const fine: Want = { status: 200, code: null }
const two = 'query A { __typename } query B { __typename }'
const register = 'mutation { registerDevice(input: {}) { __typename } }'
const nudges = 'subscription { nudges { __typename } }'

const bodies: Row[] = [
  ['1: an empty body', post(''), refused],
  ['2: a brace', post('{'), refused],
  ['2: JSON with a comma too many', post('{"query":"{ __typename }",}'), refused],
  ['2: bytes that are not UTF-8', post(Buffer.from([0x7b, 0xff, 0xfe, 0x7d])), refused],
  ['3: null', post('null'), refused],
  ['4: a text', post('"x"'), refused],
  ['5: a number', post('1'), refused],
  ['6: a batch', ask([{ query: typename }]), refused],
  ['6: a batch of ten', ask(Array.from({ length: 10 }, () => ({ query: typename }))), refused],
  ['6: an empty batch', ask([]), refused],
  ['7: no query', ask({}), refused],
  [
    '7: no query, for a client of application/json',
    ask({}, { accept: 'application/json' }),
    { ...refused, type: json },
  ],
  ['7: an empty query', ask({ query: '' }), refused],
  ['7: a query of blanks', ask({ query: '  \n' }), refused],
  ['7: a query that is a comment', ask({ query: '# nothing' }), refused],
  ['8: a query that is a number', ask({ query: 7 }), refused],
  ['8: a query that is true', ask({ query: true }), refused],
  ['8: a query that is null', ask({ query: null }), refused],
  ['8: a query that is a list', ask({ query: [typename] }), refused],
  ['8: a query that is an object', ask({ query: { body: typename } }), refused],
  ['9: an unknown member', ask({ query: typename, foo: 1 }), refused],
  ['9: a member __proto__', post('{"query":"{ __typename }","__proto__":{"admin":true}}'), refused],
  ['10: variables that are a list', ask({ query: typename, variables: [1] }), refused],
  ['10: variables that are a text', ask({ query: typename, variables: '{}' }), refused],
  ['10: variables that are a number', ask({ query: typename, variables: 0 }), refused],
  ['61: variables that are lists 33 deep', deep(33), { ...refused, code: 'BAD_USER_INPUT' }],
  ['61: variables that are lists 20000 deep', deep(20_000), { ...refused, code: 'BAD_USER_INPUT' }],
  ['61: a body of 30000 brackets', post('['.repeat(30_000)), refused],
  ['11: an operationName that is a number', ask({ query: typename, operationName: 1 }), refused],
  ['11: an operationName that nothing has', ask({ query: two, operationName: 'C' }), refused],
  ['11: an operationName __proto__', ask({ query: two, operationName: '__proto__' }), refused],
  ['11: two operations and no operationName', ask({ query: two }), refused],
  ['11: two operations and an empty operationName', ask({ query: two, operationName: '' }), refused],
  ['11: two operations and one of them named', ask({ query: two, operationName: 'B' }), fine],
  [
    '11: two operations and no operationName, for a client of application/json',
    ask({ query: two }, { accept: 'application/json' }),
    { ...refused, type: json },
  ],
  [
    '11: a field that is not there, and an operationName that nothing has',
    ask({ query: '{ nothing }', operationName: 'C' }),
    refused,
  ],
  ['12: extensions that are a text', ask({ query: typename, extensions: 'x' }), refused],
  ['12: extensions that are a number', ask({ query: typename, extensions: 1 }), refused],
  ['12: extensions that are a list', ask({ query: typename, extensions: [] }), refused],
  [
    'a hash of a persisted query and no query',
    ask({ extensions: { persistedQuery: { version: 1, sha256Hash: 'a'.repeat(64) } } }),
    refused,
  ],
]

const types: Row[] = [
  ['16: text/plain', post(JSON.stringify({ query: typename }), { 'content-type': 'text/plain' }), unsupported],
  [
    '16: no content type',
    { body: JSON.stringify({ query: typename }), headers: { accept: 'application/graphql-response+json' } },
    unsupported,
  ],
  ['16: an empty content type', post(JSON.stringify({ query: typename }), { 'content-type': '' }), unsupported],
  [
    '16: two content types in one',
    post(JSON.stringify({ query: typename }), { 'content-type': 'application/json, text/plain' }),
    unsupported,
  ],
  [
    '17: a mutation as a form',
    post(`query=${encodeURIComponent(register)}`, { 'content-type': 'application/x-www-form-urlencoded' }),
    unsupported,
  ],
  [
    '17: the same with a header of our own',
    post(`query=${encodeURIComponent(register)}`, {
      'content-type': 'application/x-www-form-urlencoded',
      'x-app': '1',
      'apollo-require-preflight': '1',
    }),
    unsupported,
  ],
  [
    '18: multipart',
    post(`--b\r\nContent-Disposition: form-data; name="operations"\r\n\r\n{"query":"{ __typename }"}\r\n--b--`, {
      'content-type': 'multipart/form-data; boundary=b',
    }),
    unsupported,
  ],
  ['19: application/graphql', post(typename, { 'content-type': 'application/graphql' }), unsupported],
  [
    '20: a charset of utf-16',
    post(JSON.stringify({ query: typename }), { 'content-type': 'application/json; charset=utf-16' }),
    unsupported,
  ],
  [
    '20: a charset of utf-8',
    post(JSON.stringify({ query: typename }), { 'content-type': 'application/json; charset=utf-8' }),
    fine,
  ],
  [
    '20: a charset of "UTF-8"',
    post(JSON.stringify({ query: typename }), { 'content-type': 'Application/JSON;charset="UTF-8"' }),
    fine,
  ],
  [
    '22: an answer as text/html',
    ask({ query: typename }, { accept: 'text/html' }),
    { status: 406, code: 'BAD_REQUEST' },
  ],
  [
    '22: an answer as an image',
    ask({ query: typename }, { accept: 'image/png' }),
    { status: 406, code: 'BAD_REQUEST' },
  ],
  [
    '22: an answer in another charset',
    ask({ query: typename }, { accept: 'application/json; charset=utf-16' }),
    { status: 406, code: 'BAD_REQUEST' },
  ],
  ['22: no preference', ask({ query: typename }, { accept: '*/*' }), { ...fine, type: json }],
  ['22: an empty preference', ask({ query: typename }, { accept: '' }), { ...fine, type: json }],
  [
    '22: several preferences',
    ask({ query: typename }, { accept: 'text/html, application/graphql-response+json;q=0.9, */*;q=0.1' }),
    { ...fine, type: response },
  ],
  [
    '23: a subscription, to be answered as JSON',
    ask({ query: nudges }, { accept: 'application/json' }),
    { status: 406, code: 'BAD_REQUEST' },
  ],
  ['23: a subscription, to be answered as GraphQL', ask({ query: nudges }), { status: 406, code: 'BAD_REQUEST' }],
  [
    '26: a compressed body',
    post(Buffer.from('1f8b0800000000000003', 'hex'), { 'content-encoding': 'gzip' }),
    unsupported,
  ],
  [
    '26: a body that is said to be compressed by something unheard of',
    post('{}', { 'content-encoding': 'x' }),
    unsupported,
  ],
]

const methods: Row[] = [
  [
    '13: GET asks without a header of our own: only bearer tokens authenticate, there is no cookie to ride on',
    get({ query: typename }),
    { ...fine, type: json },
  ],
  [
    '13: GET with a query that is no GraphQL',
    get({ query: '{' }, { accept: 'application/graphql-response+json' }),
    refused,
  ],
  ['13: GET without a query', get({}, { accept: 'application/graphql-response+json' }), refused],
  [
    '13: GET with variables that are no JSON',
    get({ query: typename, variables: '{' }, { accept: 'application/graphql-response+json' }),
    refused,
  ],
  [
    '13: GET with variables that are a list',
    get({ query: typename, variables: '[]' }, { accept: 'application/graphql-response+json' }),
    refused,
  ],
  [
    '13: GET with a lone surrogate in its variables',
    get({ query: typename, variables: '{"a":"\\ud800"}' }, { accept: 'application/graphql-response+json' }),
    { ...refused, code: 'BAD_USER_INPUT' },
  ],
  [
    '13: GET with variables named __proto__',
    get({ query: typename, variables: '{"__proto__":{}}' }, { accept: 'application/graphql-response+json' }),
    { ...refused, code: 'BAD_USER_INPUT' },
  ],
  [
    '13: GET with extensions that are a text',
    get({ query: typename, extensions: '"x"' }, { accept: 'application/graphql-response+json' }),
    refused,
  ],
  ['14: GET with a mutation', get({ query: register }), { status: 405, allow: 'POST', code: 'BAD_REQUEST' }],
  [
    '14: GET with a mutation among queries',
    get({
      query: `query A { __typename } mutation B { registerDevice(input: {}) { __typename } }`,
      operationName: 'B',
    }),
    { status: 405, allow: 'POST', code: 'BAD_REQUEST' },
  ],
  [
    '15: GET with a subscription of nobody, to be answered as JSON',
    get({ query: nudges }, { accept: 'application/json' }),
    { status: 406, code: 'BAD_REQUEST' },
  ],
  ['21: PUT', { ...ask({ query: typename }), method: 'PUT' }, { status: 405, allow: 'GET, POST', code: 'BAD_REQUEST' }],
  [
    '21: DELETE',
    { ...ask({ query: typename }), method: 'DELETE' },
    { status: 405, allow: 'GET, POST', code: 'BAD_REQUEST' },
  ],
  [
    '21: PATCH',
    { ...ask({ query: typename }), method: 'PATCH' },
    { status: 405, allow: 'GET, POST', code: 'BAD_REQUEST' },
  ],
  ['21: TRACE', { method: 'TRACE' }, { status: 405, allow: 'GET, POST' }],
  ['21: QUERY', { ...ask({ query: typename }), method: 'PROPFIND' }, { status: 405, allow: 'GET, POST' }],
  ['21: HEAD', { method: 'HEAD' }, { status: 405, allow: 'GET, POST' }],
]

const sizes: Row[] = [
  ['24: 64 KiB and a byte', post(padded(64 * 1024 + 1)), { status: 413, code: 'PAYLOAD_TOO_LARGE' }],
  ['24: 64 KiB exactly', post(padded(64 * 1024)), fine],
  ['24: 5 MB', post(padded(5_000_000)), { status: 413, code: 'PAYLOAD_TOO_LARGE' }],
  [
    '25: 64 KiB and a byte in chunks, without a length',
    { ...post(padded(64 * 1024 + 1)), chunked: true },
    { status: 413, code: 'PAYLOAD_TOO_LARGE' },
  ],
  ['25: 64 KiB in chunks', { ...post(padded(64 * 1024)), chunked: true }, fine],
  ['25: 5 MB in chunks', { ...post(padded(5_000_000)), chunked: true }, { status: 413, code: 'PAYLOAD_TOO_LARGE' }],
]

const paths: Row[] = [
  ['31: a path of nothing', { ...ask({ query: typename }), path: '/nothing' }, { status: 404, code: 'NOT_FOUND' }],
  ['31: //graphql', { ...ask({ query: typename }), path: '//graphql' }, { status: 404, code: 'NOT_FOUND' }],
  ['31: /graphql/', { ...ask({ query: typename }), path: '/graphql/' }, { status: 404, code: 'NOT_FOUND' }],
  [
    '31: /graphql/../admin',
    { ...ask({ query: typename }), path: '/graphql/../admin' },
    { status: 404, code: 'NOT_FOUND' },
  ],
  [
    '31: /admin/../graphql',
    { ...ask({ query: typename }), path: '/admin/../graphql' },
    { status: 404, code: 'NOT_FOUND' },
  ],
  ['31: /%67raphql', { ...ask({ query: typename }), path: '/%67raphql' }, { status: 404, code: 'NOT_FOUND' }],
  ['31: /GRAPHQL', { ...ask({ query: typename }), path: '/GRAPHQL' }, { status: 404, code: 'NOT_FOUND' }],
  ['31: /graphql with a NUL', { ...ask({ query: typename }), path: '/graphql%00' }, { status: 404, code: 'NOT_FOUND' }],
]

function deep(levels: number): RawRequest {
  return post(`{"query":"{ __typename }","variables":{"a":${'['.repeat(levels)}${']'.repeat(levels)}}}`)
}

/** A good request, as long as asked. */
function padded(length: number): string {
  const body = JSON.stringify({ query: typename, extensions: { pad: '' } })
  return body.replace('"pad":""', `"pad":"${'x'.repeat(length - body.length)}"`)
}

const rows = [...bodies, ...types, ...methods, ...sizes, ...paths]

const bodyOf = ({ text }: RawAnswer) => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

describe.each(ways)('%s', (_way, server) => {
  test.each(rows)('%s', async (_name, request, want) => {
    const answer = await sendHttp(server(), request)
    const body = bodyOf(answer)
    expect({ status: answer.status, text: answer.text.slice(0, 400) }).toMatchObject({ status: want.status })
    if (want.type) expect(answer.headers['content-type']).toBe(want.type)
    if (want.allow) expect(answer.headers['allow']).toBe(want.allow)
    if (want.code) {
      expect(body.errors[0].extensions).toEqual({ code: want.code, requestId: answer.headers['x-request-id'] })
      expect(body).not.toHaveProperty('data')
      expect(answer.text).not.toMatch(/originalError|stack|SyntaxError|node_modules/)
    }
    if (want.code === null) expect(body).toEqual({ data: { __typename: 'Query' } })
  })
})

describe('both ways alike', () => {
  test.each(rows)('%s', async (_name, request) => {
    const [lane, yoga] = await Promise.all([sendHttp(app, request), sendHttp(throughYoga, request)])
    expect(comparable(lane)).toEqual(comparable(yoga))
  })
})

function comparable(answer: RawAnswer) {
  const { 'content-type': type, allow, connection } = answer.headers
  const text = answer.text.replaceAll(String(answer.headers['x-request-id']), '…')
  return { status: answer.status, type, allow, connection, body: bodyOf({ ...answer, text }) ?? text }
}

test('15: a subscription of nobody as a stream is one event that says UNAUTHENTICATED: its client reads events only', async () => {
  for (const server of [app, throughYoga]) {
    const request = get({ query: nudges }, { accept: 'text/event-stream' })
    const { status, headers, text } = await sendHttp(server, request)
    expect({ status, type: headers['content-type'] }).toEqual({ status: 200, type: 'text/event-stream' })
    const [event, data] = text.split('\n').filter((line) => line !== '' && line !== ':')
    expect(event).toBe('event: next')
    expect(JSON.parse(String(data).slice('data: '.length)).errors[0].extensions.code).toBe('UNAUTHENTICATED')
    expect(text).toContain('event: complete')
  }
})

test('22: what cannot be answered is not run either', async () => {
  const counted = async () =>
    (await app.postgres.sql<{ n: string }>({ name: 'test-devices', text: 'select count(*) as n from devices' }, []))[0]
      ?.n
  const before = await counted()
  for (const server of [app, throughYoga]) {
    expect(await sendHttp(server, ask({ query: register }, { accept: 'text/html' }))).toMatchObject({ status: 406 })
  }
  expect(await counted()).toBe(before)
})

test('23: a subscription that cannot be answered as a stream never starts', async () => {
  const started = async ({ metrics }: TestApp) =>
    (await metrics.registry.metrics()).split('\n').filter((line) => line.includes('kind="subscription"'))
  const phone = await createPhone(app)
  for (const server of [app, throughYoga]) {
    const before = await started(server)
    for (const accept of ['application/json', 'application/graphql-response+json', 'multipart/mixed']) {
      const answer = await sendHttp(server, ask({ query: nudges }, { accept, authorization: `Bearer ${phone.token}` }))
      expect(answer.status).toBe(406)
    }
    expect(await started(server)).toEqual(before)
  }
})

test('two clients that send the same nonsense each get their own request id', async () => {
  for (const server of [app, throughYoga]) {
    for (const query of ['{', '{ nothing }', two]) {
      const answers = await Promise.all([1, 2].map(() => sendHttp(server, ask({ query }))))
      for (const answer of answers)
        expect(bodyOf(answer).errors[0].extensions.requestId).toBe(answer.headers['x-request-id'])
    }
  }
})

test('two operations in one document: each is found by its name, whatever was asked before', async () => {
  for (const server of [app, throughYoga]) {
    for (const [operationName, status] of [
      ['C', 400],
      ['B', 200],
      [undefined, 400],
      ['A', 200],
    ] as const) {
      expect(await sendHttp(server, ask({ query: two, operationName }))).toMatchObject({ status })
    }
  }
})

describe('what no HTTP client would send', () => {
  const head = (lines: string[]) => ['POST /graphql HTTP/1.1', 'Host: x', ...lines, '', ''].join('\r\n')
  const body = JSON.stringify({ query: typename })

  test.each([
    ['28: 2000 headers', [...Array.from({ length: 2000 }, (_, i) => `x-${i}: 1`), 'content-length: 0'], 431],
    ['28: a header of 32 KiB', [`x-long: ${'x'.repeat(32_768)}`, 'content-length: 0'], 431],
    ['29: two lengths', ['content-type: application/json', `content-length: ${body.length}`, 'content-length: 5'], 400],
    [
      '29: a length and chunks',
      ['content-type: application/json', `content-length: ${body.length}`, 'transfer-encoding: chunked'],
      400,
    ],
    ['29: a length with a sign', ['content-type: application/json', 'content-length: +5'], 400],
    ['29: chunked twice over', ['content-type: application/json', 'transfer-encoding: chunked, identity'], 400],
    ['29: a header with a line of its own', ['x: a\rb', 'content-length: 0'], 400],
    ['an Expect that nobody knows', ['expect: 200-maybe', 'content-length: 0', 'connection: close'], 417],
  ] as const)('%s: refused, and the connection ends', async (_name, lines, status) => {
    expect(await sendBytes(app, head([...lines]), body)).toMatchObject({ status })
  })

  test('no Host: refused', async () => {
    expect(await sendBytes(app, 'POST /graphql HTTP/1.1\r\ncontent-length: 0\r\n\r\n')).toMatchObject({ status: 400 })
  })

  test('bytes that are no HTTP: refused', async () => {
    expect(await sendBytes(app, Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00]))).toMatchObject({ status: 400 })
  })

  test.each([
    ['30: an Origin that is not ours', { origin: 'https://evil.example' }, '/graphql', 403],
    ['30: no key', { 'sec-websocket-key': undefined }, '/graphql', 400],
    ['30: a key of the wrong length', { 'sec-websocket-key': 'c2hvcnQ=' }, '/graphql', 400],
    ['30: version 12', { 'sec-websocket-version': '12' }, '/graphql', 426],
    ['30: no version', { 'sec-websocket-version': undefined }, '/graphql', 426],
    ['30: to something else than a websocket', { upgrade: 'tls/1.0' }, '/graphql', 400],
    ['31: on another path', {}, '/', 404],
    ['31: on //graphql', {}, '//graphql', 404],
    ['31: on /graphql/../graphql', {}, '/graphql/../graphql', 404],
  ] as const)('an upgrade, %s: refused, and the connection ends', async (_name, changed, path, status) => {
    const headers: Record<string, string | undefined> = {
      ...{ host: 'x', connection: 'upgrade', upgrade: 'websocket' },
      ...{ 'sec-websocket-version': '13', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' },
      ...{ 'sec-websocket-protocol': 'graphql-transport-ws', ...changed },
    }
    const lines = Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]))
    expect(await sendBytes(app, [`GET ${path} HTTP/1.1`, ...lines, '', ''].join('\r\n'))).toMatchObject({ status })
  })

  describe('27: a client that says what it wants byte by byte, or stops', () => {
    let server: HttpServer
    let port: number
    beforeAll(async () => {
      const read = async ({ req, res }: Exchange) => {
        await readBody(req)
        res.end()
      }
      server = createHttpServer({
        ...{ host: '127.0.0.1', port: 0, trustedProxies: 0, onUpgrade: (_req, socket) => socket.destroy() },
        ...{ logger: createLogger({ level: 'silent' }), routes: new Map([['/', read]]) },
        patience: { head: 100, whole: 200, every: 20 },
      })
      port = (await server.listen()).port
    })
    afterAll(() => server.stop(0))

    test.each([
      ['its first line', 'POST / HT'],
      ['its headers', 'POST / HTTP/1.1\r\nHost: x\r\nx-a: b'],
      ['its body', 'POST / HTTP/1.1\r\nHost: x\r\ncontent-length: 10\r\n\r\n{'],
      ['its chunks', 'POST / HTTP/1.1\r\nHost: x\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{'],
    ])('in %s: 408, and the connection ends', async (_where, bytes) => {
      expect(await sendBytes({ port }, bytes)).toMatchObject({ status: 408 })
    })
  })

  test('a client that goes away in the middle of its body is no error of ours', async () => {
    for (const { port } of [app, throughYoga]) {
      await new Promise((resolve) => {
        const lines = ['content-type: application/json', 'content-length: 1000']
        const socket = connect(port, '127.0.0.1', () =>
          socket.write(head(lines), () => socket.write('{', () => socket.destroy())),
        )
        socket.on('close', resolve)
      })
    }
    // Asked on another connection, so that ours has been looked at by then.
    expect(await sendHttp(app, ask({ query: typename }))).toMatchObject({ status: 200 })
    expect(await sendHttp(throughYoga, ask({ query: typename }))).toMatchObject({ status: 200 })
  })

  test('after all of it the server answers as before', async () => {
    expect(await sendHttp(app, ask({ query: typename }))).toMatchObject({ status: 200 })
    expect(app.logs.filter(({ level }) => level === 'error')).toEqual([])
    expect(throughYoga.logs.filter(({ level }) => level === 'error')).toEqual([])
  })
})
