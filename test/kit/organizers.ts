import type { TestApp } from './app.ts'
import { type Answer, ask } from './gql.ts'
import { newClientId } from './phones.ts'
import { createStaff } from './staff.ts'

export interface VenueNode {
  id: string
  name: string
}

export interface EventNode {
  id: string
  state: string
  title: string
}

const venueFields = 'id name address description latitude longitude campus { id name }'
const eventFields = 'id state title emoji description startsAt endsAt capacity archiveMessages venue { id name }'

/** A mutation of the places module; each takes one input and answers with a venue or an event. */
export const placesDocument = (name: string, kind: 'venue' | 'event' | 'venueId') => {
  const type = name[0]?.toUpperCase() + name.slice(1)
  const fields = { venue: `venue { ${venueFields} }`, event: `event { ${eventFields} }`, venueId: 'venueId' }[kind]
  return `mutation ($input: ${type}Input!) { ${name}(input: $input) { __typename
    ... on ${type}Payload { ${fields} } ${name === 'createEvent' || kind !== 'event' ? '' : '... on EventStateError { state }'} ... on Error { code message } } }`
}

export const venueDocument = `query ($id: ID!) { venue(id: $id) { ${venueFields} } }`
export const eventDocument = `query ($id: ID!) { event(id: $id) { ${eventFields} joins messages } }`

type Outcome = {
  __typename: string
  code?: string
  venue?: VenueNode
  event?: EventNode
  venueId?: string
  state?: string
}

/** An organizer with an account of its own. */
export async function createOrganizer(app: TestApp) {
  const { id, username, token } = await createStaff(app, 'ORGANIZER')
  const held = { token }
  const iso = (aheadMs: number) => new Date(app.clock.now() + aheadMs).toISOString()

  async function call(
    name: string,
    kind: 'venue' | 'event' | 'venueId',
    input: object,
    on: { url: string } = app,
  ): Promise<Answer<Record<string, Outcome | null>>> {
    return ask(on, placesDocument(name, kind), { input }, { token: held.token })
  }

  const venueInput = (more: object = {}) => ({
    ...{ clientId: newClientId(), name: 'Lindenhof', latitude: 47.3729, longitude: 8.5409 },
    ...more,
  })
  const eventInput = (venueId: string, more: object = {}) => ({
    ...{ clientId: newClientId(), venueId, title: 'Evening chess', emoji: '♟️' },
    ...{ startsAt: iso(3_600_000), endsAt: iso(7_200_000) },
    ...more,
  })

  return {
    accountId: id,
    get token() {
      return held.token
    },
    /** A token that counts now, however far the clock was moved. */
    async renew() {
      held.token = await app.services.identity.mintAccountToken(username)
    },
    call,
    venueInput,
    eventInput,
    async venue(more: object = {}): Promise<VenueNode> {
      const { data, errors } = await call('createVenue', 'venue', venueInput(more))
      if (!data?.['createVenue']?.venue) throw new Error(`createVenue: ${JSON.stringify({ data, errors })}`)
      return data['createVenue'].venue
    },
    async event(venueId: string, more: object = {}): Promise<EventNode> {
      const { data, errors } = await call('createEvent', 'event', eventInput(venueId, more))
      if (!data?.['createEvent']?.event) throw new Error(`createEvent: ${JSON.stringify({ data, errors })}`)
      return data['createEvent'].event
    },
    publish: (eventId: string, on?: { url: string }) => call('publishEvent', 'event', { eventId }, on),
    cancel: (eventId: string, on?: { url: string }) => call('cancelEvent', 'event', { eventId }, on),
  }
}

export type Organizer = Awaited<ReturnType<typeof createOrganizer>>

/** What an operation came to: the type of its answer, the code of what refused it, or that a query gave something. */
export function outcomeOf({ data, errors }: Pick<Answer<unknown>, 'data' | 'errors'>): unknown {
  const [first] = Object.values((data ?? {}) as Record<string, Outcome | null>)
  return errors?.[0]?.extensions?.['code'] ?? first?.code ?? first?.__typename ?? (first ? 'given' : 'null')
}

/** The uuid inside of a global id. */
export const rawId = (globalId: string) => Buffer.from(globalId, 'base64').toString('utf8').split(':')[1] ?? ''
