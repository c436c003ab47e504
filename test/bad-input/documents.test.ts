import { getIntrospectionQuery } from 'graphql'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { createPhone, type Phone } from '../kit/phones.ts'
import { sendHttp } from '../kit/raw-http.ts'
import { openSocket, type RawSocket } from '../kit/raw-socket.ts'

let app: TestApp
let throughYoga: TestApp
let phone: Phone
let socket: RawSocket
beforeAll(async () => {
  app = await createTestApp()
  throughYoga = await app.node({ HTTP_LANE: 'off' })
  phone = await createPhone(app)
  await phone.open(['jazz'])
  socket = await openSocket(app, { init: { authorization: `Bearer ${phone.token}` } })
})

interface Result {
  data?: unknown
  errors?: { message: string; extensions: Record<string, unknown> }[]
}

const overHttp = (server: () => TestApp) => async (query: string, variables?: object) => {
  const { status, text } = await sendHttp(server(), {
    headers: {
      'content-type': 'application/json',
      accept: 'application/graphql-response+json, text/event-stream',
      authorization: `Bearer ${phone.token}`,
    },
    body: JSON.stringify({ query, variables }),
  })
  return { status, result: JSON.parse(text) as Result }
}

const overSocket = async (query: string, variables?: object) => {
  const { type, payload } = await socket.answer(query, variables)
  if (type === 'error') return { status: undefined, result: { errors: payload } as Result }
  return { status: undefined, result: payload as Result }
}

const ways = [
  ['through the lane', overHttp(() => app)],
  ['through yoga', overHttp(() => throughYoga)],
  ['over a socket', overSocket],
] as const

const times = (n: number, text: (i: number) => string, between = ' ') =>
  Array.from({ length: n }, (_, i) => text(i)).join(between)
const nested = (depth: number) => `${'{ a '.repeat(depth)}${'}'.repeat(depth)}`

type Row = [name: string, query: string, code: string, variables?: object]

