import { act, look, nearby, start } from '../kit/activities.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { eventually } from '../kit/eventually.ts'
import { createOrganizer, rawId } from '../kit/organizers.ts'
import { createPhone, type Phone } from '../kit/phones.ts'
import { offset, zurich } from '../kit/places.ts'
import { follow } from '../kit/socket.ts'

let app: TestApp
let other: TestApp
beforeAll(async () => {
  app = await createTestApp()
  other = await app.node()
})

const minutes = 60_000
const phones = (count: number) => Promise.all(Array.from({ length: count }, () => createPhone(app)))

interface ActivityEvent {
  __typename: string
  cursor: string
  attendee?: { id: string; displayName: string | null; isViewer: boolean }
  attendeeId?: string
  joinCount?: number
  activity?: { title: string; viewerHasJoined: boolean }
  cancelled?: boolean
}

const eventsDocument = `subscription ($id: ID!, $after: Cursor) { activityEvents(id: $id, after: $after) { __typename
  ... on Ready { cursor } ... on ResyncRequired { cursor }
  ... on ActivityJoined { cursor attendee { id displayName isViewer } joinCount }
  ... on ActivityLeft { cursor attendeeId joinCount }
  ... on ActivityChanged { cursor activity { title viewerHasJoined } }
  ... on ActivityEnded { cursor cancelled } } }`

const listen = (phone: Phone, id: string, { after, on = app }: { after?: string; on?: TestApp } = {}) =>
  follow<ActivityEvent>(on, eventsDocument, { token: phone.token, variables: { id, ...(after ? { after } : {}) } })

describe('activityEvents', () => {
  test('tells everybody on every node who joined, left, what changed, and the end', async () => {
    const [ann, ben, zoe] = (await phones(3)) as [Phone, Phone, Phone]
    const party = await start(ann)
    const streams = [listen(ann, party.id), listen(ben, party.id, { on: other }), listen(zoe, party.id)]
    for (const stream of streams) expect((await stream.next()).__typename).toBe('Ready')
    await act(ben, 'joinActivity', { activityId: party.id, displayName: 'Ben' })
    const joined = await Promise.all(streams.map((stream) => stream.next()))
    expect(joined.map(({ attendee }) => attendee?.isViewer)).toEqual([false, true, false])
    const id = joined[0]?.attendee?.id
    for (const { __typename, attendee, joinCount } of joined)
      expect({ __typename, joinCount, ...attendee }).toMatchObject({
        ...{ __typename: 'ActivityJoined', joinCount: 1, id, displayName: 'Ben' },
      })
    await act(ann, 'updateActivity', { activityId: party.id, title: 'Checkers' })
    const changed = await Promise.all(streams.map((stream) => stream.next()))
    expect(changed.map(({ activity }) => activity)).toEqual(
      [false, true, false].map((viewerHasJoined) => ({ title: 'Checkers', viewerHasJoined })),
    )
    await act(ben, 'leaveActivity', { activityId: party.id })
    for (const stream of streams)
      expect(await stream.next()).toMatchObject({ __typename: 'ActivityLeft', attendeeId: id, joinCount: 0 })
    await act(ann, 'cancelActivity', { activityId: party.id })
    for (const stream of streams) {
      expect(await stream.next()).toMatchObject({ __typename: 'ActivityEnded', cancelled: true })
      expect((await stream.ended).errors).toBeUndefined()
    }
  })

  test('resumes after a cursor, and ends where it ended', async () => {
    const [ann, ben] = (await phones(2)) as [Phone, Phone]
    const party = await start(ann)
    const first = listen(ann, party.id)
    await first.next()
    await act(ben, 'joinActivity', { activityId: party.id })
    const { cursor } = await first.next()
    first.drop()
    await act(ben, 'leaveActivity', { activityId: party.id })
    await act(ann, 'cancelActivity', { activityId: party.id })
    const second = listen(ann, party.id, { after: cursor, on: other })
    const seen = [await second.next(), await second.next(), await second.next()]
    expect(seen.map(({ __typename }) => __typename)).toEqual(['Ready', 'ActivityLeft', 'ActivityEnded'])
    expect((await second.ended).errors).toBeUndefined()
    // Without a cursor there is nothing to follow any more.
    expect((await listen(ann, party.id).ended).errors?.[0]?.extensions?.['code']).toBe('CONFLICT')
    const another = await start(ann)
    expect((await listen(ann, another.id, { after: cursor }).ended).errors?.[0]?.extensions?.['code']).toBe(
      'BAD_USER_INPUT',
    )
  })

  test('is silent about who hides, and who is blocked either way, live and replayed', async () => {
    const [ann, ben, cyd, dan] = (await phones(4)) as [Phone, Phone, Phone, Phone]
    const party = await start(ann)
    await app.services.social.setVisibility(cyd.personId, { visibility: 'NOBODY' })
    await app.services.social.block(dan.personId, ben.personId)
    const stream = listen(ben, party.id)
    const { cursor } = await stream.next()
    for (const phone of [cyd, dan, await createPhone(app)]) await act(phone, 'joinActivity', { activityId: party.id })
    const joined = await stream.next()
    expect(joined.joinCount).toBe(3)
    expect(stream.waiting()).toEqual([])
    const replayed = listen(ben, party.id, { after: cursor })
    expect((await replayed.next()).__typename).toBe('Ready')
    expect(await replayed.next()).toEqual(joined)
    // Who hides sees that they joined.
    const own = listen(cyd, party.id, { after: cursor })
    expect([await own.next(), await own.next()].map(({ __typename }) => __typename)).toEqual([
      'Ready',
      'ActivityJoined',
    ])
  })

  test('ends within a second for who is blocked either way, and for all but the host when it is flagged away', async () => {
    const [ann, ben, cyd, dan] = (await phones(4)) as [Phone, Phone, Phone, Phone]
    const party = await start(ann)
    const [annsOwn, bens, cyds, dans] = [ann, ben, cyd, dan].map((phone) => listen(phone, party.id, { on: other }))
    for (const stream of [annsOwn, bens, cyds, dans]) await stream?.next()
    const from = Date.now()
    await Promise.all([
      app.services.social.block(ben.personId, ann.personId),
      app.services.social.block(ann.personId, cyd.personId),
    ])
    for (const stream of [bens, cyds]) expect((await stream?.ended)?.errors).toBeUndefined()
    expect(Date.now() - from).toBeLessThan(1000)
    for (const phone of await phones(3)) await act(phone, 'flagActivity', { activityId: party.id, reason: 'SPAM' })
    await dans?.ended
    await act(ann, 'cancelActivity', { activityId: party.id })
    expect((await annsOwn?.next())?.__typename).toBe('ActivityEnded')
    expect((await listen(ben, party.id).ended).errors?.[0]?.extensions?.['code']).toBe('NOT_FOUND')
  })

  test('is refused for what is not there', async () => {
    const ann = await createPhone(app)
    const missing = Buffer.from('Activity:018f0000-0000-7000-8000-000000000001').toString('base64')
    expect((await listen(ann, missing).ended).errors?.[0]?.extensions?.['code']).toBe('NOT_FOUND')
  })
})

