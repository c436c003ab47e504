import { seed } from '../../prisma/seed.ts'
import type { Viewer } from '../../src/modules/identity/index.ts'
import { createId } from '../../src/platform/ids.ts'
import { StartupError } from '../../src/platform/startup-error.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { eventually } from '../kit/eventually.ts'
import { ask, codeOf } from '../kit/gql.ts'
import { createPhone, newClientId } from '../kit/phones.ts'
import { createOwnRedis, type OwnRedis } from '../kit/redis.ts'

const daysMs = (days: number) => days * 24 * 60 * 60 * 1000

let app: TestApp
let other: TestApp
let admin: string
let adminId: string
let adminViewer: Viewer

async function account(username: string, role: string, on = app) {
  const id = createId(on.clock.now())
  await on.postgres.pool.query('insert into accounts (id, username, roles) values ($1, $2, array[$3]::"Role"[])', [
    id,
    username,
    role,
  ])
  return { id, token: await on.services.identity.mintAccountToken(username) }
}

beforeAll(async () => {
  app = await createTestApp()
  other = await app.node()
  const made = await account('ada', 'ADMIN')
  admin = made.token
  adminId = made.id
  adminViewer = await app.services.identity.authenticate(admin)
})

const register = (on: TestApp, clientId: string | null = null, address = '192.0.2.1') =>
  on.services.identity.registerDevice({ clientId, address })
const enter = (on: TestApp, token: string) => on.services.identity.authenticate(token)
const refusal = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'let in',
    (error: { code?: string }) => error.code,
  )
const viewerDocument = '{ viewer { deviceId account { id username roles } } }'
const revokeDocument = `mutation ($deviceId: ID) { revokeDevice(input: { deviceId: $deviceId }) { __typename
  ... on RevokeDevicePayload { device { id revokedAt } } } }`

