import { builder } from '../../graphql/builder.ts'
import type { Context } from '../../graphql/context.ts'
import { ErrorInterface } from '../../graphql/interfaces.ts'
import { signedIn } from '../../graphql/person.ts'
import type { RefreshCookie } from '../../graphql/refresh-cookie.ts'
import { BadUserInputError, ContentRejectedError } from '../../platform/errors.ts'
import { AccountType, SignInType } from './account-schema.ts'
import {
  type Account,
  AccountBannedError,
  InvalidCredentialsError,
  type SignIn,
  SignInEndedError,
  type SignInTokens,
  UsernameTakenError,
  WeakPasswordError,
} from './index.ts'
import {
  ChangePasswordInput,
  EndSignInInput,
  LoginInput,
  LogoutInput,
  RefreshInput,
  RegisterInput,
} from './sign-in-input-schema.ts'

builder.objectType(UsernameTakenError, {
  name: 'UsernameTakenError',
  description: 'Somebody has this username, or nobody may have it. Choose another one.',
  interfaces: [ErrorInterface],
})
builder.objectType(WeakPasswordError, {
  name: 'WeakPasswordError',
  description: 'The password is the username, the address, or one that everybody tries first. Choose another one.',
  interfaces: [ErrorInterface],
})
builder.objectType(InvalidCredentialsError, {
  name: 'InvalidCredentialsError',
  description: 'The name or the password is wrong; which one is not told.',
  interfaces: [ErrorInterface],
})
builder.objectType(SignInEndedError, {
  name: 'SignInEndedError',
  description: 'The signing-in is over: ended, not used for 30 days, or its token was used twice. Sign in again.',
  interfaces: [ErrorInterface],
})

builder.objectType(AccountBannedError, {
  name: 'AccountBannedError',
  description: 'The account may not be signed in. Only whoever has its password, or a token of it, is told.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    explanation: t.exposeString('explanation', { description: 'Why, in plain words, for the person.' }),
    retryAfterMs: t.exposeFloat('retryAfterMs', {
      nullable: true,
      description: 'In how many milliseconds it is over, exactly; null: when staff ends it.',
    }),
    decisionId: t.globalID({
      nullable: true,
      description: 'The decision that it follows from; null: staff imposed it without one.',
      resolve: ({ decisionId }) => (decisionId === null ? null : { type: 'Decision', id: decisionId }),
    }),
    appealToken: t.exposeString('appealToken', {
      nullable: true,
      description:
        'What `createAppeal` takes with this `decisionId`, for an hour, and nothing else takes; `login` gives another one. Null: there is no decision, it cannot be appealed any more, or the refresh token had been spent.',
    }),
  }),
})

/** What is told of new tokens: the refresh token only where it is not in the cookie. */
type Told = Omit<SignInTokens, 'refreshToken'> & { refreshToken: string | null }

const tokensPayload = (name: string, description: string) =>
  builder.objectRef<Told>(name).implement({
    description,
    fields: (t) => ({
      account: t.expose('account', { type: AccountType, description: 'The account.' }),
      accessToken: t.exposeString('accessToken', {
        description:
          'Its bearer token for a quarter of an hour: `Authorization: Bearer …` over HTTP, `{ authorization: "Bearer …" }` in `connection_init`.',
      }),
      accessTokenExpiresAt: t.expose('accessTokenExpiresAt', {
        type: 'DateTime',
        description: 'When it ends. `refresh` before; a minute earlier is early enough.',
      }),
      refreshToken: t.exposeString('refreshToken', {
        nullable: true,
        description:
          'What `refresh` takes, once. Keep it where other apps cannot read it. Null when it went into the cookie.',
      }),
      refreshTokenExpiresAt: t.expose('refreshTokenExpiresAt', {
        type: 'DateTime',
        description: 'When the signing-in ends if it is not refreshed before.',
      }),
    }),
  })
const RegisterPayload = tokensPayload('RegisterPayload', 'The account is made, and you are signed in to it.')
const LoginPayload = tokensPayload('LoginPayload', 'You are signed in.')
const RefreshPayload = tokensPayload('RefreshPayload', 'The next tokens; the refresh token that was sent is spent.')
const LogoutPayload = builder.objectRef<{ ended: boolean }>('LogoutPayload').implement({
  description: 'You are signed out.',
  fields: (t) => ({
    ended: t.exposeBoolean('ended', { description: 'True, whatever there was to end.' }),
  }),
})
const ChangePasswordPayload = builder.objectRef<{ account: Account }>('ChangePasswordPayload').implement({
  description: 'The password is changed.',
  fields: (t) => ({ account: t.expose('account', { type: AccountType, description: 'The account.' }) }),
})
const EndSignInPayload = builder.objectRef<{ signIn: SignIn }>('EndSignInPayload').implement({
  description: 'The signing-in is over.',
  fields: (t) => ({ signIn: t.expose('signIn', { type: SignInType, description: 'As it was.' }) }),
})

/** The cookie of a request that came over HTTP: there is none on a socket. */
function cookieOf({ refreshCookie }: Context): RefreshCookie {
  if (!refreshCookie) throw new BadUserInputError('There are no cookies over a WebSocket. Ask over HTTP.', 'cookie')
  return refreshCookie
}

