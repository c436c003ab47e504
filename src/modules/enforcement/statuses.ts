import { z } from 'zod'
import { type DurableSource, durableTopic } from '../../platform/delivery/topics.ts'

const surface = z.enum(['MESSAGE', 'ACTIVITY', 'ACTIVITY_MESSAGE', 'PROFILE', 'INVITE', 'VENUE', 'EVENT', 'REPORT'])
const subjectKind = z.enum(['MESSAGE', 'ACTIVITY', 'ACTIVITY_MESSAGE', 'ACCOUNT', 'DEVICE', 'VENUE', 'EVENT'])
const moment = z.string().nullable()

/** What became of something of theirs. SHADOW never is in here. */
const decisionStatus = z.object({
  kind: z.literal('DECISION'),
  decisionId: z.string(),
  action: z.enum(['WARN', 'HIDE', 'REMOVE', 'MUTE', 'RESTRICT', 'BAN']),
  subject: z.object({ kind: subjectKind, id: z.string() }),
  surface: surface.nullable(),
  /** Null: until it is undone, or for ever. */
  until: moment,
  reason: z.string(),
  explanation: z.string(),
  reverted: z.boolean(),
  appealableUntil: moment,
})

/** What became of a report of theirs. */
const reportStatus = z.object({
  kind: z.literal('REPORT'),
  reportId: z.string(),
  outcome: z.enum(['ACTIONED', 'DISMISSED']),
})

const appealStatus = z.object({
  kind: z.literal('APPEAL'),
  appealId: z.string(),
  decisionId: z.string(),
  state: z.enum(['ACCEPTED', 'REJECTED']),
  answer: z.string(),
})

/** A restriction that came without a decision. */
const restrictionStatus = z.object({
  kind: z.literal('RESTRICTION'),
  restrictionId: z.string(),
  restriction: z.enum(['COOLDOWN', 'MUTE', 'CHALLENGE', 'BLOCK', 'BAN', 'STRIP_LINKS']),
  surface: surface.nullable(),
  until: moment,
  reason: z.string(),
  explanation: z.string(),
  revoked: z.boolean(),
})

const statusSchema = z.discriminatedUnion('kind', [decisionStatus, reportStatus, appealStatus, restrictionStatus])

/** What a person is told. Moments are ISO 8601. */
export type Status = z.infer<typeof statusSchema>

const toldSchema = z.intersection(z.object({ seq: z.number(), at: z.string() }), statusSchema)

/** A status in its place in the person's stream. */
export type ToldStatus = z.infer<typeof toldSchema>

/** Everything that one person is told. Their rows in Postgres are the log. */
export const statusTopic = (log: DurableSource) =>
  durableTopic<ToldStatus>({ name: 'moderation-status', log, payload: toldSchema })
