import { createHash } from 'node:crypto'

const hourMs = 60 * 60 * 1000

export interface SeedEvent {
  title: string
  emoji: string
  /** From the full hour in which it is seeded. */
  startsInMs: number
  lastsMs: number
  capacity: number | null
  status: 'DRAFT' | 'PUBLISHED'
  archiveMessages: boolean
}

const topics = [
  ['Evening chess', '♟️'],
  ['Language exchange', '🗣️'],
  ['Board games', '🎲'],
  ['Morning run', '🏃'],
  ['Open sketching', '✏️'],
  ['Frisbee', '🥏'],
  ['Study group', '📚'],
  ['Stargazing', '🔭'],
  ['Picnic', '🧺'],
  ['Yoga outdoors', '🧘'],
  ['Acoustic session', '🎸'],
  ['Photo walk', '📷'],
] as const
/** The first is going on already. */
const startsInHours = [0, 2, 4, 6, 24, 48] as const
const capacities = [50, 100, 200, null] as const
const perVenue = 3

/** What happens at the nth venue of a city: always the same. Every fourth event is a draft. */
export function eventsAt(nth: number): SeedEvent[] {
  return Array.from({ length: perVenue }, (_, i) => {
    const n = nth * perVenue + i
    const [title, emoji] = topics[n % topics.length] ?? topics[0]
    return {
      ...{ title, emoji },
      startsInMs: (startsInHours[n % startsInHours.length] ?? 0) * hourMs,
      lastsMs: (1 + (n % 3)) * hourMs,
      capacity: capacities[n % capacities.length] ?? null,
      status: n % 4 === 3 ? 'DRAFT' : 'PUBLISHED',
      archiveMessages: n % 5 === 0,
    }
  })
}

/** The same uuid for the same name, on every machine: version 8 is free for such use (RFC 9562 §5.8). */
export function idOf(...name: (string | number)[]): string {
  const bytes = createHash('sha256').update(JSON.stringify(name)).digest().subarray(0, 16)
  bytes[6] = 0x80 | ((bytes[6] ?? 0) & 0x0f)
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f)
  const hex = bytes.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