describe('a device', () => {
  test('registers without saying who it is, and is known by its token on every node', async () => {
    const phone = await createPhone(app)
    for (const node of [app, other]) {
      const { data } = await ask(node, viewerDocument, {}, { token: phone.token })
      expect(data).toEqual({ viewer: { deviceId: phone.deviceId, account: null } })
    }
    expect(await ask(app, viewerDocument)).toMatchObject({ status: 200, data: { viewer: null } })
  })

  test('that tries again with its client id is the same device, for ten minutes and from the same address', async () => {
    const clientId = newClientId()
    const window = 10 * 60 * 1000
    const intoNext = window - (app.clock.now() % window)
    app.clock.advance(intoNext)
    const first = await register(app, clientId)
    app.clock.advance(window - 1000)
    const again = await register(other, clientId)
    expect(again).toMatchObject({ deviceId: first.deviceId, registeredAt: first.registeredAt })
    expect(await enter(app, first.token)).toMatchObject({ principal: `device:${first.deviceId}` })
    expect((await register(app, clientId, '192.0.2.2')).deviceId).not.toBe(first.deviceId)
    app.clock.advance(1000)
    expect((await register(app, clientId)).deviceId).not.toBe(first.deviceId)
    app.clock.advance(-intoNext - window)
  })

  test('without a client id is a new one every time', async () => {
    expect((await register(app)).deviceId).not.toBe((await register(app)).deviceId)
  })

  test('is one device, however many of its registrations race on two nodes', async () => {
    const clientId = newClientId()
    const answers = await Promise.all(Array.from({ length: 1000 }, (_, i) => register(i % 2 ? app : other, clientId)))
    expect(new Set(answers.map(({ deviceId }) => deviceId)).size).toBe(1)
    expect(new Set(answers.map(({ token }) => token)).size).toBe(1000)
  })

  test.each([
    ['too short', '1234567'],
    ['too long', 'x'.repeat(65)],
    ['a blank', 'abcd efgh'],
    ['a colon', 'abcd:efgh'],
    ['a newline', 'abcdefgh\n'],
    ['a NUL', 'abcdefgh\0'],
    ['nothing', ''],
    ['letters beyond ASCII', 'äbcdefgh'],
  ])('cannot choose a client id with %s', async (_name, clientId) => {
    const answer = await ask(
      app,
      'mutation ($clientId: String) { registerDevice(input: { clientId: $clientId }) { __typename } }',
      { clientId },
    )
    expect(codeOf(answer)).toBe('BAD_USER_INPUT')
    expect(await refusal(register(app, clientId))).toBe('BAD_USER_INPUT')
  })

  test('leaves neither client id nor address in the table', async () => {
    const clientId = newClientId()
    const { deviceId } = await register(app, clientId, '192.0.2.77')
    const { rows } = await app.postgres.pool.query('select devices::text as row from devices where id = $1', [deviceId])
    expect(rows[0].row).not.toContain(clientId)
    expect(rows[0].row).not.toContain('192.0.2.77')
  })

  test('renews its token; the old one stays good', async () => {
    const phone = await createPhone(app)
    const { data } = await ask<{ renewDevice: { token: string; expiresAt: string; device: { id: string } } }>(
      app,
      'mutation { renewDevice { ... on RenewDevicePayload { token expiresAt device { id } } } }',
      {},
      { token: phone.token },
    )
    expect(data?.renewDevice.device.id).toBe(phone.deviceId)
    expect(data?.renewDevice.token).not.toBe(phone.token)
    expect(
      Math.abs(new Date(String(data?.renewDevice.expiresAt)).getTime() - app.clock.now() - daysMs(30)),
    ).toBeLessThan(5000)
    for (const token of [phone.token, String(data?.renewDevice.token)])
      expect(await enter(other, token)).toMatchObject({ sessionId: null })
  })

  test('is told when its token has expired, also one that was just let in', async () => {
    const { token } = await register(app)
    await enter(app, token)
    app.clock.advance(daysMs(30) + 6000)
    try {
      expect(await refusal(enter(app, token))).toBe('TOKEN_EXPIRED')
      expect(await refusal(enter(other, token))).toBe('TOKEN_EXPIRED')
      const answer = await ask(app, viewerDocument, {}, { token })
      expect([answer.status, codeOf(answer)]).toEqual([401, 'TOKEN_EXPIRED'])
    } finally {
      app.clock.advance(-daysMs(30) - 6000)
    }
  })

  test('is seen by itself and by an admin, and is nobody’s node else', async () => {
    const [mine, theirs] = [await createPhone(app), await createPhone(app)]
    const document = 'query ($id: ID!) { node(id: $id) { __typename id } }'
    expect((await mine.ask(document, { id: mine.deviceId })).data).toEqual({
      node: { __typename: 'Device', id: mine.deviceId },
    })
    expect((await mine.ask(document, { id: theirs.deviceId })).data).toEqual({ node: null })
    expect((await ask(app, document, { id: mine.deviceId })).data).toEqual({ node: null })
    expect((await ask(app, document, { id: mine.deviceId }, { token: admin })).data).toEqual({
      node: { __typename: 'Device', id: mine.deviceId },
    })
  })
})

