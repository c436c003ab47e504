import { UnavailableError } from '../../platform/errors.ts'
import { describeError, type Logger } from '../../platform/logger.ts'
import type { ErasedName } from './erased.ts'
import type { LookSince, RevocationLook } from './store.ts'
import type { Viewer } from './viewer.ts'

export interface Revocations {
  /** Whether the device or the account was revoked, or the signing-in has ended. */
  has(viewer: Pick<Viewer, 'deviceId' | 'accountId' | 'signInId'>): boolean
  /** Resolves when what is known is recent enough to let somebody in by it; UNAVAILABLE while Postgres does not answer. */
  recent(): Promise<void> | undefined
  /** Takes in one that this node has just committed. */
  add(name: string, revokedAtMs: number): void
  /** Looks at once. */
  look(): void
  onRevoked(listener: (revoked: Revoked) => void): void
  close(): void
}

/** Somebody whose tokens do not count any more. */
export interface Revoked {
  /** `device:<id>`, `account:<id>` or `sign-in:<id>`: one of the `revocableNames` of those it is about. */
  name: string
  /** Set where no name is left: somebody was erased before this node had looked. Tells whether a name is theirs. */
  isIt?: (name: string) => boolean
}

/** What is said of somebody erased in the place of their name. */
const erasedPrefix = 'erased:'
const signInPrefix = 'sign-in:'

/** Somewhat under the second within which every node must know. */
const lookEveryMs = 750
/** A commit may come so much later than the time that its row holds: more than the longest statement. */
const overlapMs = 15_000
/** A node that could not look for so long trusts its own knowledge no more. */
const staleAfterMs = 60_000

/** What has to be remembered for the same time, in order of its revocation but for the overlap. */
interface Memory {
  keepMs: number
  known: Map<string, number>
}

/**
 * The devices, accounts and signings-in whose tokens must not be taken although they have not ended. Postgres is the truth; this is what
 * one process knows of it, by looking. Redis only makes it look sooner.
 */
export async function createRevocations(deps: {
  store: { revokedSince(since: LookSince): Promise<RevocationLook> }
  logger: Logger
  erasedName: ErasedName
  /** No token outlives its revocation by more than this; */
  keepMs: number
  /** and no access token the end of its signing-in by more than this. */
  keepSignInsMs: number
}): Promise<Revocations> {
  const { store, logger, erasedName, keepMs, keepSignInsMs } = deps
  const lasting: Memory = { keepMs, known: new Map() }
  const signIns: Memory = { keepMs: keepSignInsMs, known: new Map() }
  const listeners: ((revoked: Revoked) => void)[] = []
  let erasures = 0
  let lookedAtMs: number | undefined
  // Monotonic: how long ago this process looked, whatever the time of day does.
  let freshAtMs = 0
  let running: Promise<void> | undefined
  let again = false
  let reported = false
  let closed = false

  function add(name: string, revokedAtMs: number) {
    const { known } = name.startsWith(signInPrefix) ? signIns : lasting
    if (known.has(name)) return
    known.set(name, revokedAtMs)
    const erased = name.startsWith(erasedPrefix) ? name.slice(erasedPrefix.length) : undefined
    if (erased !== undefined) erasures += 1
    const isIt = (other: string) =>
      !other.startsWith(signInPrefix) && erasedName(other.slice(other.indexOf(':') + 1)) === erased
    for (const listener of listeners) {
      try {
        listener(erased === undefined ? { name } : { name, isIt })
      } catch (error) {
        logger.error('revocations: a listener failed', describeError(error))
      }
    }
  }

  function forget({ known, keepMs: kept }: Memory, atMs: number) {
    for (const [name, revokedAtMs] of known) {
      // In order of their revocation, but for the overlap: the first that must stay ends the search.
      if (revokedAtMs >= atMs - kept - overlapMs) break
      known.delete(name)
      if (name.startsWith(erasedPrefix)) erasures -= 1
    }
  }

  async function lookOnce() {
    const startedAtMs = performance.now()
    const since =
      lookedAtMs === undefined
        ? { withinMs: keepMs, signInsWithinMs: keepSignInsMs }
        : { sinceMs: lookedAtMs - overlapMs }
    const { atMs, revoked } = await store.revokedSince(since)
    for (const { name, revokedAtMs } of revoked) add(name, revokedAtMs)
    forget(lasting, atMs)
    forget(signIns, atMs)
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

  const isErased = (id: string | null) => id !== null && lasting.known.has(erasedPrefix + erasedName(id))

  await look()
  const timer = setInterval(() => void lookQuietly(), lookEveryMs)
  timer.unref()

  return {
    has: ({ deviceId, accountId, signInId }) =>
      (deviceId !== null && lasting.known.has(`device:${deviceId}`)) ||
      (accountId !== null && lasting.known.has(`account:${accountId}`)) ||
      (signInId !== null && signIns.known.has(signInPrefix + signInId)) ||
      (erasures > 0 && (isErased(deviceId) || isErased(accountId))),
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
