import { request } from 'node:http'
import {
  createAccount,
  loginDocument,
  logoutDocument,
  newUsername,
  password,
  refreshDocument,
  registerDocument,
  type SignInResult,
} from '../kit/accounts.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { ask, codeOf } from '../kit/gql.ts'
import { openSocket } from '../kit/raw-socket.ts'

const page = 'https://app.example'
let app: TestApp
let slow: TestApp
beforeAll(async () => {
  app = await createTestApp({ ALLOWED_ORIGINS: page })
  slow = await app.node({ HTTP_LANE: 'off' })
})

type Answers = Record<string, SignInResult & { ended?: boolean }>
const asking = (on: TestApp, query: string, input: object, headers: Record<string, string> = {}) =>
  ask<Answers>(on, query, { input }, { headers })
const cookieOf = (headers: Headers) => headers.getSetCookie()[0]?.split(';')[0] ?? ''
const attributes = (headers: Headers) => headers.getSetCookie()[0]?.split('; ').slice(1)
const signedIn = async (on = app) => {
  const { username } = await createAccount(app)
  return cookieOf((await asking(on, loginDocument, { username, password, cookie: true })).headers)
}

test.each([
  ['the short way', () => app],
  ['yoga’s way', () => slow],
])('a browser keeps the refresh token where no script reads it, by %s', async (_name, node) => {
  const on = node()
  const wish = { username: newUsername(), password, cookie: true }
  const made = await asking(on, registerDocument, wish)
  expect(made.data?.['register']).toMatchObject({ refreshToken: null, accessToken: expect.any(String) })
  expect(attributes(made.headers)).toEqual(['HttpOnly', 'SameSite=Strict', 'Path=/graphql', 'Max-Age=2592000'])
  let cookie = cookieOf(made.headers)
  expect(cookie).toMatch(/^vicinity_refresh=vr1\.[A-Za-z0-9_-]{43}$/)
  for (let i = 0; i < 3; i++) {
    const { data, headers } = await asking(on, refreshDocument, {}, { cookie: `a=b; ${cookie}; c=d` })
    expect(data?.['refresh']).toMatchObject({ __typename: 'RefreshPayload', refreshToken: null })
    expect(cookieOf(headers)).not.toBe(cookie)
    cookie = cookieOf(headers)
  }
  const out = await asking(on, logoutDocument, {}, { cookie })
  expect(out.data?.['logout']).toEqual({ ended: true })
  expect(attributes(out.headers)).toContain('Max-Age=0')
  const late = await asking(on, refreshDocument, {}, { cookie })
  expect(late.data?.['refresh']).toMatchObject({ __typename: 'SignInEndedError' })
  expect(attributes(late.headers)).toContain('Max-Age=0')
})

test('without one there is nothing to refresh, and a token in the input goes past the cookie', async () => {
  const none = await asking(app, refreshDocument, {})
  expect(none.data?.['refresh']).toMatchObject({ __typename: 'SignInEndedError' })
  const [cookie, { refreshToken }] = [await signedIn(), await createAccount(app)]
  const { data, headers } = await asking(app, refreshDocument, { refreshToken }, { cookie })
  expect(data?.['refresh']?.refreshToken).toMatch(/^vr1/)
  expect(headers.getSetCookie()).toEqual([])
  expect((await asking(app, refreshDocument, {}, { cookie })).data?.['refresh']).toMatchObject({ refreshToken: null })
})

test('the cookie goes over https only, but for a browser on this very machine', async () => {
  const { username } = await createAccount(app)
  const secure = async (on: TestApp, headers: Record<string, string>) => {
    const body = JSON.stringify({ query: loginDocument, variables: { input: { username, password, cookie: true } } })
    const set = await new Promise<string>((resolve, reject) => {
      const options = { method: 'POST', headers: { 'content-type': 'application/json', ...headers } }
      const asked = request(on.url, options, (res) => {
        res.resume()
        resolve(String(res.headers['set-cookie']))
      })
      asked.on('error', reject)
      asked.end(body)
    })
    expect(set).toContain('vicinity_refresh=vr1.')
    return set.includes('; Secure;')
  }
  expect(await secure(app, { host: 'localhost:3000' })).toBe(false)
  expect(await secure(app, { host: '127.0.0.1' })).toBe(false)
  expect(await secure(app, { host: 'api.example' })).toBe(true)
  expect(await secure(app, { host: 'localhost.example' })).toBe(true)
  expect(await secure(app, { host: 'localhost:3000', 'x-forwarded-for': '192.0.2.1' })).toBe(true)
  expect(await secure(await app.node({ TRUSTED_PROXIES: '1' }), { host: 'localhost:3000' })).toBe(true)
})

test('a page that is allowed may send it, and is told so; a page of anybody else may not, even where all are allowed', async () => {
  const cookie = await signedIn()
  const allowed = await asking(app, refreshDocument, {}, { cookie, origin: page })
  expect(allowed.data?.['refresh']).toMatchObject({ __typename: 'RefreshPayload' })
  expect(allowed.headers.get('access-control-allow-origin')).toBe(page)
  expect(allowed.headers.get('access-control-allow-credentials')).toBe('true')
  const next = cookieOf(allowed.headers)
  const open = await app.node({ ALLOWED_ORIGINS: '*' })
  for (const on of [app, open]) {
    for (const document of [refreshDocument, logoutDocument]) {
      const foreign = await asking(on, document, {}, { cookie: next, origin: 'https://evil.example' })
      expect(codeOf(foreign)).toBe('FORBIDDEN')
      expect(foreign.headers.get('access-control-allow-credentials')).toBeNull()
      expect(foreign.headers.getSetCookie()).toEqual([])
    }
  }
  const own = { cookie: next, origin: new URL(app.url).origin }
  expect((await asking(app, refreshDocument, {}, own)).data?.['refresh']).toMatchObject({
    __typename: 'RefreshPayload',
  })
})

test('there are no cookies over a WebSocket', async () => {
  const { username } = await createAccount(app)
  const socket = await openSocket(app, { init: {} })
  const wishes: [string, object][] = [
    [loginDocument, { username, password, cookie: true }],
    [registerDocument, { username: newUsername(), password, cookie: true }],
    [refreshDocument, {}],
  ]
  for (const [query, input] of wishes) {
    const message = await socket.answer(query, { input })
    expect(message.payload).toMatchObject({ errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] })
  }
})
