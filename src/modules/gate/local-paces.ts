import { Lru } from '../../platform/lru.ts'
import { allowed } from './bands.ts'
import type { Counts, Question } from './mirror-store.ts'
import { equalTexts, latelyMs, linkCoolOff } from './paces.ts'
import type { PersonState } from './state.ts'

const mostPeople = 10_000
const none: Counts = { tripped: null, lately: 0, equal: 0, domains: 0 }

/** What this node has counted by itself while Redis is away: less than all nodes together let through, but not without end. */
export function createLocalPaces() {
  const recent = new Lru<string, Map<string, number>>(mostPeople)

  /** The names in a window, by their time. */
  function within(key: string, ms: number, nowMs: number): Map<string, number> {
    const known = recent.get(key) ?? new Map<string, number>()
    for (const [name, atMs] of known) if (atMs <= nowMs - ms) known.delete(name)
    recent.set(key, known)
    return known
  }

  return {
    /** Counts a write that nothing stops. */
    count({ personId, surface, attempt, text, domains, windows }: Question, state: PersonState, nowMs: number): Counts {
      const counts = { ...none }
      if (windows.length > 0) {
        const pace = within(`${personId} ${surface}`, Math.max(...windows.map(({ ms }) => ms)), nowMs)
        const since = (ms: number) => [...pace.values()].filter((atMs) => atMs > nowMs - ms).length
        if (!pace.has(attempt)) {
          const tripped = windows.find(({ count, ms }) => since(ms) >= allowed(count, state.risk))
          if (tripped) return { ...none, tripped }
          pace.set(attempt, nowMs)
        }
        counts.lately = since(latelyMs)
      }
      if (text !== null) {
        const equal = within(`${personId} text ${text}`, equalTexts.ms, nowMs)
        if (!equal.has(attempt)) equal.set(attempt, nowMs)
        counts.equal = equal.size
      }
      if (domains.length > 0 && state.knownSinceMs > nowMs - linkCoolOff.newMs) {
        const named = within(`${personId} domains`, linkCoolOff.ms, nowMs)
        for (const domain of domains) named.set(domain, nowMs)
        counts.domains = named.size
      }
      return counts
    },
  }
}
