import { DomainError } from '../../platform/errors.ts'

/** The device was revoked before it could be given a new token. */
export class DeviceRevokedError extends DomainError {
  constructor() {
    super('SESSION_REVOKED', 'This device was revoked. Register as a new one, with a new clientId.')
  }
}

export class UsernameTakenError extends DomainError {
  constructor() {
    super('CONFLICT', 'This username is taken.', { field: 'username' })
  }
}

/** Among the first passwords that somebody would try. */
export class WeakPasswordError extends DomainError {
  constructor(field: string) {
    super('BAD_USER_INPUT', 'This password is too easy to guess.', { field })
  }
}

/** Nobody has this name with this password: which of both is wrong is not said. */
export class InvalidCredentialsError extends DomainError {
  constructor() {
    super('UNAUTHENTICATED', 'The name or the password is wrong.')
  }
}

/** The signing-in was ended, was not used for too long, or never was. */
export class SignInEndedError extends DomainError {
  constructor() {
    super('SESSION_REVOKED', 'You are signed out here. Sign in again.')
  }
}

/** What keeps an account from being signed in. */
export interface Ban {
  /** In plain words, for the person. */
  explanation: string
  /** Null: until staff ends it. */
  retryAfterMs: number | null
  /** The decision that it follows from, if any. */
  decisionId: string | null
}

/** The password, or the token, was right, but the account may not be signed in. */
export class AccountBannedError extends DomainError {
  /** In plain words, for the person. */
  readonly explanation: string
  /** Null: until staff ends it. */
  readonly retryAfterMs: number | null
  /** The decision that it follows from, if any. */
  readonly decisionId: string | null
  /** Lets whoever is told appeal that decision, and do nothing else; null: it cannot be appealed. */
  readonly appealToken: string | null

  constructor({ explanation, retryAfterMs, decisionId }: Ban, appealToken: string | null) {
    super('FORBIDDEN', 'This account is banned.', { explanation, retryAfterMs })
    this.explanation = explanation
    this.retryAfterMs = retryAfterMs
    this.decisionId = decisionId
    this.appealToken = appealToken
  }
}

/** Somebody must be able to give roles. */
export class LastAdminError extends DomainError {
  constructor() {
    super('CONFLICT', 'This is the last ADMIN. Give the role to somebody else first.')
  }
}
