import { encodeCursor, type Position } from '../cursor.ts'
import { BadUserInputError, SlowConsumerError } from '../errors.ts'
import type { Metrics } from '../metrics.ts'
import type { Delivery, LiveEvent, ResyncReason } from './event.ts'
import type { Feed, Listener } from './feed.ts'
import type { Receiver, SubscribeOptions } from './options.ts'
import { BoundedQueue } from './queue.ts'

const replayPage = 100

/**
 * One subscriber: replays the log after its cursor page by page, as fast as it is read, and goes live at the exact position
 * where the replay ends. It is iterated, or a receiver joins it as soon as nothing else waits. An iterator by hand, because a
 * generator's `return` waits for its `next`; and a class, because a phone that only waits costs what this costs.
 */
export class Subscription<Payload = unknown> implements AsyncIterableIterator<Delivery<Payload>>, Listener {
  /** The stream in this process. Who has the same feed is handed the same events. */
  readonly feed: Feed
  readonly #metrics: Metrics
  readonly #start: Position | undefined
  readonly #options: SubscribeOptions<Payload>
  /** Up to where events have been handed on, put into the queue or passed by. */
  #position: Position | undefined
  #live = false
  #complete = false
  #over: 'done' | 'failed' | undefined
  #failure: unknown
  #ahead: Delivery<Payload>[] | undefined
  /** Where the stream stands: handed on before what waits in the queue. */
  #notice: Delivery<Payload> | undefined
  #queue: BoundedQueue | undefined
  #wake: (() => void) | undefined
  #receiver: Receiver | undefined