describe('limits', () => {
  test('10 registrations a minute and 100 an hour from one address, with the exact time to wait', async () => {
    const limited = await app.node({ RATE_LIMITS: 'on' })
    const address = '198.51.100.7'
    for (let minute = 0; minute < 10; minute++) {
      for (let i = 0; i < 10; i++) await register(limited, null, address)
      if (minute === 0) {
        const error = await register(limited, null, address).catch((reason: unknown) => reason)
        expect(error).toMatchObject({ code: 'RATE_LIMITED', details: { retryAfterMs: expect.any(Number) } })
        const { retryAfterMs } = (error as { details: { retryAfterMs: number } }).details
        expect(retryAfterMs).toBeGreaterThan(50_000)
        expect(retryAfterMs).toBeLessThanOrEqual(60_000)
        expect(await register(limited, null, '198.51.100.8')).toMatchObject({ token: expect.any(String) })
      }
      app.clock.advance(61_000)
    }
    expect(await refusal(register(limited, null, address))).toBe('RATE_LIMITED')
    app.clock.advance(50 * 60 * 1000)
    expect(await register(limited, null, address)).toMatchObject({ token: expect.any(String) })
    app.clock.advance(-60 * 60 * 1000 - 10_000)
  })

  test('no key of a limit holds an address', async () => {
    const keys = await app.redis.command.keys(`${app.config.redisPrefix}*rate*`)
    expect(keys.length).toBeGreaterThan(0)
    expect(keys.filter((key) => key.includes('198.51.100'))).toEqual([])
  })
})

