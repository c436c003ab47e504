import { z } from 'zod'
import { builder } from '../../graphql/builder.ts'
import { ErrorInterface } from '../../graphql/interfaces.ts'
import { phone } from '../../graphql/phone.ts'
import { IdempotencyMismatchError } from '../../platform/errors.ts'
import {
  type Beacon,
  NoOpenSessionError,
  type Session,
  SessionAlreadyOpenError,
  UnknownInterestsError,
} from './index.ts'

// Other modules' fields answer with it too.
export { NoOpenSessionError }

builder.objectType(IdempotencyMismatchError, {
  name: 'IdempotencyMismatchError',
  description: 'This client id was used before with another input. Make a new one for a new wish.',
  interfaces: [ErrorInterface],
})
builder.objectType(SessionAlreadyOpenError, {
  name: 'SessionAlreadyOpenError',
  description: 'The device has an open session already. Close it, or go on with it.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    conflictingId: t.globalID({
      description: 'The open session.',
      resolve: (error) => ({ type: 'Session', id: error.conflictingId }),
    }),
  }),
})
builder.objectType(NoOpenSessionError, {
  name: 'NoOpenSessionError',
  description: 'No session of this device is open: none was opened, or it was closed, or it has ended.',
  interfaces: [ErrorInterface],
})
builder.objectType(UnknownInterestsError, {
  name: 'UnknownInterestsError',
  description: 'Some interests are not in the catalogue, which may have changed. Load it again.',
  interfaces: [ErrorInterface],
  fields: (t) => ({ unknown: t.exposeStringList('unknown', { description: 'The ids that were not found.' }) }),
})

builder.prismaObject('Interest', {
  description: 'Something that two people can have in common. Public: everyone may see the whole catalogue.',
  fields: (t) => ({
    id: t.exposeString('id', { description: 'What `openSession` takes, and what `sharedInterests` shows: `jazz`.' }),
    label: t.exposeString('label', { description: 'English label: `Jazz`.' }),
  }),
})
builder.prismaObject('InterestCategory', {
  description: 'A heading of the catalogue.',
  fields: (t) => ({
    id: t.exposeString('id', { description: '`music`.' }),
    label: t.exposeString('label', { description: 'English label: `Music`.' }),
    interests: t.relation('interests', {
      query: { orderBy: { id: 'asc' } },
      description: 'The interests under it, by id.',
    }),
  }),
})

const BeaconType = builder.objectRef<Beacon>('Beacon').implement({
  description: 'What a phone advertises over Bluetooth during one window.',
  fields: (t) => ({
    value: t.exposeString('value', { description: '16 bytes, as 32 lower-case hexadecimal digits.' }),
    validFrom: t.expose('validFrom', { type: 'DateTime', description: 'Advertise it from here' }),
    validUntil: t.expose('validUntil', {
      type: 'DateTime',
      description: 'to here. It is understood for one window longer.',
    }),
  }),
})

const SessionStateEnum = builder.enumType('SessionState', {
  description: 'Whether a session can still lead to matches.',
  values: {
    OPEN: { description: 'It can.' },
    CLOSED: { description: 'Its device closed it.' },
    EXPIRED: { description: 'Its time is over.' },
  } as const,
})

export const SessionType = builder.objectRef<Session>('Session')

builder.node(SessionType, {
  description: 'A phone that is open to talk. Seen by its own device only, and gone without trace when it is over.',
  fields: (t) => ({
    openedAt: t.expose('openedAt', { type: 'DateTime', description: 'When it was opened.' }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'When it ends, or ended, by itself.' }),
    state: t.expose('state', { type: SessionStateEnum, description: 'Whether it is open.' }),
    beacons: t.field({
      type: [BeaconType],
      description: 'Every beacon of its whole life, in order, one per window. None once it is over.',
      resolve: (session, _args, { services }) => services.sessions.beaconsOf(session),
    }),
  }),
  id: { resolve: ({ id }) => id },
  isTypeOf: (value) => typeof value === 'object' && value !== null && 'openedAt' in value && 'state' in value,
  loadMany: (ids, { services, viewer }) =>
    Promise.all(
      ids.map(async (id) => (viewer?.deviceId ? ((await services.sessions.find(phone(viewer), id)) ?? null) : null)),
    ),
})

const clientId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{8,64}$/, 'A clientId is 8 to 64 characters out of A–Z, a–z, 0–9, _ and -.')

