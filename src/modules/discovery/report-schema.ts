import { builder } from '../../graphql/builder.ts'
import { clientId, clientIdDescription } from '../../graphql/client-id.ts'
import { signedIn } from '../../graphql/person.ts'
import { BadUserInputError, IdempotencyMismatchError } from '../../platform/errors.ts'
import { ActivityType } from '../activities/schema.ts'
import { gateErrors } from '../gate/schema.ts'
import { MessageType } from '../messages/message-schema.ts'
import {
  DuplicateReportError,
  type Report,
  ReportLimitError,
  ReportReasonEnum,
  ReportType,
} from '../moderation/report-schema.ts'
import { EventType } from '../places/event-schema.ts'
import { VenueType } from '../places/schema.ts'
import { ProfileType } from '../profiles/schema.ts'
import type { Reported } from './index.ts'

const ReportActivityMessageInput = builder.inputType('ReportActivityMessageInput', {
  description: 'Something said in an activity.',
  fields: (t) => ({
    activityId: t.globalID({ for: ActivityType, required: true, description: 'The activity.' }),
    seq: t.int({ required: true, description: '`ActivityMessage.seq`.' }),
  }),
})
const ReportAttendeeInput = builder.inputType('ReportAttendeeInput', {
  description: 'Somebody who is, or says something, in an activity that you have joined or host.',
  fields: (t) => ({
    activityId: t.globalID({ for: ActivityType, required: true, description: 'The activity.' }),
    attendeeId: t.id({ required: true, description: 'What they are called there: `Attendee.id`.' }),
  }),
})
const CreateReportInput = builder.inputType('CreateReportInput', {
  description: 'What to report, in one of these ways, and why.',
  fields: (t) => ({
    clientId: t.string({ required: true, validate: clientId, description: clientIdDescription('report') }),
    subjectId: t.globalID({
      for: [MessageType, ProfileType, VenueType, EventType, ActivityType],
      description:
        'The id of a `Message` or a `Profile`, for which an account’s token is needed; of an `Activity`, for which a phone’s is; or of a `Venue` or an `Event`.',
    }),
    activityMessage: t.field({ type: ReportActivityMessageInput, description: 'Something said in an activity.' }),
    matchId: t.id({ description: 'Somebody, by a match with them.' }),
    personId: t.id({ description: 'Somebody, by what they are called towards you: `NearbyPerson.id`.' }),
    attendee: t.field({ type: ReportAttendeeInput, description: 'Somebody, by whom they are in an activity.' }),
    reason: t.field({ type: ReportReasonEnum, required: true, description: 'Why.' }),
    note: t.string({ description: 'At most 1,000 characters, for who decides.' }),
  }),
})
const CreateReportPayload = builder.objectRef<{ report: Report }>('CreateReportPayload').implement({
  description: 'The report, or the one that this client id has made.',
  fields: (t) => ({ report: t.expose('report', { type: ReportType, description: 'Your report.' }) }),
})

builder.mutationField('createReport', (t) =>
  t.field({
    type: CreateReportPayload,
    nullable: true,
    authScopes: { $any: { device: true, account: true } },
    errors: {
      types: [DuplicateReportError, ReportLimitError, IdempotencyMismatchError, ...gateErrors],
      union: { name: 'CreateReportResult', description: 'What `createReport` answers.' },
    },
    args: { input: t.arg({ type: CreateReportInput, required: true, description: 'What, and why.' }) },
    description:
      'Reports something that you see, to people who decide: at most three that wait at a time, and each thing once until it is decided. What you do not see is refused as what is not there. Whoever you report never learns of it from us. You are told what became of it.',
    resolve: async (_root, { input }, { services, viewer }) => {
      const { clientId, reason, note } = input
      const report = { clientId, reason, note: note ?? null }
      return { report: await services.discovery.report(signedIn(viewer), reportedOf(input), report) }
    },
  }),
)

interface Named {
  subjectId?: { typename: string; id: string } | null | undefined
  activityMessage?: { activityId: { id: string }; seq: number } | null | undefined
  matchId?: string | number | null | undefined
  personId?: string | number | null | undefined
  attendee?: { activityId: { id: string }; attendeeId: string | number } | null | undefined
}

const kinds = { Message: 'MESSAGE', Profile: 'ACCOUNT', Venue: 'VENUE', Event: 'EVENT', Activity: 'ACTIVITY' } as const

const isKind = (name: string): name is keyof typeof kinds => Object.hasOwn(kinds, name)

function reportedOf({ subjectId, activityMessage, matchId, personId, attendee }: Named): Reported {
  const ways: Reported[] = []
  if (subjectId && isKind(subjectId.typename)) ways.push({ kind: kinds[subjectId.typename], id: subjectId.id })
  if (activityMessage) {
    const { activityId, seq } = activityMessage
    ways.push({ kind: 'ACTIVITY_MESSAGE', id: `${activityId.id}:${seq}` })
  }
  if (matchId != null) ways.push({ matchId: String(matchId) })
  if (personId != null) ways.push({ personId: String(personId) })
  if (attendee) ways.push({ activityId: attendee.activityId.id, attendeeId: String(attendee.attendeeId) })
  const [way] = ways
  if (!way || ways.length > 1)
    throw new BadUserInputError(
      'Say what to report, in one way: `subjectId`, `activityMessage`, `matchId`, `personId` or `attendee`.',
      'subjectId',
    )
  return way
}
