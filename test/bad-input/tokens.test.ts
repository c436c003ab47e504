import { createHmac, createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { deriveKey } from '../../src/platform/derive-key.ts'
import { createId } from '../../src/platform/ids.ts'
import { unseal } from '../../src/platform/sealed.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { eventually } from '../kit/eventually.ts'
import { ask, codeOf } from '../kit/gql.ts'
import { createPhone, nudgesDocument, type Phone } from '../kit/phones.ts'
import { sendBytes, sendHttp } from '../kit/raw-http.ts'
import { openSocket } from '../kit/raw-socket.ts'

let app: TestApp
let throughYoga: TestApp
let phone: Phone
let kid: string
let privateKey: KeyObject
let publicX: string

beforeAll(async () => {
  app = await createTestApp()
  throughYoga = await app.node({ HTTP_LANE: 'off' })
  phone = await createPhone(app)
  const { rows } = await app.postgres.pool.query('select kid, public_jwk, private_jwk from signing_keys')
  kid = rows[0].kid
  publicX = rows[0].public_jwk.x
  const jwk = unseal(deriveKey(app.config.secret, 'signing-keys'), kid, rows[0].private_jwk)
  privateKey = createPrivateKey({ key: JSON.parse(String(jwk)), format: 'jwk' })
})

type Changes = Record<string, unknown>

const base64 = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
const nowSeconds = () => Math.floor(app.clock.now() / 1000)
const header = () => ({ alg: 'EdDSA', kid, typ: 'device+jwt' })
const claims = () => ({
  ...{ iss: 'vicinity', aud: 'vicinity:device', sub: createId(app.clock.now()), jti: 'one' },
  ...{ iat: nowSeconds(), exp: nowSeconds() + 60 },
})

/** A token with a true signature of ours over whatever it says. */
function made(changedHeader: Changes = {}, changedClaims: Changes = {}, key = privateKey): string {
  const input = `${base64({ ...header(), ...changedHeader })}.${base64({ ...claims(), ...changedClaims })}`
  return `${input}.${sign(null, Buffer.from(input), key).toString('base64url')}`
}

function signedByHmac(alg: string, key: string | Buffer): string {
  const input = `${base64({ ...header(), alg })}.${base64(claims())}`
  return `${input}.${createHmac(alg === 'HS256' ? 'sha256' : 'sha512', key)
    .update(input)
    .digest('base64url')}`
}

function otherwiseWritten(token: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return token.slice(0, -1) + alphabet[alphabet.indexOf(token.at(-1)!) ^ 1]
}

const stranger = generateKeyPairSync('ed25519')
const closeCodes = { UNAUTHENTICATED: 4403, TOKEN_EXPIRED: 4411, SESSION_REVOKED: 4410 } as const
type Refusal = keyof typeof closeCodes

const refused: [name: string, token: () => string, code: Refusal][] = [
  ['71: alg none', () => `${base64({ ...header(), alg: 'none' })}.${base64(claims())}.`, 'UNAUTHENTICATED'],
  ['71: alg none over a true signature', () => made({ alg: 'none' }), 'UNAUTHENTICATED'],
  [
    '71: HS256 with the bytes of the public key',
    () => signedByHmac('HS256', Buffer.from(publicX, 'base64url')),
    'UNAUTHENTICATED',
  ],
  ['71: HS512 with the public key as it is published', () => signedByHmac('HS512', publicX), 'UNAUTHENTICATED'],
  ['72: a changed payload', () => made().replace(/\.[^.]+\./, `.${base64(claims())}.`), 'UNAUTHENTICATED'],
  ['72: a.b', () => 'a.b', 'UNAUTHENTICATED'],
  ['72: a.b.c', () => 'a.b.c', 'UNAUTHENTICATED'],
  ['72: 5 KB', () => made({}, { more: 'x'.repeat(3500) }), 'UNAUTHENTICATED'],
  ['73: another typ', () => made({ typ: 'at+jwt' }), 'UNAUTHENTICATED'],
  ['73: no typ', () => made({ typ: undefined }), 'UNAUTHENTICATED'],
  ['73: another audience', () => made({}, { aud: 'vicinity:api' }), 'UNAUTHENTICATED'],
  ['73: another issuer', () => made({}, { iss: 'https://evil.example' }), 'UNAUTHENTICATED'],
  ['73: no exp', () => made({}, { exp: undefined }), 'UNAUTHENTICATED'],
  ['73: an unknown crit', () => made({ crit: ['x'], x: 1 }), 'UNAUTHENTICATED'],
  ['74: expired for 10 s', () => made({}, { iat: nowSeconds() - 60, exp: nowSeconds() - 10 }), 'TOKEN_EXPIRED'],
  ['75: made in 60 s', () => made({}, { iat: nowSeconds() + 60, exp: nowSeconds() + 120 }), 'UNAUTHENTICATED'],
  ['75: made longer ago than any token lives', () => made({}, { iat: nowSeconds() - 31 * 86_400 }), 'TOKEN_EXPIRED'],
  ['76: a kid that is a path', () => made({ kid: '../../etc/passwd' }), 'UNAUTHENTICATED'],
  ['76: a kid that is SQL', () => made({ kid: "' or 1=1 --" }), 'UNAUTHENTICATED'],
  ['76: a kid of nobody', () => made({ kid: 'x'.repeat(43) }), 'UNAUTHENTICATED'],
  [
    '76: a key of its own',
    () => made({ jwk: stranger.publicKey.export({ format: 'jwk' }) }, {}, stranger.privateKey),
    'UNAUTHENTICATED',
  ],
  ['78: a session’s secret of nobody', () => `vs1.${'a'.repeat(80)}`, 'UNAUTHENTICATED'],
  ['78: the beginning of a session’s secret', () => 'vs1.', 'UNAUTHENTICATED'],
]

const accepted: [name: string, token: () => string][] = [
  [
    '74: one that expired 3 s ago, since clocks differ',
    () => made({}, { iat: nowSeconds() - 60, exp: nowSeconds() - 3 }),
  ],
  ['76: one with a jku, which is not looked at', () => made({ jku: 'http://127.0.0.1:1/jwks.json' })],
  ['77: one whose signature is written otherwise, since nothing goes by the text', () => otherwiseWritten(made())],
]

const whoami = '{ viewer { deviceId } }'

describe.each([
  ['through the lane', () => app],
  ['through yoga', () => throughYoga],
] as const)('%s', (_way, server) => {
  test.each(refused)('%s: 401', async (_name, token, code) => {
    const answer = await ask(server(), whoami, {}, { token: token() })
    expect({ status: answer.status, code: codeOf(answer), data: answer.data }).toEqual({ status: 401, code })
  })

  test.each(accepted)('%s: taken', async (_name, token) => {
    const answer = await ask(server(), whoami, {}, { token: token() })
    expect(answer).toMatchObject({ status: 200, data: { viewer: { deviceId: expect.any(String) } } })
  })

  test.each([
    ['Bearer', (token: string) => `Bearer ${token}`, 200],
    ['bearer', (token: string) => `bearer ${token}`, 200],
    ['BEARER, and more blanks', (token: string) => `BEARER   ${token}`, 200],
    ['Basic', (token: string) => `Basic ${token}`, 401],
    ['no scheme', (token: string) => token, 401],
    ['nothing behind the scheme', () => 'Bearer', 401],
    ['nothing at all', () => '', 401],
    ['two tokens in one', (token: string) => `Bearer ${token}, Bearer ${token}`, 401],
    ['two tokens side by side', (token: string) => `Bearer ${token} ${token}`, 401],
  ] as const)('78: Authorization with %s', async (_name, write, status) => {
    const headers = { 'content-type': 'application/json', accept: 'application/graphql-response+json' }
    const body = JSON.stringify({ query: whoami })
    const answer = await sendHttp(server(), { headers: { ...headers, authorization: write(phone.token) }, body })
    expect(answer.status).toBe(status)
    if (status === 401) expect(JSON.parse(answer.text).errors[0].extensions.code).toBe('UNAUTHENTICATED')
  })

  test('78: two Authorization headers are one too many, also when both say the same', async () => {
    const body = JSON.stringify({ query: whoami })
    const lines = [
      'POST /graphql HTTP/1.1',
      'Host: x',
      'Connection: close',
      'Content-Type: application/json',
      `Content-Length: ${body.length}`,
    ]
    const twice = [`Authorization: Bearer ${phone.token}`, `authorization: Bearer ${phone.token}`]
    const answer = await sendBytes(server(), [...lines, ...twice, '', body].join('\r\n'))
    expect(answer.status).toBe(400)
    expect(JSON.parse(answer.text).errors[0].extensions.code).toBe('BAD_REQUEST')
  })

  test('78: a token in the URL, in a cookie or in another header is nobody’s', async () => {
    const headers = {
      'content-type': 'application/json',
      cookie: `authorization=Bearer ${phone.token}`,
      'x-authorization': `Bearer ${phone.token}`,
    }
    const path = `/graphql?authorization=Bearer%20${phone.token}&token=${phone.token}&access_token=${phone.token}`
    const posted = await sendHttp(server(), { path, headers, body: JSON.stringify({ query: whoami }) })
    expect(JSON.parse(posted.text)).toEqual({ data: { viewer: null } })
    const got = await sendHttp(server(), {
      method: 'GET',
      path: `${path}&${new URLSearchParams({ query: whoami })}`,
      headers: { cookie: headers.cookie },
    })
    expect(JSON.parse(got.text)).toEqual({ data: { viewer: null } })
  })
})

describe('over a socket', () => {
  const closeOf = async (init: Record<string, unknown>, server = app) => {
    const socket = await openSocket(server, { init: null })
    socket.send({ type: 'connection_init', payload: init })
    return (await socket.closed).code
  }

  test.each(refused)('%s: closed', async (_name, token, code) => {
    expect(await closeOf({ authorization: `Bearer ${token()}` })).toBe(closeCodes[code])
  })

  test.each(accepted)('%s: taken', async (_name, token) => {
    const socket = await openSocket(app, { init: { authorization: `Bearer ${token()}` } })
    const { payload } = await socket.answer(whoami)
    expect(payload).toMatchObject({ data: { viewer: { deviceId: expect.any(String) } } })
    socket.socket.terminate()
  })

  test.each([
    ['another scheme', () => ({ authorization: `Basic ${phone.token}` })],
    ['no scheme', () => ({ authorization: phone.token })],
    ['an empty text', () => ({ authorization: '' })],
    ['a list', () => ({ authorization: [`Bearer ${phone.token}`, 'x'] })],
    ['an object', () => ({ authorization: { toString: 1 } })],
    ['a number', () => ({ authorization: 7 })],
  ])('78: an authorization that is %s: closed with 4403', async (_name, init) => {
    expect(await closeOf(init())).toBe(4403)
  })

  test('78: a token in the URL or in the upgrade’s headers is nobody’s', async () => {
    const options = {
      path: `?token=${phone.token}&authorization=Bearer%20${phone.token}`,
      headers: { cookie: `authorization=${phone.token}` },
    }
    const socket = await openSocket(app, options)
    expect((await socket.answer(whoami)).payload).toEqual({ data: { viewer: null } })
    socket.socket.terminate()
  })
})

/** Subscribes over SSE; resolves once the first event is there, with what resolves when the stream is over. */
async function streamOf(server: TestApp, token: string): Promise<{ over: Promise<void> }> {
  const response = await fetch(server.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query: nudgesDocument }),
  })
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  while (!text.includes('Ready')) {
    const { value, done } = await reader.read()
    if (done) throw new Error(`The stream ended: ${response.status} ${text}`)
    text += value
  }
  const over = async () => {
    // A stream that is cut fails its reader; one that ends does not.
    for (let done = false; !done; )
      done = await reader.read().then(
        (part) => part.done,
        () => true,
      )
  }
  return { over: over() }
}