describe('an event of a venue', () => {
  const there = async (phone: Phone, title: string) =>
    (await nearby(phone, 'UNDER_10_KM')).edges.map(({ node }) => node).find((node) => node.title === title)

  test('is on the live map once it is published, changes with its event, and keeps its joins', async () => {
    const [ann, ben] = (await phones(2)) as [Phone, Phone]
    const at = offset(zurich, 4000, 0)
    await ann.beat(zurich, new Date(app.clock.now()))
    const organizer = await createOrganizer(app)
    const venue = await organizer.venue({ latitude: at.latitude, longitude: at.longitude })
    const event = await organizer.event(venue.id, { title: 'Concert', capacity: 2 })
    await app.idle()
    expect(await there(ann, 'Concert')).toBeUndefined()
    await organizer.publish(event.id)
    await app.idle()
    // Shown as far as one looks, though nobody has joined, and exactly where the venue says it is.
    const concert = await there(ann, 'Concert')
    const found = await look(ann, concert?.id ?? '')
    expect(found).toMatchObject({ kind: 'VENUE', state: 'SCHEDULED', capacity: 2 })
    expect(found?.place.latitude).toBeCloseTo(at.latitude, 9)
    await act(ben, 'joinActivity', { activityId: concert?.id })
    const stream = listen(ben, concert?.id ?? '')
    await stream.next()
    await organizer.call('updateEvent', 'event', { eventId: event.id, title: 'Late concert' })
    await app.idle()
    expect(await stream.next()).toMatchObject({ __typename: 'ActivityChanged', activity: { title: 'Late concert' } })
    expect(await there(ann, 'Late concert')).toMatchObject({ id: concert?.id, joinCount: 1 })
    await organizer.cancel(event.id)
    await app.idle()
    expect(await stream.next()).toMatchObject({ __typename: 'ActivityEnded', cancelled: true })
    expect(await look(ben, concert?.id ?? '')).toMatchObject({ state: 'CANCELLED' })
    expect(await there(ann, 'Late concert')).toBeUndefined()
  })

  test('is projected as its newest version says, in whatever order versions come', async () => {
    const { activities, places } = app.services
    const organizer = await createOrganizer(app)
    const venue = await organizer.venue()
    const event = await organizer.event(venue.id, { title: 'First' })
    await organizer.publish(event.id)
    const first = await places.projection(rawId(event.id))
    await organizer.call('updateEvent', 'event', { eventId: event.id, title: 'Second' })
    const second = await places.projection(rawId(event.id))
    if (!first || !second) throw new Error('No projection.')
    for (const projection of [second, first, second, first]) await activities.project(projection)
    const ann = await createPhone(app)
    await ann.beat(second.place, new Date(app.clock.now()))
    expect(await there(ann, 'Second')).toMatchObject({ joinCount: 0 })
    expect(await there(ann, 'First')).toBeUndefined()
  })

  test('comes back by itself when Redis has lost it', async () => {
    const ann = await createPhone(app)
    const organizer = await createOrganizer(app)
    const venue = await organizer.venue()
    const event = await organizer.event(venue.id, { title: 'Lasting' })
    await organizer.publish(event.id)
    await app.idle()
    const keys = await app.redis.command.keys(`${app.config.redisPrefix}*`)
    if (keys.length > 0) await app.redis.command.del(...keys)
    await ann.beat(zurich, new Date(app.clock.now()))
    expect(await there(ann, 'Lasting')).toBeUndefined()
    await app.jobs.add('project-missing')
    await app.idle()
    await eventually(() => there(ann, 'Lasting'), Boolean)
    app.clock.advance(minutes)
  })
})
