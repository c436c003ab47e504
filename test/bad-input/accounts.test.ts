import {
  createAccount,
  loginDocument,
  newUsername,
  password,
  refreshDocument,
  registerDocument,
  type SignInResult,
} from '../kit/accounts.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { ask, codeOf } from '../kit/gql.ts'
import { openSocket } from '../kit/raw-socket.ts'

let app: TestApp
beforeAll(async () => {
  app = await createTestApp()
})

const sent = (query: string, input: object, on = app) => ask<Record<string, SignInResult>>(on, query, { input })
const registering = (changed: object) => sent(registerDocument, { username: newUsername(), password, ...changed })
const emailOf = async (token: string | undefined) =>
  (await ask<{ me: { email: string } }>(app, '{ me { email } }', {}, { token })).data?.me.email

describe('a username', () => {
  test.each([
    ...[
      '',
      'ab',
      'x'.repeat(33),
      'a b',
      ' ada',
      'ada\n',
      'ada\0',
      '_ada',
      '.ada',
      '-ada',
      'ada@example',
      'ada:lovelace',
    ],
    ...['ädä', 'аdа', 'ada\u200b', 'ada\u0301', '\ud800ada', "ada'--", 'ada/..', 'x'.repeat(50_000)],
  ])('%j is refused', async (username) => {
    expect(codeOf(await registering({ username }))).toBe('BAD_USER_INPUT')
  })

  test.each(['ada', '0x1', 'a_b-c.d', 'x'.repeat(31), 'ADA-Lovelace', '007', '__proto__'.slice(2)])(
    '%j is taken as it is, in small letters',
    async (username) => {
      const { data } = await registering({ username })
      expect(data?.['register']?.account?.username).toBe(username.toLowerCase())
    },
  )
})

describe('67: a password', () => {
  test.each([
    ['of 7 characters', 'aB3$efg'],
    ['of 129 characters', 'aB3$efg.'.repeat(17).slice(0, 129)],
    ['of 128 characters in more than 512 bytes', '👩🏽‍🚀'.repeat(32) + 'é'.repeat(10)],
    ['of 60 KB', 'x'.repeat(60_000)],
    ['with NUL in it', 'correct\0horse'],
    ['with half a surrogate pair', 'correct horse \ud800'],
    ['of eight letters that compose to four', 'e\u0301'.repeat(4)],
  ])('%s is refused, wherever one is asked for', async (_name, bad) => {
    expect(codeOf(await registering({ password: bad }))).toBe('BAD_USER_INPUT')
    expect(codeOf(await sent(loginDocument, { username: newUsername(), password: bad }))).toBe('BAD_USER_INPUT')
    const account = await createAccount(app)
    const change = 'mutation ($input: ChangePasswordInput!) { changePassword(input: $input) { __typename } }'
    for (const input of [
      { currentPassword: bad, newPassword: 'another horse entirely' },
      { currentPassword: password, newPassword: bad },
    ])
      expect(codeOf(await account.ask(change, { input }))).toBe('BAD_USER_INPUT')
  })

  test('of a megabyte is refused before it is looked at', async () => {
    const answer = await registering({ password: 'x'.repeat(1_000_000) })
    expect([answer.status, codeOf(answer)]).toEqual([413, 'PAYLOAD_TOO_LARGE'])
  })

  test.each([
    ['of 8 characters', 'aB3$efg.'],
    ['of 128 characters', 'aB3$efg.'.repeat(16)],
    ['of 128 characters in 512 bytes', '𝒶𝒷𝒸𝒹'.repeat(32)],
    ['of blanks and controls', ' \t correct \u0007 '],
    ['of emoji', '🐴🔋📎🦄🐴🔋📎🦄'],
  ])('%s is taken as it is', async (_name, good) => {
    const username = newUsername()
    expect((await sent(registerDocument, { username, password: good })).data?.['register']).toMatchObject({
      __typename: 'RegisterPayload',
    })
    expect((await sent(loginDocument, { username, password: good })).data?.['login']).toMatchObject({
      __typename: 'LoginPayload',
    })
    expect((await sent(loginDocument, { username, password: good.replace(/.$/u, '!') })).data?.['login']).toMatchObject(
      {
        __typename: 'InvalidCredentialsError',
      },
    )
  })
})

