export {
  AccountBannedError,
  DeviceRevokedError,
  InvalidCredentialsError,
  LastAdminError,
  SignInEndedError,
  UsernameTakenError,
  WeakPasswordError,
} from './errors.ts'
export type { Names } from './registration.ts'
export { createIdentityService, type DeviceCredentials, type IdentityService } from './service.ts'
export type { SignIn } from './sign-in-rows.ts'
export type { SignInTokens } from './sign-ins.ts'
export type { Account, Device, ErasureRequest } from './store.ts'
export { type Role, revocableNames, type Viewer } from './viewer.ts'
