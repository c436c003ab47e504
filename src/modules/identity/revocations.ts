import { UnavailableError } from '../../platform/errors.ts'
import { describeError, type Logger } from '../../platform/logger.ts'
import type { ErasedName } from './erased.ts'
import type { RevocationLook } from './store.ts'
import type { Viewer } from './viewer.ts'

export interface Revocations {
  /** Whether the device or the account was revoked. */
  has(viewer: Pick<Viewer, 'deviceId' | 'accountId'>): boolean
  /** Resolves when what is known is recent enough to let somebody in by it; UNAVAILABLE while Postgres does not answer. */
  recent(): Promise<void> | undefined
  /** Takes in one that this node has just committed. */
  add(principal: string, revokedAtMs: number): void
  /** Looks at once. */
  look(): void
  onRevoked(listener: (revoked: Revoked) => void): void
  close(): void
}

/** Somebody whose tokens do not count any more. */
export interface Revoked {
  principal: string
  /** Set where no name is left: the device was erased before this node had looked. Tells whether a principal is the one. */
  isIt?: (principal: string) => boolean
}

/** What is said of an erased device in the place of its principal. */
const erasedPrefix = 'erased:'

/** Somewhat under the second within which every node must know. */
const lookEveryMs = 750
/** A commit may come so much later than the time that its row holds: more than the longest statement. */
const overlapMs = 15_000
/** A node that could not look for so long trusts its own knowledge no more. */
const staleAfterMs = 60_000

/**
 * The devices and accounts whose tokens must not be taken although they have not ended. Postgres is the truth; this is what
 * one process knows of it, by looking. Redis only makes it look sooner.
 */
export async function createRevocations(deps: {
  store: { revokedSince(since: { sinceMs: number } | { withinMs: number }): Promise<RevocationLook> }
  logger: Logger
  erasedName: ErasedName
  /** No token outlives its revocation by more than this. */
  keepMs: number
}): Promise<Revocations> {
  const { store, logger, erasedName, keepMs } = deps
  const known = new Map<string, number>()
  const listeners: ((revoked: Revoked) => void)[] = []
  let erasures = 0
  let lookedAtMs: number | undefined
  // Monotonic: how long ago this process looked, whatever the time of day does.
  let freshAtMs = 0
  let running: Promise<void> | undefined
  let again = false
  let reported = false
  let closed = false

  function add(principal: string, revokedAtMs: number) {
    if (known.has(principal)) return
    known.set(principal, revokedAtMs)
    const erased = principal.startsWith(erasedPrefix) ? principal.slice(erasedPrefix.length) : undefined
    if (erased !== undefined) erasures += 1
    const isIt = (other: string) => other.startsWith('device:') && erasedName(other.slice('device:'.length)) === erased
    for (const listener of listeners) {
      try {
        listener(erased === undefined ? { principal } : { principal, isIt })
      } catch (error) {
        logger.error('revocations: a listener failed', describeError(error))
      }
    }
  }

  async function lookOnce() {
    const startedAtMs = performance.now()
    const since = lookedAtMs === undefined ? { withinMs: keepMs } : { sinceMs: lookedAtMs - overlapMs }
    const { atMs, revoked } = await store.revokedSince(since)
    for (const { principal, revokedAtMs } of revoked) add(principal, revokedAtMs)
    for (const [principal, revokedAtMs] of known) {
      // In order of their revocation, but for the overlap: the first that must stay ends the search.
      if (revokedAtMs >= atMs - keepMs - overlapMs) break
      known.delete(principal)
      if (principal.startsWith(erasedPrefix)) erasures -= 1
    }
    lookedAtMs = atMs
    freshAtMs = startedAtMs
  }

  /** One look at a time; whoever asks during one gets another after it, which has seen what they came for. */
  function look(): Promise<void> {
    if (running) {
      again = true
      return running
    }
    running = (async () => {
      do {
        again = false
        await lookOnce()
      } while (again)
    })().finally(() => {
      running = undefined
    })
    return running
  }

  async function lookQuietly() {
    if (closed) return
    try {
      await look()
      if (reported) logger.info('revocations: looked up again')
      reported = false
    } catch (error) {
      if (!reported && !closed) logger.warn('revocations: not looked up', describeError(error))
      reported = true
    }
  }

  await look()
  const timer = setInterval(() => void lookQuietly(), lookEveryMs)
  timer.unref()

  return {
    has: ({ deviceId, accountId }) =>
      (deviceId !== null &&
        (known.has(`device:${deviceId}`) || (erasures > 0 && known.has(erasedPrefix + erasedName(deviceId))))) ||
      (accountId !== null && known.has(`account:${accountId}`)),
    recent: () => (performance.now() - freshAtMs < staleAfterMs ? undefined : look().catch(unavailable)),
    add,
    look: () => void lookQuietly(),
    onRevoked: (listener) => void listeners.push(listener),
    close() {
      closed = true
      clearInterval(timer)
    },
  }
}

function unavailable(error: unknown): never {
  throw new UnavailableError(error)
}
