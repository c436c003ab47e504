import { RedisPubSub } from 'graphql-redis-subscriptions'
import type { Redis } from 'ioredis'
import { z } from 'zod'
import type { Metrics } from '../metrics.ts'
import type { RedisConnections } from '../redis.ts'

const wakeUpSchema = z.object({
  v: z.literal(1),
  epoch: z.string(),
  seq: z.number().int().positive(),
  payload: z.unknown(),
})
/** Something that is true for a moment only: not in the log, and not missed by who missed it. */
const signalSchema = z.object({ v: z.literal(1), signal: z.unknown().refine((payload) => payload !== undefined) })
export type WakeUp = z.infer<typeof wakeUpSchema>
export type Signal = z.infer<typeof signalSchema>
const messageSchema = z.union([wakeUpSchema, signalSchema])

export interface WakeUps {
  /** Resolves once Redis has confirmed the subscription: whatever is published from then on is heard, or the log has it. */
  listen(channel: string, onMessage: (message: WakeUp | Signal) => void): Promise<() => void>
  /** Called whenever the subscriber connection is back after a loss, when wake-ups may have been missed. */
  onReconnect(check: () => void): void
  /** Called when the connection is lost. */
  onLost(listener: () => void): void
  connected(): boolean
}

const unreadable = Symbol('unreadable')

/** The transport: graphql-redis-subscriptions, held so that no rejection, bad payload or lost connection of it reaches a client. */
export function createWakeUps(deps: { redis: RedisConnections; metrics: Metrics }): WakeUps {
  const { redis, metrics } = deps
  const pubsub = new RedisPubSub({
    publisher: redis.command,
    subscriber: guarded(redis.subscriber),
    deserializer: (source) => {
      const parsed = messageSchema.safeParse(parseJson(String(source)))
      if (!parsed.success) metrics.droppedWakeups.inc()
      return parsed.success ? parsed.data : unreadable
    },
  })
  return {
    async listen(channel, onMessage) {
      const id = await pubsub.subscribe(channel, (message: WakeUp | Signal | typeof unreadable) => {
        if (message !== unreadable) onMessage(message)
      })
      return () => pubsub.unsubscribe(id)
    },
    onReconnect(check) {
      redis.subscriber.on('ready', check)
    },
    onLost(listener) {
      redis.subscriber.on('close', listener)
    },
    connected: () => redis.subscriber.status === 'ready',
  }
}

/**
 * The four calls that graphql-redis-subscriptions makes, without their ways to fail: it leaves the rejection of a failed
 * SUBSCRIBE and of every UNSUBSCRIBE to nobody, and unsubscribes each channel twice. A SUBSCRIBE that fails is asked again
 * by ioredis as soon as it is connected, so it is never reported as failed; whoever waits for it has a deadline.
 */
function guarded(subscriber: Redis): Redis {
  const calls = {
    on: (event: string, listener: (...args: unknown[]) => void) => subscriber.on(event, listener),
    subscribe(channel: string, done: (error: null) => void) {
      subscriber.subscribe(channel).then(
        () => done(null),
        () => subscriber.once('ready', () => calls.subscribe(channel, done)),
      )
    },
    unsubscribe: (channel: string) => void subscriber.unsubscribe(channel).catch(() => undefined),
    punsubscribe: () => undefined,
  }
  return calls as unknown as Redis
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
