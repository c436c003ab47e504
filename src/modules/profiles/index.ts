/** Also told where an account is deleted. */
export { InvalidCredentialsError } from '../identity/index.ts'
export { createDeletionStore, mailJobKey } from './deletion-store.ts'
export {
  AccountOnHoldError,
  CampusNotYoursError,
  EmailTakenError,
  MailedTokenError,
  type MailedTokenFault,
} from './errors.ts'
export { createMailStore } from './mail-store.ts'
export type { MailedTokenPurpose } from './mailed-tokens.ts'
export { createProfilesService, type ProfilesService } from './service.ts'
export { createProfileStore, type Profile } from './store.ts'
