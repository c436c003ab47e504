import { encodeCursor, type Position } from '../cursor.ts'
import { BadUserInputError, SlowConsumerError } from '../errors.ts'
import type { Metrics } from '../metrics.ts'
import type { Feed, Listener, ResyncReason } from './feed.ts'
import type { EventLog } from './log.ts'
import { createBoundedQueue, type LiveEvent } from './queue.ts'

/** What a subscriber gets: first where it stands, then every event, and a resync wherever events were lost to it. */
export type Delivery<Payload> =
  | { kind: 'ready'; cursor: string }
  | { kind: 'event'; cursor: string; payload: Payload }
  | { kind: 'resync'; cursor: string; reason: ResyncReason }

export interface SubscribeOptions<Payload> {
  /** The cursor to resume from; without it the stream starts now. */
  after?: string | null | undefined
  /** Which of these replayed payloads the subscriber may still see; asked once a page. */
  keep?: (payloads: Payload[]) => Promise<boolean[]>
  /** Which payloads are for this subscriber at all; the others pass it by, live and replayed. */
  accept?: (payload: Payload) => boolean
  /** Called once when the subscriber fell too far behind, so that its connection can be cut: nobody may be reading it. */
  onSlow?: () => void
}

const replayPage = 100

/**
 * Serves one subscriber: replays the log after its cursor page by page, as fast as it is read, and joins the live feed at the
 * exact position where the replay ends. It is an iterator by hand because a generator's `return` waits for its `next`.
 */
export function createSubscription<Payload>(
  feed: Feed,
  log: EventLog,
  metrics: Metrics,
  start: Position | undefined,
  options: Omit<SubscribeOptions<Payload>, 'after'>,
): AsyncIterableIterator<Delivery<Payload>> {
  const { topic, key } = feed
  const base = log.base(topic, key)

  const queue = createBoundedQueue()
  let ahead: Delivery<Payload>[] = []
  let position: Position | undefined
  let live = false
  let ended: 'done' | 'slow' | undefined
  let lostLive: { reason: ResyncReason; head: Position } | undefined
  let wake: (() => void) | undefined

  const accepts = (payload: unknown) => !options.accept || options.accept(payload as Payload)

  const listener: Listener = {
    onEvent(event) {
      if (!live || ended || (position && event.seq <= position.seq) || !accepts(event.payload)) return
      if (queue.push(event)) wake?.()
      else fallBehind()
    },
    onResync(reason, head) {
      if (!live || ended) return
      queue.clear()
      lostLive = { reason, head }
      position = head
      wake?.()
    },
  }

  function fallBehind() {
    ended = 'slow'
    leave()
    metrics.slowConsumers.inc()
    options.onSlow?.()
    wake?.()
  }

  function leave() {
    queue.clear()
    feed.detach(listener)
    metrics.subscribers.dec()
  }

  const lost = (reason: ResyncReason, head: Position): Delivery<Payload> => {
    metrics.resyncs.inc({ reason })
    return { kind: 'resync', reason, cursor: encodeCursor(base, head) }
  }

  const resync = (reason: ResyncReason, head: Position): Delivery<Payload> => {
    position = head
    return lost(reason, head)
  }

  const delivered = (event: Pick<LiveEvent, 'seq' | 'payload'>): Delivery<Payload> => {
    position = { epoch: position?.epoch ?? '', seq: event.seq }
    metrics.deliveries.inc({ topic: topic.name })
    return { kind: 'event', cursor: encodeCursor(base, position), payload: event.payload as Payload }
  }

  /** The first answer: where the stream stands for this subscriber, or that its cursor is too old. */
  async function begin(): Promise<Delivery<Payload>> {
    if (!start) {
      position = feed.position()
      live = true
      return { kind: 'ready', cursor: encodeCursor(base, position ?? { epoch: '', seq: 0 }) }
    }
    const page = await log.read(topic, key, start, 1)
    if (page.head.epoch !== start.epoch) return resync('EPOCH_CHANGED', page.head)
    if (start.seq > page.head.seq) throw new BadUserInputError('This cursor is ahead of its stream.', 'after')
    if (start.seq < page.head.seq && page.oldest > start.seq + 1) return resync('WINDOW_EXCEEDED', page.head)
    position = start
    return { kind: 'ready', cursor: encodeCursor(base, start) }
  }

  /** One page of the log after the position. When nothing is left that the feed has already served, the subscriber is live. */
  async function replay(from: Position): Promise<void> {
    const served = feed.position()
    if (served?.epoch === from.epoch && from.seq >= served.seq) {
      live = true
      return
    }
    const page = await log.read(topic, key, from, replayPage)
    if (page.head.epoch !== from.epoch) return void ahead.push(resync('EPOCH_CHANGED', page.head))
    if (page.oldest > from.seq + 1 && page.head.seq > from.seq)
      return void ahead.push(resync('WINDOW_EXCEEDED', page.head))
    const read = page.entries.map(({ seq, payload }) => ({ seq, parsed: topic.payload.safeParse(payload) }))
    const kept = await (options.keep?.(
      read.flatMap(({ parsed }) => (parsed.success ? [parsed.data as Payload] : [])),
    ) ?? undefined)
    let asked = 0
    for (const { seq, parsed } of read) {
      const visible = parsed.success && (kept ? kept[asked++] : true) && accepts(parsed.data)
      if (visible) ahead.push(delivered({ seq, payload: parsed.data }))
      else position = { epoch: from.epoch, seq }
    }
    if (page.entries.length === 0) feed.check(page.head)
  }

  async function take(): Promise<IteratorResult<Delivery<Payload>, undefined>> {
    if (!position && !ended) return { done: false, value: await begin() }
    for (;;) {
      if (ended === 'slow') {
        ended = 'done'
        throw new SlowConsumerError()
      }
      if (ended) return { done: true, value: undefined }
      const next = ahead.shift()
      if (next) return { done: false, value: next }
      if (lostLive) {
        const { reason, head } = lostLive
        lostLive = undefined
        return { done: false, value: lost(reason, head) }
      }
      if (!live && position) {
        await replay(position)
        continue
      }
      const event = queue.shift()
      if (event) {
        if (position && event.seq <= position.seq) continue
        return { done: false, value: delivered(event) }
      }
      await new Promise<void>((resolve) => {
        wake = resolve
      })
      wake = undefined
    }
  }

  feed.attach(listener)
  metrics.subscribers.inc()

  return {
    next: () =>
      take().catch((error: unknown) => {
        if (!ended) {
          ended = 'done'
          leave()
        }
        throw error
      }),
    async return() {
      if (!ended) {
        ended = 'done'
        ahead = []
        leave()
        wake?.()
      }
      return { done: true, value: undefined }
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}
