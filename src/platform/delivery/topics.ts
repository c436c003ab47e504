import type { z } from 'zod'

/**
 * A kind of event stream, declared once in its module's `events.ts`. One topic has many streams, one per key (a device, an
 * activity, a conversation), each with its own log, sequence and cursors.
 */
export type Topic<Payload> = EphemeralTopic<Payload> | DurableTopic<Payload>

interface Described<Payload> {
  name: string
  /** What a payload must be; anything else found on the wire is counted and ignored. Change it only by adding optional members. */
  payload: z.ZodType<Payload>
}

/** The log lives in Redis, bounded, and is gone after `windowMs` without use. */
export interface EphemeralTopic<Payload> extends Described<Payload> {
  kind: 'ephemeral'
  /** The hash tag of the log's keys, of all streams or of each by its key: what one script appends to shares it. */
  slot: string | ((key: string) => string)
  /** How many events a log keeps, */
  maxLength: number
  /** and for how long after the last one, milliseconds. What a reader missed before that is a ResyncRequired. */
  windowMs: number
}

/** The log is what its module keeps in Postgres: whole, and for as long as that is kept. Redis only wakes. */
export interface DurableTopic<Payload> extends Described<Payload> {
  kind: 'durable'
  slot: string
  log: DurableSource
}

/** What a module keeps, as the log of its durable topic. The seqs of a stream are 1, 2, 3, … without a hole, in the order of their commits. */
export interface DurableSource {
  /** The entries after a seq, oldest first, at most `limit`, and the last seq there is at that moment; 0 if there is none. */
  read(
    key: string,
    after: number,
    limit: number,
  ): Promise<{ head: number; entries: { seq: number; payload: unknown }[] }>
  /** The last seq of each, in the order asked for. */
  positions(keys: string[]): Promise<number[]>
}

export function ephemeralTopic<Payload>(topic: Omit<EphemeralTopic<Payload>, 'kind'>): EphemeralTopic<Payload> {
  return { kind: 'ephemeral', ...topic }
}

export function durableTopic<Payload>(topic: Omit<DurableTopic<Payload>, 'kind' | 'slot'>): DurableTopic<Payload> {
  return { kind: 'durable', slot: topic.name, ...topic }
}

export function slotOf({ slot }: Pick<Topic<unknown>, 'slot'>, key: string): string {
  return typeof slot === 'string' ? slot : slot(key)
}

/** The name that the keys of one stream start with, and its channel. Lua knows the same rule: `<base>`, then `:head` and `:log`. */
export function streamName(topic: Pick<Topic<unknown>, 'name' | 'slot'>, key: string): string[] {
  return ['delivery', `{${slotOf(topic, key)}}`, topic.name, key]
}
