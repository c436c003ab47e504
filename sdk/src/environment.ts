/** What the client takes from its surroundings, and a test or another runtime may give instead. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
  /** Calls once, so many milliseconds later, unless it is cancelled with what is handed back. */
  after(ms: number, run: () => void): () => void
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
}

/** The part of `fetch` that is used. */
export type Fetch = (
  url: string,
  init: {
    method: 'POST'
    headers: Record<string, string>
    body: string
    signal: AbortSignal
    credentials: 'include' | 'omit'
  },
) => Promise<{ status: number; text(): Promise<string> }>

/** Tells that it is worth to try the network now. Hands back what stops telling. */
export type Wake = (listener: () => void) => () => void

interface Target {
  addEventListener(type: string, listener: () => void): void
  removeEventListener(type: string, listener: () => void): void
}

interface Surroundings {
  window?: Target
  document?: Target & { visibilityState: string }
  crypto?: { randomUUID?(): string; getRandomValues?(bytes: Uint8Array): Uint8Array }
}

/** Not every runtime has all of it, so nothing is assumed: a phone has no document, Node no window. */
const surroundings = globalThis as unknown as Surroundings

const listen = (target: Target | undefined, type: string, listener: () => void) => {
  target?.addEventListener(type, listener)
  return () => target?.removeEventListener(type, listener)
}

/** A browser's: the network is back, or the page is looked at again. Elsewhere it never tells. */
export const browserWake: Wake = (listener) => {
  const { window, document } = surroundings
  const stops = [
    listen(window?.addEventListener ? window : undefined, 'online', listener),
    listen(document, 'visibilitychange', () => {
      if (document?.visibilityState === 'visible') listener()
    }),
  ]
  return () => {
    for (const stop of stops) stop()
  }
}

export const inBrowser = () => surroundings.document !== undefined && surroundings.window !== undefined

/** A name for a wish, so that it can be made again without happening twice: for every `clientId`. */
export function newClientId(): string {
  const { crypto } = surroundings
  if (crypto?.randomUUID) return crypto.randomUUID()
  const bytes = new Uint8Array(16)
  if (crypto?.getRandomValues) crypto.getRandomValues(bytes)
  // A React Native without a polyfill: these names are not secret, they only differ.
  else for (let at = 0; at < 16; at += 1) bytes[at] = Math.random() * 256
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