  constructor(feed: Feed, metrics: Metrics, start: Position | undefined, options: SubscribeOptions<Payload>) {
    this.feed = feed
    this.#metrics = metrics
    this.#start = start
    this.#options = options
    feed.attach(this)
    metrics.subscribers.inc()
    options.until?.addEventListener('abort', this)
    if (options.until?.aborted) this.handleEvent()
    options.audience?.onChange(() => this.#regroup())
  }

  /** The name of its audience; undefined: everybody's. */
  get audience(): string | null | undefined {
    return this.#options.audience?.current()
  }

  /** Whoever starts now misses nothing from here on, however late they take it. With a cursor the log says where to begin. */
  start(): void {
    if (this.#start || this.#over) return
    this.#position = this.feed.position() ?? { epoch: '', seq: 0 }
    this.#live = true
    this.#notice = { kind: 'ready', cursor: encodeCursor(this.feed.base, this.#position) }
  }

  /** What is next; waits for it. */
  async next(): Promise<IteratorResult<Delivery<Payload>, undefined>> {
    for (;;) {
      const taken = await this.take()
      if (taken) return taken
      // Not if something came between the answer and this line.
      if (!this.#isIdle) continue
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      this.#wake = undefined
    }
  }

  /** What is next; undefined when everything so far has been taken and the subscriber is live. */
  async take(): Promise<IteratorResult<Delivery<Payload>, undefined> | undefined> {
    try {
      return await this.#take()
    } catch (error) {
      this.#end('done')
      throw error
    }
  }

  /** What else of a replay is at hand, without waiting; for who has taken what comes before. */
  more(atMost: number): Delivery<Payload>[] {
    return this.#ahead?.splice(0, atMost) ?? []
  }

  /** Hands live events to a receiver from here on; false if something must be taken first. */
  join(receiver: Receiver): boolean {
    if (!this.#isIdle) return false
    this.#receiver = receiver
    return true
  }

  /** The subscriber cannot take what it is given: it is cut, and resumes by its cursor. */
  fallBehind(): void {
    if (this.#over) return
    this.#metrics.slowConsumers.inc()
    this.#options.onSlow?.()
    this.#fail(new SlowConsumerError())
  }

  async return(): Promise<IteratorResult<Delivery<Payload>, undefined>> {
    this.#receiver = undefined
    this.#end('done')
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  onEvent(event: LiveEvent): void {
    if (!this.#listens || (this.#position && event.seq <= this.#position.seq)) return
    this.#position = event.position
    const verdict = this.#verdict(event.payload)
    if (!verdict) return
    if (verdict === 'last') this.#complete = true
    if (this.#receiver) {
      this.feed.deliveries.inc()
      this.#receiver.take(event, verdict === 'last')
    } else if (this.#enqueue(event)) this.#wake?.()
    else this.fallBehind()
  }

  onSignal(_payload: unknown, event: LiveEvent): void {
    const { position } = event
    // A cursor must not lead back before what this subscriber already has.
    if (!this.#listens || this.#position?.seq !== position.seq || this.#position.epoch !== position.epoch) return
    if (this.#queue?.isHalfFull || !this.#verdict(event.payload)) return
    if (this.#receiver) this.#receiver.take(event, false)
    else if (this.#enqueue(event)) this.#wake?.()
  }

  onResync(reason: ResyncReason, head: Position): void {
    if (!this.#listens) return
    this.#queue?.clear()
    this.#notice = this.#resync(reason, head)
    if (this.#receiver) this.#regroup()
    else this.#wake?.()
  }

  /** `until` was aborted. */
  handleEvent(): void {
    this.#end('done')
  }

  get #listens(): boolean {
    return this.#live && !this.#over && !this.#complete
  }

  get #isIdle(): boolean {
    return this.#listens && !this.#notice && !this.#ahead?.length && !this.#queue?.size
  }

  /** Its receiver takes what comes by itself, until it joins anew. */
  #regroup(): void {
    const receiver = this.#receiver
    this.#receiver = undefined
    receiver?.fallBack()
  }

  #enqueue(event: LiveEvent): boolean {
    this.#queue ??= new BoundedQueue()
    return this.#queue.push(event)
  }

  /** A rule that fails ends its own stream, and nobody else's. */
  #verdict(payload: unknown): boolean | 'last' {
    if (!this.#options.accept) return true
    try {
      return this.#options.accept(payload as Payload)
    } catch (error) {
      this.#fail(error)
      return false
    }
  }

  #fail(error: unknown): void {
    this.#failure = error
    this.#end('failed')
  }

  #end(how: 'done' | 'failed'): void {
    if (this.#over) return
    this.#over = how
    this.#ahead = undefined
    this.#queue = undefined
    this.feed.detach(this)
    this.#metrics.subscribers.dec()
    this.#options.until?.removeEventListener('abort', this)
    this.#options.onEnded?.()
    const receiver = this.#receiver
    this.#receiver = undefined
    if (receiver) receiver.end(this.#failure)
    else this.#wake?.()
  }

  #resync(reason: ResyncReason, head: Position): Delivery<Payload> {
    this.#position = head
    this.#metrics.resyncs.inc({ reason })
    return { kind: 'resync', reason, cursor: encodeCursor(this.feed.base, head) }
  }

  async #take(): Promise<IteratorResult<Delivery<Payload>, undefined> | undefined> {
    if (this.#start && !this.#position && !this.#over) {
      const first = await this.#begin(this.#start)
      if (!this.#over) return { done: false, value: first }
    }
    for (;;) {
      if (this.#over === 'failed') {
        this.#over = 'done'
        throw this.#failure
      }
      if (this.#over) return { done: true, value: undefined }
      const next = this.#ahead?.shift() ?? this.#notice
      if (next) {
        if (next === this.#notice) this.#notice = undefined
        return { done: false, value: next }
      }
      const event = this.#queue?.shift()
      if (event) {
        if (!event.passing) this.feed.deliveries.inc()
        return { done: false, value: event.delivery as Delivery<Payload> }
      }
      if (this.#complete) this.#end('done')
      else if (this.#live || !this.#position) return undefined
      else await this.#replay(this.#position)
    }
  }

  /** The first answer to a cursor: that the stream goes on from there, or that it is too old. */
  async #begin(start: Position): Promise<Delivery<Payload>> {
    const { topic, key, base, log } = this.feed
    const page = await log.read(topic, key, start, 1)
    if (page.head.epoch !== start.epoch) return this.#resync('EPOCH_CHANGED', page.head)
    if (start.seq > page.head.seq) throw new BadUserInputError('This cursor is ahead of its stream.', 'after')
    if (start.seq < page.head.seq && page.oldest > start.seq + 1) return this.#resync('WINDOW_EXCEEDED', page.head)
    this.#position = start
    return { kind: 'ready', cursor: encodeCursor(base, start) }
  }

  /** One page of the log after the position. When nothing is left that the feed has already served, the subscriber is live. */
  async #replay(from: Position): Promise<void> {
    const { topic, key, base, log } = this.feed
    const served = this.feed.position()
    if (served?.epoch === from.epoch && from.seq >= served.seq) {
      this.#live = true
      return
    }
    const page = await log.read(topic, key, from, replayPage)
    this.#ahead ??= []
    if (page.head.epoch !== from.epoch) return void this.#ahead.push(this.#resync('EPOCH_CHANGED', page.head))
    if (page.oldest > from.seq + 1 && page.head.seq > from.seq)
      return void this.#ahead.push(this.#resync('WINDOW_EXCEEDED', page.head))
    const read = page.entries.map(({ seq, payload }) => ({ seq, parsed: topic.payload.safeParse(payload) }))
    const kept = await (this.#options.keep?.(
      read.flatMap(({ parsed }) => (parsed.success ? [parsed.data as Payload] : [])),
    ) ?? undefined)
    const lost = () => void this.#ahead?.push(this.#resync('WINDOW_EXCEEDED', page.head))
    let [asked, last] = [0, from.seq]
    for (const { seq, parsed } of read) {
      // It may have ended while the page was read, or by a verdict on it.
      if (this.#over || this.#complete) return
      // What was taken out of the log is lost to whoever had not got it.
      if (seq !== last + 1) return lost()
      last = seq
      this.#position = { epoch: from.epoch, seq }
      const verdict = parsed.success && (kept ? kept[asked++] : true) && this.#verdict(parsed.data)
      if (!verdict || !parsed.success) continue
      this.feed.deliveries.inc()
      if (verdict === 'last') this.#complete = true
      const cursor = encodeCursor(base, this.#position)
      this.#ahead?.push({ kind: 'event', cursor, payload: parsed.data as Payload })
    }
    if (page.entries.length < replayPage && page.head.seq > last) return lost()
    if (page.entries.length === 0) this.feed.check(page.head)
  }
}
