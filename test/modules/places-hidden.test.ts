import type { Position } from '../../src/platform/geo/index.ts'
import { createId } from '../../src/platform/ids.ts'
import { act, nearby } from '../kit/activities.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { eventually } from '../kit/eventually.ts'
import { rounds } from '../kit/fuzz.ts'
import { impose } from '../kit/gate.ts'
import { ask } from '../kit/gql.ts'
import { comparable, shadow } from '../kit/hidden.ts'
import { createOrganizer, eventDocument, type Organizer, outcomeOf, rawId, venueDocument } from '../kit/organizers.ts'
import { createPhone, type Phone } from '../kit/phones.ts'
import { follow } from '../kit/socket.ts'

let app: TestApp
let other: TestApp
beforeAll(async () => {
  app = await createTestApp()
  other = await app.node()
})

let used = 0
const somewhere = (): Position => {
  used += 1
  return { latitude: -40 + (used % 80), longitude: 100 + (used % 7) }
}
const cause = () => createId(app.clock.now())
const venues = (on = app) => on.services.places.subjects.VENUE
const events = (on = app) => on.services.places.subjects.EVENT

type Viewer = { token: string } | undefined
type Listed = { edges: { node: { id: string } }[] } | null
const ids = (list: Listed | undefined) => list?.edges.map(({ node }) => node.id) ?? []

const pathsDocument = `query ($near: NearInput, $venue: ID!, $event: ID!) {
  near: venues(near: $near) { edges { node { id } } }
  newest: venues(first: 100) { edges { node { id } } }
  nodes: nodes(ids: [$venue, $event]) { id ... on Venue { events { edges { node { id } } } } ... on Event { venue { id } } } }`
const ownDocument = '{ myVenues(first: 100) { edges { node { id } } } myEvents(first: 100) { edges { node { id } } } }'

/** Where a viewer finds a venue and an event there: on each path, whether it is there. */
async function pathsOf(viewer: Viewer, venueId: string, eventId: string, at: Position, on = app) {
  const held = viewer ? { token: viewer.token } : {}
  type Found = { id: string; events?: Listed; venue?: { id: string } | null } | null
  const { data } = await ask<{ near: Listed; newest: Listed; nodes: Found[] }>(
    on,
    pathsDocument,
    { near: at, venue: venueId, event: eventId },
    held,
  )
  const [venue, event] = data?.nodes ?? []
  const accountId = viewer ? ((viewer as Partial<Organizer>).accountId ?? null) : null
  return {
    near: ids(data?.near).includes(venueId),
    newest: ids(data?.newest).includes(venueId),
    venue: venue?.id === venueId,
    venueAlone: outcomeOf(await ask(on, venueDocument, { id: venueId }, held)) !== 'NOT_FOUND',
    venueSeen: (await venues(on).seenBy({ deviceId: null, accountId }, rawId(venueId))) !== null,
    itsEvents: ids(venue?.events).includes(eventId),
    event: event?.id === eventId,
    eventAlone: outcomeOf(await ask(on, eventDocument, { id: eventId }, held)) !== 'NOT_FOUND',
    eventSeen: (await events(on).seenBy({ deviceId: null, accountId }, rawId(eventId))) !== null,
    itsVenue: event?.venue?.id === venueId,
  }
}
async function ownOf(owner: Organizer, venueId: string, eventId: string) {
  const { data } = await ask<{ myVenues: Listed; myEvents: Listed }>(app, ownDocument, {}, { token: owner.token })
  return { venue: ids(data?.myVenues).includes(venueId), event: ids(data?.myEvents).includes(eventId) }
}
async function standing(at: Position): Promise<Phone> {
  const phone = await createPhone(app)
  await phone.beat(at, new Date(app.clock.now()))
  return phone
}
const around = async (phone: Phone) => (await nearby(phone)).edges.map(({ node }) => node.title)

const every = (there: boolean) =>
  Object.fromEntries(
    [
      ...['near', 'newest', 'venue', 'venueAlone', 'venueSeen', 'itsEvents', 'event', 'eventAlone', 'eventSeen'],
      'itsVenue',
    ].map((path) => [path, there]),
  )
const noVenue = { near: false, newest: false, venue: false, venueAlone: false, venueSeen: false, itsEvents: false }
const noEvent = { itsEvents: false, event: false, eventAlone: false, eventSeen: false, itsVenue: false }

