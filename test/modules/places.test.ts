import { jest } from '@jest/globals'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { ask, codeOf } from '../kit/gql.ts'
import {
  createOrganizer,
  eventDocument,
  type Organizer,
  outcomeOf,
  placesDocument,
  rawId,
  venueDocument,
} from '../kit/organizers.ts'
import { createPhone, newClientId } from '../kit/phones.ts'
import { createStaff } from '../kit/staff.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs

let app: TestApp
let owner: Organizer
let other: Organizer
let phoneToken: string
beforeAll(async () => {
  app = await createTestApp()
  owner = await createOrganizer(app)
  other = await createOrganizer(app)
  phoneToken = (await createPhone(app)).token
})

beforeEach(() => Promise.all([owner.renew(), other.renew()]))

const iso = (aheadMs: number) => new Date(app.clock.now() + aheadMs).toISOString()
const rows = async (table: string) =>
  Number((await app.postgres.pool.query(`select count(*) from ${table}`)).rows[0].count)
const jobsOf = async (eventId: string) =>
  (
    await app.postgres.pool.query('select 1 from graphile_worker.jobs where key = $1', [
      `project-event:${rawId(eventId)}`,
    ])
  ).rowCount
const rowOf = async (eventId: string) =>
  (await app.postgres.pool.query('select * from events where id = $1', [rawId(eventId)])).rows[0]
const stateOf = async (eventId: string, token = owner.token) =>
  (await ask<{ event: { state: string } | null }>(app, eventDocument, { id: eventId }, { token })).data?.event?.state

describe('who may do what', () => {
  type Who = 'owner' | 'other' | 'phone' | 'nobody'
  const tokens = (): Record<Who, string | undefined> => ({
    owner: owner.token,
    other: other.token,
    phone: phoneToken,
    nobody: undefined,
  })

  type Operation = [
    name: string,
    query: string,
    variables: () => Promise<Record<string, unknown>>,
    expected: Record<Who, string>,
  ]
  const draft = async () => (await owner.event((await owner.venue()).id)).id
  const published = async () => {
    const id = await draft()
    await owner.publish(id)
    return id
  }
  const organizersOnly = { phone: 'FORBIDDEN', nobody: 'UNAUTHENTICATED' }
  const own = (type: string) => ({ owner: type, other: 'NOT_FOUND', ...organizersOnly })
  const everybody = { owner: 'given', other: 'given', phone: 'given', nobody: 'given' }
  const input = (fields: object) => ({ input: fields })

  const operations: Operation[] = [
    [
      'createVenue',
      placesDocument('createVenue', 'venue'),
      async () => input(owner.venueInput()),
      { owner: 'CreateVenuePayload', other: 'CreateVenuePayload', ...organizersOnly },
    ],
    [
      'updateVenue',
      placesDocument('updateVenue', 'venue'),
      async () => input({ venueId: (await owner.venue()).id, name: 'Another name' }),
      own('UpdateVenuePayload'),
    ],
    [
      'removeVenue',
      placesDocument('removeVenue', 'venueId'),
      async () => input({ venueId: (await owner.venue()).id }),
      own('RemoveVenuePayload'),
    ],
    [
      'createEvent',
      placesDocument('createEvent', 'event'),
      async () => input(owner.eventInput((await owner.venue()).id)),
      own('CreateEventPayload'),
    ],
    [
      'updateEvent of a draft',
      placesDocument('updateEvent', 'event'),
      async () => input({ eventId: await draft(), title: 'Go' }),
      own('UpdateEventPayload'),
    ],
    [
      'updateEvent of a published event',
      placesDocument('updateEvent', 'event'),
      async () => input({ eventId: await published(), title: 'Go' }),
      own('UpdateEventPayload'),
    ],
    [
      'publishEvent',
      placesDocument('publishEvent', 'event'),
      async () => input({ eventId: await draft() }),
      own('PublishEventPayload'),
    ],
    [
      'cancelEvent',
      placesDocument('cancelEvent', 'event'),
      async () => input({ eventId: await published() }),
      own('CancelEventPayload'),
    ],
    ['venue', venueDocument, async () => ({ id: (await owner.venue()).id }), everybody],
    [
      'a venue that was removed',
      venueDocument,
      async () => {
        const { id } = await owner.venue()
        await owner.call('removeVenue', 'venueId', { venueId: id })
        return { id }
      },
      { owner: 'NOT_FOUND', other: 'NOT_FOUND', phone: 'NOT_FOUND', nobody: 'NOT_FOUND' },
    ],
    ['a published event', eventDocument, async () => ({ id: await published() }), everybody],
    [
      'an event that was cancelled',
      eventDocument,
      async () => {
        const id = await published()
        await owner.cancel(id)
        return { id }
      },
      everybody,
    ],
    [
      'a draft',
      eventDocument,
      async () => ({ id: await draft() }),
      { owner: 'given', other: 'NOT_FOUND', phone: 'NOT_FOUND', nobody: 'NOT_FOUND' },
    ],
    [
      'a draft that was cancelled',
      eventDocument,
      async () => {
        const id = await draft()
        await owner.cancel(id)
        return { id }
      },
      { owner: 'given', other: 'NOT_FOUND', phone: 'NOT_FOUND', nobody: 'NOT_FOUND' },
    ],
    ['venues', '{ venues { edges { node { id } } } }', async () => ({}), everybody],
    ['campuses', '{ campuses { edges { node { id } } } }', async () => ({}), everybody],
    [
      'myVenues',
      '{ myVenues { edges { node { id } } } }',
      async () => ({}),
      { owner: 'given', other: 'given', ...organizersOnly },
    ],
    [
      'myEvents',
      '{ myEvents { edges { node { id } } } }',
      async () => ({}),
      { owner: 'given', other: 'given', ...organizersOnly },
    ],
  ]

  test.each(operations)('%s', async (_name, query, variables, expected) => {
    for (const who of ['other', 'phone', 'nobody', 'owner'] as const) {
      // The owner comes last and finds what was refused before untouched.
      const answer = await ask(app, query, await variables(), { token: tokens()[who] })
      expect([who, outcomeOf(answer)]).toEqual([who, expected[who]])
    }
  })

  test('a USER and a MODERATOR are no organizers, an ADMIN is one, and owns nothing of others', async () => {
    const venue = await owner.venue()
    for (const [role, mine, theirs] of [
      ['USER', 'FORBIDDEN', 'FORBIDDEN'],
      ['MODERATOR', 'FORBIDDEN', 'FORBIDDEN'],
      ['ADMIN', 'CreateVenuePayload', 'NOT_FOUND'],
    ] as const) {
      const { token } = await createStaff(app, role)
      const create = placesDocument('createVenue', 'venue')
      expect(outcomeOf(await ask(app, create, { input: owner.venueInput() }, { token }))).toBe(mine)
      const update = placesDocument('updateVenue', 'venue')
      expect(outcomeOf(await ask(app, update, { input: { venueId: venue.id, name: 'Mine' } }, { token }))).toBe(theirs)
    }
  })

  test('node and nodes show what the queries show', async () => {
    const venue = await owner.venue()
    const ids = [venue.id, await draft(), await published()]
    const typesFor = async (token: string | undefined) => {
      const query = 'query ($ids: [ID!]!) { nodes(ids: $ids) { __typename } }'
      const { data } = await ask<{ nodes: ({ __typename: string } | null)[] }>(app, query, { ids }, { token })
      return data?.nodes.map((node) => node?.__typename ?? null)
    }
    expect(await typesFor(owner.token)).toEqual(['Venue', 'Event', 'Event'])
    for (const token of [other.token, phoneToken, undefined])
      expect(await typesFor(token)).toEqual(['Venue', null, 'Event'])
    await owner.call('removeVenue', 'venueId', { venueId: venue.id })
    expect((await typesFor(owner.token))?.[0]).toBeNull()
  })

  test('nobody is told whose a venue or an event is', async () => {
    const { id } = await owner.venue()
    await owner.publish((await owner.event(id)).id)
    const query =
      '{ venues(first: 10) { edges { cursor node { id name events(first: 5) { edges { cursor node { id title } } } } } } }'
    const answer = await ask(app, query)
    expect(JSON.stringify(answer.data)).toContain('Lindenhof')
    expect(JSON.stringify(answer.data)).not.toContain(owner.accountId)
  })
})

