import { describeError, type Logger } from '../../platform/logger.ts'
import { HashMemory } from './hash-memory.ts'
import type { HashStore } from './hash-store.ts'

export interface KnownImage {
  imageHashId: string
  label: string
  source: string
  /** In how many bits they differ. */
  distance: number
}

export interface KnownImages {
  /** The listed hash that is nearest to one of these, as the list was half a second ago at most. UNKNOWN: nobody could look. */
  nearest(hashes: readonly string[]): Promise<KnownImage | null | 'UNKNOWN'>
}

/** Bits of 64 that may differ. */
export const maxDistance = 10
/** A list that was read so recently is taken for what holds. */
const freshMs = 500
/** A commit may come so much later than the time that its row holds: more than the longest statement. */
const overlapMs = 5000
const pageSize = 10_000
/** Between so many others have their turn. */
const searchesAtOnce = 8

/** The list of hashes, kept in memory and brought up to date when somebody looks: what changed is two index look-ups away. */
export function createHashList({ store, logger }: { store: HashStore; logger: Logger }): KnownImages {
  const memory = new HashMemory()
  const facts = new Map<string, { label: string; source: string }>()
  /** By the clock of the database, which alone is that of the rows; null until everything was read. */
  let rowsUntil: Date | null = null
  let readAtMs = Number.NEGATIVE_INFINITY
  let reading: Promise<void> | undefined

  async function readAll() {
    memory.clear()
    facts.clear()
    let last: string | null = null
    for (;;) {
      const page = await store.standing(last, pageSize)
      for (const { id, hash, label, source } of page) {
        memory.set(id, hash)
        facts.set(id, { label, source })
      }
      last = page.at(-1)?.id ?? null
      if (page.length < pageSize) return
    }
  }

  async function readChanges(since: Date) {
    for (const { id, hash, label, source, withdrawnAt } of await store.changedSince(since)) {
      if (withdrawnAt) {
        memory.delete(id)
        facts.delete(id)
      } else {
        memory.set(id, hash)
        facts.set(id, { label, source })
      }
    }
  }

  async function read() {
    const beganMs = performance.now()
    const until = await store.now()
    if (!rowsUntil) await readAll()
    await readChanges(new Date((rowsUntil ?? until).getTime() - overlapMs))
    rowsUntil = until
    readAtMs = beganMs
  }

  /** Whether what is in memory is what holds. A reading that began before it was asked for may have missed what was committed between. */
  async function upToDate(): Promise<boolean> {
    for (let tries = 0; tries < 2 && performance.now() - readAtMs > freshMs; tries += 1) {
      reading ??= read().finally(() => {
        reading = undefined
      })
      try {
        await reading
      } catch (error) {
        logger.warn('images: the list of hashes is not read', describeError(error))
        return false
      }
    }
    return true
  }

  return {
    async nearest(hashes) {
      const isComplete = await upToDate()
      let best: { id: string; distance: number } | undefined
      for (const [i, hash] of [...new Set(hashes)].entries()) {
        if (i > 0 && i % searchesAtOnce === 0) await new Promise((resolve) => setImmediate(resolve))
        best = memory.nearest(hash, best ? best.distance - 1 : maxDistance) ?? best
      }
      const found = best && facts.get(best.id)
      if (best && found) return { imageHashId: best.id, ...found, distance: best.distance }
      return isComplete ? null : 'UNKNOWN'
    },
  }
}
