import type { RedisConnections } from '../../platform/redis.ts'

/** What another node may want to look at in Postgres. */
export type Hint = 'keys' | 'revocations'

export interface Hints {
  send(hint: Hint): void
  /** Called on a hint, and after every loss of the connection, when hints may have been missed. */
  on(hint: Hint, look: () => void): void
  close(): void
}

/**
 * Says "look now" to all nodes. A hint carries nothing else, so that a forged one can do no harm, a lost one only costs the
 * time until the next look, and an unknown one is ignored.
 */
export function createHints(redis: RedisConnections): Hints {
  const channel = redis.key('identity', 'hints')
  const looks: Record<Hint, (() => void)[]> = { keys: [], revocations: [] }
  let closed = false

  function onMessage(from: string, message: string) {
    if (from === channel && Object.hasOwn(looks, message)) for (const look of looks[message as Hint]) look()
  }
  function onReady() {
    listen()
    for (const look of [...looks.keys, ...looks.revocations]) look()
  }
  function listen() {
    // Whatever makes it fail also ends the connection, and the next one listens again.
    redis.subscriber.subscribe(channel).catch(() => undefined)
  }

  redis.subscriber.on('message', onMessage)
  redis.subscriber.on('ready', onReady)
  listen()

  return {
    send(hint) {
      if (closed) return
      redis.run((client) => client.publish(channel, hint)).catch(() => undefined)
    },
    on: (hint, look) => void looks[hint].push(look),
    close() {
      closed = true
      redis.subscriber.off('message', onMessage)
      redis.subscriber.off('ready', onReady)
      // While there is no connection it would only wait for one, and keep the connection from being given up.
      if (redis.subscriber.status === 'ready') redis.subscriber.unsubscribe(channel).catch(() => undefined)
    },
  }
}
