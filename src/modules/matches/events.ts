import { z } from 'zod'
import { ephemeralTopic } from '../../platform/delivery/topics.ts'
import { talkSlot } from '../sessions/index.ts'

const twoHoursMs = 2 * 60 * 60 * 1000

const nudgeSchema = z.object({
  matchId: z.string(),
  /** The receiver's own session. */
  sessionId: z.string(),
  /** Tags of the shared interests. */
  shared: z.array(z.string()),
  atMs: z.number(),
})

export type NudgePayload = z.infer<typeof nudgeSchema>

/** A device's nudges. Both sides of a match get one each, appended by the script that finds the match. */
export const nudgesTopic = ephemeralTopic<NudgePayload>({
  name: 'nudges',
  slot: talkSlot,
  maxLength: 1000,
  windowMs: twoHoursMs,
  payload: nudgeSchema,
})
