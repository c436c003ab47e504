import type { Clock } from '../environment.ts'
import type { MessengerApi } from './api.ts'
import { memberKey } from './keys.ts'
import type { Local } from './local.ts'
import { pauseAfter, refusalOf, verdict } from './retry-rules.ts'
import { newestKept } from './snapshots.ts'

// Messages that come together are acknowledged together.
const gatherMs = 500

export interface ReceiptParts {
  api: Pick<MessengerApi, 'markDelivered'>
  local: Local
  clock: Clock
  random: () => number
}

export interface Receipts {
  /** Something was kept of these conversations. */
  touched(conversationIds: Iterable<string>): void
  stop(): void
}

/** Tells the senders that their messages have arrived: one conversation after the other, the latest position of each. */
export function createReceipts({ api, local, clock, random }: ReceiptParts): Receipts {
  const waiting = new Set<string>()
  const told = new Map<string, number>()
  let cancel: (() => void) | undefined
  let failures = 0
  let stopped = false

  const later = (ms: number) => {
    if (!stopped && waiting.size > 0) cancel ??= clock.after(ms, () => void sendAll())
  }

  const sendAll = async () => {
    let pause = gatherMs
    for (const id of waiting) {
      waiting.delete(id)
      try {
        const seq = await arrivedUpTo(local, id)
        if (stopped) return
        if (seq <= (told.get(id) ?? 0)) continue
        await api.markDelivered(id, seq)
        told.set(id, seq)
        failures = 0
      } catch (reason) {
        const refusal = refusalOf(reason)
        if (verdict(refusal.code) === 'refused') continue
        waiting.add(id)
        failures += 1
        pause = pauseAfter(failures, refusal, random())
        break
      }
    }
    cancel = undefined
    later(pause)
  }

  return {
    touched(ids) {
      for (const id of ids) waiting.add(id)
      later(gatherMs)
    },
    stop() {
      stopped = true
      cancel?.()
    },
  }
}

// Whoever writes more than this in a row has seen what came before.
const lookedAt = 30

/** The last message of others, unless its sender was told that it is here; then 0. */
function arrivedUpTo(local: Local, id: string): Promise<number> {
  return local.read(async (tx) => {
    const me = (await tx.meta('me'))?.profile.id ?? ''
    const own = await tx.get('members', memberKey(id, me))
    const last = (await newestKept(tx, id, lookedAt)).filter(({ senderId }) => senderId !== me).at(-1)
    return own && last && last.seq > own.deliveredSeq ? last.seq : 0
  })
}
