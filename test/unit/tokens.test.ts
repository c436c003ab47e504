import { createHmac, createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { deriveKey } from '../../src/platform/derive-key.ts'
import { TokenExpiredError, UnauthenticatedError } from '../../src/platform/errors.ts'
import { createId } from '../../src/platform/ids.ts'
import { createKeyring, type Keyring, type KeyStore, type StoredKey } from '../../src/platform/keyring.ts'
import type { LogFields, Logger } from '../../src/platform/logger.ts'
import { seal, unseal } from '../../src/platform/sealed.ts'
import { StartupError } from '../../src/platform/startup-error.ts'
import { createTokens, type Tokens } from '../../src/platform/tokens.ts'

const daySeconds = 24 * 60 * 60
const secret = 'a secret that only tests use, 32+ characters'
const lifeSeconds = { 'device+jwt': 30 * daySeconds, 'at+jwt': daySeconds / 2 }
const signInSeconds = 15 * 60
const start = Date.UTC(2026, 4, 1, 12)
const clock = { nowMs: start, now: () => clock.nowMs }

const warnings: [string, LogFields | undefined][] = []
const logger: Logger = {
  error: () => undefined,
  warn: (message, fields) => void warnings.push([message, fields]),
  info: () => undefined,
  debug: () => undefined,
}

/** The table, held in memory: what it does with the database is tested with the database. */
function createTable() {
  const table: KeyStore & { rows: StoredKey[]; reads: number } = {
    rows: [],
    reads: 0,
    async keys() {
      table.reads += 1
      return [...table.rows]
    },
    async changeKeys(decide) {
      const change = decide([...table.rows])
      if (!change) return [...table.rows]
      table.rows = table.rows.filter(({ kid }) => !change.drop.includes(kid))
      table.rows = table.rows.map((row) => (row.kid === change.retire?.kid ? { ...row, ...change.retire } : row))
      table.rows.push(change.add)
      return [...table.rows]
    },
  }
  return table
}

const keyrings: Keyring[] = []
async function open(store: KeyStore, own = secret): Promise<Keyring> {
  const keyring = await createKeyring({
    ...{ store, clock, logger, secret: own, onChanged: () => undefined },
    signsForMs: 30 * daySeconds * 1000,
    longestLifeMs: 30 * daySeconds * 1000,
  })
  keyrings.push(keyring)
  return keyring
}

const table = createTable()
let keyring: Keyring
let tokens: Tokens
let kid: string
let privateKey: KeyObject
let publicX: string

beforeAll(async () => {
  keyring = await open(table)
  tokens = createTokens({ keys: keyring, clock, issuer: 'vicinity', lifeSeconds, signInSeconds })
  const [row] = table.rows
  kid = row!.kid
  publicX = String(row!.publicJwk.x)
  const jwk = JSON.parse(unseal(deriveKey(secret, 'signing-keys'), kid, row!.sealedJwk)!)
  privateKey = createPrivateKey({ key: jwk, format: 'jwk' })
})
beforeEach(() => {
  clock.nowMs = start
})
afterAll(() => {
  for (const each of keyrings) each.close()
})

const subject = createId(start)
const seconds = (ms: number) => Math.floor(ms / 1000)
const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const header = () => ({ alg: 'EdDSA', kid, typ: 'device+jwt' })
const claims = () => ({
  ...{ iss: 'vicinity', aud: 'vicinity:device', sub: subject, jti: 'one' },
  ...{ iat: seconds(start), exp: seconds(start) + 60 },
})

type Changes = Record<string, unknown>

/** A token with a true signature over whatever it says: only what differs from a good one can be the reason for its refusal. */
function made(changedHeader: Changes = {}, changedClaims: Changes = {}, key: KeyObject = privateKey): string {
  const input = `${base64({ ...header(), ...changedHeader })}.${base64({ ...claims(), ...changedClaims })}`
  return `${input}.${sign(null, Buffer.from(input), key).toString('base64url')}`
}

/** The last character of a signature holds four bits that count for nothing. */
function otherwiseWritten(token: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return token.slice(0, -1) + alphabet[alphabet.indexOf(token.at(-1)!) ^ 1]
}

/** HS512 is as long as a signature of ours, so that its length alone does not give it away. */
function signedByHmac(alg: string, key: string | Buffer): string {
  const input = `${base64({ ...header(), alg })}.${base64(claims())}`
  return `${input}.${createHmac(alg === 'HS256' ? 'sha256' : 'sha512', key)
    .update(input)
    .digest('base64url')}`
}

const spki = () => {
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), Buffer.from(publicX, 'base64url')])
  return `-----BEGIN PUBLIC KEY-----\n${der.toString('base64')}\n-----END PUBLIC KEY-----\n`
}
const stranger = generateKeyPairSync('ed25519')
const strangerJwk = () => stranger.publicKey.export({ format: 'jwk' })

