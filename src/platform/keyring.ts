import { generateKeyPairSync } from 'node:crypto'
import { type CryptoKey, calculateJwkThumbprint, importJWK, type JWK } from 'jose'
import type { Clock } from './clock.ts'
import { deriveKey } from './derive-key.ts'
import { UnavailableError } from './errors.ts'
import { describeError, type Logger } from './logger.ts'
import { seal, unseal } from './sealed.ts'
import { StartupError } from './startup-error.ts'
import type { SigningKeys } from './tokens.ts'

export interface StoredKey {
  kid: string
  publicJwk: JWK
  sealedJwk: Buffer
  activeFromMs: number
  acceptUntilMs: number
}

export interface KeyChange {
  add: StoredKey
  /** The key that `add` takes over from, and how long that one is still accepted. */
  retire: { kid: string; acceptUntilMs: number } | undefined
  drop: string[]
}

export interface KeyStore {
  keys(): Promise<StoredKey[]>
  /** Decides on the keys as they are and writes the change, one node at a time; nothing when there is nothing to change. */
  changeKeys(decide: (keys: StoredKey[]) => KeyChange | undefined): Promise<StoredKey[]>
}

export interface Keyring extends SigningKeys {
  /** The public keys, also the one that signs next, so that whoever caches them knows it by then. */
  jwks(): { keys: JWK[] }
  /** Makes the next key. Asked again before that one signs, it is the same one. */
  rotate(): Promise<string>
  /** Another node has changed the keys. */
  reload(): void
  close(): void
}

interface LoadedKey extends StoredKey {
  privateKey: CryptoKey
  publicKey: CryptoKey
  publicJwk: JWK
}

const reloadEveryMs = 60_000
/** A new key signs so much later: every node has reloaded twice by then. */
const announceMs = 2 * reloadEveryMs
/** A node with a slow clock, or cut off for a while, signs with the old key for a little longer. */
const graceMs = 60 * 60 * 1000
/** However many unknown names come in, the database is asked once in so long. */
const refreshEveryMs = 1000

