import { builder } from '../../graphql/builder.ts'
import { loadersOf } from '../../graphql/loaders.ts'
import { pageSize } from '../../graphql/pagination.ts'
import { perViewer } from '../../graphql/per-viewer.ts'
import { phone } from '../../graphql/phone.ts'
import { RadiusBandEnum } from '../presence/schema.ts'
import {
  type Activity,
  type ActivityKind,
  type ActivityState,
  type Attendee,
  type AttendeePage,
  type Found,
  stateOf,
} from './index.ts'

const ActivityKindEnum = builder.enumType('ActivityKind', {
  description: 'Where an activity comes from.',
  values: {
    SPONTANEOUS: { description: 'Somebody started it. Until another joins it is shown within 200 m only.' },
    VENUE: { description: 'An organizer put it on the map.' },
  } satisfies Record<ActivityKind, { description: string }>,
})

const ActivityStateEnum = builder.enumType('ActivityState', {
  description: 'Where an activity is in its life.',
  values: {
    SCHEDULED: { description: 'It has not begun. One can join already.' },
    LIVE: { description: 'It is going on.' },
    ENDED: { description: 'Its time is over. It is erased soon.' },
    CANCELLED: { description: 'Its host called it off. It is erased soon.' },
  } satisfies Record<ActivityState, { description: string }>,
})

const PlaceType = builder.objectRef<{ latitude: number; longitude: number }>('Place').implement({
  description: 'Where an activity is: the middle of a cell of about 110 m, or the position that a venue publishes.',
  fields: (t) => ({
    latitude: t.expose('latitude', { type: 'Latitude', description: 'Degrees north.' }),
    longitude: t.expose('longitude', { type: 'Longitude', description: 'Degrees east.' }),
  }),
})

export const AttendeeType = builder.objectRef<Attendee>('Attendee').implement({
  description: 'Somebody in an activity. Named for this activity only: the same person is called otherwise elsewhere.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'The same for everybody in this activity, and in no other.' }),
    displayName: t.exposeString('displayName', { nullable: true, description: 'As they want to be shown here.' }),
    joinedAt: t.expose('joinedAt', { type: 'DateTime', description: 'Since when.' }),
    isHost: t.exposeBoolean('isHost', { description: 'Whether they started it.' }),
    isViewer: t.boolean({
      extensions: perViewer,
      description: 'Whether this is you.',
      resolve: ({ personId }, _args, { viewer }) => viewer?.deviceId === personId,
    }),
  }),
})

const AttendeeConnection = builder.connectionObject({
  type: AttendeeType,
  name: 'AttendeeConnection',
  description: 'People in an activity.',
})

export const ActivityType = builder.objectRef<Found>('Activity')

builder.node(ActivityType, {
  description: 'A gathering at a place, gone with everything said there soon after its end.',
  fields: (t) => ({
    title: t.exposeString('title', { description: '1 to 50 characters.' }),
    emoji: t.exposeString('emoji', { description: 'One emoji.' }),
    kind: t.expose('kind', { type: ActivityKindEnum, description: 'Where it comes from.' }),
    state: t.field({
      type: ActivityStateEnum,
      description: 'Where it is in its life, as of now.',
      resolve: (activity, _args, { services }) => stateOf(activity, services.activities.nowMs()),
    }),
    startsAt: t.field({
      type: 'DateTime',
      description: 'When it begins.',
      resolve: ({ startsAtMs }) => new Date(startsAtMs),
    }),
    endsAt: t.field({ type: 'DateTime', description: 'When it ends.', resolve: ({ endsAtMs }) => new Date(endsAtMs) }),
    createdAt: t.field({
      type: 'DateTime',
      description: 'When it was put on the map.',
      resolve: ({ createdAtMs }) => new Date(createdAtMs),
    }),
    joinCount: t.exposeInt('joins', {
      description: 'Seats taken, whoever sits there. Its host has none.',
    }),
    capacity: t.exposeInt('capacity', { nullable: true, description: 'How many can join; null for no limit.' }),
    seatsLeft: t.int({
      nullable: true,
      description: 'How many more can join; null for no limit.',
      resolve: ({ capacity, joins }) => (capacity === null ? null : Math.max(0, capacity - joins)),
    }),
    place: t.field({ type: PlaceType, description: 'Where it is.', resolve: (activity) => activity }),
    band: t.field({
      type: RadiusBandEnum,
      nullable: true,
      extensions: perViewer,
      description: 'How near it is to you; null from 50 km on, and while you have no presence.',
      resolve: (activity, _args, context) =>
        activity.band === undefined ? loadersOf(context).activityBand.load(activity) : activity.band,
    }),
    viewerIsHost: t.boolean({
      extensions: perViewer,
      description: 'Whether you host it.',
      resolve: ({ hostId }, _args, { viewer }) => viewer?.deviceId === hostId,
    }),
    viewerHasJoined: t.boolean({
      extensions: perViewer,
      description: 'Whether you have a seat.',
      resolve: ({ id }, _args, context) => loadersOf(context).activitySeat.load(id),
    }),
    attendees: t.field({
      type: AttendeeConnection,
      nullable: true,
      extensions: perViewer,
      complexity: pageSize.cost,
      args: {
        first: t.arg.int({ description: '1 to 100, 20 if not given.' }),
        after: t.arg.string({ description: 'The cursor of the last one you have.' }),
      },
      description:
        'Who is there, the host first and then as they joined; null unless you have joined or host it. Who hides is not listed.',
      resolve: async (activity, args, { services, viewer }) => {
        const { first } = pageSize.checked(args)
        const page = await services.activities.attendees(phone(viewer).deviceId, activity, {
          first: first ?? pageSize.default,
          after: args.after,
        })
        return page && { edges: page.edges, pageInfo: pageInfoOf(page, args.after) }
      },
    }),
  }),
  id: { resolve: ({ id }) => id },
  isTypeOf: (value) => typeof value === 'object' && value !== null && 'cellId' in value,
  loadMany: async (ids, { services, viewer }) =>
    viewer?.deviceId && viewer.sessionId === null
      ? services.activities.load(viewer.deviceId, ids)
      : ids.map((): Activity | null => null),
})

/** Of a list that is read forwards only. */
export function pageInfoOf(
  { edges, hasNextPage }: Pick<AttendeePage, 'hasNextPage'> & { edges: { cursor: string }[] },
  after: unknown,
) {
  return {
    hasNextPage,
    hasPreviousPage: after != null,
    startCursor: edges[0]?.cursor ?? null,
    endCursor: edges.at(-1)?.cursor ?? null,
  }
}

builder.queryField('activity', (t) =>
  t.field({
    type: ActivityType,
    authScopes: { device: true },
    nullable: true,
    args: { id: t.arg.globalID({ for: ActivityType, required: true, description: 'Its id.' }) },
    description: 'An activity. Null for one that is not there, is gone, or is hidden from you.',
    resolve: async (_root, { id }, { services, viewer }) =>
      (await services.activities.load(phone(viewer).deviceId, [id.id]))[0] ?? null,
  }),
)