test('a token made by the server is taken for what it is', async () => {
  for (const kind of ['device+jwt', 'at+jwt'] as const) {
    const { token, expiresAt } = await tokens.issue(kind, subject)
    expect(token.length).toBeLessThan(500)
    expect(await tokens.verify(token)).toEqual({
      ...{ kind, subject, kid, signInId: null, deviceId: null },
      expiresAt: seconds(expiresAt.getTime()),
    })
    expect(expiresAt.getTime()).toBe(start + lifeSeconds[kind] * 1000)
  }
})

test('the token that every row below changes is good as it stands', async () => {
  expect(await tokens.verify(made())).toMatchObject({ kind: 'device+jwt', subject })
})

const unauthenticated: [string, () => string][] = [
  // 71: the algorithm
  ['alg none without a signature', () => `${base64({ ...header(), alg: 'none' })}.${base64(claims())}.`],
  ['alg none with a signature', () => made({ alg: 'none' })],
  ['alg NONE', () => made({ alg: 'NONE' })],
  ['no alg', () => made({ alg: undefined })],
  ['HS256 keyed with the public key bytes', () => signedByHmac('HS256', Buffer.from(publicX, 'base64url'))],
  ['HS256 keyed with the public key as PEM', () => signedByHmac('HS256', spki())],
  ['HS256 keyed with x as it is published', () => signedByHmac('HS256', publicX)],
  ['HS512 keyed with the public key bytes', () => signedByHmac('HS512', Buffer.from(publicX, 'base64url'))],
  ['HS512 keyed with the public key as PEM', () => signedByHmac('HS512', spki())],
  ['EdDSA in the header, an HMAC behind it', () => signedByHmac('EdDSA', publicX)],
  ['HS256 over a true signature', () => made({ alg: 'HS256' })],
  ['RS256 over a true signature', () => made({ alg: 'RS256' })],
  ['ES256 over a true signature', () => made({ alg: 'ES256' })],
  // 72: the shape
  ['nothing', () => ''],
  ['blanks', () => '   '],
  ['two parts', () => 'a.b'],
  ['three short parts', () => 'a.b.c'],
  ['four parts', () => `${made()}.x`],
  ['five parts, as encrypted tokens have', () => `${made()}.x.y`],
  [
    'a changed payload',
    () => {
      const [head, , signature] = made().split('.')
      return `${head}.${base64({ ...claims(), sub: createId(start) })}.${signature}`
    },
  ],
  [
    'a changed header',
    () => {
      const [, payload, signature] = made().split('.')
      return `${base64({ ...header(), x: 1 })}.${payload}.${signature}`
    },
  ],
  [
    'a signature with one bit turned',
    () => {
      const token = made()
      return token.slice(0, -10) + (token.at(-10) === 'A' ? 'B' : 'A') + token.slice(-9)
    },
  ],
  ['a signature of zeros', () => made().replace(/[^.]+$/, 'A'.repeat(86))],
  ['a signature cut short', () => made().slice(0, -1)],
  ['a blank behind it', () => `${made()} `],
  ['a newline behind it', () => `${made()}\n`],
  ['a newline in it', () => made().replace('.', '.\n')],
  ['padding', () => `${made()}==`],
  ['a NUL', () => `${made()}\0`],
  ['a header that is no JSON', () => `${Buffer.from('{').toString('base64url')}.${base64(claims())}.${'A'.repeat(86)}`],
  ['a header that is a list', () => `${base64([])}.${base64(claims())}.${'A'.repeat(86)}`],
  ['a header that is null', () => `${base64(null)}.${base64(claims())}.${'A'.repeat(86)}`],
  [
    'a payload that is a list',
    () => {
      const input = `${base64(header())}.${base64([1])}`
      return `${input}.${sign(null, Buffer.from(input), privateKey).toString('base64url')}`
    },
  ],
  [
    'a payload that is no JSON',
    () => {
      const input = `${base64(header())}.${Buffer.from('x').toString('base64url')}`
      return `${input}.${sign(null, Buffer.from(input), privateKey).toString('base64url')}`
    },
  ],
  ['4 KiB and a character', () => made({}, { more: 'x'.repeat(4096) })],
  // 73: whom it is for
  ['typ at+jwt with the audience of devices', () => made({ typ: 'at+jwt' })],
  ['typ device+jwt with the audience of accounts', () => made({}, { aud: 'vicinity:api' })],
  ['typ JWT', () => made({ typ: 'JWT' })],
  ['no typ', () => made({ typ: undefined })],
  ['typ in other letters', () => made({ typ: 'DEVICE+JWT' })],
  ['typ application/device+jwt', () => made({ typ: 'application/device+jwt' })],
  ['typ __proto__', () => made({ typ: '__proto__' })],
  ['typ constructor', () => made({ typ: 'constructor' })],
  ['typ that is a list', () => made({ typ: ['device+jwt'] })],
  ['another issuer', () => made({}, { iss: 'vicinity.example' })],
  ['no issuer', () => made({}, { iss: undefined })],
  ['another audience', () => made({}, { aud: 'somebody-else' })],
  ['no audience', () => made({}, { aud: undefined })],
  ['no exp', () => made({}, { exp: undefined })],
  ['exp as text', () => made({}, { exp: String(seconds(start) + 60) })],
  ['no iat', () => made({}, { iat: undefined })],
  ['iat as text', () => made({}, { iat: 'now' })],
  ['no sub', () => made({}, { sub: undefined })],
  ['a sub that is no id', () => made({}, { sub: 'admin' })],
  ['a sub that is a number', () => made({}, { sub: 1 })],
  ['no jti', () => made({}, { jti: undefined })],
  ['a jti that is a number', () => made({}, { jti: 7 })],
  ['an unknown crit', () => made({ crit: ['x'], x: 1 })],
  ['crit b64', () => made({ crit: ['b64'], b64: false })],
  ['an empty crit', () => made({ crit: [] })],
  ['not before tomorrow', () => made({}, { nbf: seconds(start) + daySeconds })],
  // 75: the time it was made
  ['iat in 60 s', () => made({}, { iat: seconds(start) + 60, exp: seconds(start) + 120 })],
  ['iat in 6 s', () => made({}, { iat: seconds(start) + 6 })],
  // 76: the key
  ['kid ../../etc/passwd', () => made({ kid: '../../etc/passwd' })],
  ['kid with SQL', () => made({ kid: "' or 1=1; drop table signing_keys; --" })],
  ['kid __proto__', () => made({ kid: '__proto__' })],
  ['kid that is a list', () => made({ kid: [kid] })],
  ['no kid', () => made({ kid: undefined })],
  ['a kid of nobody', () => made({ kid: 'x'.repeat(43) })],
  ['our kid, signed by a stranger', () => made({}, {}, stranger.privateKey)],
  ['a stranger’s key brought along as jwk', () => made({ jwk: strangerJwk() }, {}, stranger.privateKey)],
]

