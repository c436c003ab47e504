import type { Touched } from './local.ts'

/** Several pages with the same storage: one of them works for all, and each hears what the others have kept. */
export interface MessengerTabs {
  /** Runs the work when no other tab does, until it is over; `signal` ends the waiting. */
  lead(signal: AbortSignal, work: () => Promise<void>): Promise<void>
  tell(touched: Touched): void
  /** Hands back what stops the listening. */
  listen(listener: (touched: Touched) => void): () => void
}

interface Locks {
  request(name: string, options: { signal: AbortSignal }, work: () => Promise<void>): Promise<unknown>
}

interface Channel {
  postMessage(message: unknown): void
  onmessage: ((event: { data: unknown }) => void) | null
  close(): void
}

interface BrowserParts {
  locks?: Locks
  openChannel?: (name: string) => Channel
}

/** By the locks and channels of browsers, or of whatever behaves like them. `name`: the storage's. */
export function browserTabs(name: string, given: BrowserParts = {}): MessengerTabs {
  const globals = globalThis as unknown as {
    navigator?: { locks?: Locks }
    BroadcastChannel?: new (name: string) => Channel
  }
  const locks = given.locks ?? globals.navigator?.locks
  const Opened = globals.BroadcastChannel
  const openChannel = given.openChannel ?? (Opened && ((of: string) => new Opened(of)))
  if (!locks || !openChannel) throw new Error('There are no locks or channels between tabs here.')
  const channelName = `vicinity-messenger:${name}`
  const channel = openChannel(channelName)
  return {
    async lead(signal, work) {
      try {
        await locks.request(channelName, { signal }, work)
      } catch (reason) {
        if (!signal.aborted) throw reason
      }
    },
    tell: (touched) => channel.postMessage(touched),
    listen(listener) {
      channel.onmessage = ({ data }) => listener(data as Touched)
      return () => {
        channel.onmessage = null
        channel.close()
      }
    },
  }
}
