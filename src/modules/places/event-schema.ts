import { builder } from '../../graphql/builder.ts'
import { clientId, clientIdDescription } from '../../graphql/client-id.ts'
import { ErrorInterface } from '../../graphql/interfaces.ts'
import { loadersOf } from '../../graphql/loaders.ts'
import { organizer } from '../../graphql/organizer.ts'
import { keysetConnection, pageSize } from '../../graphql/pagination.ts'
import { IdempotencyMismatchError } from '../../platform/errors.ts'
import { LatitudeOutOfRangeError } from '../../platform/geo/errors.ts'
import { gateErrors } from '../gate/schema.ts'
import { type EventState, EventStateError, type PlaceEvent } from './index.ts'
import { VenueType } from './schema.ts'

const EventStateEnum = builder.enumType('EventState', {
  description: 'Where an event is in its life. `LIVE` and `ENDED` come with the clock.',
  values: {
    DRAFT: { description: 'Seen by its owner only.' },
    PUBLISHED: { description: 'Everybody may know of it; it has not begun.' },
    LIVE: { description: 'It is going on.' },
    ENDED: { description: 'It is over.' },
    ARCHIVED: { description: 'It is over, and what is kept of it is kept.' },
    CANCELLED: { description: 'Its owner called it off.' },
  } satisfies Record<EventState, { description: string }>,
})

builder.objectType(EventStateError, {
  name: 'EventStateError',
  description: 'This cannot be done to an event in its state.',
  interfaces: [ErrorInterface],
  fields: (t) => ({ state: t.expose('state', { type: EventStateEnum, description: 'The state it is in.' }) }),
})

export const EventType = builder.objectRef<PlaceEvent>('Event')
const ownerOnly = 'Once it is archived, for its owner; null otherwise.'

