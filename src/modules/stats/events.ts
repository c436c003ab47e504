import { z } from 'zod'
import { ephemeralTopic } from '../../platform/delivery/topics.ts'

const countSchema = z.number().int().nullable()

const snapshotSchema = z.object({
  atMs: z.number(),
  activeSessions: countSchema,
  sessionsToday: countSchema,
  matchesToday: countSchema,
  categoriesToday: z.array(z.object({ name: z.string(), count: countSchema })),
})

export type StatsSnapshot = z.infer<typeof snapshotSchema>

/** One snapshot a minute, already suppressed and rounded: what is stored is what may be shown. */
export const statsTopic = ephemeralTopic<StatsSnapshot>({
  name: 'stats',
  slot: 'stats',
  maxLength: 120,
  windowMs: 2 * 60 * 60 * 1000,
  payload: snapshotSchema,
})

export const statsKey = 'all'
