import { builder } from '../../graphql/builder.ts'
import { cursorDescription, cutWhenSlow, ReadyType, ResyncType } from '../../graphql/event-stream.ts'
import { phone } from '../../graphql/phone.ts'
import type { Delivery } from '../../platform/delivery/index.ts'
import {
  ActivityAttendeeErasedType,
  ActivityMessageRemovedType,
  ActivityMessageSentType,
  ActivityTypingType,
} from './chat-schema.ts'
import { type ActivityEventPayload, type Attendee, cardOf } from './index.ts'
import { ActivityType, AttendeeType } from './schema.ts'

type Told<Kind extends ActivityEventPayload['kind']> = Extract<
  Delivery<Extract<ActivityEventPayload, { kind: Kind }>>,
  { kind: 'event' }
>

const ActivityJoinedType = builder.objectRef<Told<'joined'>>('ActivityJoined').implement({
  description: 'Somebody took a seat. Who hides joins without being told of.',
  fields: (t) => ({
    cursor: t.expose('cursor', { type: 'Cursor', description: cursorDescription }),
    attendee: t.field({
      type: AttendeeType,
      description: 'Who.',
      resolve: ({ payload }, _args, { services }): Attendee => ({
        id: services.activities.attendeeId(payload.activityId, payload.personId),
        activityId: payload.activityId,
        personId: payload.personId,
        displayName: payload.displayName,
        joinedAt: new Date(payload.atMs),
        isHost: false,
      }),
    }),
    joinCount: t.int({ description: 'Seats taken by then.', resolve: ({ payload }) => payload.joins }),
  }),
})

const ActivityLeftType = builder.objectRef<Told<'left'>>('ActivityLeft').implement({
  description: 'Somebody gave their seat back.',
  fields: (t) => ({
    cursor: t.expose('cursor', { type: 'Cursor', description: cursorDescription }),
    attendeeId: t.id({
      description: 'Who: the id of an `Attendee`.',
      resolve: ({ payload }, _args, { services }) =>
        services.activities.attendeeId(payload.activityId, payload.personId),
    }),
    leftAt: t.field({ type: 'DateTime', description: 'When.', resolve: ({ payload }) => new Date(payload.atMs) }),
    joinCount: t.int({ description: 'Seats taken by then.', resolve: ({ payload }) => payload.joins }),
  }),
})

const ActivityChangedType = builder.objectRef<Told<'changed'>>('ActivityChanged').implement({
  description: 'Its host changed it, or it has begun.',
  fields: (t) => ({
    cursor: t.expose('cursor', { type: 'Cursor', description: cursorDescription }),
    activity: t.field({
      type: ActivityType,
      description: 'The activity as it was from then on.',
      resolve: ({ payload }) => cardOf(payload.card),
    }),
    changedAt: t.field({ type: 'DateTime', description: 'When.', resolve: ({ payload }) => new Date(payload.atMs) }),
  }),
})

const ActivityEndedType = builder.objectRef<Told<'ended'>>('ActivityEnded').implement({
  description: 'It is over. The stream is complete.',
  fields: (t) => ({
    cursor: t.expose('cursor', { type: 'Cursor', description: cursorDescription }),
    cancelled: t.boolean({
      description: 'Whether its host called it off.',
      resolve: ({ payload }) => payload.cancelled,
    }),
    endedAt: t.field({ type: 'DateTime', description: 'When.', resolve: ({ payload }) => new Date(payload.atMs) }),
  }),
})

/** The type of each kind of payload that a client is told. */
const types = {
  joined: 'ActivityJoined',
  left: 'ActivityLeft',
  changed: 'ActivityChanged',
  ended: 'ActivityEnded',
  message: 'ActivityMessageSent',
  withdrawn: 'ActivityMessageRemoved',
  typing: 'ActivityTyping',
  erased: 'ActivityAttendeeErased',
  // Never handed on: the first ends the streams of all but the host.
  hidden: 'ActivityEnded',
  empty: 'ActivityEnded',
} as const satisfies Record<ActivityEventPayload['kind'], string>

const ActivityEventUnion = builder.unionType('ActivityEvent', {
  description: 'What `activityEvents` delivers.',
  types: [
    ...[ReadyType, ActivityJoinedType, ActivityLeftType, ActivityMessageSentType, ActivityTypingType],
    ...[ActivityMessageRemovedType, ActivityChangedType, ActivityAttendeeErasedType, ActivityEndedType, ResyncType],
  ],
  resolveType: (value) => {
    const delivery = value as unknown as Delivery<ActivityEventPayload>
    if (delivery.kind === 'event') return types[delivery.payload.kind]
    return delivery.kind === 'ready' ? 'Ready' : 'ResyncRequired'
  },
})

builder.subscriptionField('activityEvents', (t) =>
  t.field({
    type: ActivityEventUnion,
    authScopes: { device: true },
    args: {
      id: t.arg.globalID({ for: ActivityType, required: true, description: 'Which activity.' }),
      after: t.arg({
        type: 'Cursor',
        required: false,
        description: 'The last cursor you got. Without it the stream starts now.',
      }),
    },
    description:
      'What happens in an activity, until it is over or hidden from you. With `after`: first what you missed, once and in order.',
    subscribe: (_root, { id, after }, context) =>
      context.services.activities.events(phone(context.viewer).deviceId, id.id, after ?? null, cutWhenSlow(context)),
    resolve: (delivery) => delivery as never,
  }),
)
