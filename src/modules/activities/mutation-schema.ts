import { builder } from '../../graphql/builder.ts'
import { clientId } from '../../graphql/client-id.ts'
import { ErrorInterface } from '../../graphql/interfaces.ts'
import { phone } from '../../graphql/phone.ts'
import { IdempotencyMismatchError } from '../../platform/errors.ts'
import { LatitudeOutOfRangeError } from '../../platform/geo/errors.ts'
import { gateErrors } from '../gate/schema.ts'
import {
  type Activity,
  ActivityFullError,
  ActivityOverError,
  ActivityStartedError,
  CapacityBelowJoinsError,
  type FlagReason,
  HostCannotLeaveError,
  PlaceTooFarError,
} from './index.ts'
import { ActivityType } from './schema.ts'

builder.objectType(ActivityFullError, {
  name: 'ActivityFullError',
  description: 'Every seat is taken. One may become free.',
  interfaces: [ErrorInterface],
})
builder.objectType(ActivityOverError, {
  name: 'ActivityOverError',
  description: 'It has ended or was cancelled.',
  interfaces: [ErrorInterface],
})
builder.objectType(ActivityStartedError, {
  name: 'ActivityStartedError',
  description: 'It has begun: its start stays as it is.',
  interfaces: [ErrorInterface],
})
builder.objectType(PlaceTooFarError, {
  name: 'PlaceTooFarError',
  description: 'An activity moves around the corner, not into another town. Cancel it and start another one there.',
  interfaces: [ErrorInterface],
  fields: (t) => ({ limitMeters: t.exposeInt('limitMeters', { description: 'How far it may move, metres.' }) }),
})
builder.objectType(CapacityBelowJoinsError, {
  name: 'CapacityBelowJoinsError',
  description: 'More have joined than there would be seats.',
  interfaces: [ErrorInterface],
  fields: (t) => ({ joins: t.exposeInt('joins', { description: 'How many have joined.' }) }),
})
builder.objectType(HostCannotLeaveError, {
  name: 'HostCannotLeaveError',
  description: 'A host has no seat to give up. Cancel the activity instead.',
  interfaces: [ErrorInterface],
})

const latitudeDescription = 'At most 85.05 north or south. Others are told the cell of about 110 m.'
const longitudeDescription = 'East of Greenwich, or west if negative.'

const CreateActivityInput = builder.inputType('CreateActivityInput', {
  description: 'What a new activity is.',
  fields: (t) => ({
    clientId: t.string({
      required: true,
      validate: clientId,
      description:
        'Made by the client, 8 to 64 characters out of `A–Z a–z 0–9 _ -`. The same one again gives the same activity for as long as it is there.',
    }),
    title: t.string({ required: true, description: '1 to 50 characters.' }),
    emoji: t.string({ required: true, description: 'One emoji.' }),
    latitude: t.field({ type: 'Latitude', required: true, description: latitudeDescription }),
    longitude: t.field({ type: 'Longitude', required: true, description: longitudeDescription }),
    startsAt: t.field({ type: 'DateTime', description: 'When it begins, at most 24 hours ahead; now if not given.' }),
    lifetimeMinutes: t.int({ description: 'How long it lasts from its start, 1 to 1440 minutes; 360 if not given.' }),
    capacity: t.int({ description: 'How many can join, 1 to 10,000; without it there is no limit.' }),
  }),
})
const UpdateActivityInput = builder.inputType('UpdateActivityInput', {
  description: 'What to change. What is not named stays.',
  fields: (t) => ({
    activityId: t.globalID({ for: ActivityType, required: true, description: 'An activity of your own.' }),
    title: t.string({ description: '1 to 50 characters.' }),
    emoji: t.string({ description: 'One emoji.' }),
    latitude: t.field({ type: 'Latitude', description: `Together with \`longitude\`. ${latitudeDescription}` }),
    longitude: t.field({ type: 'Longitude', description: `Together with \`latitude\`. ${longitudeDescription}` }),
    startsAt: t.field({
      type: 'DateTime',
      description: 'When it begins, until it has begun; within 24 hours of being made. Its end moves along.',
    }),
    lifetimeMinutes: t.int({ description: 'How long it lasts from its start, 1 to 1440 minutes.' }),
    capacity: t.int({ description: 'How many can join, 1 to 10,000, and no fewer than have; null for no limit.' }),
  }),
})
const JoinActivityInput = builder.inputType('JoinActivityInput', {
  description: 'Which activity to join.',
  fields: (t) => ({
    activityId: t.globalID({ for: ActivityType, required: true, description: 'Its id.' }),
    displayName: t.string({
      description:
        'What you want to be called there, 1 to 40 characters. Only with it a restriction can hold you back.',
    }),
  }),
})
const chosen = (name: string, description: string) =>
  builder.inputType(name, {
    description,
    fields: (t) => ({ activityId: t.globalID({ for: ActivityType, required: true, description: 'Its id.' }) }),
  })
const CancelActivityInput = chosen('CancelActivityInput', 'Which activity of your own to call off.')
const LeaveActivityInput = chosen('LeaveActivityInput', 'Which activity to leave.')

const FlagReasonEnum = builder.enumType('FlagReason', {
  description: 'What is wrong with it.',
  values: {
    SPAM: { description: 'It advertises, or repeats itself.' },
    OFFENSIVE: { description: 'It insults or harasses.' },
    DANGEROUS: { description: 'Somebody could come to harm.' },
    OTHER: { description: 'Something else.' },
  } satisfies Record<FlagReason, { description: string }>,
})
const FlagActivityInput = builder.inputType('FlagActivityInput', {
  description: 'Which activity to flag.',
  fields: (t) => ({
    activityId: t.globalID({ for: ActivityType, required: true, description: 'Its id.' }),
    reason: t.field({ type: FlagReasonEnum, required: true, description: 'Why.' }),
  }),
})

