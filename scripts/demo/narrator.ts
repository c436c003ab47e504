import { type Interests, pairOf, sharedBy } from '../replay/oracle.ts'
import type { Watcher } from '../replay/watcher.ts'

/** Tells line by line what the phones of a replay go through. */
export function createNarrator(from: number, say: (line: string) => void): Watcher {
  let interests: Interests = new Map()
  let at = from
  const met = new Set<string>()
  const away = new Set<string>()
  const waiting = new Map<string, { person: string; latencyMs: number }>()
  const tell = (line: string) => say(`${clock(at - from)}  ${line}`)

  return {
    begun(given) {
      interests = given
      for (const [person, named] of given) say(`phone ${person.padStart(2)} is open to talk about ${list(named)}`)
      say('')
    },
    met({ time, a, b }) {
      at = time
      if (met.has(pairOf(a, b))) return
      met.add(pairOf(a, b))
      const shared = sharedBy(interests, a, b)
      if (shared.length > 0) tell(`${a} and ${b} hear each other, and share ${list(shared)}: a match`)
      else tell(`${a} and ${b} hear each other, share nothing, and learn nothing of each other`)
    },
    nudged(person, matchId, _shared, latencyMs) {
      const first = waiting.get(matchId)
      if (!first) return void waiting.set(matchId, { person, latencyMs })
      waiting.delete(matchId)
      const both = [first, { person, latencyMs }].map((side) => `${side.person} after ${side.latencyMs} ms`)
      say(`         both are nudged: ${both.join(', ')}`)
    },
    cut(person) {
      away.add(person)
      tell(`the connection of phone ${person} breaks, as in a tunnel`)
    },
    back(person) {
      if (away.delete(person)) tell(`phone ${person} is back, on the other node, and asks for what it missed`)
    },
  }
}

/** 03:20 */
function clock(seconds: number): string {
  return [Math.floor(seconds / 60), Math.floor(seconds % 60)].map((part) => String(part).padStart(2, '0')).join(':')
}

const list = (words: readonly string[]) => words.join(', ')
