import { z } from 'zod'
import { ephemeralTopic } from '../../platform/delivery/topics.ts'
import { areaOfId, areaSlot } from '../../platform/geo/index.ts'

/** As long as any activity lives: its log ends with its record anyway. */
const windowMs = 48 * 60 * 60 * 1000

/** Somebody in particular, and who may be shown them: each subscriber's own sight decides, without asking anybody. */
const somebody = {
  activityId: z.string(),
  personId: z.string(),
  audience: z.enum(['EVERYONE', 'FRIENDS', 'NOBODY']),
  atMs: z.number(),
}

/** Not for everybody: for whom of the two. Absent: for both. */
const audience = { for: z.enum(['author', 'others']).optional() }

const said = { atMs: z.number(), seq: z.number(), body: z.string() }

/** As they were when they did it. */
const as = { displayName: z.string().nullable(), joinedAtMs: z.number(), isHost: z.boolean() }

const activityEventSchema = z.discriminatedUnion('kind', [
  z.object({
    ...{ kind: z.literal('joined'), ...somebody, ...audience },
    ...{ displayName: z.string().nullable(), joins: z.number() },
  }),
  z.object({ kind: z.literal('left'), ...somebody, ...audience, joins: z.number() }),
  /** The card as it is from here on. */
  z.object({ kind: z.literal('changed'), atMs: z.number(), card: z.string() }),
  /** Its time is over, or its host called it off: nothing follows. */
  z.object({ kind: z.literal('ended'), atMs: z.number(), cancelled: z.boolean() }),
  /** From here on it is its host's alone; `removed`: nobody's. What may be seen again has no such entry in its log. */
  z.object({ kind: z.literal('hidden'), atMs: z.number(), removed: z.literal(true).optional() }),
  /** Said to those who have a part in it. Its author published it: blocks decide, not their audience. */
  z.object({ kind: z.literal('message'), activityId: z.string(), personId: z.string(), ...as, ...said, ...audience }),
  /** A message is not there any more, for those of whom it speaks. */
  z.object({
    ...{ kind: z.literal('withdrawn'), activityId: z.string(), personId: z.string(), atMs: z.number() },
    ...{ seq: z.number(), ...audience },
  }),
  /** Only ever a signal, to those who have a part in it. */
  z.object({ kind: z.literal('typing'), ...somebody, ...as, typing: z.boolean() }),
  /** Somebody erased themselves. What they did before is not in the log any more, but for an empty place. */
  z.object({ kind: z.literal('erased'), atMs: z.number(), attendeeId: z.string(), joins: z.number() }),
  z.object({ kind: z.literal('empty') }),
])

export type ActivityEventPayload = z.infer<typeof activityEventSchema>

/** What happens in an activity. The log lives `with` the record; every append is part of the script that makes it happen. */
export const activityEvents = ephemeralTopic<ActivityEventPayload>({
  name: 'activity',
  slot: (id) => areaSlot(areaOfId(id)),
  maxLength: 500,
  windowMs,
  payload: activityEventSchema,
})