const payload = (name: string, description: string) =>
  builder.objectRef<{ activity: Activity }>(name).implement({
    description,
    fields: (t) => ({
      activity: t.expose('activity', { type: ActivityType, description: 'The activity as it is now.' }),
    }),
  })
const CreateActivityPayload = payload('CreateActivityPayload', 'Your activity, new or made by this client id before.')
const UpdateActivityPayload = payload('UpdateActivityPayload', 'It is changed.')
const CancelActivityPayload = payload('CancelActivityPayload', 'It is called off.')
const JoinActivityPayload = payload('JoinActivityPayload', 'You have a seat.')
const LeaveActivityPayload = payload('LeaveActivityPayload', 'You have no seat.')
const FlagActivityPayload = builder.objectRef<{ activityId: string }>('FlagActivityPayload').implement({
  description: 'Your flag counts.',
  fields: (t) => ({
    activityId: t.globalID({
      description: 'What you flagged.',
      resolve: ({ activityId }) => ({ type: 'Activity', id: activityId }),
    }),
  }),
})

builder.mutationFields((t) => ({
  createActivity: t.field({
    type: CreateActivityPayload,
    nullable: true,
    authScopes: { device: true },
    errors: {
      types: [...gateErrors, LatitudeOutOfRangeError, IdempotencyMismatchError],
      union: { name: 'CreateActivityResult', description: 'What `createActivity` answers.' },
    },
    args: { input: t.arg({ type: CreateActivityInput, required: true, description: 'The activity.' }) },
    description: 'Starts an activity, which ends by itself. At most 5 an hour.',
    resolve: async (_root, { input }, { services, viewer }) => ({
      activity: await services.activities.create(phone(viewer).deviceId, input),
    }),
  }),
  updateActivity: t.field({
    type: UpdateActivityPayload,
    nullable: true,
    authScopes: { device: true },
    errors: {
      types: [
        ...gateErrors,
        ActivityOverError,
        ActivityStartedError,
        CapacityBelowJoinsError,
        PlaceTooFarError,
        LatitudeOutOfRangeError,
      ],
      union: { name: 'UpdateActivityResult', description: 'What `updateActivity` answers.' },
    },
    args: { input: t.arg({ type: UpdateActivityInput, required: true, description: 'The changes.' }) },
    description: 'Changes an activity of your own. Repeating it is safe.',
    resolve: async (_root, { input: { activityId, ...changes } }, { services, viewer }) => ({
      activity: await services.activities.update(phone(viewer).deviceId, activityId.id, changes),
    }),
  }),
  cancelActivity: t.field({
    type: CancelActivityPayload,
    nullable: true,
    authScopes: { device: true },
    errors: {
      types: [ActivityOverError],
      union: { name: 'CancelActivityResult', description: 'What `cancelActivity` answers.' },
    },
    args: { input: t.arg({ type: CancelActivityInput, required: true, description: 'Which one.' }) },
    description: 'Calls off an activity of your own, for good. Repeating it is safe.',
    resolve: async (_root, { input }, { services, viewer }) => ({
      activity: await services.activities.cancel(phone(viewer).deviceId, input.activityId.id),
    }),
  }),
  joinActivity: t.field({
    type: JoinActivityPayload,
    nullable: true,
    authScopes: { device: true },
    errors: {
      types: [...gateErrors, ActivityFullError, ActivityOverError],
      union: { name: 'JoinActivityResult', description: 'What `joinActivity` answers.' },
    },
    args: { input: t.arg({ type: JoinActivityInput, required: true, description: 'Which one.' }) },
    description: 'Takes a seat. At most 20 an hour. Repeating it is safe.',
    resolve: async (_root, { input }, { services, viewer }) => ({
      activity: await services.activities.join(phone(viewer).deviceId, input.activityId.id, input.displayName),
    }),
  }),
  leaveActivity: t.field({
    type: LeaveActivityPayload,
    nullable: true,
    authScopes: { device: true },
    errors: {
      types: [HostCannotLeaveError],
      union: { name: 'LeaveActivityResult', description: 'What `leaveActivity` answers.' },
    },
    args: { input: t.arg({ type: LeaveActivityInput, required: true, description: 'Which one.' }) },
    description: 'Gives your seat back. Repeating it is safe.',
    resolve: async (_root, { input }, { services, viewer }) => ({
      activity: await services.activities.leave(phone(viewer).deviceId, input.activityId.id),
    }),
  }),
  flagActivity: t.field({
    type: FlagActivityPayload,
    nullable: true,
    authScopes: { device: true },
    errors: {
      types: [ActivityOverError],
      union: { name: 'FlagActivityResult', description: 'What `flagActivity` answers.' },
    },
    args: { input: t.arg({ type: FlagActivityInput, required: true, description: 'Which one, and why.' }) },
    description:
      'Says that something is wrong with an activity. Three people hide it from all but its host. At most 5 an hour. Repeating it is safe.',
    resolve: async (_root, { input: { activityId, reason } }, { services, viewer }) => {
      await services.activities.flag(phone(viewer).deviceId, activityId.id, reason)
      return { activityId: activityId.id }
    },
  }),
}))