const OpenSessionInput = builder.inputType('OpenSessionInput', {
  description: 'What a new session is made of.',
  fields: (t) => ({
    clientId: t.string({
      required: true,
      validate: clientId,
      description:
        'Made by the client, 8 to 64 characters out of `A–Z a–z 0–9 _ -`. The same one again gives the same session.',
    }),
    interests: t.stringList({
      required: true,
      validate: z.array(z.string().max(64)).max(100),
      description: '1 to 10 ids out of `interestCatalog`.',
    }),
  }),
})
const ExtendSessionInput = builder.inputType('ExtendSessionInput', {
  description: 'Which session to extend.',
  fields: (t) => ({
    sessionId: t.globalID({
      for: SessionType,
      description: 'The open session, if you want to be sure which; otherwise whichever is open.',
    }),
  }),
})
const CloseSessionInput = builder.inputType('CloseSessionInput', {
  description: 'Which session to close.',
  fields: (t) => ({
    sessionId: t.globalID({
      for: SessionType,
      description:
        'Makes repeating safe: a session that is closed already is answered again. Without it, whichever is open.',
    }),
  }),
})

const OpenSessionPayload = builder.objectRef<{ session: Session; secret: string }>('OpenSessionPayload').implement({
  description: 'The new session, or the one that this client id opened before.',
  fields: (t) => ({
    session: t.expose('session', { type: SessionType, description: 'The session.' }),
    secret: t.exposeString('secret', {
      description:
        'A bearer token that speaks for this session and for nothing else: `reportSightings`, `nudges`, `session`, `extendSession`, `closeSession`. For a background task that should not hold the device token. Whoever only hears a beacon can do nothing.',
    }),
    beacons: t.field({
      type: [BeaconType],
      description: 'Every beacon of its whole life, in order, one per window.',
      resolve: ({ session }, _args, { services }) => services.sessions.beaconsOf(session),
    }),
  }),
})
const ExtendSessionPayload = builder.objectRef<{ session: Session }>('ExtendSessionPayload').implement({
  description: 'The session with its new end.',
  fields: (t) => ({
    session: t.expose('session', {
      type: SessionType,
      description: 'The session; its beacons now reach to the new end.',
    }),
    beacons: t.field({
      type: [BeaconType],
      description: 'All its beacons, old and new.',
      resolve: ({ session }, _args, { services }) => services.sessions.beaconsOf(session),
    }),
  }),
})
const CloseSessionPayload = builder.objectRef<{ session: Session }>('CloseSessionPayload').implement({
  description: 'The session as it ended.',
  fields: (t) => ({ session: t.expose('session', { type: SessionType, description: 'The closed session.' }) }),
})

builder.queryFields((t) => ({
  interestCatalog: t.prismaField({
    type: ['InterestCategory'],
    description: 'All interests that a session can name, by category. Changes rarely: cache it for a day.',
    resolve: (query, _root, _args, { prisma }) =>
      prisma.interestCategory.findMany({ ...query, orderBy: { id: 'asc' } }),
  }),
  session: t.field({
    type: SessionType,
    nullable: true,
    authScopes: { session: true },
    description: 'The open session of this device; null when none is open.',
    resolve: async (_root, _args, { services, viewer }) => (await services.sessions.find(phone(viewer))) ?? null,
  }),
}))

builder.mutationFields((t) => ({
  openSession: t.field({
    type: OpenSessionPayload,
    nullable: true,
    authScopes: { device: true },
    errors: {
      types: [SessionAlreadyOpenError, UnknownInterestsError, IdempotencyMismatchError],
      union: { name: 'OpenSessionResult', description: 'What `openSession` answers.' },
    },
    args: { input: t.arg({ type: OpenSessionInput, required: true, description: 'The wish.' }) },
    description: 'Opens this phone to talk for up to two hours. At most 30 an hour.',
    resolve: async (_root, { input }, { services, viewer }) => {
      const session = await services.sessions.open(phone(viewer), input)
      return { session, secret: services.identity.sessionSecret(session.deviceId, session.id) }
    },
  }),
  extendSession: t.field({
    type: ExtendSessionPayload,
    nullable: true,
    authScopes: { session: true },
    errors: {
      types: [NoOpenSessionError],
      union: { name: 'ExtendSessionResult', description: 'What `extendSession` answers.' },
    },
    args: { input: t.arg({ type: ExtendSessionInput, required: true, description: 'Which one.' }) },
    description:
      'Gives the open session its full life again, counted from now, and the beacons for it. At most 60 an hour.',
    resolve: async (_root, { input }, { services, viewer }) => ({
      session: await services.sessions.extend(phone(viewer), input.sessionId?.id ?? null),
    }),
  }),
  closeSession: t.field({
    type: CloseSessionPayload,
    nullable: true,
    authScopes: { session: true },
    errors: {
      types: [NoOpenSessionError],
      union: { name: 'CloseSessionResult', description: 'What `closeSession` answers.' },
    },
    args: { input: t.arg({ type: CloseSessionInput, required: true, description: 'Which one.' }) },
    description: 'Closes the session at once: its beacons lead nowhere from now on, and what it held is erased.',
    resolve: async (_root, { input }, { services, viewer }) => ({
      session: await services.sessions.close(phone(viewer), input.sessionId?.id ?? null),
    }),
  }),
}))