test.each(unauthenticated)('%s: UNAUTHENTICATED', async (_name, token) => {
  await expect(tokens.verify(token())).rejects.toThrow(UnauthenticatedError)
})

test('10 MB are refused before they are looked at', async () => {
  for (const token of [
    'x'.repeat(10_000_000),
    `${'x'.repeat(9_999_900)}.x.${'A'.repeat(86)}`,
    '.'.repeat(10_000_000),
  ]) {
    const began = performance.now()
    await expect(tokens.verify(token)).rejects.toThrow(UnauthenticatedError)
    expect(performance.now() - began).toBeLessThan(50)
  }
})

test('5 s after its end a token has expired; until then clocks may differ', async () => {
  const ended = (ago: number) => made({}, { iat: seconds(start) - 100, exp: seconds(start) - ago })
  await expect(tokens.verify(ended(10))).rejects.toThrow(TokenExpiredError)
  await expect(tokens.verify(ended(5))).rejects.toThrow(TokenExpiredError)
  expect(await tokens.verify(ended(3))).toMatchObject({ subject })
  expect(await tokens.verify(made({}, { iat: seconds(start) + 5 }))).toMatchObject({ subject })
})

test('no token counts for longer than its kind’s life, whatever it says', async () => {
  const hour = 60 * 60
  const account = (iat: number) =>
    made({ typ: 'at+jwt' }, { aud: 'vicinity:api', iat, exp: seconds(start) + 400 * daySeconds })
  await expect(tokens.verify(account(seconds(start) - 13 * hour))).rejects.toThrow(TokenExpiredError)
  const verified = await tokens.verify(account(seconds(start) - 11 * hour))
  expect(verified.expiresAt).toBe(seconds(start) + hour)
  expect(() => tokens.recheck(verified)).not.toThrow()
  clock.nowMs += 2 * hour * 1000
  expect(() => tokens.recheck(verified)).toThrow(TokenExpiredError)
})

