import { decodeCursor, type Position } from '../cursor.ts'
import { UnavailableError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import type { Metrics } from '../metrics.ts'
import type { RedisConnections } from '../redis.ts'
import type { Delivery } from './event.ts'
import { createFeed, type Feed, type Listener } from './feed.ts'
import { createEventLog, type EventLog } from './log.ts'
import { type SubscribeOptions, Subscription } from './subscription.ts'
import { slotOf, type Topic } from './topics.ts'
import { createWakeUps } from './wake-ups.ts'

export type { Delivery } from './event.ts'
export type { Listener } from './feed.ts'
export type { Audience, SubscribeOptions } from './subscription.ts'

/**
 * Events that are not lost: Redis pub/sub carries wake-ups, a bounded log carries the events, and every subscriber either
 * gets all of them once and in order, or is told so. See docs/delivery.md.
 */
export interface DeliveryEngine {
  log: EventLog
  /** Appends an event and wakes its subscribers on every node, atomically. Returns its seq. */
  publish<Payload>(topic: Topic<Payload>, key: string, payload: Payload): Promise<number>
  /** Tells whoever listens at this moment, on every node. Nothing is kept: who is not there has missed nothing. */
  signal<Payload>(topic: Topic<Payload>, key: string, payload: Payload): Promise<void>
  /**
   * Keeps something in this process up to date with a stream: every event after the position it answers with, once and in
   * order, or a resync. The listener must not fail. UNAVAILABLE while Redis does not answer.
   */
  follow<Payload>(topic: Topic<Payload>, key: string, listener: Listener): Promise<{ position: Position; stop(): void }>
  /** Starts a subscriber. Refuses a cursor of another stream (BAD_USER_INPUT); UNAVAILABLE while Redis does not answer. */
  subscribe<Payload>(
    topic: Topic<Payload>,
    key: string,
    options?: SubscribeOptions<Payload>,
  ): Promise<AsyncIterableIterator<Delivery<Payload>>>
  /** Compares every stream of this process with its log, now; runs by itself every 25 s and after each reconnect. */
  checkPositions(): Promise<void>
  close(): void
}

export const positionCheckMs = 25_000
const retryCheckMs = 500
const checkBatch = 200

export function createDelivery(deps: { redis: RedisConnections; metrics: Metrics; logger: Logger }): DeliveryEngine {
  const { redis, metrics, logger } = deps
  const log = createEventLog(redis)
  const wakeUps = createWakeUps({ redis, metrics })
  const feeds = new Map<string, Feed>()
  const countersByTopic = new Map<string, { inc(): void }>()

  function deliveriesOf({ name }: Topic<unknown>) {
    const known = countersByTopic.get(name)
    if (known) return known
    const counter = metrics.deliveries.of({ topic: name })
    countersByTopic.set(name, counter)
    return counter
  }

  function feedOf(topic: Topic<unknown>, key: string): Feed {
    const name = log.base(topic, key)
    const running = feeds.get(name)
    if (running) return running
    const onIdle = () => {
      if (feeds.get(name) === feed) feeds.delete(name)
    }
    const deliveries = deliveriesOf(topic)
    const feed: Feed = createFeed(topic, key, { log, wakeUps, metrics, deliveries, onIdle, onUnfilled: checkSoon })
    feeds.set(name, feed)
    feed.opened.catch(onIdle)
    return feed
  }

  async function checkPositions() {
    const bySlot = groupBySlot(feeds.values())
    for (const inSlot of bySlot.values()) {
      for (let from = 0; from < inSlot.length; from += checkBatch) {
        const batch = inSlot.slice(from, from + checkBatch)
        const heads = await log.positions(batch)
        for (const [i, feed] of batch.entries()) if (heads[i]) feed.check(heads[i])
      }
    }
  }

  // A check that fails is asked again soon: it is due because something was lost, and nothing else may come to show it.
  let retry: NodeJS.Timeout | undefined
  const checkSoon = () => {
    clearTimeout(retry)
    retry = setTimeout(checkQuietly, retryCheckMs)
    retry.unref()
  }
  function checkQuietly() {
    clearTimeout(retry)
    checkPositions().catch((error: Error) => {
      logger.debug('delivery: position check failed, will be asked again', { error: error.name })
      checkSoon()
    })
  }
  wakeUps.onReconnect(checkQuietly)
  redis.command.on('ready', checkQuietly)
  const timer = setInterval(checkQuietly, positionCheckMs)
  timer.unref()

  return {
    log,
    publish: (topic, key, payload) => log.append(topic, key, payload),
    async signal(topic, key, payload) {
      const message = JSON.stringify({ v: 1, signal: payload })
      await redis.run((client) => client.publish(log.base(topic, key), message))
    },
    async follow(topic, key, listener) {
      const feed = feedOf(topic as Topic<unknown>, key)
      feed.attach(listener)
      const stop = () => feed.detach(listener)
      try {
        await feed.opened
      } catch (error) {
        stop()
        throw error
      }
      const position = feed.position()
      if (!position) throw new UnavailableError()
      return { position, stop }
    },
    async subscribe(topic, key, options = {}) {
      const start = options.after ? decodeCursor(log.base(topic, key), options.after) : undefined
      const feed = feedOf(topic as Topic<unknown>, key)
      const subscription = new Subscription(feed, log, metrics, start, options)
      try {
        await feed.opened
      } catch (error) {
        await subscription.return()
        throw error
      }
      subscription.start()
      return subscription
    },
    checkPositions,
    close() {
      clearInterval(timer)
      clearTimeout(retry)
    },
  }
}

function groupBySlot(feeds: Iterable<Feed>): Map<string, Feed[]> {
  const groups = new Map<string, Feed[]>()
  for (const feed of feeds) {
    const slot = slotOf(feed.topic, feed.key)
    const group = groups.get(slot)
    if (group) group.push(feed)
    else groups.set(slot, [feed])
  }
  return groups
}
