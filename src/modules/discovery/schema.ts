import { builder } from '../../graphql/builder.ts'
import { cursorDescription, memberOf, ReadyType, ResyncType } from '../../graphql/event-stream.ts'
import { loadersOf } from '../../graphql/loaders.ts'
import { pageSize } from '../../graphql/pagination.ts'
import { perViewer } from '../../graphql/per-viewer.ts'
import { phone } from '../../graphql/phone.ts'
import type { Delivery } from '../../platform/delivery/index.ts'
import { ActivityType, pageInfoOf } from '../activities/schema.ts'
import { RadiusBandEnum } from '../presence/schema.ts'
import type { Change, NearbyPerson } from './index.ts'

const NearbyPersonType = builder.objectRef<NearbyPerson>('NearbyPerson').implement({
  description: 'Somebody around you. Nothing finer than the band is told of where they are.',
  fields: (t) => ({
    id: t.exposeID('id', {
      description:
        'What they are called towards you, and nobody else: the same every time. `presence` and `block` take it.',
    }),
    band: t.expose('band', { type: RadiusBandEnum, description: 'How near.' }),
  }),
})

const NearbyPersonConnection = builder.connectionObject({
  type: NearbyPersonType,
  name: 'NearbyPersonConnection',
  description: 'People around you, the nearest band first; inside a band in an order that tells nothing.',
})

builder.queryField('nearbyPeople', (t) =>
  t.field({
    type: NearbyPersonConnection,
    authScopes: { device: true },
    complexity: pageSize.cost,
    args: {
      radius: t.arg({ type: RadiusBandEnum, required: true, description: 'How far to look.' }),
      first: t.arg.int({ description: '1 to 100, 20 if not given.' }),
      after: t.arg.string({
        description: 'The cursor of the last one you have. It counts until the next day is over, UTC.',
      }),
    },
    description:
      'People around you whom you may be shown. Needs a presence. Of more than 1,000 the nearest bands are considered. Follow `nearbyChanged` first, then load this.',
    resolve: async (_root, args, { services, viewer }) => {
      const { first } = pageSize.checked(args)
      const page = await services.discovery.people(phone(viewer).deviceId, {
        radius: args.radius,
        first: first ?? pageSize.default,
        after: args.after,
      })
      return { edges: page.edges, pageInfo: pageInfoOf(page, args.after) }
    },
  }),
)

const NearbyChangeKindEnum = builder.enumType('NearbyChangeKind', {
  description: 'What happened to somebody or something inside your fence.',
  values: {
    ENTERED: { description: 'It is inside now.' },
    STAYED: { description: 'It is still inside, and looks different: another band, or another content.' },
    LEFT: { description: 'It is not inside any more, or not for you.' },
  } satisfies Record<Change['change'], { description: string }>,
})

const NearbyChangeType = builder.objectRef<Change>('NearbyChange').implement({
  description: 'One person or activity, and what its changes of the last second come to.',
  fields: (t) => ({
    change: t.expose('change', { type: NearbyChangeKindEnum, description: 'What happened.' }),
    personId: t.id({
      nullable: true,
      extensions: perViewer,
      description: 'Who, as `NearbyPerson.id`; null for an activity.',
      resolve: ({ kind, id }, _args, { services, viewer }) =>
        kind === 'person' ? services.discovery.namesOf(phone(viewer).deviceId, [id])[0] : null,
    }),
    person: t.field({
      type: NearbyPersonType,
      nullable: true,
      extensions: perViewer,
      description: 'Who, as `nearbyPeople` lists them; null for an activity, and for who left.',
      resolve({ kind, id, view }, _args, { services, viewer }) {
        const [name] = kind === 'person' ? services.discovery.namesOf(phone(viewer).deviceId, [id]) : []
        return name && view ? { id: name, band: view.band } : null
      },
    }),
    activityId: t.globalID({
      nullable: true,
      description: 'Which activity; null for a person.',
      resolve: ({ kind, id }) => (kind === 'activity' ? { type: 'Activity', id } : null),
    }),
    activity: t.field({
      type: ActivityType,
      nullable: true,
      extensions: perViewer,
      description: 'The activity as it is now; null for a person, for what left, and if it has gone meanwhile.',
      resolve: async ({ kind, id, view }, _args, context) => {
        const activity = kind === 'activity' && view ? await loadersOf(context).activity.load(id) : null
        return activity && view ? { ...activity, band: view.band } : null
      },
    }),
    band: t.field({
      type: RadiusBandEnum,
      nullable: true,
      description: 'How near it is to you; null for what left.',
      resolve: ({ view }) => view?.band ?? null,
    }),
  }),
})

type Frame = Delivery<{ changes: Change[] }>

const NearbyChangedType = builder.objectRef<Extract<Frame, { kind: 'event' }>>('NearbyChanged').implement({
  description: 'What has changed around you: at most one a second, with at most 500 changes.',
  fields: (t) => ({
    cursor: t.expose('cursor', {
      type: 'Cursor',
      description: cursorDescription,
    }),
    changes: t.field({
      type: [NearbyChangeType],
      description: 'Each person and activity once.',
      resolve: ({ payload }) => payload.changes,
    }),
  }),
})

const NearbyEvent = builder.unionType('NearbyEvent', {
  description: 'What `nearbyChanged` delivers.',
  types: [ReadyType, NearbyChangedType, ResyncType],
  resolveType: memberOf('NearbyChanged'),
})

builder.subscriptionField('nearbyChanged', (t) =>
  t.field({
    type: NearbyEvent,
    authScopes: { device: true },
    args: {
      radius: t.arg({ type: RadiusBandEnum, required: true, description: 'How far the fence reaches. Not IN_REACH.' }),
      stayed: t.arg.boolean({
        required: true,
        defaultValue: false,
        description: 'Whether to tell also of what stays inside and looks different.',
      }),
      after: t.arg({ type: 'Cursor', required: false, description: 'The last cursor you got, with the same radius.' }),
    },
    description:
      'A fence that goes with you: people and activities that come inside it and leave it, as either side moves. It starts empty: after `Ready` load `nearbyPeople` and `nearbyActivities`. While you have no presence, nothing is inside.',
    subscribe: (_root, { radius, stayed, after }, { services, viewer }) =>
      services.discovery.changes(phone(viewer).deviceId, { radius, stayed, after }),
    resolve: (frame) => frame as never,
  }),
)
