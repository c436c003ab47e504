import type { Sink } from '../client-types.ts'
import type { Clock } from '../environment.ts'
import { refusal, VicinityError } from '../errors.ts'
import { backoffMs } from './backoff.ts'
import { closeCodeOf, remedyFor } from './close-codes.ts'
import type { RawSink, Socket } from './socket.ts'

/** A refusal of the moment: the stream is asked for again after a pause, as often as it takes. */
const passing = new Set<string>(['UNAVAILABLE', 'TIMEOUT', 'RATE_LIMITED', 'SLOW_CONSUMER'])
/** Somebody's bug, which may be gone at the next try; after so many without an event between, it is told. */
const bugs = new Set<string>(['INTERNAL'])
const triesWithBugs = 5

/** What an event says about where its stream stands. */
const cursorOf = (data: unknown) =>
  (Object.values((data ?? {}) as object)[0] as { cursor?: unknown } | null | undefined)?.cursor

/**
 * Follows a stream and goes on after its last event, whatever happens to sockets and servers. `sink` hears every event, so also
 * `Ready` after each reconnect and `ResyncRequired`. Hands back what stops it.
 */
export function follow(
  { socket, clock }: { socket: Socket; clock: Clock },
  query: string,
  given: Record<string, unknown>,
  sink: Sink<unknown>,
): () => void {
  let after = given['after']
  let failed = 0
  let over = false
  let leave: () => void = () => undefined
  const resumes = /\$after\b/.test(query)
  // Read whenever graphql-ws writes the message: at the first connect and at every one after it.
  const variables = resumes
    ? {
        ...given,
        get after() {
          return after
        },
      }
    : given

  function finish(error?: VicinityError) {
    if (over) return
    over = true
    leave()
    if (error) sink.error?.(error)
    else sink.complete?.()
  }

  function refused(error: VicinityError) {
    failed += 1
    const again = passing.has(error.code) || (bugs.has(error.code) && failed < triesWithBugs)
    if (!again) return finish(error)
    leave()
    leave = clock.after(error.retryAfterMs ?? backoffMs(failed - 1), begin)
  }

  const raw: RawSink = {
    next({ data, errors }) {
      if (over) return
      const cursor = cursorOf(data)
      if (errors && (data === null || data === undefined || cursor === undefined)) return refused(refusal(errors))
      // `Ready` alone is no progress: it repeats where the stream stands.
      if (!resumes || cursor !== after) failed = 0
      try {
        sink.next(data)
      } catch (error) {
        // The fault of whoever listens must not cost the others the socket.
        report(error)
      }
      if (cursor !== undefined) after = cursor
    },
    error(reason) {
      if (!over) refused(errorOf(reason))
    },
    complete: () => finish(),
  }

  function begin() {
    leave = socket.subscribe({ query, variables }, raw)
    // It may have ended before it could be left.
    if (over) leave()
  }

  try {
    begin()
  } catch (error) {
    clock.after(0, () => finish(new VicinityError('PROTOCOL', String(error), { cause: error })))
  }
  return () => {
    if (over) return
    over = true
    leave()
  }
}

function errorOf(reason: unknown): VicinityError {
  if (Array.isArray(reason)) return refusal(reason)
  const closeCode = closeCodeOf(reason)
  const remedy = remedyFor(closeCode)
  if ('code' in remedy) return new VicinityError(remedy.code, remedy.message, { cause: reason })
  if (remedy.next === 'resubscribe') return new VicinityError('INTERNAL', 'The server failed', { cause: reason })
  if (closeCode === 4403) return new VicinityError('UNAUTHENTICATED', 'The token is not valid', { cause: reason })
  if (closeCode === 4411) return new VicinityError('TOKEN_EXPIRED', 'The token has ended', { cause: reason })
  return new VicinityError('PROTOCOL', 'The socket cannot be used', { cause: reason })
}

/** As the environment tells of any error that nobody has caught. */
function report(error: unknown) {
  queueMicrotask(() => {
    throw error
  })
}