describe('the life of an event', () => {
  const mine = (name: string, kind: 'event' | 'venueId', input: object) => owner.call(name, kind, input)

  test('goes from draft to published, live and ended with the clock, and no row is changed for it', async () => {
    const { id } = await owner.event((await owner.venue()).id)
    expect(await stateOf(id)).toBe('DRAFT')
    expect(outcomeOf(await owner.publish(id))).toBe('PublishEventPayload')
    expect(await stateOf(id)).toBe('PUBLISHED')
    const row = await rowOf(id)
    app.clock.advance(hourMs)
    expect(await stateOf(id)).toBe('LIVE')
    app.clock.advance(hourMs)
    expect(await stateOf(id)).toBe('ENDED')
    expect(await rowOf(id)).toEqual(row)
    for (const name of ['publishEvent', 'cancelEvent']) {
      const { data } = await mine(name, 'event', { eventId: id })
      expect(data?.[name]).toMatchObject({ __typename: 'EventStateError', code: 'CONFLICT', state: 'ENDED' })
    }
    const changed = await mine('updateEvent', 'event', { eventId: id, title: 'Too late' })
    expect(changed.data?.['updateEvent']).toMatchObject({ __typename: 'EventStateError', state: 'ENDED' })
    expect(await rowOf(id)).toEqual(row)
  })

  test('can be cancelled while it is a draft, published or live', async () => {
    const venue = await owner.venue()
    for (const [publish, aheadMs] of [
      [false, 0],
      [true, 0],
      [true, hourMs + 1000],
    ] as const) {
      const { id } = await owner.event(venue.id)
      if (publish) await owner.publish(id)
      app.clock.advance(aheadMs)
      expect((await owner.cancel(id)).data?.['cancelEvent']?.event).toMatchObject({ state: 'CANCELLED' })
      expect(outcomeOf(await owner.cancel(id))).toBe('CancelEventPayload')
      expect((await owner.publish(id)).data?.['publishEvent']).toMatchObject({ code: 'CONFLICT', state: 'CANCELLED' })
    }
  })

  test('is not published after its start, nor ended in the past, nor begun anew', async () => {
    const venue = await owner.venue()
    const late = await owner.event(venue.id)
    const live = await owner.event(venue.id)
    await owner.publish(live.id)
    app.clock.advance(hourMs + 1000)
    expect(outcomeOf(await owner.publish(late.id))).toBe('BAD_USER_INPUT')
    expect(await stateOf(late.id)).toBe('DRAFT')
    const before = await rowOf(live.id)
    for (const changes of [{ startsAt: iso(-60_000) }, { startsAt: iso(60_000) }, { endsAt: iso(-1000) }])
      expect(outcomeOf(await mine('updateEvent', 'event', { eventId: live.id, ...changes }))).toBe('CONFLICT')
    expect(await rowOf(live.id)).toEqual(before)
    expect(outcomeOf(await mine('updateEvent', 'event', { eventId: live.id, endsAt: iso(2 * hourMs) }))).toBe(
      'UpdateEventPayload',
    )
  })

  test('a published event cannot be moved into the past, a draft can be anywhere within ninety days', async () => {
    const { id } = await owner.event((await owner.venue()).id)
    const move = (startsAt: string, endsAt: string) => mine('updateEvent', 'event', { eventId: id, startsAt, endsAt })
    expect(outcomeOf(await move(iso(-2 * hourMs), iso(-hourMs)))).toBe('UpdateEventPayload')
    expect(outcomeOf(await move(iso(90 * dayMs - 60_000), iso(90 * dayMs)))).toBe('UpdateEventPayload')
    expect(outcomeOf(await move(iso(90 * dayMs + 60_000), iso(90 * dayMs + 120_000)))).toBe('BAD_USER_INPUT')
    await owner.publish(id)
    expect(outcomeOf(await move(iso(-2 * hourMs), iso(-hourMs)))).toBe('BAD_USER_INPUT')
    expect(outcomeOf(await move(iso(hourMs), iso(2 * hourMs)))).toBe('UpdateEventPayload')
  })

  test('null clears what may be empty and nothing else, and a change of nothing is none', async () => {
    const { id } = await owner.event((await owner.venue()).id, { capacity: 50, description: 'Bring a board.' })
    const before = await rowOf(id)
    const same = await mine('updateEvent', 'event', {
      eventId: id,
      title: ' Evening chess ',
      emoji: null,
      capacity: 50,
    })
    expect(outcomeOf(same)).toBe('UpdateEventPayload')
    expect(await rowOf(id)).toEqual(before)
    const { data } = await mine('updateEvent', 'event', { eventId: id, title: null, capacity: null, description: null })
    expect(data?.['updateEvent']?.event).toMatchObject({ title: 'Evening chess', capacity: null, description: null })
    expect(await rowOf(id)).toMatchObject({ version: before.version + 1 })
  })

  test('a venue with events to come is neither moved nor removed, until they are over or called off', async () => {
    const venue = await owner.venue()
    const { id } = await owner.event(venue.id)
    const draft = await owner.event(venue.id)
    const move = () => owner.call('updateVenue', 'venue', { venueId: venue.id, latitude: 47.38 })
    const remove = () => owner.call('removeVenue', 'venueId', { venueId: venue.id })
    expect(outcomeOf(await move())).toBe('UpdateVenuePayload')
    await owner.publish(id)
    for (const answer of [
      await owner.call('updateVenue', 'venue', { venueId: venue.id, latitude: 47.39 }),
      await remove(),
    ])
      expect(Object.values(answer.data ?? {})[0]).toMatchObject({ __typename: 'VenueInUseError', code: 'CONFLICT' })
    expect(outcomeOf(await owner.call('updateVenue', 'venue', { venueId: venue.id, name: 'Renamed' }))).toBe(
      'UpdateVenuePayload',
    )
    await owner.cancel(id)
    expect(outcomeOf(await remove())).toBe('RemoveVenuePayload')
    expect(outcomeOf(await remove())).toBe('RemoveVenuePayload')
    expect(outcomeOf(await move())).toBe('NOT_FOUND')
    expect((await owner.publish(draft.id)).data?.['publishEvent']).toMatchObject({ code: 'CONFLICT', state: 'DRAFT' })
    expect(outcomeOf(await owner.call('createEvent', 'event', owner.eventInput(venue.id)))).toBe('NOT_FOUND')
    const { data } = await ask<{ event: { venue: unknown } }>(app, eventDocument, { id })
    expect(data?.event.venue).toBeNull()
  })
})

