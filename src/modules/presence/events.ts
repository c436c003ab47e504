import { z } from 'zod'
import { ephemeralTopic } from '../../platform/delivery/topics.ts'
import { type Area, areaSlot } from '../../platform/geo/index.ts'

const audience = z.enum(['EVERYONE', 'FRIENDS', 'NOBODY'])

/** A person in a cell of the people grid, as far as an audience may know. */
const standing = z.object({ cell: z.string(), audience })

/** An activity in a cell of the places grid. While it is `quiet`, only who is within 200 m is shown it; `hidden`, only its host. */
const gathering = z.object({
  ...{ cell: z.string(), quiet: z.boolean(), version: z.number() },
  hidden: z.literal(true).optional(),
})

/** An activity as its area is told of it. */
export type PlacedGathering = z.infer<typeof gathering>

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

/** What happened in an area is remembered for phones that come back: at least so long, at most twice. */
export const surroundingsForMs = 5 * 60 * 1000

export const surroundingsKey = (area: Area) => String(area)

const viewpointSchema = z.discriminatedUnion('kind', [
  /** Only ever a signal: they stand elsewhere, or nowhere any more. `stand` is what `stands` compares. */
  z.object({ kind: z.literal('stand'), stand: z.string().nullable() }),
  /** They and somebody else were not hidden from each other until now, or were. Told before it counts. */
  z.object({ kind: z.enum(['apart', 'together']), other: z.string() }),
])

export type Viewpoint = z.infer<typeof viewpointSchema>

/** What changes for one person wherever they look: where they look from, and who is hidden from them. For servers, as above. */
export const viewpointTopic = ephemeralTopic<Viewpoint>({
  name: 'viewpoint',
  slot: 'viewpoints',
  maxLength: 1000,
  windowMs: 10 * 60 * 1000,
  payload: viewpointSchema,
})
