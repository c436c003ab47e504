import { StartupError } from '../../src/platform/startup-error.ts'

/** What refuses a replay, by its code, and what can be done about it. */
const remedies: Record<string, string> = {
  RATE_LIMITED: 'Start the servers with RATE_LIMITS=off, or let the replay start its own.',
  TOO_MANY_SOCKETS: 'Start the servers with a larger SOCKETS_PER_ADDRESS, or let the replay start its own.',
}

/** The replay cannot go on: the servers refuse something that phones must be able to do. */
export class ReplayError extends StartupError {
  override name = 'ReplayError'
  readonly code: string

  constructor(what: string, code: string, message: string) {
    super(
      `${what} failed: ${message} (${code})`,
      remedies[code] ?? 'The log of the servers says more; the replay starts its own with LOG_LEVEL=warn.',
    )
    this.code = code
  }
}