describe('revocation', () => {
  test('ends every token of a device on both nodes, and cuts its sockets there', async () => {
    const phone = await createPhone(app)
    const { token: second } = await app.services.identity.renewDevice(await enter(app, phone.token))
    const streams = [phone.nudges(), phone.nudges({ server: other })]
    for (const stream of streams) expect(await stream.next()).toMatchObject({ __typename: 'Ready' })
    await enter(other, phone.token)

    const { data } = await ask<{ revokeDevice: { device: { id: string; revokedAt: string } } }>(
      app,
      revokeDocument,
      {},
      { token: phone.token },
    )
    expect(data?.revokeDevice.device).toMatchObject({ id: phone.deviceId, revokedAt: expect.any(String) })
    for (const stream of streams) expect((await stream.ended).code).toBe(4410)
    for (const node of [app, other]) {
      for (const token of [phone.token, second]) expect(await refusal(enter(node, token))).toBe('SESSION_REVOKED')
      const answer = await ask(node, viewerDocument, {}, { token: second })
      expect([answer.status, codeOf(answer)]).toEqual([401, 'SESSION_REVOKED'])
    }
  })

  test('goes by the device, not by the text of a token: every writing of its signature is refused', async () => {
    const { deviceId, token } = await register(app)
    await app.services.identity.revokeDevice(adminViewer, deviceId)
    const last = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'.split('')
    const codes = await Promise.all(last.map((letter) => refusal(enter(app, token.slice(0, -1) + letter))))
    expect(codes.filter((code) => code === 'SESSION_REVOKED')).toHaveLength(16)
    expect(codes.filter((code) => code === 'UNAUTHENTICATED')).toHaveLength(48)
  })

  test('of one’s own device and, for ADMIN, of any; of others it says NOT_FOUND, as of those that are not there', async () => {
    const [mine, theirs] = [await createPhone(app), await createPhone(app)]
    const nobody = Buffer.from(`Device:${createId(0)}`).toString('base64')
    for (const deviceId of [theirs.deviceId, nobody]) {
      expect(codeOf(await ask(app, revokeDocument, { deviceId }, { token: mine.token }))).toBe('NOT_FOUND')
    }
    expect(codeOf(await ask(app, revokeDocument, { deviceId: nobody }, { token: admin }))).toBe('NOT_FOUND')
    expect(codeOf(await ask(app, revokeDocument, {}, { token: admin }))).toBe('BAD_USER_INPUT')
    expect(codeOf(await ask(app, revokeDocument))).toBe('UNAUTHENTICATED')
    const first = await ask(app, revokeDocument, { deviceId: mine.deviceId }, { token: admin })
    expect(first.data).toMatchObject({ revokeDevice: { device: { id: mine.deviceId } } })
    expect((await ask(other, revokeDocument, { deviceId: mine.deviceId }, { token: admin })).data).toEqual(first.data)
    expect(await enter(app, theirs.token)).toMatchObject({ roles: [] })
  })

  test('of a device also ends its session’s secret, and its client id makes no new token', async () => {
    const clientId = newClientId()
    const { deviceId, token } = await register(app, clientId)
    const secret = app.services.identity.sessionSecret(deviceId, createId(app.clock.now()))
    const viewer = await enter(other, secret)
    await app.services.identity.revokeDevice(await enter(app, token))
    expect(await refusal(enter(app, secret))).toBe('SESSION_REVOKED')
    await eventually(() => other.services.identity.isRevoked(viewer), Boolean)
    expect(await refusal(enter(other, secret))).toBe('SESSION_REVOKED')
    expect(await refusal(app.services.identity.renewDevice(viewer))).toBe('FORBIDDEN')
    expect(await refusal(app.services.identity.renewDevice({ ...viewer, sessionId: null }))).toBe('SESSION_REVOKED')
    expect(await refusal(register(app, clientId))).toBe('SESSION_REVOKED')
  })

  test('of an account is for ADMIN, and ends its tokens everywhere', async () => {
    const { id, token } = await account('mod', 'MODERATOR')
    await enter(other, token)
    const document =
      'mutation ($accountId: ID!) { revokeAccount(input: { accountId: $accountId }) { ... on RevokeAccountPayload { account { username revokedAt } } } }'
    expect(codeOf(await ask(app, document, { accountId: adminId }, { token }))).toBe('FORBIDDEN')
    expect(codeOf(await ask(app, document, { accountId: createId(0) }, { token: admin }))).toBe('NOT_FOUND')
    expect(codeOf(await ask(app, document, { accountId: "' or 1=1" }, { token: admin }))).toBe('NOT_FOUND')
    const { data } = await ask(app, document, { accountId: id }, { token: admin })
    expect(data).toMatchObject({ revokeAccount: { account: { username: 'mod', revokedAt: expect.any(String) } } })
    expect(await refusal(enter(app, token))).toBe('SESSION_REVOKED')
    await eventually(
      () => refusal(enter(other, token)),
      (code) => code === 'SESSION_REVOKED',
    )
    expect(await refusal(app.services.identity.mintAccountToken('mod'))).toBe('SESSION_REVOKED')
  })

  test('is known to a node that starts later', async () => {
    const { deviceId, token } = await register(app)
    await app.services.identity.revokeDevice(adminViewer, deviceId)
    const late = await app.node()
    expect(await refusal(enter(late, token))).toBe('SESSION_REVOKED')
  })

  test('is told to every node once, each time, whatever a listener does', async () => {
    const heard: string[] = []
    other.services.identity.onRevoked(() => {
      throw new Error('a listener that fails')
    })
    other.services.identity.onRevoked(({ name }) => void heard.push(name))
    const devices = await Promise.all([1, 2, 3].map(() => register(app)))
    for (const { deviceId } of devices) await app.services.identity.revokeDevice(adminViewer, deviceId)
    for (const { deviceId } of devices) await other.services.identity.revokeDevice(adminViewer, deviceId)
    await eventually(
      () => heard.length,
      (count) => count >= 3,
    )
    expect(heard.sort()).toEqual(devices.map(({ deviceId }) => `device:${deviceId}`).sort())
  })

  test('cannot be faked, and nothing be broken, by what is published in Redis', async () => {
    const { token } = await register(app)
    const channel = app.redis.key('identity', 'hints')
    for (const message of [
      '',
      '{',
      'null',
      '__proto__',
      'constructor',
      'keys',
      'revocations',
      'x'.repeat(100_000),
      `{"principal":"device:1"}`,
    ]) {
      expect(await app.redis.command.publish(channel, message)).toBeGreaterThanOrEqual(2)
    }
    for (const node of [app, other]) expect(await enter(node, token)).toMatchObject({ sessionId: null })
  })

  describe('without Redis', () => {
    let redis: OwnRedis
    let cut: TestApp
    beforeAll(async () => {
      redis = await createOwnRedis()
      cut = await app.node({ REDIS_URL: redis.url })
      await redis.kill()
    })
    afterAll(() => redis.remove())

    test('is heard within a second all the same', async () => {
      const { deviceId, token } = await register(app)
      const viewer = await enter(cut, token)
      await app.services.identity.revokeDevice(adminViewer, deviceId)
      const began = performance.now()
      await eventually(() => cut.services.identity.isRevoked(viewer), Boolean)
      expect(performance.now() - began).toBeLessThan(1200)
      expect(await refusal(enter(cut, token))).toBe('SESSION_REVOKED')
    })

    test('is done, and heard by the others', async () => {
      const { deviceId, token } = await register(app)
      await enter(app, token)
      await cut.services.identity.revokeDevice(adminViewer, deviceId)
      await eventually(
        () => refusal(enter(app, token)),
        (code) => code === 'SESSION_REVOKED',
      )
    })

    test('nobody registers, since nobody counts', async () => {
      const limited = await app.node({ RATE_LIMITS: 'on' })
      limited.redis.command.disconnect()
      expect(await refusal(register(limited))).toBe('UNAVAILABLE')
    })
  })

  test('a node that has not seen Postgres for a minute lets nobody in', async () => {
    const alone = await app.node()
    const { token } = await register(app)
    await enter(alone, token)
    await alone.postgres.close()
    expect(await enter(alone, token)).toMatchObject({ sessionId: null })
    // The one clock that a test cannot move by `app.clock`: how long ago this process looked.
    const { now } = performance
    const soon = performance.now() + 61_000
    performance.now = () => soon
    try {
      expect(await refusal(enter(alone, token))).toBe('UNAVAILABLE')
      expect(await enter(app, token)).toMatchObject({ sessionId: null })
    } finally {
      performance.now = now
    }
    const failures = () => alone.logs.filter(({ message }) => message.includes('revocations'))
    await eventually(failures, (lines) => lines.length > 0)
    expect(failures()).toHaveLength(1)
  })
})

