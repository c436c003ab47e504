import type { VicinityError } from '../errors.ts'

/**
 * What to do about a closed socket: `again` at once, `pause` first, `back-off` for longer, `renew` the token first; or, with an
 * error, what the streams end with. `resubscribe`: graphql-ws holds it to be final, we do not.
 */
export type Remedy =
  | { next: 'again' | 'pause' | 'back-off' | 'renew' | 'resubscribe' }
  | { next: 'stop' | 'sign-out'; code: VicinityError['code']; message: string }

const stop = (code: VicinityError['code'], message: string): Remedy => ({ next: 'stop', code, message })
const bug = (message: string) => stop('PROTOCOL', message)

/** The table of docs/close-codes.md. */
const remedies: Readonly<Record<number, Remedy>> = {
  1001: { next: 'again' },
  1007: bug('A frame was not UTF-8'),
  1008: bug('A message came in too many fragments'),
  1009: stop('PAYLOAD_TOO_LARGE', 'A message was over 64 KiB'),
  1013: { next: 'pause' },
  4400: bug('A message was not of the protocol'),
  4401: bug('Subscribed before the acknowledgement'),
  4403: { next: 'renew' },
  4406: bug('The server does not speak graphql-transport-ws'),
  4408: { next: 'pause' },
  4409: bug('The id of an operation was used twice'),
  4410: { next: 'sign-out', code: 'SESSION_REVOKED', message: 'The sign-in or the device was ended' },
  4411: { next: 'renew' },
  4412: { next: 'pause' },
  4413: { next: 'back-off' },
  4414: stop('SUBSCRIPTION_LIMIT', 'Too many sockets of this viewer or address'),
  4429: bug('connection_init was sent twice'),
  // Our own: the other side did not answer, or somebody else is signed in now.
  4499: { next: 'again' },
  4500: { next: 'resubscribe' },
}

/** What is not in the table broke on the way. */
export const remedyFor = (closeCode: number | undefined): Remedy => remedies[closeCode ?? 1006] ?? { next: 'pause' }

/** The code that a socket was closed with, of whatever graphql-ws reports; none, if it never opened. */
export function closeCodeOf(reason: unknown): number | undefined {
  const code = (reason as { code?: unknown } | null)?.code
  return typeof code === 'number' ? code : undefined
}
