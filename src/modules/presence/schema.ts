import { z } from 'zod'
import { builder } from '../../graphql/builder.ts'
import { ErrorInterface } from '../../graphql/interfaces.ts'
import { pageSize } from '../../graphql/pagination.ts'
import { phone } from '../../graphql/phone.ts'
import { BadUserInputError } from '../../platform/errors.ts'
import { LatitudeOutOfRangeError } from '../../platform/geo/errors.ts'
import { type Band, type Beat, InaccurateFixError, type Online } from './index.ts'

export const RadiusBandEnum = builder.enumType('RadiusBand', {
  description:
    'How near, as far as anybody is told. Distances are between cells, not between people: nobody learns more than the cell somebody is in.',
  values: {
    IN_REACH: { description: 'Your phones heard each other over Bluetooth in the last two minutes.' },
    HERE: { description: 'In your cell.' },
    UNDER_1_KM: { description: 'Under 1 km; for people, the cells that touch yours.' },
    UNDER_3_KM: { description: 'Under 3 km.' },
    UNDER_10_KM: { description: 'Under 10 km.' },
    UNDER_50_KM: { description: 'Under 50 km.' },
  } satisfies Record<Band, { description: string }>,
})

builder.objectType(InaccurateFixError, {
  name: 'InaccurateFixError',
  description: 'The fix is too vague to count. Wait for a better one.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    limitMeters: t.exposeInt('limitMeters', { description: 'How exact it must be, metres.' }),
  }),
})

const HeartbeatInput = builder.inputType('HeartbeatInput', {
  description: 'Where the phone is. Others are only ever told the cell; the fix itself is gone 90 seconds later.',
  fields: (t) => ({
    latitude: t.field({ type: 'Latitude', required: true, description: 'At most 85.05 north or south.' }),
    longitude: t.field({ type: 'Longitude', required: true, description: 'East of Greenwich, or west if negative.' }),
    accuracyMeters: t.float({
      required: true,
      validate: z.number().positive().max(200),
      description: 'As the phone says, 68 % radius. Up to 50 counts, up to 200 is an `InaccurateFixError`.',
    }),
    observedAt: t.field({
      type: 'DateTime',
      required: true,
      description:
        'When the fix was made, by the phone’s clock: at most 90 seconds ago, and at most a minute ahead of ours.',
    }),
  }),
})

const HeartbeatPayload = builder.objectRef<Beat>('HeartbeatPayload').implement({
  description: 'You are present.',
  fields: (t) => ({
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      description: 'When you are gone unless another heartbeat comes. Send one every 20 to 30 seconds.',
    }),
    shownFrom: t.expose('shownFrom', {
      type: 'DateTime',
      description:
        'From when on others may be shown you, if `visibility` lets them. Later than now if you moved faster than 12 m/s, or 1 km within 30 seconds: a fix that nobody can have walked to is shown to nobody.',
    }),
  }),
})
const EndPresencePayload = builder.objectRef<{ ended: boolean }>('EndPresencePayload').implement({
  description: 'You are not present any more.',
  fields: (t) => ({ ended: t.exposeBoolean('ended', { description: 'Whether you were until now.' }) }),
})

builder.mutationFields((t) => ({
  heartbeat: t.field({
    type: HeartbeatPayload,
    nullable: true,
    authScopes: { device: true },
    errors: {
      types: [InaccurateFixError, LatitudeOutOfRangeError],
      union: { name: 'HeartbeatResult', description: 'What `heartbeat` answers.' },
    },
    args: { input: t.arg({ type: HeartbeatInput, required: true, description: 'Where you are.' }) },
    description:
      'Says where you are, for 90 seconds. At most 30 a minute. Sent over a socket it ends with the socket. Repeating it is safe.',
    resolve: (_root, { input }, { services, viewer, connection }) =>
      services.presence.heartbeat(phone(viewer).deviceId, input, connection),
  }),
  endPresence: t.field({
    type: EndPresencePayload,
    nullable: true,
    authScopes: { device: true },
    errors: { types: [], union: { name: 'EndPresenceResult', description: 'What `endPresence` answers.' } },
    description: 'Ends your presence at once. Repeating it is safe.',
    resolve: async (_root, _args, { services, viewer }) => ({
      ended: await services.presence.end(phone(viewer).deviceId),
    }),
  }),
}))

const PresenceType = builder.objectRef<Online & { id: string }>('Presence').implement({
  description: 'Whether somebody is there. Who is hidden from you looks like who is not there.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'The id that was asked for.' }),
    online: t.exposeBoolean('online', { description: 'Whether a heartbeat came in the last 90 seconds.' }),
    lastSeenAt: t.expose('lastSeenAt', {
      type: 'DateTime',
      nullable: true,
      description: 'The minute of the last heartbeat; null for who is not there.',
    }),
  }),
})

builder.queryField('presence', (t) =>
  t.field({
    type: [PresenceType],
    authScopes: { device: true },
    complexity: ({ ids }) => pageSize.cost({ first: ids.length }),
    args: { ids: t.arg.idList({ required: true, description: 'Ids of people as you were told them, at most 100.' }) },
    description: 'Which of these people are there now, in the order asked for.',
    resolve: async (_root, { ids }, { services, viewer }) => {
      if (ids.length > pageSize.max) throw new BadUserInputError(`At most ${pageSize.max} people at once.`, 'ids')
      const names = ids.map(String)
      const found = await services.presence.named(phone(viewer).deviceId, names)
      return names.map((id, i) => ({ id, ...(found[i] ?? { online: false, lastSeenAt: null }) }))
    },
  }),
)