describe('a session’s secret', () => {
  test('speaks for its session and device, on every node, and for nothing else', async () => {
    const phone = await createPhone(app)
    const session = await phone.open(['jazz'])
    const viewer = await enter(other, session.secret)
    expect(viewer).toMatchObject({
      accountId: null,
      roles: [],
      expiresAtMs: Number.POSITIVE_INFINITY,
      sessionId: expect.any(String),
    })
    expect(viewer.principal).toBe(`device:${viewer.deviceId}`)
    expect(Buffer.from(phone.deviceId, 'base64').toString()).toBe(`Device:${viewer.deviceId}`)
    for (const document of [
      'mutation { renewDevice { __typename } }',
      'mutation { revokeDevice(input: {}) { __typename } }',
    ]) {
      expect(codeOf(await ask(app, document, {}, { token: session.secret }))).toBe('FORBIDDEN')
    }
  })

  test('is refused when anything of it was changed', async () => {
    const secret = app.services.identity.sessionSecret(createId(app.clock.now()), createId(app.clock.now()))
    const forged = [
      ...Array.from(secret, (letter, i) =>
        letter === '.' ? '' : secret.slice(0, i) + (letter === 'A' ? 'B' : 'A') + secret.slice(i + 1),
      ),
      ...[
        `${secret}=`,
        `${secret}A`,
        secret.slice(0, -1),
        secret.replace('vs1', 'vs2'),
        'vs1.',
        'vs1..',
        `vs1.${'A'.repeat(43)}.${'A'.repeat(43)}`,
        `vs1.${'A'.repeat(10_000_000)}`,
      ],
    ].filter(Boolean)
    // The last letter of each part holds two bits that count for nothing: what is left of the change is another writing.
    const parts = secret.split('.')
    const same = (token: string) =>
      token
        .split('.')
        .every((part, i) => Buffer.from(part, 'base64url').equals(Buffer.from(parts[i] ?? '', 'base64url')))
    for (const token of forged.filter((each) => !same(each) || each.length !== secret.length)) {
      expect(await refusal(enter(app, token))).toBe('UNAUTHENTICATED')
    }
  })

  test('of a deployment with another secret is refused, and so is one that is older than any revocation is remembered', async () => {
    const { createSessionSecrets, sessionKey } = await import('../../src/modules/identity/session-secrets.ts')
    const foreign = createSessionSecrets(sessionKey('another secret of at least 32 characters'))
    expect(await refusal(enter(app, foreign.make(createId(app.clock.now()), createId(app.clock.now()))))).toBe(
      'UNAUTHENTICATED',
    )
    const old = createId(app.clock.now() - daysMs(30) - 1000)
    expect(await refusal(enter(app, app.services.identity.sessionSecret(old, old)))).toBe('UNAUTHENTICATED')
  })
})

