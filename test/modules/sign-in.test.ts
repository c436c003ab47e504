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
import { createPhone, newClientId, nudgesDocument } from '../kit/phones.ts'
import { createStaff } from '../kit/staff.ts'

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

  test('and signing in, refreshing and out again', async () => {
    const { username, accountId } = await registerAccount(app)
    const signedIn = await answer('login', { username: username.toUpperCase(), password, deviceLabel: 'my laptop' })
    expect(rawId(signedIn.account?.id ?? '')).toBe(accountId)
    const next = await refresh(signedIn.refreshToken, { on: other })
    expect(next).toMatchObject({ __typename: 'RefreshPayload' })
    expect(next.refreshToken).not.toBe(signedIn.refreshToken)
    expect((await who(next.accessToken)).data).toMatchObject({ viewer: { account: { username } } })
    const out = await ask(app, logoutDocument, { input: { refreshToken: next.refreshToken } })
    expect(out.data).toEqual({ logout: { ended: true } })
    expect(codeOf(await who(next.accessToken))).toBe('SESSION_REVOKED')
    expect(await refresh(next.refreshToken)).toMatchObject({ __typename: 'SignInEndedError', code: 'SESSION_REVOKED' })
    await eventually(
      async () => codeOf(await who(next.accessToken, other)),
      (code) => code === 'SESSION_REVOKED',
    )
  })
})

test('the kit makes accounts that sign in', async () => {
  const phone = await createPhone(app)
  const account = await createAccount(app, { onDevice: phone })
  expect((await who(account.token)).data).toEqual({
    viewer: { deviceId: phone.deviceId, account: { username: account.username } },
  })
  expect(await answer('login', { username: account.username, password: account.password })).toMatchObject({
    __typename: 'LoginPayload',
  })
  expect(await refresh(account.refreshToken)).toMatchObject({ __typename: 'RefreshPayload' })
  void [newClientId, nudgesDocument, createStaff]
})
