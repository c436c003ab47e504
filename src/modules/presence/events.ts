import { z } from 'zod'
import { ephemeralTopic } from '../../platform/delivery/topics.ts'
import { type Area, areaSlot } from '../../platform/geo/index.ts'

const audience = z.enum(['EVERYONE', 'FRIENDS', 'NOBODY'])

/** A person in a cell of the people grid, as far as an audience may know. */
const standing = z.object({ cell: z.string(), audience })

/** An activity in a cell of the places grid. While it is `quiet`, only who is within 200 m is shown it. */
const gathering = z.object({ cell: z.string(), quiet: z.boolean(), version: z.number() })

const surroundingsSchema = z.discriminatedUnion('kind', [
  /** Somebody came (no `from`), moved or changed their audience, or left (no `to`). */
  z.object({ kind: z.literal('person'), id: z.string(), from: standing.nullable(), to: standing.nullable() }),
  /** The same for an activity; `host` decides who may be shown it. */
  z.object({
    kind: z.literal('activity'),
    id: z.string(),
    host: z.string(),
    from: gathering.nullable(),
    to: gathering.nullable(),
  }),
  /** Two people are hidden from each other from here on, or not any more. */
  z.object({ kind: z.enum(['apart', 'together']), id: z.string(), other: z.string() }),
  /** Only ever a signal: somebody crossed into another cell of the places grid. */
  z.object({ kind: z.literal('near'), id: z.string(), cell: z.string() }),
])

export type Surroundings = z.infer<typeof surroundingsSchema>

/**
 * Everything that changes in an area, for the servers that keep up with it; no client ever reads it as it is. Whoever changes
 * something appends it in the same script.
 */
export const surroundingsTopic = ephemeralTopic<Surroundings>({
  name: 'surroundings',
  slot: (area) => areaSlot(Number(area)),
  maxLength: 20_000,
  windowMs: 10 * 60 * 1000,
  payload: surroundingsSchema,
})

export const surroundingsKey = (area: Area) => String(area)
