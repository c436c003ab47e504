// Invariant: staff and jobs see what there is, a beholder what they could read; whatever hides a place or an event can show it again.
import { isId } from '../../platform/ids.ts'
import type { SubjectFacts, SubjectSource } from '../enforcement/index.ts'
import type { EventRow } from './event-row.ts'
import type { EventStore } from './event-store.ts'
import type { Venue, VenueStore } from './venue-store.ts'

export interface PlaceSubjects {
  /** What can be reported and acted on here. */
  subjects: { VENUE: SubjectSource; EVENT: SubjectSource }
}

export function createPlaceSubjects(deps: { venues: VenueStore; events: EventStore }): PlaceSubjects {
  const { venues, events } = deps
  return {
    subjects: {
      VENUE: {
        async facts(id) {
          const venue = isId(id) ? await venues.one(id) : undefined
          return venue ? venueFacts(venue) : null
        },
        async seenBy({ accountId }, id) {
          const [venue] = isId(id) ? await venues.visible(accountId, [id]) : []
          return venue ? venueFacts(venue) : null
        },
        setState: async (id, state, by) => isId(id) && venues.setState(id, state, by),
        reveal: venues.reveal,
      },

      EVENT: {
        async facts(id) {
          const event = isId(id) ? await events.one(id) : undefined
          return event ? eventFacts(event, event.campusId) : null
        },
        async seenBy({ accountId }, id) {
          const [seen] = isId(id) ? await events.visible(accountId, [id]) : []
          const event = seen && (await events.one(id))
          return event ? eventFacts(event, event.campusId) : null
        },
        setState: async (id, state, by) => isId(id) && events.setState(id, state, by),
        reveal: events.reveal,
      },
    },
  }
}

const lines = (...texts: (string | null)[]) => texts.filter(Boolean).join('\n')

const venueFacts = (venue: Venue): SubjectFacts => ({
  ...{ ownerId: venue.ownerId, campusId: venue.campusId, isPublic: true, createdAt: venue.createdAt },
  text: lines(venue.name, venue.address, venue.description),
  state: venue.contentState,
})

const eventFacts = (event: EventRow, campusId: string | null): SubjectFacts => ({
  ...{ ownerId: event.ownerId, campusId, isPublic: event.publishedAt !== null, createdAt: event.createdAt },
  text: lines(`${event.emoji} ${event.title}`, event.description),
  state: event.contentState,
})
