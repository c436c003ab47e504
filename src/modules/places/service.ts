// Invariant: what is here is public or its owner's alone; whoever may not see a thing is told the same as if it were not there.
import { createEventService, type EventService } from './event-service.ts'
import type { OwnerStore } from './owner-store.ts'
import { createPlaceSubjects, type PlaceSubjects } from './subjects.ts'
import { createVenueService, type VenueService } from './venue-service.ts'

export interface PlacesService extends VenueService, EventService, PlaceSubjects {
  /** Calls off what an account that is erased has promised. Repeating it is safe. */
  cancelAllOf(ownerId: string): Promise<void>
  /** Deletes the venues and events of an account that is erased, and tells how many there were. Repeating it is safe. */
  eraseOwner(ownerId: string): Promise<number>
}

export function createPlacesService(deps: PlacesDeps): PlacesService {
  const { venues, events, owners, clock, limiter, gate } = deps
  return {
    ...createVenueService({ store: venues, clock, limiter, gate }),
    ...createEventService({ store: events, clock, limiter, gate }),
    ...createPlaceSubjects({ venues, events }),
    cancelAllOf: (ownerId) => owners.cancelAll(ownerId, clock.now()),
    eraseOwner: owners.erase,
  }
}

type VenueDeps = Parameters<typeof createVenueService>[0]
type EventDeps = Parameters<typeof createEventService>[0]
type PlacesDeps = Omit<VenueDeps, 'store'> & {
  venues: VenueDeps['store']
  events: EventDeps['store']
  owners: OwnerStore
}
