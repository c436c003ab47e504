import type { z } from 'zod'

/**
 * A kind of event stream, declared once in its module's `events.ts`. One topic has many streams, one per key (a device, an
 * activity), each with its own log, sequence and cursors.
 */
export interface Topic<Payload> {
  name: string
  /** Ephemeral: the log lives in Redis, bounded, and is gone after `windowMs` without use. Durable topics keep theirs in Postgres. */
  kind: 'ephemeral'
  /** The hash tag of the log's keys: streams that one script appends to share it. */
  slot: string
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

/** The name all keys of one stream start with. Lua knows the same rule: `<base>` + key, then `:head` and `:log`. */
export function streamBase(topic: Pick<Topic<unknown>, 'name' | 'slot'>): string[] {
  return ['delivery', `{${topic.slot}}`, topic.name]
}