describe('an account', () => {
  test('has the roles of its row, and a change of them counts within ten seconds', async () => {
    const { id, token } = await account('otto', 'USER')
    expect((await ask(app, viewerDocument, {}, { token })).data).toEqual({
      viewer: {
        deviceId: null,
        account: { id: Buffer.from(`Account:${id}`).toString('base64'), username: 'otto', roles: ['USER'] },
      },
    })
    await app.postgres.pool.query(`update accounts set roles = '{MODERATOR,ORGANIZER}' where id = $1`, [id])
    app.clock.advance(10_000)
    expect(await enter(app, token)).toMatchObject({
      principal: `account:${id}`,
      accountId: id,
      deviceId: null,
      roles: ['MODERATOR', 'ORGANIZER'],
    })
    app.clock.advance(-10_000)
  })

  test('that is gone speaks for nobody', async () => {
    const { id, token } = await account('gone', 'USER')
    await app.postgres.pool.query('delete from accounts where id = $1', [id])
    expect(await refusal(enter(app, token))).toBe('UNAUTHENTICATED')
    expect(await refusal(app.services.identity.mintAccountToken('gone'))).toBe('NOT_FOUND')
  })

  test('token ends after twelve hours', async () => {
    const { token } = await account('tired', 'USER')
    app.clock.advance(12 * 60 * 60 * 1000 + 6000)
    expect(await refusal(enter(app, token))).toBe('TOKEN_EXPIRED')
    app.clock.advance(-12 * 60 * 60 * 1000 - 6000)
  })
})

