import { builder } from '../../graphql/builder.ts'
import { clientId, clientIdDescription } from '../../graphql/client-id.ts'
import { ErrorInterface } from '../../graphql/interfaces.ts'
import { loadersOf } from '../../graphql/loaders.ts'
import { organizer } from '../../graphql/organizer.ts'
import { keysetConnection, pageSize } from '../../graphql/pagination.ts'
import { IdempotencyMismatchError } from '../../platform/errors.ts'
import { LatitudeOutOfRangeError } from '../../platform/geo/errors.ts'
import { gateErrors } from '../gate/schema.ts'
import { type Campus, type Venue, VenueInUseError } from './index.ts'

builder.objectType(VenueInUseError, {
  name: 'VenueInUseError',
  description: 'The venue has published events that are not over: it is not moved or removed. Cancel them first.',
  interfaces: [ErrorInterface],
})

export const CampusType = builder.objectRef<Campus>('Campus')
export const VenueType = builder.objectRef<Venue>('Venue')

builder.node(CampusType, {
  description: 'A university or the like, with a centre and an e-mail domain. Public.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'What it is called.' }),
    latitude: t.expose('latitude', { type: 'Latitude', description: 'Where its centre is.' }),
    longitude: t.expose('longitude', { type: 'Longitude', description: 'Where its centre is.' }),
    emailDomain: t.exposeString('emailDomain', { description: 'What its e-mail addresses end with: `ethz.ch`.' }),
  }),
  id: { resolve: ({ id }) => id },
  isTypeOf: (value) => typeof value === 'object' && value !== null && 'emailDomain' in value,
  loadMany: async (ids, { services }) => {
    const found = await services.places.campusesById(ids)
    return ids.map((id) => found.get(id) ?? null)
  },
})

