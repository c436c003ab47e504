// Invariant: what is here is public or its owner's alone; whoever may not see a thing is told the same as if it were not there.
import { createEventService, type EventService } from './event-service.ts'
import { createVenueService, type VenueService } from './venue-service.ts'

export type PlacesService = VenueService & EventService

export function createPlacesService(deps: PlacesDeps): PlacesService {
  const { venues, events, clock, limiter } = deps
  return {
    ...createVenueService({ store: venues, clock, limiter }),
    ...createEventService({ store: events, clock, limiter }),
  }
}

type VenueDeps = Parameters<typeof createVenueService>[0]
type EventDeps = Parameters<typeof createEventService>[0]
type PlacesDeps = Omit<VenueDeps, 'store'> & { venues: VenueDeps['store']; events: EventDeps['store'] }
