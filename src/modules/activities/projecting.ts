// Invariant: an event of a venue is on the live map as its newest version says, however often and in whatever order that is told.
import type { Clock } from '../../platform/clock.ts'
import { areaOf, idIn, type Position } from '../../platform/geo/index.ts'
import { Lru } from '../../platform/lru.ts'
import type { ContentState } from '../enforcement/index.ts'
import type { Grids } from '../presence/index.ts'
import { contentStates } from './card.ts'
import type { ActivityReads } from './reads.ts'
import { placed } from './rules.ts'
import type { ActivityStore } from './store.ts'

/** An organizer's event, as far as the live map needs it. */
export interface VenueProjection {
  eventId: string
  /** Of two, the higher one holds. */
  version: number
  hostId: string
  venueId: string
  title: string
  emoji: string
  /** The venue's own position: it is public. */
  place: Position
  startsAtMs: number
  endsAtMs: number
  capacity: number | null
  archiveMessages: boolean
  cancelled: boolean
  /** Who may see the event: what is hidden is its organizer's alone, and on nobody's map. */
  state: ContentState
}

export interface Projecting {
  /** Puts an event on the map, changes it there, or calls it off. Joins stay. Safe to repeat; an older version changes nothing. */
  project(event: VenueProjection): Promise<void>
  /** Which of these events the map does not have, as far as this process knows: those are to be projected again. */
  missing(eventIds: readonly string[]): Promise<string[]>
}

const remembered = 100_000
const checkedAtOnce = 500

export function createProjecting(deps: {
  store: ActivityStore
  reads: ActivityReads
  grids: Grids
  clock: Clock
  retentionMs: number
}): Projecting {
  const { store, reads, grids, clock, retentionMs } = deps
  const activityOf = new Lru<string, string>(remembered)

  return {
    async project(event) {
      const { eventId, version, hostId, venueId, title, emoji, place, startsAtMs, endsAtMs, cancelled } = event
      const nowMs = clock.now()
      if (endsAtMs <= nowMs) return
      const cell = grids.places.snap(place)
      const area = areaOf(cell)
      const id = idIn(area, eventId)
      await store.touchArea(area, endsAtMs + retentionMs)
      await store.project(id, nowMs, version, cancelled, {
        ...{
          host: hostId,
          kind: 'VENUE',
          title,
          emoji,
          ...placed(cell, place),
          startsAt: startsAtMs,
          endsAt: endsAtMs,
        },
        ...{ capacity: event.capacity ?? 0, venueId, eventId, archive: event.archiveMessages ? 1 : 0 },
        placeState: contentStates.indexOf(event.state),
      })
      activityOf.set(eventId, id)
    },

    async missing(eventIds) {
      const gone: string[] = []
      for (let from = 0; from < eventIds.length; from += checkedAtOnce) {
        const some = eventIds.slice(from, from + checkedAtOnce)
        const known = some.map((eventId) => activityOf.get(eventId))
        const found = await reads.load(known.filter((id) => id !== undefined))
        const there = new Set(found.flatMap((activity) => (activity ? [activity.id] : [])))
        gone.push(...some.filter((_, i) => !there.has(known[i] ?? '')))
      }
      return gone
    },
  }
}
