import { z } from 'zod'
import { type DurableSource, durableTopic } from '../../platform/delivery/topics.ts'
import { caseChanges } from './cases.ts'

const factsSchema = z.object({
  ...{ kind: z.string(), state: z.string(), severity: z.number(), reasons: z.array(z.string()) },
  ...{ campusId: z.string().nullable(), assigneeId: z.string().nullable(), claimed: z.boolean() },
  ...{ appealOpen: z.boolean(), openedAtMs: z.number(), overdue: z.boolean() },
})

const changedSchema = z.object({
  caseId: z.string(),
  change: z.enum(caseChanges),
  /** By what filters look at: as it is. */
  is: factsSchema,
  /** And as it was before; null for a new case, not there when it is not known any more. */
  was: factsSchema.nullable().optional(),
})

/** Something that happened to a case: what there is of it is read when it is delivered. */
export type CaseChanged = z.infer<typeof changedSchema>

/** All cases, in one stream. Their events in Postgres are the log. */
export const queueTopic = (log: DurableSource) =>
  durableTopic<CaseChanged>({ name: 'moderation-queue', log, payload: changedSchema })

export const queueKey = 'all'
