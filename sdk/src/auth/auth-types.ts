import type {
  LoginInput,
  LoginMutation,
  RegisterDeviceInput,
  RegisterDeviceMutation,
  RegisterInput,
  RegisterMutation,
} from '../../generated/graphql.ts'
import type { Observable } from '../observable.ts'

export type RegisterResult = NonNullable<RegisterMutation['register']>
export type LoginResult = NonNullable<LoginMutation['login']>
/** Where one token is kept. Anything that has both fits: expo-secure-store, a keychain, `localStorageTokens`. */
export interface TokenStorage {
  get(): Promise<string | null>
  set(token: string | null): Promise<void>
}

/** Lets one piece of work run at a time, in all tabs that share the name. */
export type Lock = <T>(name: string, work: () => Promise<T>) => Promise<T>

/**
 * `restoring`: the storage has not answered yet. `signed-in`: as an account. `device`: as a device alone. `signed-out`: as nobody,
 * also after the server has ended the sign-in.
 */
export type AuthStatus = 'restoring' | 'signed-in' | 'device' | 'signed-out'

export type RegisterDeviceResult = NonNullable<RegisterDeviceMutation['registerDevice']>

export interface Auth {
  readonly status: Observable<AuthStatus>
  /** Another number whenever somebody else is signed in here, or nobody any more: what was asked before is another's. */
  readonly identity: Observable<number>
  /** Makes an account and signs in. Typed refusals (`UsernameTakenError`, `WeakPasswordError`) are returned, and change nothing. */
  register(input: RegisterInput): Promise<RegisterResult>
  login(input: LoginInput): Promise<LoginResult>
  /** Forgets the sign-in here at once, and tells the server if it can. A device stays registered. */
  logout(): Promise<void>
  /** Asks for another access token now. One at a time, in all tabs. False: the sign-in has ended. */
  refresh(): Promise<boolean>
  /** Makes this a device, with a token of its own. Signing in later is on this device then. */
  registerDevice(input?: RegisterDeviceInput): Promise<RegisterDeviceResult>
  /** Another token for the device; done by itself during the old one's last day. */
  renewDevice(): Promise<boolean>
  /** The token to send now, renewed if it has to be; null: nobody. For what does not go through this client. */
  accessToken(): Promise<string | null>
}