describe('what the live map is told', () => {
  test('a publication, a change and a cancellation each enqueue one projection; a draft enqueues none', async () => {
    const venue = await owner.venue()
    const { id } = await owner.event(venue.id, { capacity: 100 })
    await owner.call('updateEvent', 'event', { eventId: id, title: 'Blitz' })
    expect(await jobsOf(id)).toBe(0)
    expect(await app.services.places.projection(rawId(id))).toBeUndefined()
    await owner.publish(id)
    expect(await jobsOf(id)).toBe(1)
    const projection = await app.services.places.projection(rawId(id))
    expect(projection).toMatchObject({
      ...{ eventId: rawId(id), venueId: rawId(venue.id), hostId: owner.accountId, version: 3, title: 'Blitz' },
      ...{ place: { latitude: 47.3729, longitude: 8.5409 }, capacity: 100, cancelled: false, archiveMessages: false },
    })
    await app.idle()
    expect(await jobsOf(id)).toBe(0)
    await owner.publish(id)
    expect(await jobsOf(id)).toBe(0)
    await owner.call('updateEvent', 'event', { eventId: id, capacity: 200 })
    await owner.cancel(id)
    expect(await jobsOf(id)).toBe(1)
    expect(await app.services.places.projection(rawId(id))).toMatchObject({
      version: 5,
      cancelled: true,
      capacity: 200,
    })
    await app.idle()
  })

  test('what belongs on it is published, not over, and begins within a day', async () => {
    const venue = await owner.venue()
    const event = async (startMs: number, endMs: number) => {
      const { id } = await owner.event(venue.id, { startsAt: iso(startMs), endsAt: iso(endMs) })
      return id
    }
    const [soon, whole, later, draft, cancelled] = [
      await event(hourMs, 2 * hourMs),
      await event(60_000, 60_000 + dayMs),
      await event(30 * hourMs, 31 * hourMs),
      await event(hourMs, 2 * hourMs),
      await event(hourMs, 2 * hourMs),
    ]
    for (const id of [soon, whole, later, cancelled]) await owner.publish(id)
    await owner.cancel(cancelled)
    const shown = async () => {
      const ids = await app.services.places.toProject(app.clock.now())
      return [soon, whole, later, draft, cancelled].filter((id) => ids.includes(rawId(id)))
    }
    expect(await shown()).toEqual([soon, whole])
    app.clock.advance(2 * hourMs)
    expect(await shown()).toEqual([whole])
    app.clock.advance(4 * hourMs + 1000)
    expect(await shown()).toEqual([whole, later])
    app.clock.advance(dayMs - 6 * hourMs + 61_000)
    expect(await shown()).toEqual([later])
  })

  const said = [1, 2, 3].map((seq) => ({
    seq,
    sentAtMs: 1_700_000_000_000 + seq,
    author: `guest ${seq}`,
    body: `word ${seq}`,
  }))

  test.each([true, false])(
    'an event that is over keeps its counts, and its messages only if asked to: %s',
    async (keep) => {
      const { places } = app.services
      const { id } = await owner.event((await owner.venue()).id, { archiveMessages: keep })
      await owner.publish(id)
      expect(await places.archive(rawId(id), { joins: 7, messages: said })).toBe(false)
      const waits = async () => (await places.toArchive(app.clock.now())).includes(rawId(id))
      expect(await waits()).toBe(false)
      app.clock.advance(2 * hourMs + 1000)
      expect(await waits()).toBe(true)
      expect(await places.archive(rawId(id), { joins: 7, messages: said })).toBe(true)
      expect(await waits()).toBe(false)
      const row = await rowOf(id)
      expect(row).toMatchObject({ status: 'ARCHIVED', joins: 7, messages: 3 })
      expect(await places.archive(rawId(id), { joins: 99, messages: [] })).toBe(true)
      expect(await rowOf(id)).toEqual(row)
      const kept = await app.postgres.pool.query(
        'select seq, author, body from event_messages where event_id = $1 order by seq',
        [rawId(id)],
      )
      expect(kept.rows).toEqual(keep ? said.map(({ seq, author, body }) => ({ seq, author, body })) : [])
      expect(await places.projection(rawId(id))).toBeUndefined()
      for (const [token, joins, messages] of [
        [owner.token, 7, 3],
        [other.token, null, null],
        [undefined, null, null],
      ] as const) {
        const { data } = await ask(app, eventDocument, { id }, { token })
        expect(data?.['event']).toMatchObject({ state: 'ARCHIVED', joins, messages })
      }
    },
  )

  test('a draft, a cancelled event and one that never was are not archived', async () => {
    const { places } = app.services
    const venue = await owner.venue()
    const [draft, cancelled] = [await owner.event(venue.id), await owner.event(venue.id)]
    await owner.publish(cancelled.id)
    await owner.cancel(cancelled.id)
    app.clock.advance(3 * hourMs)
    for (const id of [rawId(draft.id), rawId(cancelled.id), '01900000-0000-7000-8000-000000000000', 'no id'])
      expect(await places.archive(id, { joins: 1, messages: said })).toBe(false)
  })
})