describe('signing keys', () => {
  const rotate = (on: TestApp, token?: string) =>
    ask<{ rotateSigningKeys: { kid: string } }>(
      on,
      'mutation { rotateSigningKeys { ... on RotateSigningKeysPayload { kid } } }',
      {},
      { token },
    )
  const published = async (on: TestApp) => {
    const answer = await fetch(new URL('/.well-known/jwks.json', on.url))
    return ((await answer.json()) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid)
  }
  const kidOf = (token: string) =>
    JSON.parse(Buffer.from(String(token.split('.')[0]), 'base64url').toString()).kid as string

  test('are rotated by ADMIN only', async () => {
    const phone = await createPhone(app)
    expect(codeOf(await rotate(app))).toBe('UNAUTHENTICATED')
    expect(codeOf(await rotate(app, phone.token))).toBe('FORBIDDEN')
  })

  test('are rotated without logging anybody out, on either node, before and after', async () => {
    const own = await createTestApp()
    const second = await own.node()
    const { token: adminToken } = await account('ada', 'ADMIN', own)
    const before = await register(own)
    const [first] = await published(own)
    const { data } = await rotate(own, adminToken)
    const next = String(data?.rotateSigningKeys.kid)
    expect(next).not.toBe(first)
    await eventually(
      () => published(second),
      (kids) => kids.includes(next),
    )
    expect((await rotate(second, adminToken)).data?.rotateSigningKeys.kid).toBe(next)
    const during = await register(second)
    expect(kidOf(during.token)).toBe(first)
    own.clock.advance(2 * 60 * 1000)
    const after = [await register(own), await register(second)]
    for (const { token } of after) expect(kidOf(token)).toBe(next)
    const late = await own.node()
    for (const node of [own, second, late]) {
      for (const { deviceId, token } of [before, during, ...after])
        expect(await enter(node, token)).toMatchObject({ deviceId })
    }
    own.clock.advance(daysMs(30) - 2 * 60 * 1000 - 10_000)
    expect(await enter(late, before.token)).toMatchObject({ deviceId: before.deviceId })
  })

  test('of another node are found when a token names one, without any hint', async () => {
    const own = await createTestApp()
    const redis = await createOwnRedis()
    const deaf = await own.node({ REDIS_URL: redis.url })
    await own.services.identity.rotateSigningKey()
    own.clock.advance(2 * 60 * 1000)
    const { deviceId, token } = await register(own)
    expect(deaf.services.identity.jwks().keys.map(({ kid }) => kid)).not.toContain(kidOf(token))
    expect(await enter(deaf, token)).toMatchObject({ deviceId })
    await redis.remove()
  })

  test('are one, when many nodes start at the same instant', async () => {
    const own = await createTestApp()
    await own.postgres.pool.query('delete from signing_keys')
    const nodes = await Promise.all(Array.from({ length: 6 }, () => own.node()))
    const { rows } = await own.postgres.pool.query('select kid from signing_keys')
    expect(rows).toHaveLength(1)
    const { deviceId, token } = await register(nodes[0]!)
    for (const node of nodes) expect(await enter(node, token)).toMatchObject({ deviceId })
  })

  test('that another secret sealed keep a node from starting, with a remedy', async () => {
    const starting = app.node({ VICINITY_SECRET: 'another secret of at least 32 characters' })
    await expect(starting).rejects.toThrow(StartupError)
    await expect(starting).rejects.toMatchObject({ remedy: expect.stringContaining('VICINITY_SECRET') })
  })
})

test('the demo has a phone and an account per role, the same after every start', async () => {
  const first = await seed(app)
  const second = await seed(app)
  expect(first.map(({ who }) => who)).toEqual([
    'a phone',
    'demo-user (USER)',
    'demo-organizer (ORGANIZER)',
    'demo-moderator (MODERATOR)',
    'demo-admin (ADMIN)',
  ])
  const principals = async (tokens: { token: string }[]) =>
    Promise.all(tokens.map(async ({ token }) => (await enter(app, token)).principal))
  const before = await principals(first)
  expect(await principals(second)).toEqual(before)
  expect(await enter(app, String(first[4]?.token))).toMatchObject({ roles: ['ADMIN'] })

  const [phone, user] = await Promise.all(first.map(({ token }) => enter(app, token)))
  await app.services.identity.revokeDevice(phone!)
  await app.services.identity.revokeAccount(adminViewer, String(user?.accountId))
  const after = await principals(await seed(app))
  expect(after.map((principal, i) => principal === before[i])).toEqual([false, false, true, true, true])
})

test('the demo’s accounts can be signed in to, by passwords that are the same at every start and another in every place', async () => {
  const [first, again, elsewhere] = [
    await seed(app, 'one secret'),
    await seed(app, 'one secret'),
    await seed(app, 'two'),
  ]
  expect(again.map(({ password }) => password)).toEqual(first.map(({ password }) => password))
  const passwords = [...first, ...elsewhere].flatMap(({ password }) => password ?? [])
  expect(new Set(passwords).size).toBe(8)
  const wish = { username: 'demo-admin', deviceLabel: null, viewer: null, address: '192.0.2.1' }
  const login = (password: string | undefined) => app.services.identity.login({ ...wish, password: String(password) })
  expect(await login(elsewhere[4]?.password)).toMatchObject({ account: { roles: ['ADMIN'] } })
  expect(await refusal(login(first[4]?.password))).toBe('UNAUTHENTICATED')
})
