/** The closed list of codes in `errors[].extensions.code` and in typed errors. docs/errors.md says what a client does on each. */
export const errorCodes = [
  'BAD_REQUEST',
  'BAD_USER_INPUT',
  'UNAUTHENTICATED',
  'TOKEN_EXPIRED',
  'SESSION_REVOKED',
  'FORBIDDEN',
  'NOT_FOUND',
  'CONFLICT',
  'IDEMPOTENCY_MISMATCH',
  'IDEMPOTENCY_IN_PROGRESS',
  'RATE_LIMITED',
  'QUERY_TOO_COMPLEX',
  'PAYLOAD_TOO_LARGE',
  'SUBSCRIPTION_LIMIT',
  'SLOW_CONSUMER',
  'RESYNC_REQUIRED',
  'CONTENT_REJECTED',
  'UNAVAILABLE',
  'TIMEOUT',
  'INTERNAL',
] as const

export type ErrorCode = (typeof errorCodes)[number]

/** An outcome that a client may be told. Everything else that is thrown reaches it as INTERNAL, without its message. */
export class DomainError extends Error {
  readonly code: ErrorCode
  /** What a client needs to react: `retryAfterMs`, `field`, `conflictingId`. */
  readonly details: Record<string, unknown>

  constructor(code: ErrorCode, message: string, details: Record<string, unknown> = {}, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
    this.code = code
    this.details = details
  }
}

export class BadUserInputError extends DomainError {
  constructor(message: string, field?: string) {
    super('BAD_USER_INPUT', message, field === undefined ? {} : { field })
  }
}

/** What it says is not allowed here. */
export class ContentRejectedError extends DomainError {
  /** In plain words, for the person. */
  readonly explanation: string

  constructor(explanation: string) {
    super('CONTENT_REJECTED', 'This content is not allowed.', { explanation })
    this.explanation = explanation
  }
}

/** Not there, not yours, or hidden from you: the same answer. */
export class NotFoundError extends DomainError {
  constructor() {
    super('NOT_FOUND', 'Not found.')
  }
}

export class UnauthenticatedError extends DomainError {
  constructor(message = 'A valid token is needed.') {
    super('UNAUTHENTICATED', message)
  }
}

export class TokenExpiredError extends DomainError {
  constructor() {
    super('TOKEN_EXPIRED', 'The token has expired.')
  }
}

export class RevokedError extends DomainError {
  constructor() {
    super('SESSION_REVOKED', 'The token was revoked.')
  }
}

export class ForbiddenError extends DomainError {
  constructor() {
    super('FORBIDDEN', 'This is not allowed for you.')
  }
}

export class RateLimitedError extends DomainError {
  constructor(retryAfterMs: number) {
    super('RATE_LIMITED', 'Too many requests.', { retryAfterMs })
  }
}

/** A client id was used before, with another input. */
export class IdempotencyMismatchError extends DomainError {
  constructor() {
    super('IDEMPOTENCY_MISMATCH', 'This clientId was used before with another input.', { field: 'clientId' })
  }
}

export class SlowConsumerError extends DomainError {
  constructor() {
    super('SLOW_CONSUMER', 'Events came faster than they were taken. Reconnect with the last cursor.')
  }
}

/** A store did not answer. What was asked may or may not have happened; a call that is safe to repeat may be repeated. */
export class UnavailableError extends DomainError {
  constructor(cause?: unknown) {
    super('UNAVAILABLE', 'The service is not available right now. Try again.', {}, { cause })
  }
}
