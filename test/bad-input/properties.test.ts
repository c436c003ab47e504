import { connect } from 'node:net'
import fc from 'fast-check'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { runs } from '../kit/fuzz.ts'
import { createPhone, nudgesDocument, openDocument, type Phone, reportDocument } from '../kit/phones.ts'
import { openSocket } from '../kit/raw-socket.ts'

let app: TestApp
let throughYoga: TestApp
let phone: Phone
beforeAll(async () => {
  app = await createTestApp({ SOCKETS_PER_VIEWER: '100000', SOCKETS_PER_ADDRESS: '100000' })
  throughYoga = await app.node({ HTTP_LANE: 'off' })
  phone = await createPhone(app)
  await phone.open(['jazz'])
})
afterAll(() => {
  for (const { logs } of [app, throughYoga]) expect(logs.filter(({ level }) => level === 'error')).toEqual([])
})

/** Words of our own insides, and of those of what we are built from. */
const insides =
  /node_modules|at \w+ \(|SyntaxError|TypeError|RangeError|Pothos|Prisma|postgres|ECONN|originalError|stack/i

const sighting = { beacon: 'a'.repeat(32), observedAt: new Date().toISOString(), rssi: -60 }
const operations: [query: string, variables: object][] = [
  ['{ viewer { deviceId account { id } } interestCatalog { id interests { id label } } }', {}],
  [
    'query ($id: ID!, $first: Int) { node(id: $id) { id ... on Session { state matches(first: $first) { edges { cursor node { id } } } } } }',
    { id: 'U2Vzc2lvbjox', first: 5 },
  ],
  [openDocument, { input: { clientId: 'abcdefgh', interests: ['jazz', 'ai'] } }],
  [reportDocument, { input: { sightings: [sighting, sighting] } }],
  ['mutation ($input: BlockInput!) { block(input: $input) { __typename } }', { input: { matchId: 'a'.repeat(40) } }],
]

interface Mutation {
  at: number
  kind: 'replace' | 'insert' | 'remove' | 'repeat'
  bytes: Uint8Array
}
const mutation = fc.record<Mutation>({
  at: fc.noBias(fc.nat(100_000)),
  kind: fc.constantFrom('replace', 'insert', 'remove', 'repeat'),
  bytes: fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 4 }),
    fc
      .constantFrom(
        '{',
        '}',
        '[',
        ']',
        '"',
        '\\',
        '\\u0000',
        '\\ud800',
        '\0',
        '$',
        '...',
        '@',
        '-',
        '1e999',
        'null',
        '\r\n',
        ':',
        ' ',
      )
      .map((text) => Buffer.from(text)),
  ),
})

function mutated(given: Buffer, mutations: Mutation[]): Buffer {
  return mutations.reduce((bytes, { at, kind, bytes: put }) => {
    const start = at % (bytes.length + 1)
    const end = Math.min(bytes.length, start + put.length)
    const before = bytes.subarray(0, start)
    if (kind === 'insert') return Buffer.concat([before, put, bytes.subarray(start)])
    if (kind === 'remove') return Buffer.concat([before, bytes.subarray(end)])
    if (kind === 'repeat') return Buffer.concat([bytes.subarray(0, end), bytes.subarray(start)])
    return Buffer.concat([before, put, bytes.subarray(end)])
  }, given)
}

/** Whatever a changed head waits for, this is too much of it. */
const tooMuch = Buffer.alloc(70_000, 'x')

/** All that comes back for bytes until the server closes; if it waits for more, it gets more. */
function answerTo(port: number, bytes: Buffer): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    socket.setTimeout(100, () => socket.write(tooMuch))
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('utf8')))
  })
}

function requestOf(body: Buffer, lines: string[] = []): Buffer {
  const head = ['POST /graphql HTTP/1.1', 'Host: x', 'Connection: close', 'Content-Type: application/json', ...lines]
  return Buffer.concat([Buffer.from([...head, `Content-Length: ${body.length}`, '', ''].join('\r\n')), body])
}

const authorized = () => ['Accept: application/graphql-response+json', `Authorization: Bearer ${phone.token}`]
const bodies = operations.map(([query, variables]) => Buffer.from(JSON.stringify({ query, variables })))
const eitherWay = fc.constantFrom(
  () => app,
  () => throughYoga,
)

const statuses = new Set<string | undefined>()