export async function createKeyring(deps: {
  store: KeyStore
  clock: Clock
  logger: Logger
  secret: string
  /** A key signs for so long, */
  signsForMs: number
  /** and no token lives longer than this. */
  longestLifeMs: number
  /** Tells the other nodes. */
  onChanged: () => void
}): Promise<Keyring> {
  const { store, clock, logger, signsForMs, longestLifeMs } = deps
  const wrappingKey = deriveKey(deps.secret, 'signing-keys')
  let loaded = new Map<string, LoadedKey>()
  let reported = false

  const newestFirst = <Key extends StoredKey>(keys: Iterable<Key>): Key[] =>
    [...keys].sort((a, b) => b.activeFromMs - a.activeFromMs || (a.kid < b.kid ? -1 : 1))
  const signing = <Key extends StoredKey>(keys: Iterable<Key>): Key | undefined =>
    newestFirst(keys).find(({ activeFromMs }) => activeFromMs <= clock.now())

  // Only what was sealed with our secret is believed: a key that somebody put into the table signs and verifies nothing.
  async function open(key: StoredKey): Promise<LoadedKey | undefined> {
    const known = loaded.get(key.kid)
    if (known) return { ...known, ...key, publicJwk: known.publicJwk }
    const text = unseal(wrappingKey, key.kid, key.sealedJwk)
    if (text === undefined) return undefined
    const jwk = JSON.parse(text) as JWK
    const { d: _private, ...publicJwk } = jwk
    const [privateKey, publicKey] = await Promise.all([importJWK(jwk, 'EdDSA'), importJWK(publicJwk, 'EdDSA')])
    return { ...key, publicJwk, privateKey: privateKey as CryptoKey, publicKey: publicKey as CryptoKey }
  }

  async function take(keys: StoredKey[]): Promise<void> {
    const opened = await Promise.all(keys.map(open))
    const closed = keys.filter((_key, i) => opened[i] === undefined)
    if (closed.some((key) => key === signing(keys))) throw wrongSecret()
    for (const { kid } of closed)
      logger.warn('signing keys: one was sealed with another secret, and is ignored', { kid })
    loaded = new Map(opened.flatMap((key) => (key ? [[key.kid, key]] : [])))
  }

  /** Whether a key is to be made: none signs, or the newest has signed for long enough, or somebody demands one. */
  function isDue(keys: StoredKey[], demanded: boolean): boolean {
    const newest = newestFirst(keys)[0]
    if (!newest || !signing(keys)) return true
    const announced = newest.activeFromMs > clock.now()
    return !announced && (demanded || newest.activeFromMs + signsForMs <= clock.now())
  }

  function changed(keys: StoredKey[], candidate: StoredKey): KeyChange {
    const nowMs = clock.now()
    const current = signing(keys)
    const activeFromMs = current ? nowMs + announceMs : nowMs
    return {
      add: { ...candidate, activeFromMs, acceptUntilMs: activeFromMs + signsForMs + longestLifeMs + graceMs },
      retire: current && { kid: current.kid, acceptUntilMs: activeFromMs + longestLifeMs + graceMs },
      drop: keys.filter((key) => key !== current && key.acceptUntilMs + graceMs < nowMs).map(({ kid }) => kid),
    }
  }

  async function change(demanded: boolean): Promise<void> {
    const candidate = await createKey(wrappingKey)
    await take(await store.changeKeys((keys) => (isDue(keys, demanded) ? changed(keys, candidate) : undefined)))
    if (loaded.has(candidate.kid)) deps.onChanged()
  }

  // One after the other, so that what was read first never replaces what was read last.
  let last: Promise<unknown> = Promise.resolve()
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = last.then(work, work)
    last = done
    return done
  }

  async function load(): Promise<void> {
    await take(await store.keys())
    if (isDue([...loaded.values()], false)) await change(false)
  }

  async function loadQuietly(): Promise<void> {
    try {
      await inTurn(load)
      reported = false
    } catch (error) {
      if (!reported) logger.warn('signing keys: not reloaded', describeError(error))
      reported = true
    }
  }

  let refreshing: { atMs: number; done: Promise<void> } | undefined
  // Both are monotonic: a moved clock must neither stop the reloading nor let it run wild.
  function refresh(): Promise<void> {
    const atMs = performance.now()
    if (!refreshing || atMs - refreshing.atMs >= refreshEveryMs)
      refreshing = { atMs, done: inTurn(load).catch(unavailable) }
    return refreshing.done
  }

  await inTurn(load)
  const timer = setInterval(() => void loadQuietly(), reloadEveryMs)
  timer.unref()

  return {
    signer() {
      const key = signing(loaded.values())
      if (!key) throw new UnavailableError()
      return key
    },
    verifier(kid) {
      const key = loaded.get(kid)
      if (!key) return undefined
      return key.acceptUntilMs > clock.now() || key === signing(loaded.values()) ? key.publicKey : undefined
    },
    refresh,
    jwks() {
      const nowMs = clock.now()
      const current = signing(loaded.values())
      const shown = newestFirst(loaded.values()).filter((key) => key === current || key.acceptUntilMs > nowMs)
      return { keys: shown.map(({ kid, publicJwk }) => ({ ...publicJwk, kid, alg: 'EdDSA', use: 'sig' })) }
    },
    rotate: () =>
      inTurn(async () => {
        await change(true)
        const [newest] = newestFirst(loaded.values())
        if (!newest) throw new UnavailableError()
        return newest.kid
      }),
    reload: () => void loadQuietly(),
    close: () => clearInterval(timer),
  }
}

async function createKey(wrappingKey: Buffer): Promise<StoredKey> {
  const jwk = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' }) as JWK
  const { d: _private, ...publicJwk } = jwk
  // RFC 7638: the name follows from the key, so that it cannot be given to another.
  const kid = await calculateJwkThumbprint(publicJwk)
  return { kid, publicJwk, sealedJwk: seal(wrappingKey, kid, JSON.stringify(jwk)), activeFromMs: 0, acceptUntilMs: 0 }
}

function unavailable(error: unknown): never {
  throw error instanceof UnavailableError ? error : new UnavailableError(error)
}

function wrongSecret(): StartupError {
  return new StartupError(
    'The signing keys in the database were sealed with another VICINITY_SECRET.',
    'Set VICINITY_SECRET to what it was when they were made. If that is lost, empty the table signing_keys: every device then has to register again.',
  )
}
