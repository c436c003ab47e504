import type { z } from 'zod'

/**
 * A kind of event stream, declared once in its module's `events.ts`. One topic has many streams, one per key (a device, an
 * activity), each with its own log, sequence and cursors.
 */
export interface Topic<Payload> {
  name: string
  /** Ephemeral: the log lives in Redis, bounded, and is gone after `windowMs` without use. Durable topics keep theirs in Postgres. */
  kind: 'ephemeral'
  /** The hash tag of the log's keys, of all streams or of each by its key: what one script appends to shares it. */
  slot: string | ((key: string) => string)
  /** How many events a log keeps, */
  maxLength: number
  /** and for how long after the last one, milliseconds. What a reader missed before that is a ResyncRequired. */
  windowMs: number
  /** What a payload must be; anything else found on the wire is counted and ignored. Change it only by adding optional members. */
  payload: z.ZodType<Payload>
}

export function ephemeralTopic<Payload>(topic: Omit<Topic<Payload>, 'kind'>): Topic<Payload> {
  return { kind: 'ephemeral', ...topic }
}

export function slotOf({ slot }: Pick<Topic<unknown>, 'slot'>, key: string): string {
  return typeof slot === 'string' ? slot : slot(key)
}

/** The name that the keys of one stream start with. Lua knows the same rule: `<base>`, then `:head` and `:log`. */
export function streamName(topic: Pick<Topic<unknown>, 'name' | 'slot'>, key: string): string[] {
  return ['delivery', `{${slotOf(topic, key)}}`, topic.name, key]
}
