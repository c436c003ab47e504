import { createId } from '../../../src/platform/ids.ts'
import { createOrganizer, type Organizer } from '../organizers.ts'
import { newClientId } from '../phones.ts'
import { globalId, neverId, type Row, type Scene, subject } from './rows.ts'

interface Town extends Scene {
  venueId: string
  /** A draft there. */
  eventId: string
  campusId: string
  owner: Organizer
}

const neverVenue = globalId('Venue', neverId)
const neverEvent = globalId('Event', neverId)
const neverCampus = globalId('Campus', neverId)

/** What is for organizers only; an ADMIN counts as one, and owns nothing. */
const organizersOnly = {
  ...{ nobody: 'UNAUTHENTICATED', device: 'FORBIDDEN', account: 'FORBIDDEN', MODERATOR: 'FORBIDDEN' },
  others: 'NOT_FOUND',
}
const everybody: Row['gets'] = { others: 'given' }

function change(name: string, member: 'venueId' | 'eventId', more: object, payload: string): Row<Town> {
  const type = `${name[0]?.toUpperCase()}${name.slice(1)}Input`
  const input = (id: string) => ({ input: { [member]: id, ...more } })
  return {
    of: `Mutation.${name}(input.${member})`,
    query: `mutation ($input: ${type}!) { ${name}(input: $input) { __typename } }`,
    variables: (scene) => input(scene[member]),
    never: () => input(member === 'venueId' ? neverVenue : neverEvent),
    // Everybody sees a venue, and nobody but its owner a draft: to change either is for who owns it.
    gets: { ...organizersOnly, owner: payload },
  }
}

const venueFields = () => ({ clientId: newClientId(), name: 'A venue', latitude: 47, longitude: 8 })

export const places = subject<Town>({
  name: 'a venue and a draft there',
  async set(app, around) {
    const [owner, other] = [await createOrganizer(app), await createOrganizer(app)]
    const { id: venueId } = await owner.venue()
    const { id: eventId } = await owner.event(venueId)
    const campus = createId(app.clock.now())
    const name = `campus-${campus}`
    await app.postgres.pool.query(`insert into campuses values ($1, $2, 0, 0, $3)`, [campus, name, `${name}.example`])
    const tokens = { ...around, owner: owner.token, stranger: other.token }
    return { tokens, venueId, eventId, campusId: globalId('Campus', campus), owner }
  },
  rows: [
    {
      of: 'Query.venue(id)',
      query: 'query ($id: ID!) { venue(id: $id) { id } }',
      variables: ({ venueId }) => ({ id: venueId }),
      gets: everybody,
    },
    {
      of: 'Query.event(id)',
      about: 'a draft',
      query: 'query ($id: ID!) { event(id: $id) { id } }',
      variables: ({ eventId }) => ({ id: eventId }),
      never: () => ({ id: neverEvent }),
      gets: { owner: 'given', others: 'NOT_FOUND' },
    },
    {
      of: 'Query.venues(campus)',
      query: 'query ($id: ID) { venues(campus: $id) { edges { cursor } } }',
      variables: ({ campusId }) => ({ id: campusId }),
      gets: everybody,
    },
    change('updateVenue', 'venueId', { name: 'Another' }, 'UpdateVenuePayload'),
    change('removeVenue', 'venueId', {}, 'RemoveVenuePayload'),
    change('updateEvent', 'eventId', { title: 'Another' }, 'UpdateEventPayload'),
    change('publishEvent', 'eventId', {}, 'PublishEventPayload'),
    change('cancelEvent', 'eventId', {}, 'CancelEventPayload'),
    {
      of: 'Mutation.createEvent(input.venueId)',
      query: 'mutation ($input: CreateEventInput!) { createEvent(input: $input) { __typename } }',
      variables: ({ owner, venueId }) => ({ input: owner.eventInput(venueId) }),
      never: ({ owner }) => ({ input: owner.eventInput(neverVenue) }),
      gets: { ...organizersOnly, owner: 'CreateEventPayload' },
    },
    {
      of: 'Mutation.createVenue(input.campusId)',
      query: 'mutation ($input: CreateVenueInput!) { createVenue(input: $input) { __typename } }',
      variables: ({ campusId }) => ({ input: { ...venueFields(), campusId } }),
      gets: { ...organizersOnly, others: 'CreateVenuePayload' },
    },
    {
      of: 'Mutation.updateVenue(input.campusId)',
      query: 'mutation ($input: UpdateVenueInput!) { updateVenue(input: $input) { __typename } }',
      variables: ({ venueId, campusId }) => ({ input: { venueId, campusId } }),
      never: ({ venueId }) => ({ input: { venueId, campusId: neverCampus } }),
      gets: { ...organizersOnly, owner: 'UpdateVenuePayload' },
    },
  ],
})
