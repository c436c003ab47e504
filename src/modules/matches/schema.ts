import { resolveCursorConnection } from '@pothos/plugin-relay'
import { z } from 'zod'
import { builder } from '../../graphql/builder.ts'
import { cursorDescription, cutWhenSlow, memberOf, ReadyType, ResyncType } from '../../graphql/event-stream.ts'
import { pageSize } from '../../graphql/pagination.ts'
import { phone } from '../../graphql/phone.ts'
import type { Delivery } from '../../platform/delivery/index.ts'
import { BadUserInputError } from '../../platform/errors.ts'
import { NoOpenSessionError, SessionType } from '../sessions/schema.ts'
import type { Match, NudgePayload, SightingResult } from './index.ts'

const sharedDescription =
  'At most five ids of the interests that both name, sorted. Nothing else is told of the other side.'

const MatchType = builder.objectRef<Match>('Match').implement({
  description:
    'Two sessions that share an interest and have been near each other. Kept until the later of the two ends.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Names the match to both sides, and to nobody else.' }),
    matchedAt: t.expose('matchedAt', { type: 'DateTime', description: 'When it was found.' }),
    nudgedAt: t.expose('nudgedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When both were nudged; null while one of them has had enough nudges.',
    }),
    sharedInterests: t.exposeStringList('sharedInterests', { description: sharedDescription }),
  }),
})

builder.objectField(SessionType, 'matches', (t) =>
  t.connection({
    type: MatchType,
    complexity: pageSize.cost,
    description: 'Its matches, newest first. `first` and `last` are at most 100.',
    resolve: async (session, args, { services }) => {
      const ids = await services.matches.list(session)
      return resolveCursorConnection<Promise<Match[]>>(
        {
          args: pageSize.checked(args),
          defaultSize: pageSize.default,
          maxSize: pageSize.max,
          toCursor: ({ id }) => id,
        },
        async ({ before, after, limit, inverted }) => {
          for (const cursor of [before, after])
            if (cursor !== undefined && !ids.includes(cursor))
              throw new BadUserInputError('This is not a cursor of this list.')
          const from = after === undefined ? 0 : ids.indexOf(after) + 1
          const to = before === undefined ? ids.length : ids.indexOf(before)
          const within = ids.slice(from, to)
          return services.matches.load(inverted ? within.reverse().slice(0, limit) : within.slice(0, limit))
        },
      )
    },
  }),
)

const SightingInput = builder.inputType('SightingInput', {
  description: 'I heard this beacon.',
  fields: (t) => ({
    beacon: t.string({
      required: true,
      validate: z.string().regex(/^[0-9a-f]{32}$/, 'A beacon is 32 lower-case hexadecimal digits.'),
      description: 'What was heard: 16 bytes, as 32 lower-case hexadecimal digits.',
    }),
    observedAt: t.field({
      type: 'DateTime',
      required: true,
      description: 'When, by the phone’s clock. At most a minute ahead of ours, and at most two beacon windows ago.',
    }),
    rssi: t.int({
      required: false,
      validate: z.number().int().min(-127).max(20),
      description: 'How loud, in dBm, −127 to 20. Not kept.',
    }),
  }),
})
const ReportSightingsInput = builder.inputType('ReportSightingsInput', {
  description: 'What a phone heard since it last said so.',
  fields: (t) => ({ sightings: t.field({ type: [SightingInput], required: true, description: '1 to 50.' }) }),
})

const SightingResultType = builder.objectRef<SightingResult>('SightingResult').implement({
  description:
    'What became of one sighting. A beacon that is unknown, over, your own, hidden from you, or of somebody who shares nothing with you gets the same answer.',
  fields: (t) => ({
    match: t.exposeBoolean('match', { description: 'Whether the two of you match.' }),
    sharedInterests: t.exposeStringList('sharedInterests', { description: sharedDescription }),
    nudgeSent: t.exposeBoolean('nudgeSent', {
      description: 'Whether both of you were nudged because of this very sighting. Once for the life of both sessions.',
    }),
  }),
})
const ReportSightingsPayload = builder.objectRef<{ sightings: SightingResult[] }>('ReportSightingsPayload').implement({
  description: 'What became of the sightings.',
  fields: (t) => ({
    sightings: t.expose('sightings', {
      type: [SightingResultType],
      description: 'One for each sighting, in the order given.',
    }),
  }),
})

builder.mutationFields((t) => ({
  reportSightings: t.field({
    type: ReportSightingsPayload,
    nullable: true,
    authScopes: { session: true },
    errors: {
      types: [NoOpenSessionError],
      union: { name: 'ReportSightingsResult', description: 'What `reportSightings` answers.' },
    },
    args: { input: t.arg({ type: ReportSightingsInput, required: true, description: 'The sightings.' }) },
    description:
      'Tells which beacons this phone hears. At most 50 in one call and 60 calls a minute. Repeating it is safe.',
    resolve: async (_root, { input }, { services, viewer }) => ({
      sightings: await services.matches.report(phone(viewer), input.sightings),
    }),
  }),
}))

type NudgeDelivery = Extract<Delivery<NudgePayload>, { kind: 'event' }>

const NudgeType = builder.objectRef<NudgeDelivery>('Nudge').implement({
  description: 'Somebody near you shares an interest. Each side of a match gets one.',
  fields: (t) => ({
    cursor: t.expose('cursor', {
      type: 'Cursor',
      description: cursorDescription,
    }),
    matchId: t.id({ description: 'The match, the same for both sides.', resolve: ({ payload }) => payload.matchId }),
    sessionId: t.globalID({
      description: 'Your session that it came to.',
      resolve: ({ payload }) => ({ type: 'Session', id: payload.sessionId }),
    }),
    sharedInterests: t.stringList({
      description: sharedDescription,
      resolve: ({ payload }, _args, { services }) => services.matches.sharedInterests(payload),
    }),
    nudgedAt: t.field({ type: 'DateTime', description: 'When.', resolve: ({ payload }) => new Date(payload.atMs) }),
  }),
})

const NudgeEvent = builder.unionType('NudgeEvent', {
  description: 'What `nudges` delivers.',
  types: [ReadyType, NudgeType, ResyncType],
  resolveType: memberOf('Nudge'),
})

builder.subscriptionField('nudges', (t) =>
  t.field({
    type: NudgeEvent,
    authScopes: { session: true },
    args: {
      after: t.arg({
        type: 'Cursor',
        required: false,
        description: 'The last cursor you got. Without it the stream starts now.',
      }),
    },
    description: 'Your nudges. With `after`: first those you missed, once and in order.',
    subscribe: (_root, { after }, context) =>
      context.services.matches.nudges(phone(context.viewer), after ?? null, cutWhenSlow(context)),
    resolve: (delivery) => delivery as never,
  }),
)
