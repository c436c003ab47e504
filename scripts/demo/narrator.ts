import { type Interests, pairOf, sharedBy } from '../replay/oracle.ts'
import type { Watcher } from '../replay/watcher.ts'

/** In one line, so that it fits a terminal. */
const pairsNamed = 4
/** A nudge that took longer found its phone without a connection. */
const noticedMs = 400

/** Tells line by line what the phones of a replay go through. */
export function createNarrator(from: number, say: (line: string) => void): Watcher {
  let interests: Interests = new Map()
  let at = from
  const met = new Set<string>()
  const away = new Set<string>()
  const strangers: string[] = []
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
      else strangers.push(`${a} and ${b}`)
    },
    moved() {
      const pairs = strangers.splice(0)
      const more = pairs.length > pairsNamed ? ` and ${pairs.length - pairsNamed} more` : ''
      if (pairs.length > 0) tell(`${list(pairs.slice(0, pairsNamed))}${more} share nothing, and learn nothing`)
    },
    nudged(person, matchId, _shared, latencyMs) {
      const first = waiting.get(matchId)
      if (!first) return void waiting.set(matchId, { person, latencyMs })
      waiting.delete(matchId)
      say(`       both are nudged: ${[first, { person, latencyMs }].map(arrival).join(', ')}`)
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

const arrival = ({ person, latencyMs }: { person: string; latencyMs: number }) =>
  latencyMs < noticedMs ? `${person} after ${latencyMs} ms` : `${person}, on coming back, after ${latencyMs} ms`

/** 03:20 */
function clock(seconds: number): string {
  return [Math.floor(seconds / 60), Math.floor(seconds % 60)].map((part) => String(part).padStart(2, '0')).join(':')
}

const list = (words: readonly string[]) => words.join(', ')
