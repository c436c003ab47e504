import { inBrowser } from '../environment.ts'
import type { Access } from './access.ts'

/** What tabs that share a sign-in tell each other. */
export type TabMessage = { kind: 'access'; accountId: string; access: Access } | { kind: 'signed-out' }

export interface Tabs {
  tell(message: TabMessage): void
  listen(listener: (message: TabMessage) => void): void
  close(): void
}

interface Channel {
  postMessage(message: unknown): void
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void
  close(): void
}

export const noTabs: Tabs = { tell: () => undefined, listen: () => undefined, close: () => undefined }

/** The other tabs of this origin: one of them refreshes, and all have the new token. Nobody, where there are no tabs. */
export function browserTabs(name: string): Tabs {
  const { BroadcastChannel } = globalThis as unknown as { BroadcastChannel?: new (name: string) => Channel }
  if (!inBrowser() || !BroadcastChannel) return noTabs
  const channel = new BroadcastChannel(name)
  return {
    tell: (message) => channel.postMessage(message),
    listen: (listener) => channel.addEventListener('message', ({ data }) => listener(data as TabMessage)),
    close: () => channel.close(),
  }
}
