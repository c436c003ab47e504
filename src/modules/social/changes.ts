import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import type { Logger } from '../../platform/logger.ts'
import type { RedisConnections } from '../../platform/redis.ts'

const changeSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.enum(['apart', 'together']), personId: z.string(), otherId: z.string() }),
  z.object({
    kind: z.literal('visibility'),
    personId: z.string(),
    audience: z.enum(['EVERYONE', 'FRIENDS', 'NOBODY']),
  }),
])
const messageSchema = z.object({ from: z.string(), change: changeSchema })

/** Two people are hidden from each other, or not any more; or somebody may be found by others than before. */
export type SocialChange = z.infer<typeof changeSchema>

export interface Changes {
  /** Tells every other node of what is committed. */
  send(change: SocialChange): void
  /** Whether whatever another node tells would be heard: only then may anything be remembered. */
  heard(): boolean
  close(): void
}

const retryMs = 250

/**
 * How nodes keep what they remember true. A message that cannot be sent is sent until it is: the node that committed it knows
 * already, and a node that cannot hear remembers nothing.
 */
export function createChanges(deps: {
  redis: RedisConnections
  logger: Logger
  /** Another node has changed something. */
  onChange: (change: SocialChange) => void
  /** Changes may have been missed. */
  onGap: () => void
}): Changes {
  const { redis, logger, onChange, onGap } = deps
  const channel = redis.key('social', 'changes')
  const self = randomUUID()
  let listening = false
  let closed = false

  function onMessage(from: string, text: string) {
    if (from !== channel) return
    const parsed = messageSchema.safeParse(parse(text))
    if (!parsed.success) logger.warn('social: a change that cannot be read')
    else if (parsed.data.from !== self) onChange(parsed.data.change)
  }
  function listen() {
    redis.subscriber.subscribe(channel).then(
      () => {
        // Whatever was remembered while nothing could be heard may be wrong.
        onGap()
        listening = !closed
      },
      () => undefined,
    )
  }
  function onLost() {
    if (!listening) return
    listening = false
    onGap()
  }

  redis.subscriber.on('message', onMessage)
  redis.subscriber.on('ready', listen)
  redis.subscriber.on('close', onLost)
  listen()

  function send(change: SocialChange) {
    if (closed) return
    const text = JSON.stringify({ from: self, change })
    redis.run((client) => client.publish(channel, text)).catch(() => setTimeout(() => send(change), retryMs).unref())
  }

  return {
    send,
    heard: () => listening,
    close() {
      closed = true
      listening = false
      redis.subscriber.off('message', onMessage)
      redis.subscriber.off('ready', listen)
      redis.subscriber.off('close', onLost)
      if (redis.subscriber.status === 'ready') redis.subscriber.unsubscribe(channel).catch(() => undefined)
    },
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