builder.node(EventType, {
  description: 'Something that happens at a venue. A draft is seen by its owner only.',
  fields: (t) => ({
    title: t.exposeString('title', { description: '1 to 50 characters.' }),
    emoji: t.exposeString('emoji', { description: 'One emoji.' }),
    description: t.exposeString('description', { nullable: true, description: 'What it is about.' }),
    state: t.expose('state', { type: EventStateEnum, description: 'Where it is in its life, as of now.' }),
    startsAt: t.expose('startsAt', { type: 'DateTime', description: 'When it begins.' }),
    endsAt: t.expose('endsAt', { type: 'DateTime', description: 'When it ends.' }),
    capacity: t.exposeInt('capacity', { nullable: true, description: 'How many can join; null for no limit.' }),
    archiveMessages: t.exposeBoolean('archiveMessages', {
      description: 'Whether what is said there is kept for its organizer after it is over.',
    }),
    venue: t.field({
      type: VenueType,
      nullable: true,
      description: 'Where it is; null once the venue was removed.',
      resolve: ({ venueId }, _args, context) => loadersOf(context).venue.load(venueId),
    }),
    joins: t.int({
      nullable: true,
      description: `How many joined. ${ownerOnly}`,
      resolve: (event, _args, { viewer }) => (event.ownerId === viewer?.accountId ? event.joins : null),
    }),
    messages: t.int({
      nullable: true,
      description: `How many messages were sent. ${ownerOnly}`,
      resolve: (event, _args, { viewer }) => (event.ownerId === viewer?.accountId ? event.messages : null),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was drafted.' }),
    publishedAt: t.expose('publishedAt', { type: 'DateTime', nullable: true, description: 'When it was published.' }),
    cancelledAt: t.expose('cancelledAt', { type: 'DateTime', nullable: true, description: 'When it was called off.' }),
    archivedAt: t.expose('archivedAt', { type: 'DateTime', nullable: true, description: 'When it was archived.' }),
  }),
  id: { resolve: ({ id }) => id },
  isTypeOf: (value) => typeof value === 'object' && value !== null && 'archiveMessages' in value,
  loadMany: async (ids, { services, viewer }) => {
    const found = await services.places.eventsById(viewer?.accountId ?? null, ids)
    return ids.map((id) => found.get(id) ?? null)
  },
})

builder.objectField(VenueType, 'events', (t) =>
  t.connection({
    type: EventType,
    complexity: pageSize.cost,
    description: 'Published events there that are not over, the next first. `first` and `last` are at most 100.',
    resolve: ({ id }, args, context) =>
      keysetConnection(args, (page) => loadersOf(context).eventsAt.load({ venueId: id, page })),
  }),
)

const times = 'It starts at most 90 days ahead and lasts at most 24 hours, like everything on the live map.'
const CreateEventInput = builder.inputType('CreateEventInput', {
  description: 'What a new event is made of.',
  fields: (t) => ({
    clientId: t.string({ required: true, validate: clientId, description: clientIdDescription('event') }),
    venueId: t.globalID({ for: VenueType, required: true, description: 'A venue of your own.' }),
    title: t.string({ required: true, description: '1 to 50 characters.' }),
    emoji: t.string({ required: true, description: 'One emoji.' }),
    description: t.string({ description: 'At most 1000 characters.' }),
    startsAt: t.field({ type: 'DateTime', required: true, description: `When it begins. ${times}` }),
    endsAt: t.field({ type: 'DateTime', required: true, description: 'When it ends.' }),
    capacity: t.int({ description: 'How many can join, 1 to 10,000; without it there is no limit.' }),
    archiveMessages: t.boolean({
      description: 'Whether what is said there is kept after it is over. Otherwise it is erased.',
    }),
  }),
})
const UpdateEventInput = builder.inputType('UpdateEventInput', {
  description: 'What to change. What is not named stays; null clears what may be empty.',
  fields: (t) => ({
    eventId: t.globalID({ for: EventType, required: true, description: 'Which event.' }),
    title: t.string({ description: '1 to 50 characters.' }),
    emoji: t.string({ description: 'One emoji.' }),
    description: t.string({ description: 'At most 1000 characters.' }),
    startsAt: t.field({ type: 'DateTime', description: `When it begins, until it has begun. ${times}` }),
    endsAt: t.field({ type: 'DateTime', description: 'When it ends.' }),
    capacity: t.int({ description: 'How many can join, 1 to 10,000; null for no limit.' }),
    archiveMessages: t.boolean({ description: 'Whether what is said there is kept after it is over.' }),
  }),
})
const chosen = (name: string, description: string) =>
  builder.inputType(name, {
    description,
    fields: (t) => ({ eventId: t.globalID({ for: EventType, required: true, description: 'Its id.' }) }),
  })
const PublishEventInput = chosen('PublishEventInput', 'Which event to publish.')
const CancelEventInput = chosen('CancelEventInput', 'Which event to call off.')

const payload = (name: string, description: string) =>
  builder.objectRef<{ event: PlaceEvent }>(name).implement({
    description,
    fields: (t) => ({ event: t.expose('event', { type: EventType, description: 'The event as it is now.' }) }),
  })
const CreateEventPayload = payload('CreateEventPayload', 'The new draft, or the event that this client id has made.')
const UpdateEventPayload = payload('UpdateEventPayload', 'The event is changed.')
const PublishEventPayload = payload('PublishEventPayload', 'The event is published.')
const CancelEventPayload = payload('CancelEventPayload', 'The event is called off.')

builder.queryFields((t) => ({
  event: t.field({
    type: EventType,
    nullable: true,
    args: { id: t.arg.globalID({ for: EventType, required: true, description: 'Its id.' }) },
    description: 'An event. One that is not there, or a draft of somebody else, is refused with NOT_FOUND.',
    resolve: (_root, { id }, { services, viewer }) => services.places.event(viewer?.accountId ?? null, id.id),
  }),
  myEvents: t.connection({
    type: EventType,
    nullable: true,
    authScopes: { organizer: true },
    complexity: pageSize.cost,
    description: 'Your own events in every state, the latest start first. For ORGANIZER.',
    resolve: (_root, args, { services, viewer }) =>
      keysetConnection(args, (page) => services.places.eventsOf(organizer(viewer), page)),
  }),
}))

builder.mutationFields((t) => ({
  createEvent: t.field({
    type: CreateEventPayload,
    nullable: true,
    authScopes: { organizer: true },
    errors: {
      types: [...gateErrors, IdempotencyMismatchError],
      union: { name: 'CreateEventResult', description: 'What `createEvent` answers.' },
    },
    args: { input: t.arg({ type: CreateEventInput, required: true, description: 'The event.' }) },
    description: 'Drafts an event at a venue of your own, for ORGANIZER. Nobody else sees it yet. At most 120 an hour.',
    resolve: async (_root, { input }, { services, viewer }) => ({
      event: await services.places.createEvent(organizer(viewer), {
        ...input,
        venueId: input.venueId.id,
        description: input.description ?? null,
        capacity: input.capacity ?? null,
        archiveMessages: input.archiveMessages ?? false,
      }),
    }),
  }),
  updateEvent: t.field({
    type: UpdateEventPayload,
    nullable: true,
    authScopes: { organizer: true },
    errors: {
      types: [...gateErrors, EventStateError],
      union: { name: 'UpdateEventResult', description: 'What `updateEvent` answers.' },
    },
    args: { input: t.arg({ type: UpdateEventInput, required: true, description: 'What to change.' }) },
    description: 'Changes an event of your own until it is over. Repeating it is safe. At most 600 changes an hour.',
    resolve: async (_root, { input: { eventId, ...changes } }, { services, viewer }) => ({
      event: await services.places.updateEvent(organizer(viewer), eventId.id, changes),
    }),
  }),
  publishEvent: t.field({
    type: PublishEventPayload,
    nullable: true,
    authScopes: { organizer: true },
    errors: {
      types: [...gateErrors, EventStateError, LatitudeOutOfRangeError],
      union: { name: 'PublishEventResult', description: 'What `publishEvent` answers.' },
    },
    args: { input: t.arg({ type: PublishEventInput, required: true, description: 'Which one.' }) },
    description: 'Shows a draft of your own to everybody, and puts it on the live map. Repeating it is safe.',
    resolve: async (_root, { input }, { services, viewer }) => ({
      event: await services.places.publishEvent(organizer(viewer), input.eventId.id),
    }),
  }),
  cancelEvent: t.field({
    type: CancelEventPayload,
    nullable: true,
    authScopes: { organizer: true },
    errors: {
      types: [EventStateError],
      union: { name: 'CancelEventResult', description: 'What `cancelEvent` answers.' },
    },
    args: { input: t.arg({ type: CancelEventInput, required: true, description: 'Which one.' }) },
    description: 'Calls an event of your own off, before it is over. Repeating it is safe.',
    resolve: async (_root, { input }, { services, viewer }) => ({
      event: await services.places.cancelEvent(organizer(viewer), input.eventId.id),
    }),
  }),
}))
