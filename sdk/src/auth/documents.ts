import type { TypedText } from '../documents.ts'
import type { LoginInput, LoginResult, RefreshResult, RegisterInput, RegisterResult } from './answers.ts'

const signedIn = 'account{id username displayName}accessToken accessTokenExpiresAt refreshToken refreshTokenExpiresAt'

export const RegisterText: TypedText<{ register: RegisterResult | null }, { input: RegisterInput }> =
  `mutation Register($input:RegisterInput!){register(input:$input){__typename...on RegisterPayload{${signedIn}}...on Error{code message}}}`
export const LoginText: TypedText<{ login: LoginResult | null }, { input: LoginInput }> =
  `mutation Login($input:LoginInput!){login(input:$input){__typename...on LoginPayload{${signedIn}}...on Error{code message}}}`
export const RefreshText: TypedText<{ refresh: RefreshResult | null }, { input: { refreshToken?: string } }> =
  `mutation Refresh($input:RefreshInput!){refresh(input:$input){__typename...on RefreshPayload{${signedIn}}...on Error{code message}}}`
export const LogoutText: TypedText<{ logout: unknown }, { input: { refreshToken?: string } }> =
  'mutation Logout($input:LogoutInput!){logout(input:$input){__typename...on LogoutPayload{ended}}}'