builder.node(VenueType, {
  description: 'A lasting place that an organizer put on the map. Public until it is removed.',
  fields: (t) => ({
    name: t.exposeString('name', { description: '1 to 80 characters.' }),
    address: t.exposeString('address', { nullable: true, description: 'How to find it, in words.' }),
    description: t.exposeString('description', { nullable: true, description: 'What it is like.' }),
    latitude: t.expose('latitude', { type: 'Latitude', description: 'Where it is, exactly: a venue is public.' }),
    longitude: t.expose('longitude', { type: 'Longitude', description: 'Where it is.' }),
    campus: t.field({
      type: CampusType,
      nullable: true,
      description: 'The campus it belongs to, if any.',
      resolve: ({ campusId }, _args, context) => (campusId === null ? null : loadersOf(context).campus.load(campusId)),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was put there.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it was last changed.' }),
  }),
  id: { resolve: ({ id }) => id },
  isTypeOf: (value) => typeof value === 'object' && value !== null && 'latitude' in value && 'ownerId' in value,
  loadMany: async (ids, { services, viewer }) => {
    const found = await services.places.venuesById(viewer?.accountId ?? null, ids)
    return ids.map((id) => found.get(id) ?? null)
  },
})

const CreateVenueInput = builder.inputType('CreateVenueInput', {
  description: 'What a new venue is made of.',
  fields: (t) => ({
    clientId: t.string({ required: true, validate: clientId, description: clientIdDescription('venue') }),
    name: t.string({ required: true, description: '1 to 80 characters.' }),
    address: t.string({ description: 'At most 200 characters.' }),
    description: t.string({ description: 'At most 1000 characters.' }),
    latitude: t.field({ type: 'Latitude', required: true, description: 'Within ±85.05, where the live map ends.' }),
    longitude: t.field({ type: 'Longitude', required: true, description: 'Where it is.' }),
    campusId: t.globalID({ for: CampusType, description: 'The campus it belongs to.' }),
  }),
})
const UpdateVenueInput = builder.inputType('UpdateVenueInput', {
  description: 'What to change. What is not named stays; null clears what may be empty.',
  fields: (t) => ({
    venueId: t.globalID({ for: VenueType, required: true, description: 'Which venue.' }),
    name: t.string({ description: '1 to 80 characters.' }),
    address: t.string({ description: 'At most 200 characters.' }),
    description: t.string({ description: 'At most 1000 characters.' }),
    latitude: t.field({ type: 'Latitude', description: 'Not while published events there are not over.' }),
    longitude: t.field({ type: 'Longitude', description: 'Not while published events there are not over.' }),
    campusId: t.globalID({ for: CampusType, description: 'The campus it belongs to.' }),
  }),
})
const RemoveVenueInput = builder.inputType('RemoveVenueInput', {
  description: 'Which venue to remove.',
  fields: (t) => ({ venueId: t.globalID({ for: VenueType, required: true, description: 'Its id.' }) }),
})
const NearInput = builder.inputType('NearInput', {
  description: 'A point to look around. Not kept.',
  fields: (t) => ({
    latitude: t.field({ type: 'Latitude', required: true, description: 'Where.' }),
    longitude: t.field({ type: 'Longitude', required: true, description: 'Where.' }),
  }),
})

const payload = (name: string, description: string) =>
  builder.objectRef<{ venue: Venue }>(name).implement({
    description,
    fields: (t) => ({ venue: t.expose('venue', { type: VenueType, description: 'The venue as it is now.' }) }),
  })
const CreateVenuePayload = payload('CreateVenuePayload', 'The new venue, or the one that this client id has made.')
const UpdateVenuePayload = payload('UpdateVenuePayload', 'The venue is changed.')
const RemoveVenuePayload = builder.objectRef<{ venueId: string }>('RemoveVenuePayload').implement({
  description: 'The venue is removed.',
  fields: (t) => ({
    venueId: t.globalID({
      description: 'The venue that was.',
      resolve: ({ venueId }) => ({ type: 'Venue', id: venueId }),
    }),
  }),
})

builder.queryFields((t) => ({
  venue: t.field({
    type: VenueType,
    nullable: true,
    args: { id: t.arg.globalID({ for: VenueType, required: true, description: 'Its id.' }) },
    description: 'A venue. One that is not there, or was removed, is refused with NOT_FOUND.',
    resolve: (_root, { id }, { services, viewer }) => services.places.venue(viewer?.accountId ?? null, id.id),
  }),
  venues: t.connection({
    type: VenueType,
    complexity: pageSize.cost,
    args: {
      near: t.arg({ type: NearInput, required: false, description: 'Those within 50 km, the nearest first.' }),
      campus: t.arg.globalID({ for: CampusType, required: false, description: 'Those of one campus only.' }),
    },
    description: 'All venues; the newest first unless `near` is given. `first` and `last` are at most 100.',
    resolve: (_root, { near, campus, ...args }, { services, viewer }) =>
      keysetConnection(args, (page) =>
        services.places.venues(viewer?.accountId ?? null, { near: near ?? null, campusId: campus?.id ?? null }, page),
      ),
  }),
  myVenues: t.connection({
    type: VenueType,
    nullable: true,
    authScopes: { organizer: true },
    complexity: pageSize.cost,
    description: 'Your own venues, the newest first. For ORGANIZER.',
    resolve: (_root, args, { services, viewer }) =>
      keysetConnection(args, (page) => services.places.venuesOf(organizer(viewer), page)),
  }),
  campuses: t.connection({
    type: CampusType,
    complexity: pageSize.cost,
    description: 'All campuses, always in the same order.',
    resolve: (_root, args, { services }) => keysetConnection(args, (page) => services.places.campuses(page)),
  }),
}))

builder.mutationFields((t) => ({
  createVenue: t.field({
    type: CreateVenuePayload,
    nullable: true,
    authScopes: { organizer: true },
    errors: {
      types: [...gateErrors, LatitudeOutOfRangeError, IdempotencyMismatchError],
      union: { name: 'CreateVenueResult', description: 'What `createVenue` answers.' },
    },
    args: { input: t.arg({ type: CreateVenueInput, required: true, description: 'The venue.' }) },
    description: 'Puts a venue on the map, for ORGANIZER. At most 60 an hour.',
    resolve: async (_root, { input }, { services, viewer }) => ({
      venue: await services.places.createVenue(organizer(viewer), {
        ...input,
        address: input.address ?? null,
        description: input.description ?? null,
        campusId: input.campusId?.id ?? null,
      }),
    }),
  }),
  updateVenue: t.field({
    type: UpdateVenuePayload,
    nullable: true,
    authScopes: { organizer: true },
    errors: {
      types: [...gateErrors, LatitudeOutOfRangeError, VenueInUseError],
      union: { name: 'UpdateVenueResult', description: 'What `updateVenue` answers.' },
    },
    args: { input: t.arg({ type: UpdateVenueInput, required: true, description: 'What to change.' }) },
    description: 'Changes a venue of your own. Repeating it is safe. At most 300 changes an hour.',
    resolve: async (_root, { input: { venueId, campusId, ...changes } }, { services, viewer }) => ({
      venue: await services.places.updateVenue(organizer(viewer), venueId.id, {
        ...changes,
        campusId: campusId === null ? null : campusId?.id,
      }),
    }),
  }),
  removeVenue: t.field({
    type: RemoveVenuePayload,
    nullable: true,
    authScopes: { organizer: true },
    errors: {
      types: [VenueInUseError],
      union: { name: 'RemoveVenueResult', description: 'What `removeVenue` answers.' },
    },
    args: { input: t.arg({ type: RemoveVenueInput, required: true, description: 'Which one.' }) },
    description: 'Takes a venue of your own off the map, for good. Repeating it is safe.',
    resolve: async (_root, { input }, { services, viewer }) => {
      const { id } = await services.places.removeVenue(organizer(viewer), input.venueId.id)
      return { venueId: id }
    },
  }),
}))
