import { decodeCursor, type Position } from '../cursor.ts'
import { UnavailableError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import type { Metrics } from '../metrics.ts'
import type { RedisConnections } from '../redis.ts'
import { durableEpoch, durableLog } from './durable-log.ts'
import type { Delivery } from './event.ts'
import { createFeed, type Feed, type Listener } from './feed.ts'
import { createEventLog, type EventLog, type LogReader } from './log.ts'
import type { SubscribeOptions } from './options.ts'
import { Subscription } from './subscription.ts'
import { type DurableTopic, type EphemeralTopic, slotOf, type Topic } from './topics.ts'
import { createWakeUps } from './wake-ups.ts'

export type { Delivery } from './event.ts'
export type { Listener } from './feed.ts'
export type { Audience, SubscribeOptions } from './options.ts'

/**
 * Events that are not lost: Redis pub/sub carries wake-ups, a log carries the events, and every subscriber either gets all of
 * them once and in order, or is told so. See docs/delivery.md.
 */
export interface DeliveryEngine {
  /** The logs in Redis, of ephemeral topics. */
  log: EventLog
  /** Appends an event and wakes its subscribers on every node, atomically. Returns its seq. */
  publish<Payload>(topic: EphemeralTopic<Payload>, key: string, payload: Payload): Promise<number>
  /** What wakes the subscribers of a durable stream on every node, once its entry is committed: publish `message` on `channel`. */
  wakeUp<Payload>(
    topic: DurableTopic<Payload>,
    key: string,
    seq: number,
    payload: Payload,
  ): { channel: string; message: string }
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
  const readerOf = ({ kind }: Topic<unknown>) => (kind === 'durable' ? durableLog : log) as LogReader<Topic<unknown>>
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
    const base = log.base(topic, key)
    const running = feeds.get(base)
    if (running) return running
    const onIdle = () => {
      if (feeds.get(base) === feed) feeds.delete(base)
    }
    const feed: Feed = createFeed(topic, key, {
      ...{ base, log: readerOf(topic), wakeUps, metrics, deliveries: deliveriesOf(topic), onIdle },
      onUnfilled: checkSoon,
    })
    feeds.set(base, feed)
    feed.opened.catch(onIdle)
    return feed
  }

  async function checkAlike(alike: Feed[]) {
    for (let from = 0; from < alike.length; from += checkBatch) {
      const batch = alike.slice(from, from + checkBatch)
      const heads = await batch[0]?.log.positions(batch)
      for (const [i, feed] of batch.entries()) if (heads?.[i]) feed.check(heads[i])
    }
  }

  // What is in one store is checked although the other does not answer.
  async function checkPositions() {
    const [durable, ephemeral] = groupBySlot(feeds.values())
    const checked = await Promise.allSettled(
      [durable, ephemeral].map(async (groups) => {
        for (const alike of groups.values()) await checkAlike(alike)
      }),
    )
    for (const outcome of checked) if (outcome.status === 'rejected') throw outcome.reason
  }

  // A check that fails is asked again soon: it is due because something was lost, and nothing else may come to show it. So it
  // is while nobody can be woken: what is in Postgres goes on meanwhile.
  let retry: NodeJS.Timeout | undefined
  let closed = false
  const checkSoon = () => {
    clearTimeout(retry)
    if (closed) return
    retry = setTimeout(checkQuietly, retryCheckMs)
    retry.unref()
  }
  function checkQuietly() {
    clearTimeout(retry)
    checkPositions().then(
      () => {
        if (!wakeUps.connected()) checkSoon()
      },
      (error: Error) => {
        logger.debug('delivery: position check failed, will be asked again', { error: error.name })
        checkSoon()
      },
    )
  }
  wakeUps.onReconnect(checkQuietly)
  wakeUps.onLost(checkSoon)
  redis.command.on('ready', checkQuietly)
  const timer = setInterval(checkQuietly, positionCheckMs)
  timer.unref()

  return {
    log,
    publish: (topic, key, payload) => log.append(topic, key, payload),
    wakeUp: (topic, key, seq, payload) => ({
      channel: log.base(topic, key),
      message: JSON.stringify({ v: 1, epoch: durableEpoch, seq, payload }),
    }),
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
      const given = options.after ? decodeCursor(log.base(topic, key), options.after) : undefined
      const start = given && { ...given, seq: Math.max(given.seq, options.notBefore ?? 0) }
      const feed = feedOf(topic as Topic<unknown>, key)
      const subscription = new Subscription(feed, metrics, start, options)
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
      closed = true
      clearInterval(timer)
      clearTimeout(retry)
    },
  }
}

/** Those whose positions can be asked for at once: the durable ones, and the others. */
function groupBySlot(feeds: Iterable<Feed>): [durable: Map<string, Feed[]>, ephemeral: Map<string, Feed[]>] {
  const groups = { durable: new Map<string, Feed[]>(), ephemeral: new Map<string, Feed[]>() }
  for (const feed of feeds) {
    const slot = slotOf(feed.topic, feed.key)
    const alike = groups[feed.topic.kind]
    const group = alike.get(slot)
    if (group) group.push(feed)
    else alike.set(slot, [feed])
  }
  return [groups.durable, groups.ephemeral]
}
