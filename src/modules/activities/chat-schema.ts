import { builder } from '../../graphql/builder.ts'
import { clientId } from '../../graphql/client-id.ts'
import { cursorDescription } from '../../graphql/event-stream.ts'
import { ErrorInterface } from '../../graphql/interfaces.ts'
import { loadersOf } from '../../graphql/loaders.ts'
import { keysetConnection, pageSize } from '../../graphql/pagination.ts'
import { perViewer } from '../../graphql/per-viewer.ts'
import { phone } from '../../graphql/phone.ts'
import type { Delivery } from '../../platform/delivery/index.ts'
import { IdempotencyMismatchError } from '../../platform/errors.ts'
import { gateErrors } from '../gate/schema.ts'
import {
  type ActivityEventPayload,
  type ActivityMessage,
  ActivityOverError,
  type Attendee,
  messageIdOf,
  messageOf,
  NotMemberError,
} from './index.ts'
import { ActivityType, AttendeeType } from './schema.ts'

type Told<Kind extends ActivityEventPayload['kind']> = Extract<
  Delivery<Extract<ActivityEventPayload, { kind: Kind }>>,
  { kind: 'event' }
>

builder.objectType(NotMemberError, {
  name: 'NotMemberError',
  description: 'What is said there is for those who have joined. Join first.',
  interfaces: [ErrorInterface],
})

export const ActivityMessageType = builder.objectRef<ActivityMessage>('ActivityMessage').implement({
  description: 'Something said in an activity. Erased with it; the last 100 are kept.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Names the message.' }),
    seq: t.exposeInt('seq', {
      description: 'Its place in the activity: 1, 2, 3, … as they came. One that is missing is not for you, or erased.',
    }),
    author: t.expose('author', { type: AttendeeType, description: 'Who said it, as they were then.' }),
    body: t.exposeString('body', {
      description: '1 to 500 characters, as they were written: escape them where you show them.',
    }),
    sentAt: t.expose('sentAt', { type: 'DateTime', description: 'When it came.' }),
  }),
})

export const ActivityMessageSentType = builder.objectRef<Told<'message'>>('ActivityMessageSent').implement({
  description:
    'Somebody said something. Told to those who have joined, and to the host. One that you know by its id already is the same one.',
  fields: (t) => ({
    cursor: t.expose('cursor', { type: 'Cursor', description: cursorDescription }),
    message: t.field({
      type: ActivityMessageType,
      description: 'What.',
      resolve: ({ payload }, _args, { services }) =>
        messageOf(payload, payload.activityId, services.activities.attendeeId),
    }),
  }),
})

export const ActivityMessageRemovedType = builder.objectRef<Told<'withdrawn'>>('ActivityMessageRemoved').implement({
  description: 'A message is not there any more. Forget it; should it come back, you are told of it as of a new one.',
  fields: (t) => ({
    cursor: t.expose('cursor', { type: 'Cursor', description: cursorDescription }),
    messageId: t.id({
      description: 'Which one: the id of an `ActivityMessage`.',
      resolve: ({ payload: { activityId, seq } }) => messageIdOf(activityId, seq),
    }),
    seq: t.int({ description: 'Its place in the activity.', resolve: ({ payload }) => payload.seq }),
  }),
})

export const ActivityTypingType = builder.objectRef<Told<'typing'>>('ActivityTyping').implement({
  description:
    'Somebody types, or has stopped. Told to those who have joined, at this moment only: it is not repeated to who comes later. Take it for over after ten seconds, and with their next message.',
  fields: (t) => ({
    cursor: t.expose('cursor', { type: 'Cursor', description: cursorDescription }),
    attendee: t.field({
      type: AttendeeType,
      description: 'Who.',
      resolve: ({ payload }, _args, { services }): Attendee => ({
        ...{ activityId: payload.activityId, personId: payload.personId, displayName: payload.displayName },
        id: services.activities.attendeeId(payload.activityId, payload.personId),
        joinedAt: new Date(payload.joinedAtMs),
        isHost: payload.isHost,
      }),
    }),
    typing: t.boolean({ description: 'Whether they do.', resolve: ({ payload }) => payload.typing }),
  }),
})

export const ActivityAttendeeErasedType = builder.objectRef<Told<'erased'>>('ActivityAttendeeErased').implement({
  description: 'Somebody erased themselves. Forget them and everything they said here.',
  fields: (t) => ({
    cursor: t.expose('cursor', { type: 'Cursor', description: cursorDescription }),
    attendeeId: t.id({
      description: 'Who: the id of an `Attendee`.',
      resolve: ({ payload }) => payload.attendeeId,
    }),
    joinCount: t.int({ description: 'Seats taken from then on.', resolve: ({ payload }) => payload.joins }),
  }),
})

