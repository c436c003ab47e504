import {
  createAccount,
  loginDocument,
  logoutDocument,
  newUsername,
  password,
  rawId,
  refreshDocument,
  registerAccount,
  registerDocument,
  type SignInResult,
} from '../kit/accounts.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { eventually } from '../kit/eventually.ts'
import { ask, codeOf } from '../kit/gql.ts'
import { createPhone, newClientId } from '../kit/phones.ts'
import { follow } from '../kit/socket.ts'

let app: TestApp
let other: TestApp
beforeAll(async () => {
  app = await createTestApp()
  other = await app.node()
})

interface Asked {
  token?: string | undefined
  on?: TestApp
  headers?: Record<string, string>
}
type Name = 'register' | 'login' | 'refresh'
const documents = { register: registerDocument, login: loginDocument, refresh: refreshDocument }

async function asking(name: Name, input: object, { token, on = app, headers = {} }: Asked = {}) {
  return ask<Record<string, SignInResult>>(on, documents[name], { input }, { token, headers })
}
async function answer(name: Name, input: object, asked?: Asked): Promise<SignInResult> {
  const { data, errors } = await asking(name, input, asked)
  const result = data?.[name]
  if (!result) throw new Error(JSON.stringify(errors))
  return result
}
const refresh = (refreshToken: string | undefined, asked?: Asked) => answer('refresh', { refreshToken }, asked)
const meDocument = '{ me { id username displayName email emailVerifiedAt roles signIns { id label current } } }'
const whoDocument = '{ viewer { deviceId account { username } } }'
const who = (token: string | undefined, on = app) => ask<{ viewer: object }>(on, whoDocument, {}, { token })

const signInsOf = async (token: string) => {
  const { data } = await ask<{ me: { signIns: { id: string; label: string | null; current: boolean }[] } }>(
    app,
    '{ me { signIns { id label current } } }',
    {},
    { token },
  )
  return data?.me.signIns ?? []
}
const followDocument = 'subscription { nudges { __typename } }'