const refused: Row[] = [
  ['32: a brace', '{', 'BAD_REQUEST'],
  ['32: a keyword that is none', 'qwerty cop { abc }', 'BAD_REQUEST'],
  ['32: a text without an end', '{ a(b: "', 'BAD_REQUEST'],
  ['33: an unknown field', '{ viewr { deviceId } }', 'BAD_REQUEST'],
  ['33: an unknown argument', '{ node(idd: 1) { id } }', 'BAD_REQUEST'],
  ['33: an unknown type', '{ node(id: "x") { ... on Devic { id } } }', 'BAD_REQUEST'],
  [
    '33: an unknown member of an input',
    'mutation { openSession(input: { clientIdd: "a" }) { __typename } }',
    'BAD_USER_INPUT',
  ],
  ['33: an unknown value of an enum', '{ stats(range: TODAI) { activeSessions } }', 'BAD_USER_INPUT'],
  ['35: 12 levels', nested(12), 'QUERY_TOO_COMPLEX'],
  [
    '35: 12 levels over fragments',
    `{ ...A } ${times(12, (i) => `fragment ${letters(i)} on Query { a { ...${letters(i + 1)} } }`)} fragment ${letters(12)} on Query { a }`,
    'QUERY_TOO_COMPLEX',
  ],
  ['35: 12 levels over inline fragments', `{ ${'... { a { '.repeat(12)} b ${'} }'.repeat(12)} }`, 'QUERY_TOO_COMPLEX'],
  [
    '36: 20 aliases of a mutation',
    `mutation { ${times(20, (i) => `a${i}: registerDevice(input: {}) { __typename }`)} }`,
    'QUERY_TOO_COMPLEX',
  ],
  [
    '36: two of a mutation that is allowed once',
    'mutation { a: registerDevice(input: {}) { __typename } b: registerDevice(input: {}) { __typename } }',
    'QUERY_TOO_COMPLEX',
  ],
  [
    '36: the same two, one of them in a fragment',
    'mutation { registerDevice(input: {}) { __typename } ...F } fragment F on Mutation { b: registerDevice(input: {}) { __typename } }',
    'QUERY_TOO_COMPLEX',
  ],
  [
    '36: the same fragment twice',
    'mutation { ... on Mutation { ...F } ... { ...F } } fragment F on Mutation { b: registerDevice(input: {}) { __typename } c: registerDevice(input: {}) { __typename } }',
    'QUERY_TOO_COMPLEX',
  ],
  ['37: 101 aliases of __typename', `{ ${times(101, (i) => `a${i}: __typename`)} }`, 'QUERY_TOO_COMPLEX'],
  ['37: 11 aliases of __typename', `{ ${times(11, (i) => `a${i}: __typename`)} }`, 'QUERY_TOO_COMPLEX'],
  [
    '37: 11 aliases, spread over two fragments',
    `{ ...A ...B } fragment A on Query { ${times(6, (i) => `a${i}: __typename`)} } fragment B on Query { ${times(5, (i) => `b${i}: __typename`)} }`,
    'QUERY_TOO_COMPLEX',
  ],
  ['38: the same field 500 times', `{ ${times(500, () => '__typename')} }`, 'QUERY_TOO_COMPLEX'],
  [
    '38: the same field 500 times, in five hundred braces',
    `{ ${times(240, () => '... { __typename }')} }`,
    'QUERY_TOO_COMPLEX',
  ],
  ['39: 1100 tokens', `{ ${times(1100, (i) => `f${i}`)} }`, 'QUERY_TOO_COMPLEX'],
  ['40: 21 directives', `{ __typename ${times(21, () => '@skip(if: false)')} }`, 'QUERY_TOO_COMPLEX'],
  ['40: 21 directives of an operation', `query ${times(21, () => '@a')} { __typename }`, 'QUERY_TOO_COMPLEX'],
  ['40: 21 directives of a variable', `query ($a: Int ${times(21, () => '@a')}) { __typename }`, 'QUERY_TOO_COMPLEX'],
  [
    '40: 21 directives of a fragment',
    `{ ...F } fragment F on Query ${times(21, () => '@a')} { __typename }`,
    'QUERY_TOO_COMPLEX',
  ],
  ['41: a fragment of itself', '{ ...A } fragment A on Query { ...A }', 'BAD_REQUEST'],
  [
    '41: two fragments of each other',
    '{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }',
    'BAD_REQUEST',
  ],
  [
    '41: a cycle below a field',
    '{ viewer { ...A } } fragment A on Viewer { deviceId ...B } fragment B on Viewer { account { ...C } } fragment C on Account { id ...C }',
    'BAD_REQUEST',
  ],
  [
    '42: 2^30 fields by thirty fragments',
    `{ ...A } ${times(30, (i) => `fragment ${letters(i)} on Query { ...${letters(i + 1)} ...${letters(i + 1)} }`)} fragment ${letters(30)} on Query { __typename }`,
    'QUERY_TOO_COMPLEX',
  ],
  [
    '42: 2^30 spreads of nothing',
    `{ ...A } ${times(30, (i) => `fragment ${letters(i)} on Query { ...${letters(i + 1)} ...${letters(i + 1)} }`)} fragment ${letters(30)} on Query { ...A }`,
    'QUERY_TOO_COMPLEX',
  ],
  [
    '42: 3^20 directives by twenty fragments',
    `{ ...A } ${times(20, (i) => `fragment ${letters(i)} on Query { ${times(3, () => `...${letters(i + 1)} @skip(if: true)`)} }`)} fragment ${letters(20)} on Query { __typename }`,
    'QUERY_TOO_COMPLEX',
  ],
  [
    '43: 100 fragments that nothing uses',
    `{ __typename } ${times(100, (i) => `fragment F${i} on Query { __typename }`)}`,
    'BAD_REQUEST',
  ],
  [
    '43: 200 fragments that nothing uses',
    `{ __typename } ${times(200, (i) => `fragment F${i} on Query { __typename }`)}`,
    'QUERY_TOO_COMPLEX',
  ],
  ['44: a page of 100000', '{ session { matches(first: 100000) { edges { cursor } } } }', 'BAD_USER_INPUT'],
  [
    '45: a page of 100000 by a variable',
    'query ($f: Int) { session { matches(first: $f) { edges { cursor } } } }',
    'BAD_USER_INPUT',
    { f: 100_000 },
  ],
  [
    '45: a page of 101 from the end',
    'query ($f: Int) { session { matches(last: $f) { edges { cursor } } } }',
    'BAD_USER_INPUT',
    { f: 101 },
  ],
  ['46: a page of -1', '{ session { matches(first: -1) { edges { cursor } } } }', 'BAD_USER_INPUT'],
  ['46: a page of 0', '{ session { matches(first: 0) { edges { cursor } } } }', 'BAD_USER_INPUT'],
  ['46: a page from both ends', '{ session { matches(first: 1, last: 1) { edges { cursor } } } }', 'BAD_USER_INPUT'],
  [
    '46: pages beside one of -100000, which must not pay for them',
    `{ session { ${times(9, (i) => `m${i}: matches(first: 100) { edges { cursor node { id sharedInterests } } }`)} x: matches(first: -100000) { edges { cursor } } } }`,
    'QUERY_TOO_COMPLEX',
  ],
  ['47: @defer', '{ ... @defer { __typename } }', 'BAD_REQUEST'],
  ['47: @stream', '{ interestCatalog @stream { id } }', 'BAD_REQUEST'],
  ['48: 9000 braces', nested(9000), 'QUERY_TOO_COMPLEX'],
  ['48: 900 lists in a value', `{ node(id: ${'['.repeat(450)}${']'.repeat(450)}) { id } }`, 'BAD_USER_INPUT'],
  [
    '49: 60 × 60 inline fragments',
    `{ ${times(60, () => `... on Query { ${times(60, () => '...{a}')} }`)} }`,
    'QUERY_TOO_COMPLEX',
  ],
  ['50: NUL', '{ __typename }\0', 'BAD_USER_INPUT'],
  ['50: U+2028 where a blank may be', '{\u2028__typename }', 'BAD_REQUEST'],
  ['50: half a surrogate pair', '{ __typename } # \ud800', 'BAD_USER_INPUT'],
  ['two operations without a name', '{ __typename } { __typename }', 'BAD_REQUEST'],
  ['a definition of a type', '{ __typename } type Query { a: Int }', 'BAD_REQUEST'],
  ['two subscriptions in one', 'subscription { a: nudges { __typename } b: nudges { __typename } }', 'BAD_REQUEST'],
  ['a subscription to its own type', 'subscription { __typename }', 'BAD_REQUEST'],
  ['a variable of an output type', 'query ($a: Session) { __typename }', 'BAD_REQUEST'],
  ['__schema twice', '{ a: __schema { description } b: __schema { description } }', 'QUERY_TOO_COMPLEX'],
]