test('one that belongs to a signing-in names it, and counts for a quarter of an hour', async () => {
  const signIn = { signInId: createId(start), deviceId: createId(start) }
  const { token, expiresAt } = await tokens.issue('at+jwt', subject, signIn)
  expect(token.length).toBeLessThan(600)
  expect(await tokens.verify(token)).toMatchObject({ subject, ...signIn })
  expect(expiresAt.getTime()).toBe(start + 15 * 60_000)
  const minutes = (made: number) => ({ iat: seconds(start) - made * 60, exp: seconds(start) + daySeconds })
  const account = (changed: Changes) =>
    made({ typ: 'at+jwt' }, { aud: 'vicinity:api', sid: signIn.signInId, ...changed })
  await expect(tokens.verify(account(minutes(20)))).rejects.toThrow(TokenExpiredError)
  expect((await tokens.verify(account(minutes(10)))).expiresAt).toBe(seconds(start) + 5 * 60)
  for (const odd of [{ sid: 'x' }, { sid: 7 }, { sid: '' }, { did: '*' }, { did: {} }, { sid: [signIn.signInId] }])
    await expect(tokens.verify(account(odd))).rejects.toThrow(UnauthenticatedError)
})

test('an expired token with a wrong audience or signature is not told that it has expired', async () => {
  const old = { iat: seconds(start) - 100, exp: seconds(start) - 50 }
  await expect(tokens.verify(made({}, { ...old, aud: 'x' }))).rejects.toThrow(UnauthenticatedError)
  await expect(tokens.verify(made({}, old, stranger.privateKey))).rejects.toThrow(UnauthenticatedError)
})