describe('registering', () => {
  test('makes an account that is signed in, and known by its token on every node', async () => {
    const username = newUsername()
    const made = await answer('register', { username, password, displayName: ' Ada ', email: 'Ada@Example.ORG' })
    expect(made).toMatchObject({ __typename: 'RegisterPayload', account: { username } })
    for (const on of [app, other]) {
      const { data } = await ask<{ me: object }>(on, meDocument, {}, { token: made.accessToken })
      expect(data?.me).toEqual({
        ...{ id: made.account?.id, username, displayName: 'Ada', email: 'Ada@example.org', emailVerifiedAt: null },
        ...{ roles: ['USER'], signIns: [{ id: expect.any(String), label: null, current: true }] },
      })
    }
    expect(made.refreshToken).toMatch(/^vr1\.[A-Za-z0-9_-]{43}$/)
  })

  test('gives a name once, whatever its capitals, and none of those that would pass for staff', async () => {
    const username = newUsername()
    await answer('register', { username, password })
    for (const taken of [username, username.toUpperCase(), 'admin', 'Vicinity', 'NULL', 'root', 'deleted']) {
      expect(await answer('register', { username: taken, password })).toMatchObject({
        ...{ __typename: 'UsernameTakenError', code: 'CONFLICT' },
      })
    }
  })

  test('is shown by its username until it says what it is called', async () => {
    const { username, token } = await registerAccount(app)
    expect((await ask(app, '{ me { displayName } }', {}, { token })).data).toEqual({ me: { displayName: username } })
  })

  test('that is sent again with its client id gives the same account by a new signing-in, for ten minutes', async () => {
    const wish = {
      clientId: newClientId(),
      username: newUsername(),
      password,
      displayName: 'Ada',
      email: 'a@b.example',
    }
    const first = await answer('register', wish)
    app.clock.advance(9 * 60_000)
    const again = await answer('register', wish, { on: other })
    expect(again.account).toEqual(first.account)
    expect(again.refreshToken).not.toBe(first.refreshToken)
    expect(await signInsOf(again.accessToken as string)).toHaveLength(2)
    for (const changed of [
      { password: 'another horse entirely' },
      { displayName: 'Eve' },
      { username: newUsername() },
    ]) {
      expect(codeOf(await asking('register', { ...wish, ...changed }))).toBe('IDEMPOTENCY_MISMATCH')
    }
    app.clock.advance(2 * 60_000)
    expect(await answer('register', wish)).toMatchObject({ __typename: 'UsernameTakenError' })
    app.clock.advance(-11 * 60_000)
  })

  test('refuses the first passwords that somebody would try', async () => {
    const username = newUsername()
    const email = `${newUsername()}@example.org`
    for (const weak of ['password', 'PASSWORD1', '12345678', 'aaaaaaaaaa', username, username.toUpperCase(), email]) {
      expect(await answer('register', { username, password: weak, email })).toMatchObject({
        ...{ __typename: 'WeakPasswordError', code: 'BAD_USER_INPUT' },
      })
    }
  })

  test('keeps a hash of the password and of the token, and neither of them', async () => {
    const { accountId, refreshToken } = await registerAccount(app)
    const { rows } = await app.postgres.pool.query(
      `select a::text || coalesce(string_agg(s::text || t::text, ''), '') as all, a.password_hash from accounts a
       join sign_ins s on s.account_id = a.id join refresh_tokens t on t.sign_in_id = s.id where a.id = $1 group by a.*, a.id`,
      [accountId],
    )
    expect(rows[0].password_hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
    expect(rows[0].all).not.toContain(password)
    expect(rows[0].all).not.toContain(refreshToken.slice(4))
  })
})

describe('signing in', () => {
  test('works with the username in any capitals, by any writing of the password, and with a verified address only', async () => {
    const username = newUsername()
    const email = `${newUsername()}@example.org`
    await answer('register', { username, password: 'pässwörter', email })
    for (const written of ['pässwörter'.normalize('NFC'), 'pässwörter'.normalize('NFD')]) {
      const signedIn = await answer('login', { username: username.toUpperCase(), password: written })
      expect(signedIn).toMatchObject({ __typename: 'LoginPayload', account: { username } })
    }
    expect(await answer('login', { username: email, password: 'pässwörter' })).toMatchObject({
      code: 'UNAUTHENTICATED',
    })
    await app.postgres.pool.query('update accounts set email_verified_at = now() where username = $1', [username])
    expect(await answer('login', { username: email.toUpperCase(), password: 'pässwörter' })).toMatchObject({
      account: { username },
    })
  })

  test('answers a wrong password, a name that nobody has, a revoked account and one without a password alike', async () => {
    const [wrong, revoked, without] = [await createAccount(app), await createAccount(app), await createAccount(app)]
    await app.postgres.pool.query('update accounts set revoked_at = now() where id = $1', [revoked.accountId])
    await app.postgres.pool.query('update accounts set password_hash = null where id = $1', [without.accountId])
    const answers = await Promise.all([
      asking('login', { username: wrong.username, password: 'not this one' }),
      asking('login', { username: newUsername(), password: 'not this one' }),
      asking('login', { username: 'nobody@example.org', password: 'not this one' }),
      asking('login', { username: `'; drop table accounts --`, password: 'not this one' }),
      asking('login', { username: revoked.username, password }),
      asking('login', { username: without.username, password }),
    ])
    for (const { status, data, errors } of answers) {
      expect({ status, data, errors }).toEqual({
        ...{ status: 200, errors: undefined },
        data: {
          login: {
            ...{ __typename: 'InvalidCredentialsError', code: 'UNAUTHENTICATED' },
            message: 'The name or the password is wrong.',
          },
        },
      })
    }
  })

  test('hashes a password anew that was hashed at another cost', async () => {
    const { hashSync } = await import('@node-rs/argon2')
    const { accountId, username } = await createAccount(app)
    const cheap = hashSync(password, { memoryCost: 8192, timeCost: 1, parallelism: 1 })
    await app.postgres.pool.query('update accounts set password_hash = $2 where id = $1', [accountId, cheap])
    await answer('login', { username, password })
    const { rows } = await app.postgres.pool.query('select password_hash from accounts where id = $1', [accountId])
    expect(rows[0].password_hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
    expect(await answer('login', { username, password })).toMatchObject({ __typename: 'LoginPayload' })
  })

  test('on a device makes a viewer of both; the device goes on as it was', async () => {
    const phone = await createPhone(app)
    const { username } = await createAccount(app)
    const { accessToken, refreshToken } = await answer('login', { username, password }, { token: phone.token })
    for (const token of [accessToken, (await refresh(refreshToken)).accessToken]) {
      expect((await who(token)).data).toEqual({ viewer: { deviceId: phone.deviceId, account: { username } } })
      expect((await ask(app, '{ session { id } }', {}, { token })).data).toEqual({ session: null })
    }
    expect((await who(phone.token)).data).toEqual({ viewer: { deviceId: phone.deviceId, account: null } })
  })

  test('on a device gives no hold on the device itself', async () => {
    const phone = await createPhone(app)
    const { token } = await createAccount(app, { onDevice: phone })
    for (const document of ['mutation { renewDevice { __typename } }', 'mutation { deleteDevice { __typename } }']) {
      expect(codeOf(await ask(app, document, {}, { token }))).toBe('FORBIDDEN')
    }
  })

  test('lists where one is signed in, by what the app called itself, for oneself', async () => {
    const { username } = await createAccount(app)
    const { accessToken } = await answer('login', { username, password, deviceLabel: '  Ada’s phone ' })
    const list = await signInsOf(accessToken as string)
    expect(list.map(({ label, current }) => [label, current])).toEqual([
      ['Ada’s phone', true],
      [null, false],
    ])
  })

  test('counts the attempts of an address and on an account, a name that nobody has included', async () => {
    const limited = await app.node({ RATE_LIMITS: 'on', TRUSTED_PROXIES: '1' })
    const { username } = await createAccount(app)
    const from = (address: string) => ({ on: limited, headers: { 'x-forwarded-for': address } })
    const wrong = 'not this one'
    for (let i = 0; i < 12; i++)
      await answer('login', { username: newUsername(), password: wrong }, from('198.51.100.1'))
    const refused = await asking('login', { username, password }, from('198.51.100.1'))
    expect(codeOf(refused)).toBe('RATE_LIMITED')
    expect(refused.errors?.[0]?.extensions?.['retryAfterMs']).toBeGreaterThan(30_000)
    for (const name of [username, newUsername()]) {
      for (let i = 0; i < 12; i++)
        await answer('login', { username: name, password: wrong }, from(`198.51.100.${10 + i}`))
      for (const capitals of [name, name.toUpperCase()]) {
        const late = await asking('login', { username: capitals, password }, from('198.51.100.30'))
        expect(codeOf(late)).toBe('RATE_LIMITED')
      }
    }
  })

  test('and everything else that is counted is refused while nobody counts', async () => {
    const limited = await app.node({ RATE_LIMITS: 'on' })
    const account = await createAccount(app)
    limited.redis.command.disconnect()
    const { identity } = limited.services
    const viewer = await identity.authenticate(account.token)
    const wish = { deviceLabel: null, viewer: null, address: '198.51.100.2' }
    const tries = [
      identity.login({ ...wish, username: account.username, password }),
      identity.register({ ...wish, username: newUsername(), password, clientId: null, displayName: null, email: null }),
      identity.refresh(account.refreshToken, wish.address),
      identity.logout(account.refreshToken, null, wish.address),
      identity.changePassword(viewer, password, 'another horse entirely'),
      identity.checkPassword(account.accountId, password),
    ]
    for (const done of await Promise.allSettled(tries)) expect(done).toMatchObject({ reason: { code: 'UNAVAILABLE' } })
    expect(await refresh(account.refreshToken)).toMatchObject({ __typename: 'RefreshPayload' })
  })
})

describe('a refresh token', () => {
  test('is good for once; whoever lost the answer has ten seconds', async () => {
    const { refreshToken: first } = await createAccount(app)
    const lost = await refresh(first)
    const second = await refresh(first, { on: other })
    expect(second).toMatchObject({ __typename: 'RefreshPayload' })
    const third = await refresh(second.refreshToken)
    expect(third).toMatchObject({ __typename: 'RefreshPayload' })
    // The one whose answer was lost was spent by the retry: somebody has it who should not.
    expect(await refresh(lost.refreshToken)).toMatchObject({ __typename: 'SignInEndedError' })
    expect(await refresh(third.refreshToken)).toMatchObject({ __typename: 'SignInEndedError' })
  })

  test('that comes back after ten seconds ends the signing-in', async () => {
    const { refreshToken: first } = await createAccount(app)
    const second = await refresh(first)
    app.clock.advance(10_500)
    expect(await refresh(first)).toMatchObject({ __typename: 'SignInEndedError', code: 'SESSION_REVOKED' })
    expect(await refresh(second.refreshToken)).toMatchObject({ __typename: 'SignInEndedError' })
    app.clock.advance(-10_500)
  })

  test('whose child is used already ends the signing-in, however soon; sockets are cut on every node, and the log tells', async () => {
    const phone = await createPhone(app)
    const account = await createAccount(app, { onDevice: phone })
    const elsewhere = await app.services.identity.mintSignIn(account.accountId, phone.token)
    const streams = [app, other].map((on) => follow(on, followDocument, { token: account.token }))
    const spared = [elsewhere.accessToken, phone.token].map((token) => follow(other, followDocument, { token }))
    for (const stream of [...streams, ...spared]) await stream.next()
    const second = await refresh(account.refreshToken)
    await refresh(second.refreshToken)
    const began = performance.now()
    expect(await refresh(account.refreshToken)).toMatchObject({ __typename: 'SignInEndedError' })
    for (const stream of streams) expect((await stream.ended).code).toBe(4410)
    expect(performance.now() - began).toBeLessThan(2000)
    for (const token of [account.token, second.accessToken]) expect(codeOf(await who(token))).toBe('SESSION_REVOKED')
    const lines = app.logs.filter(({ message }) => message === 'auth.refresh_reuse')
    expect(lines.at(-1)).toEqual({ level: 'warn', message: 'auth.refresh_reuse', principal: expect.any(String) })
    expect(JSON.stringify(lines)).not.toContain(account.accountId)
    for (const token of [elsewhere.accessToken, phone.token]) expect((await who(token, other)).status).toBe(200)
    for (const stream of spared) stream.stop()
  })

  test('lasts thirty days from its last use', async () => {
    const daysMs = 24 * 60 * 60 * 1000
    let { refreshToken } = (await createAccount(app)) as { refreshToken: string | undefined }
    let moved = 0
    const later = (ms: number) => {
      app.clock.advance(ms)
      moved += ms
    }
    for (let i = 0; i < 3; i++) {
      later(29 * daysMs)
      const next = await refresh(refreshToken)
      expect(Date.parse(String(next.refreshTokenExpiresAt)) - app.clock.now()).toBeGreaterThan(29.9 * daysMs)
      refreshToken = next.refreshToken
    }
    later(30 * daysMs + 1000)
    expect(await refresh(refreshToken)).toMatchObject({ __typename: 'SignInEndedError' })
    app.clock.advance(-moved)
  })

  test('of a revoked account, or on a revoked device, gives nothing', async () => {
    const phone = await createPhone(app)
    const onDevice = await createAccount(app, { onDevice: phone })
    const revoked = await createAccount(app)
    await app.postgres.pool.query('update accounts set revoked_at = now() where id = $1', [revoked.accountId])
    await app.services.identity.revokeDevice(await app.services.identity.authenticate(phone.token))
    for (const { refreshToken } of [onDevice, revoked]) {
      expect(await refresh(refreshToken)).toMatchObject({ __typename: 'SignInEndedError' })
    }
  })

  test('is no access token, and an access token is no refresh token', async () => {
    const { token, refreshToken } = await createAccount(app)
    expect(codeOf(await who(refreshToken))).toBe('UNAUTHENTICATED')
    for (const wrong of [token, '', 'vr1.', `vr1.${'A'.repeat(43)}`, `${refreshToken} `, refreshToken.toUpperCase()]) {
      expect(await refresh(wrong)).toMatchObject({ __typename: 'SignInEndedError' })
    }
    expect(await refresh(refreshToken)).toMatchObject({ __typename: 'RefreshPayload' })
  })

  test('is asked for thirty times a minute at most, per address and signing-in', async () => {
    const limited = await app.node({ RATE_LIMITS: 'on' })
    const [mine, theirs] = [await createAccount(app), await createAccount(app)]
    let token: string | undefined = mine.refreshToken
    for (let i = 0; i < 30; i++) token = (await refresh(token, { on: limited })).refreshToken
    expect(codeOf(await asking('refresh', { refreshToken: token }, { on: limited }))).toBe('RATE_LIMITED')
    expect(await refresh(theirs.refreshToken, { on: limited })).toMatchObject({ __typename: 'RefreshPayload' })
  })
})

describe('an access token', () => {
  test('has sockets of its own to spend: those of the same account elsewhere do not count', async () => {
    const few = await app.node({ SOCKETS_PER_VIEWER: '1' })
    const phone = await createPhone(app)
    const { accountId, token } = await createAccount(app, { onDevice: phone })
    const elsewhere = await app.services.identity.mintSignIn(accountId, phone.token)
    const streams = [token, elsewhere.accessToken, phone.token].map((each) =>
      follow(few, followDocument, { token: each }),
    )
    for (const stream of streams) await stream.next()
    expect((await follow(few, followDocument, { token }).ended).code).toBe(4414)
    await app.postgres.pool.query('update accounts set revoked_at = now() where id = $1', [accountId])
    for (const stream of streams.slice(0, 2)) expect((await stream.ended).code).toBe(4410)
    streams[2]?.stop()
  })

  test('lasts a quarter of an hour, and a socket with it no longer', async () => {
    const own = await createTestApp()
    const phone = await createPhone(own)
    const account = await createAccount(own, { onDevice: phone })
    const stream = follow(own, followDocument, { token: account.token })
    await stream.next()
    own.clock.advance(15 * 60_000 + 6000)
    expect((await stream.ended).code).toBe(4411)
    expect(codeOf(await who(account.token, own))).toBe('TOKEN_EXPIRED')
    const next = await refresh(account.refreshToken, { on: own })
    expect((await who(next.accessToken, own)).status).toBe(200)
  })

  test('on a device ends with the device, and so does its signing-in', async () => {
    const phone = await createPhone(app)
    const account = await createAccount(app, { onDevice: phone })
    const stream = follow(other, followDocument, { token: account.token })
    await stream.next()
    await phone.ask('mutation { revokeDevice(input: {}) { __typename } }')
    expect((await stream.ended).code).toBe(4410)
    expect(codeOf(await who(account.token))).toBe('SESSION_REVOKED')
  })

  test('on a device that is erased counts no more, and nothing says that they belonged together', async () => {
    const phone = await createPhone(app)
    const account = await createAccount(app, { onDevice: phone })
    await phone.ask('mutation { deleteDevice { __typename } }')
    expect(codeOf(await who(account.token))).toBe('SESSION_REVOKED')
    const { rows } = await app.postgres.pool.query('select s::text as row from sign_ins s where account_id = $1', [
      account.accountId,
    ])
    expect(rows[0].row).not.toContain(phone.personId)
  })
})

describe('signing out', () => {
  test('ends the signing-in by any of its tokens, or by the access token, and answers the same to nobody', async () => {
    const logout = async (input: object, token?: string) => (await ask(app, logoutDocument, { input }, { token })).data
    const [first, second] = [await createAccount(app), await createAccount(app)]
    const next = await refresh(first.refreshToken)
    const answers = [
      await logout({ refreshToken: first.refreshToken }),
      await logout({ refreshToken: first.refreshToken }),
      await logout({}, second.token),
      await logout({}),
      await logout({ refreshToken: 'anything' }),
      await logout({ refreshToken: `vr1.${'A'.repeat(43)}` }),
    ]
    for (const data of answers) expect(data).toEqual({ logout: { ended: true } })
    for (const token of [next.refreshToken, second.refreshToken]) {
      expect(await refresh(token)).toMatchObject({ __typename: 'SignInEndedError' })
    }
    for (const token of [next.accessToken, second.token]) expect(codeOf(await who(token))).toBe('SESSION_REVOKED')
    await eventually(
      async () => codeOf(await who(next.accessToken, other)),
      (code) => code === 'SESSION_REVOKED',
    )
  })

  test('is known to a node that starts later', async () => {
    const { token, refreshToken } = await createAccount(app)
    await app.services.identity.logout(refreshToken, null, '192.0.2.1')
    expect(codeOf(await who(token, await app.node()))).toBe('SESSION_REVOKED')
  })

  test('ends streams over SSE on every node, and nobody else’s', async () => {
    const phone = await createPhone(app)
    const account = await createAccount(app, { onDevice: phone })
    const open = (token: string) =>
      fetch(other.url, {
        method: 'POST',
        headers: {
          ...{ 'content-type': 'application/json', accept: 'text/event-stream' },
          authorization: `Bearer ${token}`,
        },
        body: JSON.stringify({ query: followDocument }),
      })
    const [theirs, devices] = [await open(account.token), await open(phone.token)]
    const [reader, spared] = [theirs.body?.getReader(), devices.body?.getReader()]
    for (const each of [reader, spared]) expect((await each?.read())?.done).toBe(false)
    await app.services.identity.logout(account.refreshToken, null, '192.0.2.1')
    const ended = async () => {
      for (;;) if ((await reader?.read())?.done !== false) return
    }
    await ended().catch(() => undefined)
    expect((await who(phone.token, other)).status).toBe(200)
    await spared?.cancel()
  })

  test('somewhere else is for the account itself', async () => {
    const document = `mutation ($signInId: ID!) { endSignIn(input: { signInId: $signInId }) {
      __typename ... on EndSignInPayload { signIn { id current } } } }`
    const [account, stranger] = [await createAccount(app), await createAccount(app)]
    const elsewhere = await answer('login', { username: account.username, password })
    const signInId = (await signInsOf(account.token)).find(({ current }) => !current)?.id
    expect(codeOf(await stranger.ask(document, { signInId }))).toBe('NOT_FOUND')
    for (const id of ['', "' or 1=1", rawId(elsewhere.account?.id ?? '')])
      expect(codeOf(await account.ask(document, { signInId: id }))).toBe('NOT_FOUND')
    expect(codeOf(await ask(app, document, { signInId }))).toBe('UNAUTHENTICATED')
    for (let i = 0; i < 2; i++) {
      expect((await account.ask(document, { signInId })).data).toEqual({
        endSignIn: { __typename: 'EndSignInPayload', signIn: { id: signInId, current: false } },
      })
    }
    expect(codeOf(await who(elsewhere.accessToken))).toBe('SESSION_REVOKED')
    expect(await signInsOf(account.token)).toHaveLength(1)
  })

  test('of the oldest comes with the fifty-first signing-in', async () => {
    const account = await createAccount(app)
    app.clock.advance(1000)
    for (let i = 0; i < 49; i++) await app.services.identity.mintSignIn(account.accountId)
    expect((await who(account.token)).status).toBe(200)
    const { accessToken } = await app.services.identity.mintSignIn(account.accountId)
    expect(codeOf(await who(account.token))).toBe('SESSION_REVOKED')
    expect(await signInsOf(accessToken)).toHaveLength(50)
    app.clock.advance(-1000)
  })

  test('is forgotten after thirty days', async () => {
    const own = await createTestApp()
    const account = await createAccount(own)
    await own.services.identity.logout(account.refreshToken, null, '192.0.2.1')
    const left = async () => (await own.postgres.pool.query('select 1 from sign_ins')).rows.length
    await own.services.identity.dropOldSignIns()
    expect(await left()).toBe(1)
    own.clock.advance(31 * 24 * 60 * 60 * 1000)
    await own.services.identity.dropOldSignIns()
    expect(await left()).toBe(0)
  })
})

describe('changing the password', () => {
  const document = `mutation ($input: ChangePasswordInput!) { changePassword(input: $input) { __typename
    ... on ChangePasswordPayload { account { username } } ... on Error { code } } }`
  const next = 'another horse entirely'

  test('takes the old one, and ends every signing-in but this one', async () => {
    const account = await createAccount(app)
    const elsewhere = await answer('login', { username: account.username, password })
    const wish = { input: { currentPassword: password, newPassword: next } }
    expect((await account.ask(document, wish)).data).toEqual({
      changePassword: { __typename: 'ChangePasswordPayload', account: { username: account.username } },
    })
    expect(codeOf(await who(elsewhere.accessToken))).toBe('SESSION_REVOKED')
    expect(await refresh(elsewhere.refreshToken)).toMatchObject({ __typename: 'SignInEndedError' })
    expect(await refresh(account.refreshToken)).toMatchObject({ __typename: 'RefreshPayload' })
    expect(await answer('login', { username: account.username, password })).toMatchObject({ code: 'UNAUTHENTICATED' })
    expect(await answer('login', { username: account.username, password: next })).toMatchObject({
      __typename: 'LoginPayload',
    })
    expect((await account.ask(document, wish)).data).toMatchObject({
      changePassword: { __typename: 'InvalidCredentialsError' },
    })
  })

  test('refuses weak ones, devices and nobody, and more than five tries a minute', async () => {
    const limited = await app.node({ RATE_LIMITS: 'on' })
    const account = await createAccount(app)
    const wish = (currentPassword: string, newPassword: string) => ({ input: { currentPassword, newPassword } })
    expect((await account.ask(document, wish(password, 'password1'), limited)).data).toMatchObject({
      changePassword: { __typename: 'WeakPasswordError' },
    })
    const { token } = await createPhone(app)
    expect(codeOf(await ask(app, document, wish(password, next), { token }))).toBe('FORBIDDEN')
    expect(codeOf(await ask(app, document, wish(password, next)))).toBe('UNAUTHENTICATED')
    for (let i = 0; i < 4; i++) await account.ask(document, wish('not this one', next), limited)
    expect(codeOf(await account.ask(document, wish(password, next), limited))).toBe('RATE_LIMITED')
  })
})

test('T41: whoever signs in on a device is to others what the device was; nothing they see names the account', async () => {
  const [seen, watcher] = [await createPhone(app), await createPhone(app)]
  const here = { latitude: 47.37, longitude: 8.54 }
  const now = () => new Date(app.clock.now())
  await watcher.beat(here, now())
  await seen.beat(here, now())
  const look = async () => {
    const around =
      'query { nearbyPeople(radius: UNDER_1_KM) { edges { node { id band } } } nearbyActivities(radius: UNDER_1_KM) { edges { node { id } } } }'
    return JSON.stringify((await watcher.ask(around)).data)
  }
  const before = await look()
  expect(before).toContain('"band"')
  const account = await registerAccount(app, { onDevice: seen })
  const beat = `mutation ($input: HeartbeatInput!) { heartbeat(input: $input) { __typename } }`
  const input = { ...here, accuracyMeters: 5, observedAt: now().toISOString() }
  expect((await account.ask(beat, { input })).data).toEqual({ heartbeat: { __typename: 'HeartbeatPayload' } })
  expect(await look()).toBe(before)
  const { data } = await ask<{ node: unknown }>(
    app,
    'query ($id: ID!) { node(id: $id) { id } }',
    {
      id: Buffer.from(`Account:${account.accountId}`).toString('base64'),
    },
    { token: watcher.token },
  )
  expect(data?.node).toBeNull()
  for (const name of [account.username, account.accountId]) expect(before).not.toContain(name)
})
