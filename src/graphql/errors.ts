import { PothosValidationError } from '@pothos/core'
import { GraphQLError, type GraphQLErrorOptions } from 'graphql'
import { DomainError, type ErrorCode, errorCodes } from '../platform/errors.ts'

/** Statuses of answers that carry no data. Where there is data, the status is 200 and the error is in `errors`. */
const statuses: Partial<Record<ErrorCode, number>> = {
  UNAUTHENTICATED: 401,
  TOKEN_EXPIRED: 401,
  SESSION_REVOKED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  CONFLICT: 409,
  PAYLOAD_TOO_LARGE: 413,
  RATE_LIMITED: 429,
  INTERNAL: 500,
  UNAVAILABLE: 503,
  TIMEOUT: 504,
}

export const statusOf = (code: ErrorCode): number => statuses[code] ?? 400

const finished = new WeakSet<GraphQLError>()

export interface ErrorFacts {
  requestId?: string | undefined
  /** The code for a GraphQLError that has none of ours: what kind of check refused. */
  fallback?: ErrorCode
  /** Set on errors of a request that was not executed: its HTTP status. `spec`: 200 for `application/json`, as GraphQL over HTTP has it; `final`: never, whatever yoga makes of it. */
  http?: { status: number; spec?: boolean; final?: boolean; headers?: Record<string, string> }
  /** Told of every error that is about to be masked. */
  onInternal?: (error: unknown) => void
}

/**
 * The one way an error reaches a client: a DomainError with its code and details, a GraphQL request error with the code of
 * the check that refused it, anything else as INTERNAL without its message. Safe to apply twice.
 */
export function publicError(error: unknown, facts: ErrorFacts = {}): GraphQLError {
  if (error instanceof GraphQLError && finished.has(error) && !facts.requestId && !facts.http) return error
  const cause = rootCause(error)
  const shown = shownAs(error, cause, facts)
  const located = error instanceof GraphQLError ? error : undefined
  const requestId = facts.requestId ?? located?.extensions['requestId']
  const answer = new GraphQLError(shown.message, {
    ...where(error),
    extensions: { ...shown.details, code: shown.code, ...(requestId ? { requestId } : {}) },
  })
  const http = facts.http ?? (located?.extensions['http'] as ErrorFacts['http'])
  // Read by the HTTP side, never printed.
  if (http) Object.defineProperty(answer.extensions, 'http', { value: http, enumerable: false, writable: true })
  finished.add(answer)
  return answer
}

/** Where in the document or the answer it happened; kept, because a client shows it to its developer. */
function where(error: unknown): GraphQLErrorOptions {
  if (!(error instanceof GraphQLError)) return {}
  const { nodes, source, positions, path } = error
  return { nodes: nodes ?? null, source: source ?? null, positions: positions ?? null, path: path ?? null }
}

function shownAs(
  error: unknown,
  cause: unknown,
  facts: ErrorFacts,
): { code: ErrorCode; message: string; details: Record<string, unknown> } {
  if (cause instanceof DomainError) {
    if (cause.code === 'INTERNAL') facts.onInternal?.(cause)
    return { code: cause.code, message: cause.message, details: cause.details }
  }
  // Pothos reads global ids and cursors before a resolver can; its message would repeat what was sent.
  if (cause instanceof PothosValidationError)
    return { code: 'BAD_USER_INPUT', message: 'An id or a cursor is malformed, or of another kind.', details: {} }
  if (error instanceof GraphQLError && (cause instanceof GraphQLError || cause === undefined)) {
    const { code, http: _http, requestId: _requestId, ...details } = error.extensions
    const known = finished.has(error) || isOurs(code)
    if (known) return { code: code as ErrorCode, message: withoutSuggestion(error.message), details }
    // Yoga's own refusals of a request have a status and a code of its own list, and point at nothing in the document;
    // a variable that is not of its type has a status too, and points at its definition.
    if (error.extensions['http'] && !error.nodes) return { code: 'BAD_REQUEST', message: error.message, details: {} }
    if (facts.fallback) return { code: facts.fallback, message: withoutSuggestion(error.message), details: {} }
    if (!error.path) return { code: 'BAD_USER_INPUT', message: withoutSuggestion(error.message), details: {} }
  }
  facts.onInternal?.(cause ?? error)
  return { code: 'INTERNAL', message: 'Something went wrong on our side.', details: {} }
}

const ours = new Set<unknown>(errorCodes)
const isOurs = (code: unknown): boolean => ours.has(code)

function rootCause(error: unknown): unknown {
  let cause = error
  while (cause instanceof GraphQLError && cause.originalError) cause = cause.originalError
  return cause
}

/** graphql-js proposes names that exist: help for a developer who can read the schema anyway, and a way around its absence. */
function withoutSuggestion(message: string): string {
  return message.replace(/ ?Did you mean .+\?$/s, '')
}