function acceptable(answer: string): void {
  statuses.add(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1])
  expect(answer).not.toMatch(/^HTTP\/1\.1 5/)
  expect(answer).not.toContain('"INTERNAL"')
  expect(answer).not.toMatch(insides)
}

test('whatever becomes of the bytes of a good body, the answer is no fault of ours and tells nothing of our insides', async () => {
  const changes = fc.array(mutation, { minLength: 1, maxLength: 3 })
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...bodies), changes, eitherWay, async (body, mutations, server) => {
      acceptable(await answerTo(server().port, requestOf(mutated(body, mutations), authorized())))
    }),
    runs(150),
  )
})

test('the same for the bytes of a whole request', async () => {
  const changes = fc.array(mutation, { minLength: 1, maxLength: 3 })
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...bodies), changes, eitherWay, async (body, mutations, server) => {
      acceptable(await answerTo(server().port, mutated(requestOf(body, authorized()), mutations)))
    }),
    runs(200),
  )
})

test('the same for any JSON in the place of the variables, and of everything', async () => {
  const anything = fc.jsonValue({ maxDepth: 5 })
  const asked = fc.oneof(
    fc.record({ query: fc.constantFrom(...operations.map(([query]) => query)), variables: anything }),
    fc.record({
      query: fc.constantFrom(...operations.map(([query]) => query)),
      variables: fc.record({ input: anything, id: anything, first: anything }),
    }),
    fc.record(
      { query: anything, variables: anything, operationName: anything, extensions: anything },
      { requiredKeys: [] },
    ),
    anything,
  )
  await fc.assert(
    fc.asyncProperty(asked, eitherWay, async (body, server) => {
      acceptable(await answerTo(server().port, requestOf(Buffer.from(JSON.stringify(body)), authorized())))
    }),
    runs(200),
  )
})

test('there were good answers among them, and refusals of several kinds', () => {
  expect([...statuses]).toEqual(expect.arrayContaining(['200', '400', '401', '415']))
})

test('whatever is said on a socket, in whatever order, it never ends with 4500, and nobody else is disturbed', async () => {
  const id = fc.constantFrom('a', 'b', 'c', '', '__proto__')
  const query = fc.constantFrom(
    nudgesDocument,
    ...operations.map(([text]) => text),
    '{ __typename }',
    '{',
    '',
    '{ nothing }',
    'query A { __typename } query B { __typename }',
  )
  const variables = fc.option(
    fc.oneof(
      fc.dictionary(fc.constantFrom('id', 'input', 'first', 'after'), fc.jsonValue({ maxDepth: 3 })),
      fc.jsonValue({ maxDepth: 2 }),
    ),
  )
  const message = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ type: fc.constant('subscribe'), id, payload: fc.record({ query, variables }) }),
    },
    { weight: 2, arbitrary: fc.record({ type: fc.constant('complete'), id }) },
    {
      weight: 1,
      arbitrary: fc.record({
        type: fc.constantFrom('ping', 'pong'),
        payload: fc.option(fc.object({ maxDepth: 1 }), { nil: undefined }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('connection_init') }) },
    { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
  )
  const said = fc.oneof(
    { weight: 8, arbitrary: message.map((value) => JSON.stringify(value)) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(message, fc.array(mutation, { minLength: 1, maxLength: 3 }))
        .map(([value, mutations]) => mutated(Buffer.from(JSON.stringify(value)), mutations)),
    },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 20 }) },
  )
  const bystander = await openSocket(app, { init: { authorization: `Bearer ${phone.token}` } })
  const codes = new Set<number>()
  await fc.assert(
    fc.asyncProperty(fc.boolean(), fc.array(said, { minLength: 1, maxLength: 15 }), async (signedIn, messages) => {
      const socket = await openSocket(app, { init: signedIn ? { authorization: `Bearer ${phone.token}` } : null })
      for (const each of messages) socket.socket.send(each, { binary: false })
      socket.socket.close(1000)
      const { code } = await socket.closed
      codes.add(code)
      expect([1000, 1007, 4400, 4401, 4409, 4429]).toContain(code)
    }),
    runs(150),
  )
  expect(codes.size).toBeGreaterThan(3)
  expect(await bystander.answer('{ __typename }')).toMatchObject({ type: 'next' })
  expect(await app.metrics.registry.metrics()).not.toContain('vicinity_socket_closes_total{code="4500"}')
})
