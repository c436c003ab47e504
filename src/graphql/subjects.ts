import { encodeGlobalID } from '@pothos/plugin-relay'
import type { SubjectKind, SubjectName } from '../modules/enforcement/index.ts'
import { builder } from './builder.ts'

export const SubjectKindEnum = builder.enumType('SubjectKind', {
  description: 'What can be reported, judged and acted on. It may grow.',
  values: {
    MESSAGE: { description: 'A message in a conversation.' },
    ACTIVITY: { description: 'An activity.' },
    ACTIVITY_MESSAGE: { description: 'Something said in an activity.' },
    ACCOUNT: { description: 'An account, with its profile.' },
    DEVICE: { description: 'A phone that nobody has signed in on.' },
    VENUE: { description: 'A venue.' },
    EVENT: { description: 'An event.' },
  } satisfies Record<SubjectKind, { description: string }>,
})

/** The type that a subject of a kind has in the schema: what its global id begins with. */
export const subjectTypes = {
  MESSAGE: 'Message',
  ACTIVITY: 'Activity',
  ACTIVITY_MESSAGE: 'ActivityMessage',
  ACCOUNT: 'Account',
  DEVICE: 'Device',
  VENUE: 'Venue',
  EVENT: 'Event',
} satisfies Record<SubjectKind, string>

export const SubjectType = builder.objectRef<SubjectName>('Subject').implement({
  description: 'What something of moderation is about, by its name.',
  fields: (t) => ({
    kind: t.expose('kind', { type: SubjectKindEnum, description: 'What it is.' }),
    id: t.id({
      description: 'Its global id.',
      resolve: ({ kind, id }) => encodeGlobalID(subjectTypes[kind], id),
    }),
  }),
})
