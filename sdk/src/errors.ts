import type { ErrorCode as GeneratedErrorCode } from '../generated/graphql.ts'

/** The codes of docs/errors.md. The list may grow: treat a code you do not know as INTERNAL. */
export type ErrorCode = Exclude<GeneratedErrorCode, '%future added value'>

interface Told {
  message: string
  extensions?: Record<string, unknown> | undefined
}

interface Details {
  retryAfterMs?: number | undefined
  requestId?: string | undefined
  field?: string | undefined
  cause?: unknown
}

/** Why an operation has no data. Refusals that are types of a result's union are data, and never this. */
export class VicinityError extends Error {
  override readonly name = 'VicinityError'
  /** `NETWORK`: no answer came, so it may have happened or not. `PROTOCOL`: what came is not an answer of ours. */
  readonly code: ErrorCode | 'NETWORK' | 'PROTOCOL'
  /** With RATE_LIMITED and UNAVAILABLE: when to try again. */
  readonly retryAfterMs: number | undefined
  /** What the server's logs know the request by. */
  readonly requestId: string | undefined
  /** With BAD_USER_INPUT: which value. */
  readonly field: string | undefined

  constructor(code: VicinityError['code'], message: string, details: Details = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.retryAfterMs = details.retryAfterMs
    this.requestId = details.requestId
    this.field = details.field
  }
}

/** What the server says of the first of its errors. */
export function refusal(errors: readonly Told[]): VicinityError {
  const { message = 'Refused', extensions = {} } = errors[0] ?? {}
  const { code, retryAfterMs, requestId, field } = extensions
  return new VicinityError(typeof code === 'string' ? (code as ErrorCode) : 'INTERNAL', message, {
    retryAfterMs: typeof retryAfterMs === 'number' ? retryAfterMs : undefined,
    requestId: typeof requestId === 'string' ? requestId : undefined,
    field: typeof field === 'string' ? field : undefined,
    cause: errors,
  })
}

/** May the same call be made again, with hope? For creates their `clientId` keeps it from happening twice. */
export const isPassing = ({ code }: VicinityError) =>
  ['NETWORK', 'RATE_LIMITED', 'UNAVAILABLE', 'TIMEOUT', 'IDEMPOTENCY_IN_PROGRESS'].includes(code)
