/** What signing in is answered, until the generated types have it. */
export interface RegisterInput {
  clientId?: string | null | undefined
  username: string
  password: string
  displayName?: string | null | undefined
  email?: string | null | undefined
  deviceLabel?: string | null | undefined
  cookie?: boolean | null | undefined
}

export interface LoginInput {
  username: string
  password: string
  deviceLabel?: string | null | undefined
  cookie?: boolean | null | undefined
}

export interface SignedInFields {
  account: { id: string; username: string; displayName: string }
  accessToken: string
  accessTokenExpiresAt: string
  refreshToken: string | null
  refreshTokenExpiresAt: string
}

interface Refused<Name extends string> {
  __typename: Name
  code: string
  message: string
}

export type RegisterResult =
  | ({ __typename: 'RegisterPayload' } & SignedInFields)
  | Refused<'UsernameTakenError' | 'WeakPasswordError'>
export type LoginResult = ({ __typename: 'LoginPayload' } & SignedInFields) | Refused<'InvalidCredentialsError'>
export type RefreshResult = ({ __typename: 'RefreshPayload' } & SignedInFields) | Refused<'SignInEndedError'>