test('jku, x5u and jwk are not followed: our key by its name is all that counts', async () => {
  let asked = 0
  const trap = createServer((_req, res) => {
    asked += 1
    res.end(JSON.stringify({ keys: [{ ...strangerJwk(), kid }] }))
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => trap.once('listening', resolve))
  const url = `http://127.0.0.1:${(trap.address() as AddressInfo).port}/jwks.json`
  const lures = { jku: url, x5u: url, jwk: strangerJwk() }
  expect(await tokens.verify(made(lures))).toMatchObject({ subject })
  await expect(tokens.verify(made(lures, {}, stranger.privateKey))).rejects.toThrow(UnauthenticatedError)
  await expect(tokens.verify(made({ ...lures, kid: 'y'.repeat(43) }, {}, stranger.privateKey))).rejects.toThrow(
    UnauthenticatedError,
  )
  await new Promise((resolve) => trap.close(resolve))
  expect(asked).toBe(0)
})

test('two writings of one signature are the same claims: nothing goes by the text of a token', async () => {
  const token = made()
  expect(otherwiseWritten(token)).not.toBe(token)
  expect(await tokens.verify(otherwiseWritten(token))).toEqual(await tokens.verify(token))
})

test('however many unknown keys are named, the table is read once a second', async () => {
  const before = table.reads
  const many = Array.from({ length: 200 }, (_, i) => made({ kid: String(i).padStart(43, 'k') }))
  const outcomes = await Promise.allSettled(many.map((token) => tokens.verify(token)))
  expect(
    outcomes.every((outcome) => outcome.status === 'rejected' && outcome.reason instanceof UnauthenticatedError),
  ).toBe(true)
  expect(table.reads - before).toBeLessThanOrEqual(2)
})

describe('keys', () => {
  test('the next key is shown before it signs, and the old one verifies until its last token has expired', async () => {
    const own = createTable()
    const ring = await open(own)
    const issued = createTokens({ keys: ring, clock, issuer: 'vicinity', lifeSeconds, signInSeconds })
    const first = ring.signer().kid
    const next = await ring.rotate()
    expect(ring.jwks().keys.map((key) => key.kid)).toEqual([next, first])
    expect(ring.signer().kid).toBe(first)
    expect(await ring.rotate()).toBe(next)
    clock.nowMs += 119_000
    const { token: last } = await issued.issue('device+jwt', subject)
    clock.nowMs += 1000
    expect(ring.signer().kid).toBe(next)
    clock.nowMs += (lifeSeconds['device+jwt'] - 2) * 1000
    expect(await issued.verify(last)).toMatchObject({ kid: first })
    clock.nowMs += 2 * daySeconds * 1000
    expect(ring.jwks().keys.map((key) => key.kid)).toEqual([next])
    await expect(issued.verify(last)).rejects.toThrow(UnauthenticatedError)
  })

  test('a key that has signed for its time is replaced by itself', async () => {
    const own = createTable()
    const first = (await open(own)).signer().kid
    clock.nowMs += 30 * daySeconds * 1000
    const ring = await open(own)
    expect(ring.signer().kid).toBe(first)
    expect(ring.jwks().keys).toHaveLength(2)
    clock.nowMs += 120_000
    expect(ring.signer().kid).not.toBe(first)
  })

  test('nothing private is published', () => {
    for (const key of keyring.jwks().keys) {
      expect(Object.keys(key).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x'])
    }
  })

  test('the table holds no private key in the clear', () => {
    const d = String(privateKey.export({ format: 'jwk' }).d)
    expect(JSON.stringify(table.rows)).not.toContain(d)
    expect(table.rows[0]!.sealedJwk.includes(Buffer.from(d))).toBe(false)
  })

  test('with another secret the process does not start, and says what to do', async () => {
    const starting = open(table, 'another secret of at least 32 characters')
    await expect(starting).rejects.toThrow(StartupError)
    await expect(starting).rejects.toMatchObject({
      message: expect.stringContaining('VICINITY_SECRET'),
      remedy: expect.stringContaining('VICINITY_SECRET'),
    })
  })

  test('a key that somebody else put into the table verifies nothing', async () => {
    const own = createTable()
    const ring = await open(own)
    const forged = 'f'.repeat(43)
    const theirs = seal(deriveKey('not our secret', 'signing-keys'), forged, '{}')
    own.rows.push({
      ...own.rows[0]!,
      kid: forged,
      publicJwk: strangerJwk() as never,
      sealedJwk: theirs,
      activeFromMs: start - 1,
    })
    await ring.refresh()
    expect(ring.verifier(forged)).toBeUndefined()
    expect(ring.jwks().keys).toHaveLength(1)
    expect(warnings).toContainEqual([expect.stringContaining('another secret'), { kid: forged }])
  })

  test('a sealed value opens under its own label and key only, and not when it was changed', () => {
    const key = deriveKey(secret, 'one')
    const sealed = seal(key, 'a', 'text')
    expect(unseal(key, 'a', sealed)).toBe('text')
    expect(unseal(key, 'b', sealed)).toBeUndefined()
    expect(unseal(deriveKey(secret, 'two'), 'a', sealed)).toBeUndefined()
    for (let i = 0; i < sealed.length; i++) {
      const changed = Buffer.from(sealed)
      changed[i]! ^= 1
      expect(unseal(key, 'a', changed)).toBeUndefined()
    }
    expect(unseal(key, 'a', Buffer.alloc(0))).toBeUndefined()
    expect(unseal(key, 'a', sealed.subarray(0, 20))).toBeUndefined()
  })
})