test('78: no token, and one that is null, are nobody’s', async () => {
  for (const init of [{}, { authorization: null }]) {
    const socket = await openSocket(app, { init })
    expect((await socket.answer(whoami)).payload).toEqual({ data: { viewer: null } })
    socket.socket.terminate()
  }
})

test('a device that revokes itself is told so, whichever way it asks', async () => {
  for (const server of [app, throughYoga]) {
    const { token } = await createPhone(server)
    const answer = await ask(server, 'mutation { revokeDevice(input: {}) { __typename } }', {}, { token })
    expect(answer).toMatchObject({ status: 200, data: { revokeDevice: { __typename: 'RevokeDevicePayload' } } })
  }
})

const running = async ({ metrics }: TestApp) => (await metrics.subscribers.get()).values[0]?.value ?? 0

describe('78: a token that was revoked', () => {
  let gone: Phone
  let secret: string
  let other: TestApp

  test('ends every socket and every stream of its device, on every node, and none of another’s', async () => {
    other = await app.node()
    gone = await createPhone(app)
    secret = (await gone.open(['jazz'])).secret
    const token = { authorization: `Bearer ${gone.token}` }
    const sockets = await Promise.all([app, app, other].map((server) => openSocket(server, { init: token })))
    const bySecret = await openSocket(other, { init: { authorization: `Bearer ${secret}` } })
    const bystander = await openSocket(other, { init: { authorization: `Bearer ${phone.token}` } })
    for (const socket of sockets) expect(await socket.answer(nudgesDocument)).toMatchObject({ type: 'next' })
    const streams = await Promise.all([streamOf(app, gone.token), streamOf(other, gone.token), streamOf(other, secret)])

    const revoked = await gone.ask('mutation { revokeDevice(input: {}) { __typename } }')
    expect(revoked.data).toEqual({ revokeDevice: { __typename: 'RevokeDevicePayload' } })
    for (const socket of [...sockets, bySecret]) expect((await socket.closed).code).toBe(4410)
    await Promise.all(streams.map(({ over }) => over))
    for (const server of [app, other])
      await eventually(
        () => running(server),
        (count) => count === 0,
      )
    expect(await bystander.answer(whoami)).toMatchObject({
      payload: { data: { viewer: { deviceId: phone.deviceId } } },
    })
    bystander.socket.terminate()
  })

  test.each([
    ['as it was', () => gone.token],
    ['written otherwise', () => otherwiseWritten(gone.token)],
    ['as the secret of its session', () => secret],
  ])('stays refused, %s', async (_name, token) => {
    for (const server of [app, throughYoga, other]) {
      const answer = await ask(server, whoami, {}, { token: token() })
      expect({ status: answer.status, code: codeOf(answer) }).toEqual({ status: 401, code: 'SESSION_REVOKED' })
      const socket = await openSocket(server, { init: null })
      socket.send({ type: 'connection_init', payload: { authorization: `Bearer ${token()}` } })
      expect((await socket.closed).code).toBe(4410)
    }
  })
})

test('a token that ends while its socket and its stream are open ends both, the socket with 4411', async () => {
  const own = await createTestApp({ DEVICE_TOKEN_DAYS: '1' })
  const { token } = await createPhone(own)
  const socket = await openSocket(own, { init: { authorization: `Bearer ${token}` } })
  const stream = await streamOf(own, token)
  own.clock.advance(86_400_000 + 6000)
  expect((await socket.closed).code).toBe(4411)
  await stream.over
})