const rows = [
  ['VENUE', 'VISIBLE', every(true), every(true), { venue: true, event: true }],
  ['VENUE', 'HIDDEN', every(true), every(false), { venue: true, event: true }],
  ['VENUE', 'REMOVED', { ...every(true), ...noVenue, itsVenue: false }, every(false), { venue: false, event: true }],
  ['EVENT', 'HIDDEN', every(true), { ...every(true), ...noEvent }, { venue: true, event: true }],
  ['EVENT', 'REMOVED', { ...every(true), ...noEvent }, { ...every(true), ...noEvent }, { venue: true, event: false }],
] as const

test.each(rows)('a %s that is %s is found by whom it should be, on every path and on the map', async (...row) => {
  const [kind, state, owners, others, listed] = row
  const at = somewhere()
  const [owner, stranger] = [await createOrganizer(app), await createOrganizer(app)]
  const phone = await standing(at)
  const { id: venueId } = await owner.venue(at)
  const { id: eventId } = await owner.event(venueId, { title: `Concert ${used}` })
  await owner.publish(eventId)
  await app.idle()
  expect(await around(phone)).toEqual([`Concert ${used}`])
  const source = kind === 'VENUE' ? venues(other) : events(other)
  const raw = rawId(kind === 'VENUE' ? venueId : eventId)
  const by = cause()
  expect(await source.setState(raw, state, by)).toBe(true)
  expect(await source.setState(raw, state, by)).toBe(true)
  await app.idle()
  expect({
    owner: await pathsOf(owner, venueId, eventId, at),
    stranger: await pathsOf(stranger, venueId, eventId, at, other),
    nobody: await pathsOf(undefined, venueId, eventId, at),
    listed: await ownOf(owner, venueId, eventId),
    map: await around(phone),
  }).toEqual({
    owner: owners,
    stranger: others,
    nobody: others,
    listed,
    map: state === 'VISIBLE' ? [`Concert ${used}`] : [],
  })
  const changed =
    kind === 'VENUE' ? owner.call('updateVenue', 'venue', { venueId, description: 'Big.' }) : owner.cancel(eventId)
  expect(outcomeOf(await changed)).toBe(
    state === 'REMOVED' ? 'NOT_FOUND' : kind === 'VENUE' ? 'UpdateVenuePayload' : 'CancelEventPayload',
  )
  expect((await source.facts(raw))?.state).toBe(state)
  expect(await source.setState(raw, 'VISIBLE', by)).toBe(true)
  expect(await pathsOf(stranger, venueId, eventId, at)).toMatchObject({ venue: true, event: true })
  if (kind === 'EVENT') return
  await app.idle()
  expect(await around(phone)).toEqual([`Concert ${used}`])
})

test('whoever follows an event on the map hears the end when it is hidden, and comes back when it is shown', async () => {
  const at = somewhere()
  const owner = await createOrganizer(app)
  const phone = await standing(at)
  const { id: venueId } = await owner.venue(at)
  const { id: eventId } = await owner.event(venueId)
  await owner.publish(eventId)
  await app.idle()
  const id = (await nearby(phone)).edges[0]?.node.id ?? ''
  await act(phone, 'joinActivity', { activityId: id })
  const document = 'subscription ($id: ID!) { activityEvents(id: $id) { __typename } }'
  const stream = follow<{ __typename: string }>(other, document, { token: phone.token, variables: { id } })
  await stream.next()
  await events().setState(rawId(eventId), 'HIDDEN', cause())
  await app.idle()
  expect((await stream.ended).errors).toBeUndefined()
  expect(await act(phone, 'joinActivity', { activityId: id })).toMatchObject({ code: 'NOT_FOUND' })
  await events().setState(rawId(eventId), 'VISIBLE', cause())
  await app.idle()
  const [edge] = await eventually(
    async () => (await nearby(phone)).edges,
    (edges) => edges.length === 1,
  )
  expect(edge?.node).toMatchObject({ id, joinCount: 1, viewerHasJoined: true })
})