/** What to tell of new tokens, and the rest into the cookie. */
function told(tokens: SignInTokens, cookie: RefreshCookie | null): Told {
  if (!cookie) return tokens
  cookie.keep(tokens.refreshToken, tokens.refreshTokenExpiresAt)
  return { ...tokens, refreshToken: null }
}

builder.mutationFields((t) => ({
  register: t.field({
    type: RegisterPayload,
    nullable: true,
    errors: {
      types: [UsernameTakenError, WeakPasswordError, ContentRejectedError],
      union: { name: 'RegisterResult', description: 'What `register` answers.' },
    },
    args: { input: t.arg({ type: RegisterInput, required: true, description: 'The wish.' }) },
    description:
      'Makes an account and signs in to it. With a device’s token in the request this happens on that device: it goes on as it is, and nobody learns that it is yours. At most 20 an hour from one address.',
    async resolve(_root, { input }, context) {
      const { clientId: id, username, password, displayName, email, deviceLabel, cookie } = input
      const keeper = cookie ? cookieOf(context) : null
      const { viewer, address } = context
      const made = await context.services.identity.register({
        ...{ clientId: id ?? null, username, password, displayName: displayName ?? null, email: email ?? null },
        ...{ deviceLabel: deviceLabel ?? null, viewer, address },
      })
      return told(made, keeper)
    },
  }),
  login: t.field({
    type: LoginPayload,
    nullable: true,
    errors: {
      types: [InvalidCredentialsError, AccountBannedError],
      union: { name: 'LoginResult', description: 'What `login` answers.' },
    },
    args: { input: t.arg({ type: LoginInput, required: true, description: 'Who.' }) },
    description:
      'Signs in. With a device’s token in the request this happens on that device, and ends with it. At most 12 a minute from one address, and 12 to one account.',
    async resolve(_root, { input: { username, password, deviceLabel, cookie } }, context) {
      const keeper = cookie ? cookieOf(context) : null
      const { viewer, address } = context
      const wish = { username, password, deviceLabel: deviceLabel ?? null, viewer, address }
      return told(await context.services.identity.login(wish), keeper)
    },
  }),
  refresh: t.field({
    type: RefreshPayload,
    nullable: true,
    errors: {
      types: [SignInEndedError, AccountBannedError],
      union: { name: 'RefreshResult', description: 'What `refresh` answers.' },
    },
    args: { input: t.arg({ type: RefreshInput, required: true, description: 'By what.' }) },
    description:
      'Exchanges a refresh token for new tokens; it needs no access token, so send none that may have ended. Each refresh token is good for once. Whoever did not get the answer may send it again within ten seconds; a spent one that comes later ends the signing-in, since somebody else must have it. At most 30 a minute.',
    async resolve(_root, { input: { refreshToken } }, context) {
      const cookie = refreshToken == null ? cookieOf(context) : null
      try {
        return told(
          await context.services.identity.refresh(refreshToken ?? cookie?.read() ?? '', context.address),
          cookie,
        )
      } catch (error) {
        if (error instanceof SignInEndedError || error instanceof AccountBannedError) cookie?.drop()
        throw error
      }
    },
  }),
  logout: t.field({
    type: LogoutPayload,
    nullable: true,
    errors: { types: [], union: { name: 'LogoutResult', description: 'What `logout` answers.' } },
    args: { input: t.arg({ type: LogoutInput, required: true, description: 'Which one.' }) },
    description:
      'Ends a signing-in: its tokens count no more and its sockets are cut with 4410, everywhere within a second. The cookie is dropped. Answers the same whatever there was. Repeating it is safe.',
    async resolve(_root, { input }, { services, viewer, address, refreshCookie }) {
      const refreshToken = input.refreshToken ?? refreshCookie?.read() ?? null
      await services.identity.logout(refreshToken, viewer, address)
      refreshCookie?.drop()
      return { ended: true }
    },
  }),
  changePassword: t.field({
    type: ChangePasswordPayload,
    nullable: true,
    authScopes: { account: true },
    errors: {
      types: [InvalidCredentialsError, WeakPasswordError],
      union: { name: 'ChangePasswordResult', description: 'What `changePassword` answers.' },
    },
    args: { input: t.arg({ type: ChangePasswordInput, required: true, description: 'From what to what.' }) },
    description:
      'Changes the password, and ends every other signing-in of the account within a second. At most 5 a minute.',
    resolve: async (_root, { input: { currentPassword, newPassword } }, { services, viewer }) => ({
      account: await services.identity.changePassword(signedIn(viewer), currentPassword, newPassword),
    }),
  }),
  endSignIn: t.field({
    type: EndSignInPayload,
    nullable: true,
    authScopes: { account: true },
    errors: { types: [], union: { name: 'EndSignInResult', description: 'What `endSignIn` answers.' } },
    args: { input: t.arg({ type: EndSignInInput, required: true, description: 'Which one.' }) },
    description: 'Ends one of your own signings-in, elsewhere or here, like `logout` there. Repeating it is safe.',
    resolve: async (_root, { input }, { services, viewer }) => ({
      signIn: await services.identity.endSignIn(signedIn(viewer), String(input.signInId)),
    }),
  }),
}))