builder.objectFields(ActivityType, (t) => ({
  presentCount: t.int({
    nullable: true,
    extensions: perViewer,
    description:
      'How many of those you may be shown were heard of there in the last minute; null unless you have joined or host it.',
    resolve: async ({ id }, _args, context) => (await loadersOf(context).activityPresent.load(id))?.size ?? null,
  }),
  messages: t.connection({
    type: ActivityMessageType,
    nullable: true,
    extensions: perViewer,
    complexity: pageSize.cost,
    description: 'What was said lately, oldest first, at most 100; null unless you have joined or host it.',
    resolve: async ({ id }, args, { services, viewer }) => {
      const page = await services.activities.messages(phone(viewer).deviceId, id)
      return page && keysetConnection(args, async (asked) => page(asked))
    },
  }),
}))

builder.objectField(AttendeeType, 'isPresent', (t) =>
  t.boolean({
    nullable: true,
    extensions: perViewer,
    description: 'Whether they were heard of there in the last minute; null unless you have joined or host it.',
    resolve: async ({ activityId, personId }, _args, context) =>
      (await loadersOf(context).activityPresent.load(activityId))?.has(personId) ?? null,
  }),
)

const SendActivityMessageInput = builder.inputType('SendActivityMessageInput', {
  description: 'What to say, and where.',
  fields: (t) => ({
    clientId: t.string({
      required: true,
      validate: clientId,
      description:
        'Made by the client, 8 to 64 characters out of `A–Z a–z 0–9 _ -`. The same one again gives the same message for as long as the activity is there.',
    }),
    activityId: t.globalID({ for: ActivityType, required: true, description: 'One that you have joined, or host.' }),
    body: t.string({ required: true, description: '1 to 500 characters; several lines are fine.' }),
  }),
})
const SendActivityMessagePayload = builder
  .objectRef<{ activityMessage: ActivityMessage }>('SendActivityMessagePayload')
  .implement({
    description: 'It is said.',
    fields: (t) => ({
      // Not `message`: that is what an error says, and no client could select both without an alias.
      activityMessage: t.expose('activityMessage', {
        type: ActivityMessageType,
        description: 'The message, with its place.',
      }),
    }),
  })

const SignalActivityInput = builder.inputType('SignalActivityInput', {
  description: 'That you are there.',
  fields: (t) => ({
    activityId: t.globalID({ for: ActivityType, required: true, description: 'One that you have joined, or host.' }),
    typing: t.boolean({ required: true, description: 'Whether you are writing something.' }),
  }),
})
const SignalActivityPayload = builder.objectRef<{ presentForSeconds: number }>('SignalActivityPayload').implement({
  description: 'You are there.',
  fields: (t) => ({
    presentForSeconds: t.exposeInt('presentForSeconds', {
      description: 'For how long you count as present. Signal again before that.',
    }),
  }),
})

builder.mutationFields((t) => ({
  sendActivityMessage: t.field({
    type: SendActivityMessagePayload,
    nullable: true,
    authScopes: { device: true },
    errors: {
      types: [...gateErrors, NotMemberError, ActivityOverError, IdempotencyMismatchError],
      union: { name: 'SendActivityMessageResult', description: 'What `sendActivityMessage` answers.' },
    },
    args: { input: t.arg({ type: SendActivityMessageInput, required: true, description: 'The message.' }) },
    description:
      'Says something to those who have joined. At most 100 an hour. Send it again with the same clientId when an answer got lost.',
    resolve: async (_root, { input: { activityId, ...input } }, { services, viewer }) => ({
      activityMessage: await services.activities.send(phone(viewer).deviceId, { ...input, activityId: activityId.id }),
    }),
  }),
  signalActivity: t.field({
    type: SignalActivityPayload,
    nullable: true,
    authScopes: { device: true },
    errors: {
      types: [NotMemberError, ActivityOverError],
      union: { name: 'SignalActivityResult', description: 'What `signalActivity` answers.' },
    },
    args: { input: t.arg({ type: SignalActivityInput, required: true, description: 'The signal.' }) },
    description:
      'Says that you look at an activity, and whether you type. Every 30 seconds or so, and when that changes; at most 60 a minute.',
    resolve: async (_root, { input: { activityId, typing } }, { services, viewer }) => ({
      presentForSeconds: await services.activities.signal(phone(viewer).deviceId, activityId.id, typing),
    }),
  }),
}))