describe('66: an e-mail address', () => {
  test.each([
    ...[
      '',
      'a',
      'a@',
      '@b.example',
      'a@b',
      'a@@b.example',
      'a b@c.example',
      'a@b..example',
      'a@-b.example',
      'a@127.0.0.1',
    ],
    ...[
      '"a b"@c.example',
      'a@b.example\r\nBcc: c@d.example',
      'a@b.example\0',
      'a,b@c.example',
      '<a@b.example>',
      'a@[::1]',
    ],
    ...[`${'x'.repeat(65)}@b.example`, `a@${'x.'.repeat(127)}example`, `${'x'.repeat(64)}@${'y'.repeat(60_000)}`],
  ])('%j is refused', async (email) => {
    expect(codeOf(await registering({ email }))).toBe('BAD_USER_INPUT')
  })

  test.each([
    ['Ada+vicinity@Example.ORG', 'Ada+vicinity@example.org'],
    ['ada@bücher.example', 'ada@xn--bcher-kva.example'],
    ["o'hara@example.org", "o'hara@example.org"],
  ])('%j is kept as %j', async (given, kept) => {
    const { data } = await registering({ email: given })
    expect(await emailOf(data?.['register']?.accessToken)).toBe(kept)
  })
})

test.each([
  ['a display name of 65 characters', { displayName: 'x'.repeat(65) }],
  ['a display name with a line break', { displayName: 'a\nb' }],
  ['a display name that turns the writing around', { displayName: '\u202eada' }],
  ['a display name with nothing to see', { displayName: '\u2060\u200d' }],
  ['a label of 41 characters', { deviceLabel: 'x'.repeat(41) }],
  ['a label with NUL in it', { deviceLabel: 'a\0b' }],
  ['a client id of 7 characters', { clientId: '1234567' }],
  ['a client id with a colon', { clientId: 'abcd:efgh' }],
  ['a member that there is not', { roles: ['ADMIN'] }],
  ['a password that is a number', { password: 12_345_678 }],
])('%s is refused', async (_name, changed) => {
  expect(codeOf(await registering(changed))).toBe('BAD_USER_INPUT')
})

test.each(['\0', 'x'.repeat(255), 'a\0@b.example'])('a name of %j to sign in with is refused', async (username) => {
  expect(codeOf(await sent(loginDocument, { username, password }))).toBe('BAD_USER_INPUT')
})

describe('T13: many attempts in one request', () => {
  const aliased = (name: string, call: string) =>
    `mutation { ${[1, 2].map((i) => `a${i}: ${name}${call} { __typename }`).join(' ')} }`
  test.each([
    ['login', '(input: { username: "ada", password: "correct horse" })'],
    ['register', '(input: { username: "ada", password: "correct horse" })'],
    ['refresh', '(input: { refreshToken: "a" })'],
    ['logout', '(input: {})'],
    ['changePassword', '(input: { currentPassword: "a", newPassword: "b" })'],
    ['endSignIn', '(input: { signInId: "a" })'],
    ['grantRole', '(input: { accountId: "a", role: ADMIN })'],
    ['withdrawRole', '(input: { accountId: "a", role: ADMIN })'],
    ['holdAccount', '(input: { accountId: "a", held: true, reason: "a" })'],
  ])('%s twice is refused', async (name, call) => {
    expect(codeOf(await ask(app, aliased(name, call)))).toBe('QUERY_TOO_COMPLEX')
  })

  test('as an array is refused', async () => {
    const one = { query: loginDocument, variables: { input: { username: 'ada', password } } }
    const response = await fetch(app.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json' },
      body: JSON.stringify(Array.from({ length: 20 }, () => one)),
    })
    expect(response.status).toBe(400)
  })

  test('over one socket are counted like requests', async () => {
    const limited = await app.node({ RATE_LIMITS: 'on' })
    const socket = await openSocket(limited, { init: {} })
    const codes: unknown[] = []
    for (let i = 0; i < 14; i++) {
      const { payload } = await socket.answer(loginDocument, { input: { username: newUsername(), password } })
      const { data, errors } = payload as Awaited<ReturnType<typeof sent>>
      codes.push(errors?.[0]?.extensions?.['code'] ?? data?.['login']?.code)
    }
    expect(codes).toEqual([...Array(12).fill('UNAUTHENTICATED'), 'RATE_LIMITED', 'RATE_LIMITED'])
  })
})

test('64: what is asked for in the words of another language finds nothing and breaks nothing', async () => {
  for (const odd of ["' or '1'='1", '*', '../../etc/passwd', '%00', '\u2028']) {
    expect((await sent(loginDocument, { username: odd, password })).data?.['login']).toMatchObject({
      __typename: 'InvalidCredentialsError',
    })
    expect((await sent(refreshDocument, { refreshToken: odd })).data?.['refresh']).toMatchObject({
      __typename: 'SignInEndedError',
    })
  }
})