test('what a shadowed organizer gets is what any organizer gets; others get nothing, until that is undone', async () => {
  async function world(isShadowed: boolean) {
    const at = somewhere()
    const [owner, stranger] = [await createOrganizer(app), await createOrganizer(app)]
    const phone = await standing(at)
    const held = isShadowed ? await shadow(app, owner.accountId) : undefined
    const input = owner.venueInput(at)
    const made = await owner.call('createVenue', 'venue', input)
    const venueId = made.data?.['createVenue']?.venue?.id ?? ''
    const draft = await owner.call('createEvent', 'event', owner.eventInput(venueId))
    const eventId = draft.data?.['createEvent']?.event?.id ?? ''
    const got = [
      made,
      draft,
      await owner.call('createVenue', 'venue', input, other),
      await owner.call('updateVenue', 'venue', { venueId, description: 'By the river.' }),
      await owner.call('updateEvent', 'event', { eventId, title: 'Morning chess' }),
      await owner.publish(eventId),
      await owner.publish(eventId, other),
    ]
    await app.idle()
    const found = [await pathsOf(owner, venueId, eventId, at), await ownOf(owner, venueId, eventId)]
    const others = { ...(await pathsOf(stranger, venueId, eventId, at)), map: (await around(phone)).length }
    expect(others).toEqual(isShadowed ? { ...every(false), map: 0 } : { ...every(true), map: 1 })
    await held?.lift()
    await app.idle()
    expect({ ...(await pathsOf(stranger, venueId, eventId, at)), map: await around(phone) }).toEqual({
      ...every(true),
      map: ['Morning chess'],
    })
    return comparable({ got, found })
  }
  expect(await world(true)).toEqual(await world(false))
})

test('a restricted organizer changes nothing, and still finds what a lost answer made', async () => {
  const owner = await createOrganizer(app)
  const input = owner.venueInput()
  const venueId = (await owner.call('createVenue', 'venue', input)).data?.['createVenue']?.venue?.id ?? ''
  const drafted = owner.eventInput(venueId)
  const eventId = (await owner.call('createEvent', 'event', drafted)).data?.['createEvent']?.event?.id ?? ''
  await impose(app, { personId: owner.accountId, kind: 'MUTE', minutes: 60 })
  expect((await owner.call('createVenue', 'venue', input)).data?.['createVenue']?.venue?.id).toBe(venueId)
  expect((await owner.call('createEvent', 'event', drafted)).data?.['createEvent']?.event?.id).toBe(eventId)
  for (const answer of [
    await owner.call('createVenue', 'venue', owner.venueInput()),
    await owner.call('updateVenue', 'venue', { venueId, name: 'Other' }),
    await owner.call('createEvent', 'event', owner.eventInput(venueId)),
    await owner.call('updateEvent', 'event', { eventId, title: 'Other' }),
    await owner.publish(eventId),
  ])
    expect(Object.values(answer.data ?? {})[0]).toMatchObject({ __typename: 'RestrictedError', code: 'FORBIDDEN' })
  expect(outcomeOf(await owner.cancel(eventId))).toBe('CancelEventPayload')
})

test('hidden and shown on two nodes while its owner changes it, it ends as the last word says, and so does the map', async () => {
  const at = somewhere()
  const owner = await createOrganizer(app)
  const phone = await standing(at)
  const { id: venueId } = await owner.venue(at)
  const { id: eventId } = await owner.event(venueId, { title: 'Evening chess' })
  await owner.publish(eventId)
  for (let i = 0; i < rounds(400) / 6; i += 1)
    await Promise.all(
      Array.from({ length: 6 }, (_, j) => {
        const state = (['VISIBLE', 'HIDDEN', 'REMOVED'] as const)[(i + j) % 3] ?? 'VISIBLE'
        const [venue, event] = j % 2 ? [venues(app), events(other)] : [venues(other), events(app)]
        if (j % 5 === 0) return owner.call('updateEvent', 'event', { eventId, description: `Round ${i} ${j}.` })
        return j % 3 ? venue.setState(rawId(venueId), state, cause()) : event.setState(rawId(eventId), state, cause())
      }),
    )
  await venues().setState(rawId(venueId), 'HIDDEN', cause())
  await events().setState(rawId(eventId), 'VISIBLE', cause())
  await app.idle()
  expect(await around(phone)).toEqual([])
  await venues().setState(rawId(venueId), 'VISIBLE', cause())
  await app.idle()
  expect(await around(phone)).toEqual(['Evening chess'])
})

test('venues and events that are none have no facts, and nothing to hide', async () => {
  for (const id of ['', 'x', cause()])
    for (const source of [venues(), events()]) {
      expect(await source.facts(id)).toBeNull()
      expect(await source.seenBy({ deviceId: null, accountId: cause() }, id)).toBeNull()
      expect(await source.setState(id, 'HIDDEN', cause())).toBe(false)
    }
})
