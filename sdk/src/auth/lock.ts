import { type Clock, newClientId } from '../environment.ts'
import type { Lock } from './auth-types.ts'
import type { TextStore } from './storage.ts'

const queues = new Map<string, Promise<unknown>>()

/** One at a time in this process. */
export const processLock: Lock = (name, work) => {
  const before = queues.get(name) ?? Promise.resolve()
  const own = before.then(work, work)
  const settled = own.then(
    () => undefined,
    () => undefined,
  )
  queues.set(name, settled)
  void settled.then(() => {
    if (queues.get(name) === settled) queues.delete(name)
  })
  return own
}

interface Locks {
  request(name: string, work: () => Promise<unknown>): Promise<unknown>
}

/** One at a time in all tabs of a browser, by Web Locks; where there are none, in this process. */
export const defaultLock = (): Lock => {
  const { locks } = (globalThis as unknown as { navigator?: { locks?: Locks } }).navigator ?? {}
  if (!locks) return processLock
  return ((name: string, work: () => Promise<unknown>) => locks.request(name, work)) as Lock
}

/** A tab that died holds the lease no longer than this. Longer than a refresh with all its tries. */
const leaseMs = 15_000
const settleMs = 30
const retryMs = 50

/** For browsers without Web Locks: a lease in a store that the tabs share, `leaseLock(localStorage, systemClock)`. */
export function leaseLock(store: TextStore, clock: Clock): Lock {
  const pause = (ms: number) => new Promise<void>((resolve) => void clock.after(ms, resolve))

  async function take(key: string): Promise<string> {
    for (;;) {
      const [, until] = ((await store.getItem(key)) ?? '').split(' ')
      if (!until || Number(until) <= clock.now()) {
        const lease = `${newClientId()} ${clock.now() + leaseMs}`
        await store.setItem(key, lease)
        // Two may have written: the last one has it.
        await pause(settleMs)
        if ((await store.getItem(key)) === lease) return lease
      }
      await pause(retryMs * (0.5 + Math.random()))
    }
  }

  return async (name, work) => {
    const key = `${name}.lease`
    const lease = await take(key)
    try {
      return await work()
    } finally {
      if ((await store.getItem(key)) === lease) await store.removeItem(key)
    }
  }
}
