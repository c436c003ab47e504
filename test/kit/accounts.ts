import { randomBytes } from 'node:crypto'
import { hashSync } from '@node-rs/argon2'
import { createId } from '../../src/platform/ids.ts'
import type { TestApp } from './app.ts'
import { ask } from './gql.ts'
import type { Phone } from './phones.ts'
import { follow, type Stream } from './socket.ts'

interface Server {
  url: string
  wsUrl: string
}

export interface SignInAnswer {
  account: { id: string; username: string }
  accessToken: string
  accessTokenExpiresAt: string
  refreshToken: string
  refreshTokenExpiresAt: string
}

/** The answer of `register`, `login` or `refresh`, or the typed error in its place. */
export type SignInResult = Partial<SignInAnswer> & { __typename: string; code?: string; message?: string }

export interface TestAccount {
  /** The id behind `Account.id`, which stores and services know it by. */
  accountId: string
  /** The global id of its `Profile`. */
  profileId: string
  username: string
  password: string
  /** An access token, of the signing-in that `refreshToken` belongs to. */
  token: string
  refreshToken: string
  ask<Data = Record<string, never>>(
    query: string,
    variables?: Record<string, unknown>,
    server?: Server,
  ): ReturnType<typeof ask<Data>>
  follow<Event>(query: string, variables?: Record<string, unknown>, server?: Server): Stream<Event>
}

export const signInFields = `__typename ... on Error { code message }`
const tokenFields = 'account { id username } accessToken accessTokenExpiresAt refreshToken refreshTokenExpiresAt'
export const registerDocument = `mutation ($input: RegisterInput!) { register(input: $input) { ${signInFields}
  ... on RegisterPayload { ${tokenFields} } } }`
export const loginDocument = `mutation ($input: LoginInput!) { login(input: $input) { ${signInFields}
  ... on LoginPayload { ${tokenFields} } } }`
export const refreshDocument = `mutation ($input: RefreshInput!) { refresh(input: $input) { ${signInFields}
  ... on RefreshPayload { ${tokenFields} } } }`
export const logoutDocument =
  'mutation ($input: LogoutInput!) { logout(input: $input) { ... on LogoutPayload { ended } } }'

/** The password of every account that was not registered by a test itself: its hash is made once. */
export const password = 'correct horse battery'
const kept = hashSync(password, { memoryCost: 19_456, timeCost: 2, parallelism: 1 })

export const newUsername = () => `u${randomBytes(8).toString('hex')}`

/** The id behind a global id. */
export const rawId = (globalId: string) => Buffer.from(globalId, 'base64').toString().split(':')[1] ?? ''

/**
 * An account that has signed in, on a phone if one is given. It is put into the table with a hash made before, since hashing
 * is slow on purpose; signing in goes past the password, and makes real tokens.
 */
export async function createAccount(
  app: TestApp,
  { username = newUsername(), onDevice }: { username?: string; onDevice?: Pick<Phone, 'token'> } = {},
): Promise<TestAccount> {
  const accountId = createId(app.clock.now())
  const text = `insert into accounts (id, username, password_hash, roles, created_at) values ($1, $2, $3, '{USER}', $4)`
  await app.postgres.pool.query(text, [accountId, username, kept, new Date(app.clock.now())])
  const { accessToken, refreshToken } = await app.services.identity.mintSignIn(accountId, onDevice?.token)
  return accountWith(app, { accountId, username, password, token: accessToken, refreshToken })
}

/** An account that has registered as an app does it. */
export async function registerAccount(
  app: TestApp,
  { username = newUsername(), onDevice }: { username?: string; onDevice?: Pick<Phone, 'token'> } = {},
): Promise<TestAccount> {
  const { data, errors } = await ask<{ register: SignInAnswer }>(
    app,
    registerDocument,
    { input: { username, password } },
    { token: onDevice?.token },
  )
  if (!data?.register?.accessToken) throw new Error(`register: ${JSON.stringify(data ?? errors)}`)
  const { account, accessToken, refreshToken } = data.register
  return accountWith(app, { accountId: rawId(account.id), username, password, token: accessToken, refreshToken })
}

type Known = Pick<TestAccount, 'accountId' | 'username' | 'password' | 'token' | 'refreshToken'>

function accountWith(app: TestApp, known: Known): TestAccount {
  const { accountId, token } = known
  return {
    ...known,
    profileId: Buffer.from(`Profile:${accountId}`).toString('base64'),
    ask: (query, variables, server = app) => ask(server, query, variables, { token }),
    follow: (query, variables = {}, server = app) => follow(server, query, { token, variables }),
  }
}