type FineRow = [name: string, query: string, variables?: object]

const fine: FineRow[] = [
  ['46: a page of null, which is as good as none', '{ session { matches(first: null) { edges { cursor } } } }'],
  ['46: a page of 100', 'query ($f: Int) { session { matches(first: $f) { edges { cursor } } } }', { f: 100 }],
  ['50: a byte order mark before it, as editors put it', '\ufeff{ __typename }'],
  ['50: U+2028 in a comment', '{ __typename # \u2028\n}'],
  ['10 aliases', `{ ${times(10, (i) => `a${i}: __typename`)} }`],
  [
    'introspection as GraphiQL asks for it',
    getIntrospectionQuery({
      inputValueDeprecation: true,
      specifiedByUrl: true,
      directiveIsRepeatable: true,
      schemaDescription: true,
      oneOf: true,
    }),
  ],
]

function letters(i: number): string {
  return String.fromCharCode(65 + (i % 26)) + (i >= 26 ? '_' : '')
}

describe.each(ways)('%s', (way, send) => {
  test.each(refused)('%s: refused', async (...[_name, query, code, variables]: Row) => {
    const { status, result } = await send(query, variables)
    expect(result.errors?.[0]).toMatchObject({ extensions: { code, requestId: expect.any(String) } })
    const executed = 'data' in result
    if (status !== undefined) expect(status).toBe(executed ? 200 : 400)
    expect(JSON.stringify(result)).not.toMatch(/Did you mean|Something went wrong|stack|originalError/)
    expect(result.errors?.length).toBeLessThanOrEqual(6)
  })

  test.each(fine)('%s: answered', async (...[_name, query, variables]: FineRow) => {
    const { result } = await send(query, variables)
    expect(result).toMatchObject({ data: expect.any(Object) })
    expect(result.errors).toBeUndefined()
  })

  test('and after all of it an operation is answered as before', async () => {
    expect((await send('{ __typename }')).result).toEqual({ data: { __typename: 'Query' } })
    for (const { logs } of [app, throughYoga]) expect(logs.filter(({ level }) => level === 'error')).toEqual([])
    if (way === 'over a socket') expect(socket.socket.readyState).toBe(socket.socket.OPEN)
  })
})