describe('a create that is repeated', () => {
  test('gives the original, at once, at the same time, and months later', async () => {
    const input = owner.venueInput({ description: 'A square above the river.' })
    const venues = await Promise.all(Array.from({ length: 20 }, () => owner.call('createVenue', 'venue', input)))
    expect(new Set(venues.map(({ data }) => data?.['createVenue']?.venue?.id)).size).toBe(1)
    const venueId = venues[0]?.data?.['createVenue']?.venue?.id ?? ''
    const event = owner.eventInput(venueId)
    const events = await Promise.all(Array.from({ length: 20 }, () => owner.call('createEvent', 'event', event)))
    expect(new Set(events.map(({ data }) => data?.['createEvent']?.event?.id)).size).toBe(1)
    app.clock.advance(200 * dayMs)
    await owner.renew()
    await owner.call('removeVenue', 'venueId', { venueId })
    expect((await owner.call('createVenue', 'venue', input)).data?.['createVenue']?.venue?.id).toBe(venueId)
    expect((await owner.call('createEvent', 'event', event)).data).toEqual(
      events[0]?.data && {
        createEvent: {
          ...events[0].data['createEvent'],
          event: { ...events[0].data['createEvent']?.event, venue: null },
        },
      },
    )
  })

  test('with another input is refused, and with another owner is another one', async () => {
    const [venue, elsewhere] = [await owner.venue(), await owner.venue()]
    const venueInput = owner.venueInput()
    const eventInput = owner.eventInput(venue.id)
    await owner.call('createVenue', 'venue', venueInput)
    await owner.call('createEvent', 'event', eventInput)
    const before = [await rows('venues'), await rows('events')]
    for (const more of [{ name: 'Other' }, { latitude: 1 }, { address: 'Here' }])
      expect(outcomeOf(await owner.call('createVenue', 'venue', { ...venueInput, ...more }))).toBe(
        'IDEMPOTENCY_MISMATCH',
      )
    for (const more of [{ title: 'Other' }, { venueId: elsewhere.id }, { capacity: 5 }, { archiveMessages: true }])
      expect(outcomeOf(await owner.call('createEvent', 'event', { ...eventInput, ...more }))).toBe(
        'IDEMPOTENCY_MISMATCH',
      )
    expect([await rows('venues'), await rows('events')]).toEqual(before)
    expect(outcomeOf(await other.call('createVenue', 'venue', venueInput))).toBe('CreateVenuePayload')
    expect(await rows('venues')).toBe((before[0] ?? 0) + 1)
  })
})

