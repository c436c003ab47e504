import { builder } from '../../graphql/builder.ts'
import { pageSize } from '../../graphql/pagination.ts'
import { phone } from '../../graphql/phone.ts'
import { RadiusBandEnum } from '../presence/schema.ts'
import type { ActivityCluster, NearbyPage } from './index.ts'
import { ActivityType, pageInfoOf } from './schema.ts'

const NearbyActivityEdge = builder.edgeObject({
  type: ActivityType,
  name: 'NearbyActivityEdge',
  description: 'An activity, and how near it is.',
})

builder.objectField(NearbyActivityEdge, 'band', (t) =>
  t.field({
    type: RadiusBandEnum,
    description: 'How near it is to you.',
    resolve: (edge) => (edge as NearbyPage['edges'][number]).band,
  }),
)

const NearbyActivityConnection = builder.connectionObject(
  { type: ActivityType, name: 'NearbyActivityConnection', description: 'Activities around you, best first.' },
  NearbyActivityEdge,
)

const ActivityClusterType = builder.objectRef<ActivityCluster>('ActivityCluster').implement({
  description: 'The activities of one square of a map, as a number.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Names the square: the same in every answer.' }),
    latitude: t.expose('latitude', { type: 'Latitude', description: 'The middle of the square.' }),
    longitude: t.expose('longitude', { type: 'Longitude', description: 'The middle of the square.' }),
    count: t.exposeInt('count', { description: 'How many.' }),
    zoom: t.exposeInt('zoom', { description: 'The zoom level whose tile the square is.' }),
  }),
})

const MapBoundsInput = builder.inputType('MapBoundsInput', {
  description: 'A rectangle of a map. With `west` greater than `east` it crosses the antimeridian.',
  fields: (t) => ({
    south: t.field({ type: 'Latitude', required: true, description: 'Its lower edge.' }),
    west: t.field({ type: 'Longitude', required: true, description: 'Its left edge.' }),
    north: t.field({ type: 'Latitude', required: true, description: 'Its upper edge.' }),
    east: t.field({ type: 'Longitude', required: true, description: 'Its right edge.' }),
  }),
})

builder.queryFields((t) => ({
  nearbyActivities: t.field({
    type: NearbyActivityConnection,
    authScopes: { device: true },
    complexity: pageSize.cost,
    args: {
      radius: t.arg({ type: RadiusBandEnum, required: true, description: 'How far to look. Not IN_REACH.' }),
      first: t.arg.int({ description: '1 to 100, 20 if not given.' }),
      after: t.arg.string({ description: 'The cursor of the last one you have.' }),
    },
    description:
      'Activities around you, by nearness, freshness and how many joined. Needs a presence. One that nobody has joined is shown within 200 m only. Of more than 500 the nearest bands are ranked.',
    resolve: async (_root, args, { services, viewer }) => {
      const { first } = pageSize.checked(args)
      const page = await services.activities.nearby(phone(viewer).deviceId, {
        radius: args.radius,
        first: first ?? pageSize.default,
        after: args.after,
      })
      return { edges: page.edges, pageInfo: pageInfoOf(page, args.after) }
    },
  }),
  activityClusters: t.field({
    type: [ActivityClusterType],
    authScopes: { device: true },
    complexity: () => pageSize.cost({ first: pageSize.max }),
    args: {
      bounds: t.arg({ type: MapBoundsInput, required: true, description: 'What the map shows.' }),
      zoom: t.arg.int({ required: true, description: 'The map’s zoom level, 0 to 21.' }),
    },
    description:
      'How many activities are where on a map: those that somebody has joined, and those of venues. Squares without any are left out. Bounds with more than 2,000 squares are refused.',
    resolve: (_root, { bounds, zoom }, { services, viewer }) =>
      services.activities.clusters(phone(viewer).deviceId, bounds, zoom),
  }),
}))