test('51: a megabyte of blanks is refused before it is read', async () => {
  const query = `{ __typename }${' '.repeat(1_000_000)}`
  for (const server of [app, throughYoga]) {
    const request = { headers: { 'content-type': 'application/json' }, body: JSON.stringify({ query }) }
    expect(await sendHttp(server, request)).toMatchObject({ status: 413 })
  }
})

describe('34: introspection is on by default, since the audits ask by it; INTROSPECTION=off refuses it', () => {
  const questions = [
    ['__schema', '{ __schema { queryType { name } } }'],
    ['__schema by another name', '{ x: __schema { queryType { name } } }'],
    ['__type', '{ __type(name: "Query") { name } }'],
    ['__schema in a fragment', '{ ...F } fragment F on Query { __schema { queryType { name } } }'],
    ['all of it', getIntrospectionQuery()],
  ] as const
  let closed: TestApp
  let closedSocket: RawSocket
  beforeAll(async () => {
    closed = await app.node({ INTROSPECTION: 'off' })
    closedSocket = await openSocket(closed)
  })

  test.each(questions)('%s', async (_name, query) => {
    const request = { headers: { 'content-type': 'application/json' }, body: JSON.stringify({ query }) }
    expect(JSON.parse((await sendHttp(app, request)).text)).toMatchObject({ data: expect.any(Object) })
    const refusal = { extensions: { code: 'FORBIDDEN' } }
    const answer = JSON.parse((await sendHttp(closed, request)).text)
    expect(answer.errors[0]).toMatchObject(refusal)
    expect(answer).not.toHaveProperty('data')
    const { type, payload } = await closedSocket.answer(query)
    expect({ type, first: (payload as unknown[])[0] }).toMatchObject({ type: 'error', first: refusal })
  })

  test('__typename is no introspection', async () => {
    expect(await closedSocket.answer('{ __typename }')).toMatchObject({ type: 'next' })
  })
})

describe('two ways around another server’s limits', () => {
  test.each(ways)(
    'a fragment that was measured where it is shallow counts in full where it is deep, %s',
    async (_way, send) => {
      const deep = '{ a { b { c { d { e } } } } }'
      const query = `{ ...F x { x { x { x { x { x { ...F } } } } } } } fragment F on Query ${deep}`
      const both = `query { x { x { x { x { x { x { ...F } } } } } } ...F } fragment F on Query ${deep}`
      for (const document of [query, both])
        expect((await send(document)).result.errors).toMatchObject([{ extensions: { code: 'QUERY_TOO_COMPLEX' } }])
    },
  )

  test.each(ways)('a field that is called __schema, or lies below it, is no introspection, %s', async (_way, send) => {
    for (const query of [
      `{ __schema: viewer ${nested(11)} }`,
      `{ __schema ${nested(15)} }`,
      `{ __typename: viewer ${nested(11)} }`,
      `{ __schema { ...F } } fragment F on Query { viewer ${nested(14)} }`,
      `{ ${times(11, (i) => `a${i}: __schema { description }`)} }`,
    ])
      expect((await send(query)).result.errors).toMatchObject([{ extensions: { code: 'QUERY_TOO_COMPLEX' } }])
  })
})

