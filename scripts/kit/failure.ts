import { StartupError } from '../../src/platform/startup-error.ts'

/** What refuses a phone, by its code, and what can be done about it. */
const remedies: Record<string, string> = {
  RATE_LIMITED: 'Start the servers with RATE_LIMITS=off, or leave out --url: it then starts its own.',
  TOO_MANY_SOCKETS: 'Start the servers with a larger SOCKETS_PER_ADDRESS, or leave out --url: it then starts its own.',
}

/** A call that failed: servers refuse something, and whoever called decides whether phones must be able to do it. */
export class CallError extends StartupError {
  override name = 'CallError'
  readonly code: string
  /** The typed error that was answered, if it was one. */
  readonly type: string | undefined
  readonly retryAfterMs: number | undefined

  constructor(what: string, code: string, message: string, details: { type?: string; retryAfterMs?: number } = {}) {
    super(
      `${what} failed: ${message} (${code})`,
      remedies[code] ?? 'The log of the servers says more; those started here log with LOG_LEVEL=warn.',
    )
    this.code = code
    this.type = details.type
    this.retryAfterMs = details.retryAfterMs
  }
}