describe('bad input', () => {
  let venueId: string
  let eventId: string
  beforeAll(async () => {
    venueId = (await owner.venue()).id
    eventId = (await owner.event(venueId)).id
  })

  const raw = (query: string) => ask(app, query, {}, { token: owner.token })
  const title = (value: string) => ({ title: value })
  const badEvents: [string, () => object][] = [
    ['a length of zero', () => ({ endsAt: iso(hourMs), startsAt: iso(hourMs) })],
    ['an end before the start', () => ({ startsAt: iso(2 * hourMs), endsAt: iso(hourMs) })],
    ['a length of ten years', () => ({ endsAt: iso(3650 * dayMs) })],
    ['a length of a day and a second', () => ({ startsAt: iso(hourMs), endsAt: iso(hourMs + dayMs + 1000) })],
    ['a start in ten years', () => ({ startsAt: iso(3650 * dayMs), endsAt: iso(3650 * dayMs + hourMs) })],
    ['a start that is none', () => ({ startsAt: 'tomorrow' })],
    ['a start before 1970', () => ({ startsAt: '1969-12-31T23:00:00Z', endsAt: '1969-12-31T23:30:00Z' })],
    ['a capacity of 0', () => ({ capacity: 0 })],
    ['a capacity of −1', () => ({ capacity: -1 })],
    ['a capacity of 10,001', () => ({ capacity: 10_001 })],
    ['a capacity of 2³¹', () => ({ capacity: 2_147_483_648 })],
    ['a capacity of 1.5', () => ({ capacity: 1.5 })],
    ['an empty title', () => title('')],
    ['a title of blanks', () => title('   ')],
    ['a title of zero-width characters', () => title('\u200b\u200d\ufeff')],
    ['a title of blank letters', () => title('\u3164\u2800')],
    ['a title with half a surrogate pair', () => title('chess\ud800')],
    ['a title with NUL', () => title('che\0ss')],
    ['a title with a line break', () => title('chess\nchess')],
    ['a title turned around', () => title('chess \u202esseh')],
    ['a title of 51 characters', () => title('x'.repeat(51))],
    ['a title of accents', () => title(`a${'\u0301'.repeat(10_000)}`)],
    ['no emoji', () => ({ emoji: '' })],
    ['two emoji', () => ({ emoji: '🎲🎲' })],
    ['a letter for an emoji', () => ({ emoji: 'x' })],
    ['an emoji with NUL', () => ({ emoji: '🎲\0' })],
    ['a description of 1001 characters', () => ({ description: 'x'.repeat(1001) })],
    ['a description with half a pair', () => ({ description: '\udc00' })],
    ['a switch that is a number', () => ({ archiveMessages: 1 })],
  ]
  test.each(badEvents)('an event with %s is refused, and nothing is written', async (_what, more) => {
    const before = await rows('events')
    expect(outcomeOf(await owner.call('createEvent', 'event', owner.eventInput(venueId, more())))).toBe(
      'BAD_USER_INPUT',
    )
    const row = await rowOf(eventId)
    expect(outcomeOf(await owner.call('updateEvent', 'event', { eventId, ...more() }))).toBe('BAD_USER_INPUT')
    expect([await rows('events'), await rowOf(eventId)]).toEqual([before, row])
  })

  const badVenues: [string, object][] = [
    ['a latitude of 90.0001', { latitude: 90.0001 }],
    ['a latitude of −91', { latitude: -91 }],
    ['a latitude that is a text', { latitude: '47.37' }],
    ['a latitude that is NaN as a text', { latitude: 'NaN' }],
    ['a latitude that is a list', { latitude: [47.37] }],
    ['a latitude that is true', { latitude: true }],
    ['a longitude of 180.0001', { longitude: 180.0001 }],
    ['a longitude of −181', { longitude: -181 }],
    ['an empty name', { name: '' }],
    ['a name of zero-width characters', { name: '\u200b\u2060' }],
    ['a name with NUL', { name: 'a\0b' }],
    ['a name with half a pair', { name: '\ud800' }],
    ['a name of 81 characters', { name: 'x'.repeat(81) }],
    ['an address of 201 characters', { address: 'x'.repeat(201) }],
    [
      'a campus that is not there',
      { campusId: Buffer.from('Campus:01900000-0000-7000-8000-000000000000').toString('base64') },
    ],
    ['a campus that is no uuid', { campusId: Buffer.from('Campus:1').toString('base64') }],
    [
      'a campus that is a venue',
      { campusId: Buffer.from('Venue:01900000-0000-7000-8000-000000000000').toString('base64') },
    ],
  ]
  test.each(badVenues)('a venue with %s is refused, and nothing is written', async (_what, more) => {
    const [before, venue] = [await rows('venues'), await ask(app, venueDocument, { id: venueId })]
    expect(outcomeOf(await owner.call('createVenue', 'venue', owner.venueInput(more)))).toBe('BAD_USER_INPUT')
    expect(outcomeOf(await owner.call('updateVenue', 'venue', { venueId, ...more }))).toBe('BAD_USER_INPUT')
    expect([await rows('venues'), (await ask(app, venueDocument, { id: venueId })).data]).toEqual([before, venue.data])
  })

  test.each(['NaN', 'Infinity', '-Infinity', '1e400', '-1e400', '"47"', 'true', 'null', '90.0001', '[1]'])(
    'a latitude of %s, written in the document, is refused',
    async (latitude) => {
      const before = await rows('venues')
      const answer = await raw(
        `mutation { createVenue(input: { clientId: "${newClientId()}", name: "x", latitude: ${latitude}, longitude: 8 }) { __typename } }`,
      )
      expect(['BAD_USER_INPUT', 'BAD_REQUEST']).toContain(codeOf(answer))
      expect(await rows('venues')).toBe(before)
    },
  )

  test.each([85.06, -85.06, 90, -90])('a venue at %d is beyond the live map, and told so by type', async (latitude) => {
    const before = await rows('venues')
    const { data } = await owner.call('createVenue', 'venue', owner.venueInput({ latitude }))
    expect(data?.['createVenue']).toMatchObject({ __typename: 'LatitudeOutOfRangeError', code: 'BAD_USER_INPUT' })
    const moved = await owner.call('updateVenue', 'venue', { venueId, latitude })
    expect(moved.data?.['updateVenue']).toMatchObject({ __typename: 'LatitudeOutOfRangeError' })
    expect(await rows('venues')).toBe(before)
  })

  test('−0 is 0, and the edges of the map are on it', async () => {
    const node = async (more: object) => {
      const { data } = await owner.call('createVenue', 'venue', owner.venueInput(more))
      return data?.['createVenue']?.venue as unknown as { latitude: number; longitude: number }
    }
    const zero = await node({ latitude: -0, longitude: -0 })
    expect([Object.is(zero.latitude, 0), Object.is(zero.longitude, 0)]).toEqual([true, true])
    expect(await node({ latitude: 85.05, longitude: -180 })).toMatchObject({ latitude: 85.05, longitude: -180 })
  })

  test.each([
    '',
    'x',
    'Venue:1',
    Buffer.from('Venue:1').toString('base64'),
    Buffer.from('Device:1').toString('base64'),
  ])('an id of %j is refused', async (id) => {
    const code = outcomeOf(await ask(app, venueDocument, { id }))
    expect(['BAD_USER_INPUT', 'NOT_FOUND']).toContain(code)
  })

  test.each(['short', 'x'.repeat(65), 'with blanks in it', 'with\0nul-in-it'])(
    'a client id of %j is refused',
    async (clientId) => {
      expect(outcomeOf(await owner.call('createVenue', 'venue', owner.venueInput({ clientId })))).toBe('BAD_USER_INPUT')
      expect(outcomeOf(await owner.call('createEvent', 'event', owner.eventInput(venueId, { clientId })))).toBe(
        'BAD_USER_INPUT',
      )
    },
  )

  test('the field at fault is named', async () => {
    const answer = await owner.call('createEvent', 'event', owner.eventInput(venueId, { endsAt: iso(300 * dayMs) }))
    expect(answer.errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', field: 'endsAt' })
    expect(answer.errors?.[0]?.message).toContain('24 hours')
  })
})

describe('lists', () => {
  type Page = { edges: { cursor: string; node: { id: string; name: string } }[]; pageInfo: Record<string, unknown> }
  const walk = async (query: string, field: string, variables: object, token?: string) => {
    const seen: string[] = []
    let after: string | null = null
    for (let pages = 0; pages < 50; pages += 1) {
      const answer: Awaited<ReturnType<typeof ask<Record<string, Page>>>> = await ask(
        app,
        query,
        { ...variables, after },
        { token },
      )
      const page: Page | undefined = answer.data?.[field]
      if (!page) throw new Error(JSON.stringify(answer.errors))
      seen.push(...page.edges.map(({ node }) => node.id))
      if (!page.pageInfo['hasNextPage']) return seen
      after = page.pageInfo['endCursor'] as string
    }
    throw new Error('The list does not end.')
  }
  const pageInfo = 'pageInfo { hasNextPage hasPreviousPage endCursor startCursor }'
  const pageFields = `edges { cursor node { id name } } ${pageInfo}`

  test('the nearest venues come first, across the antimeridian too, and a page never repeats or skips one', async () => {
    const list = await createOrganizer(app)
    // Metres east of a point on the 180th meridian: some lie on its other side.
    const metres = [100, -200, 300, -400, 5000, -30_000, 49_000]
    const made: { metres: number; id: string }[] = []
    for (const east of metres) {
      const longitude = 179.999 + east / 111_195
      const { id } = await list.venue({ latitude: 0, longitude: longitude > 180 ? longitude - 360 : longitude })
      made.push({ metres: east, id })
    }
    await list.venue({ latitude: 0.46, longitude: 179.999 })
    const query = `query ($after: String) { venues(near: { latitude: 0, longitude: 179.999 }, first: 2, after: $after) { ${pageFields} } }`
    const expected = [...made].sort((a, b) => Math.abs(a.metres) - Math.abs(b.metres)).map(({ id }) => id)
    expect(await walk(query, 'venues', {})).toEqual(expected)
  })

  test('my venues and events page both ways, newest first', async () => {
    const list = await createOrganizer(app)
    const ids: string[] = []
    for (let i = 0; i < 7; i += 1) {
      ids.unshift((await list.venue({ name: `Place ${i}` })).id)
      app.clock.advance(i % 2)
    }
    const query = `query ($after: String) { myVenues(first: 3, after: $after) { ${pageFields} } }`
    expect((await walk(query, 'myVenues', {}, list.token)).sort()).toEqual([...ids].sort())
    const whole = await walk(
      `query ($after: String) { myVenues(after: $after) { ${pageFields} } }`,
      'myVenues',
      {},
      list.token,
    )
    expect(await walk(query, 'myVenues', {}, list.token)).toEqual(whole)
    const last = await ask<{ myVenues: Page }>(
      app,
      `{ myVenues(last: 3) { ${pageFields} } }`,
      {},
      { token: list.token },
    )
    expect(last.data?.myVenues.edges.map(({ node }) => node.id)).toEqual(whole.slice(-3))
    const before = await ask<{ myVenues: Page }>(
      app,
      `query ($before: String) { myVenues(last: 2, before: $before) { ${pageFields} } }`,
      { before: last.data?.myVenues.pageInfo['startCursor'] },
      { token: list.token },
    )
    expect(before.data?.myVenues.edges.map(({ node }) => node.id)).toEqual(whole.slice(2, 4))
  })

  test('a page of a hundred with six fields each is not too costly', async () => {
    const query = `{ venues(first: 100) { edges { cursor node { id name address latitude longitude updatedAt } } ${pageInfo} } }`
    expect((await ask<{ venues: Page }>(app, query)).data?.venues.edges.length).toBeGreaterThan(20)
  })

  test('a cursor of another list, a page of none and one of 101 are refused', async () => {
    const query = `query ($after: String, $first: Int) { venues(first: $first, after: $after) { ${pageFields} } }`
    const { data } = await ask<{ venues: Page }>(app, query)
    const cursor = data?.venues.edges[0]?.cursor
    const nearQuery = `query ($after: String, $near: NearInput) { venues(near: $near, after: $after) { ${pageFields} } }`
    const near = { latitude: 47.37, longitude: 8.54 }
    expect(codeOf(await ask(app, query, { after: cursor }))).toBeUndefined()
    expect(codeOf(await ask(app, nearQuery, { after: cursor, near }))).toBe('BAD_USER_INPUT')
    const mine = `query ($after: String) { myVenues(after: $after) { ${pageFields} } }`
    expect(codeOf(await ask(app, mine, { after: cursor }, { token: owner.token }))).toBe('BAD_USER_INPUT')
    for (const after of ['', 'x', 'a'.repeat(500), '🎲'])
      expect(codeOf(await ask(app, query, { after }))).toBe('BAD_USER_INPUT')
    for (const first of [0, -1, 101]) expect(codeOf(await ask(app, query, { first }))).toBe('BAD_USER_INPUT')
    expect(codeOf(await ask(app, nearQuery, { near: { latitude: 90.0001, longitude: 0 } }))).toBe('BAD_USER_INPUT')
  })

  test('the events of many venues are what is published and to come, read at once', async () => {
    const list = await createOrganizer(app)
    const expected: Record<string, string[]> = {}
    for (let i = 0; i < 3; i += 1) {
      const venue = await list.venue()
      expected[venue.id] = []
      for (const startMs of [3 * hourMs, hourMs, 2 * hourMs]) {
        const { id } = await list.event(venue.id, { startsAt: iso(startMs), endsAt: iso(startMs + hourMs) })
        await list.publish(id)
        expected[venue.id]?.push(id)
      }
      await list.event(venue.id)
      const cancelled = await list.event(venue.id)
      await list.publish(cancelled.id)
      await list.cancel(cancelled.id)
    }
    const asked: string[] = []
    const { pool } = app.postgres
    const real = pool.query.bind(pool)
    const spy = jest.spyOn(pool, 'query').mockImplementation(((statement: { name?: string }, ...rest: unknown[]) => {
      if (statement.name) asked.push(statement.name)
      return (real as (...all: unknown[]) => unknown)(statement, ...rest)
    }) as never)
    const query = `{ myVenues { edges { node { id campus { id } events(first: 2) { edges { cursor node { id venue { id } } } pageInfo { hasNextPage } } } } } }`
    type Shown = {
      myVenues: {
        edges: { node: { id: string; events: { edges: { node: { id: string; venue: { id: string } } }[] } } }[]
      }
    }
    const { data } = await ask<Shown>(app, query, {}, { token: list.token })
    spy.mockRestore()
    expect(data?.myVenues.edges).toHaveLength(3)
    for (const { node } of data?.myVenues.edges ?? []) {
      const [third, first, second] = expected[node.id] ?? []
      expect(third).toBeDefined()
      expect(node.events.edges.map((edge) => edge.node)).toEqual(
        [first, second].map((id) => ({ id, venue: { id: node.id } })),
      )
    }
    expect(asked.filter((name) => name.startsWith('places-'))).toEqual([
      'places-venues-owner-desc',
      'places-events-venues-asc',
      'places-venues',
    ])
  })
})

test('a change that waits too long for another one is refused as unavailable, with nothing written, and can be repeated', async () => {
  const { id } = await owner.event((await owner.venue()).id)
  const before = await rowOf(id)
  const client = await app.postgres.pool.connect()
  await client.query('begin')
  await client.query('select 1 from events where id = $1 for update', [rawId(id)])
  expect(outcomeOf(await owner.publish(id))).toBe('UNAVAILABLE')
  await client.query('rollback')
  client.release()
  expect(await rowOf(id)).toEqual(before)
  expect(await jobsOf(id)).toBe(0)
  expect(outcomeOf(await owner.publish(id))).toBe('PublishEventPayload')
})

describe('two nodes', () => {
  test('a thousand publications and cancellations at once leave one consistent outcome each', async () => {
    const second = await app.node()
    const venue = await owner.venue()
    const outcomes = new Set<string>()
    for (let batch = 0; batch < 25; batch += 1) {
      const { id } = await owner.event(venue.id)
      const answers = await Promise.all(
        Array.from({ length: 40 }, (_, i) => {
          const on = i % 2 === 0 ? app : second
          return (i + batch) % 4 < 2 ? owner.publish(id, on) : owner.cancel(id, on)
        }),
      )
      const row = await rowOf(id)
      const cancelled = answers.filter((answer) => outcomeOf(answer) === 'CancelEventPayload').length
      const published = answers.filter((answer) => outcomeOf(answer) === 'PublishEventPayload').length
      const refused = answers.filter((answer) => outcomeOf(answer) === 'CONFLICT').length
      expect(answers.filter(({ errors }) => errors)).toEqual([])
      expect({ cancelled, total: published + refused + cancelled }).toEqual({ cancelled: 20, total: 40 })
      // Published and then cancelled, or cancelled before anybody published: each happened once.
      const wasPublished = published > 0
      expect(row).toMatchObject({ status: 'CANCELLED', version: wasPublished ? 3 : 2 })
      expect(row.published_at !== null).toBe(wasPublished)
      expect(await jobsOf(id)).toBe(wasPublished ? 1 : 0)
      const projection = await app.services.places.projection(rawId(id))
      if (wasPublished) expect(projection).toMatchObject({ version: 3, cancelled: true })
      else expect(projection).toBeUndefined()
      outcomes.add(wasPublished ? 'published' : 'never')
    }
    expect(outcomes.size).toBeGreaterThan(0)
  }, 60_000)

  test('a venue is removed, or an event there is published, never both', async () => {
    const second = await app.node()
    for (let round = 0; round < 20; round += 1) {
      const venue = await owner.venue()
      const { id } = await owner.event(venue.id)
      const [removed, published] = await Promise.all([
        owner.call('removeVenue', 'venueId', { venueId: venue.id }, round % 2 ? app : second),
        owner.publish(id, round % 2 ? second : app),
      ])
      const done = [outcomeOf(removed) === 'RemoveVenuePayload', outcomeOf(published) === 'PublishEventPayload']
      expect(done.filter(Boolean)).toHaveLength(1)
    }
  })
})

test('an organizer who makes too much is told when to go on', async () => {
  const limited = await createTestApp({ RATE_LIMITS: 'on' })
  const busy = await createOrganizer(limited)
  for (let i = 0; i < 60; i += 1) await busy.venue()
  const refused = await busy.call('createVenue', 'venue', busy.venueInput())
  expect(refused.errors?.[0]?.extensions).toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: expect.any(Number) })
})