describe('what an auditing tool asks', () => {
  const post = async (body: unknown, server: TestApp = app) =>
    JSON.parse(
      (await sendHttp(server, { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })).text,
    )
  const ask = (query: string, server?: TestApp) => post({ query, operationName: 'cop' }, server)

  test('101 aliases: refused', async () => {
    expect(await ask(`query cop { ${times(101, (i) => `alias${i}:__typename \n`)} }`)).not.toHaveProperty('data')
  })
  test('a batch of ten: refused', async () => {
    const batch = Array.from({ length: 10 }, () => ({ query: 'query cop { __typename }', operationName: 'cop' }))
    expect(await post(batch)).toMatchObject({ errors: [{ extensions: { code: 'BAD_REQUEST' } }] })
  })
  test('ten directives that do not exist: refused, and not ten times over', async () => {
    const { errors } = await ask(`query cop { __typename ${'@aa'.repeat(10)} }`)
    expect(errors.length).toBeLessThanOrEqual(6)
  })
  test('introspection in circles: refused', async () => {
    const query =
      'query cop { __schema { types { fields { type { fields { type { fields { type { fields { type { name } } } } } } } } } } }'
    expect(await ask(query)).not.toHaveProperty('data')
  })
  test('the same field 500 times: refused', async () => {
    expect(await ask(`query cop { ${'__typename \n'.repeat(500)}} `)).not.toHaveProperty('data')
  })
  test('a field with a slip of the pen: no name is proposed', async () => {
    expect(JSON.stringify(await ask('query cop { __schema { directive } }'))).not.toContain('Did you mean')
  })
  test('a query by GET: answered, because no cookie rides along with it', async () => {
    const path = `/graphql?${new URLSearchParams({ query: 'query cop {__typename}' })}`
    expect((await sendHttp(app, { method: 'GET', path })).text).toBe('{"data":{"__typename":"Query"}}')
  })
  test('a mutation by GET: refused', async () => {
    const path = `/graphql?${new URLSearchParams({ query: 'mutation cop {__typename}' })}`
    expect(await sendHttp(app, { method: 'GET', path })).toMatchObject({ status: 405 })
  })
  test('a query as a form: refused', async () => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    expect(await sendHttp(app, { headers, body: 'query=query+cop+%7B+__typename+%7D' })).toMatchObject({ status: 415 })
  })
  test('GraphiQL and introspection: there, and gone when they are switched off', async () => {
    const off = await app.node({ GRAPHIQL: 'off', INTROSPECTION: 'off' })
    const page = (server: TestApp) => sendHttp(server, { method: 'GET', headers: { accept: 'text/html' } })
    expect((await page(app)).status).toBe(200)
    const gone = await page(off)
    expect(gone.status).toBe(404)
    expect(gone.text).not.toMatch(/graphiql|playground/i)
    const names = 'query cop { __schema { types { name fields { name } } } }'
    expect(await ask(names)).toHaveProperty('data')
    expect(await ask(names, off)).not.toHaveProperty('data')
  })
  test('traces and exceptions: nowhere in an answer', async () => {
    for (const query of ['query cop { __typename }', 'qwerty cop { abc }', 'query cop { node(id: "x") { id } }'])
      expect(JSON.stringify(await ask(query))).not.toMatch(/tracing|exception|stacktrace/i)
  })
})
