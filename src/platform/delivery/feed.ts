import type { Position } from '../cursor.ts'
import { UnavailableError } from '../errors.ts'
import type { Metrics } from '../metrics.ts'
import { LiveEvent, type ResyncReason } from './event.ts'
import type { LogReader } from './log.ts'
import type { Topic } from './topics.ts'
import type { Signal, WakeUp, WakeUps } from './wake-ups.ts'

export interface Listener {
  onEvent(event: LiveEvent): void
  /** A passing event: it has no position, and is not replayed. `event` is the same, as it is handed to subscribers. */
  onSignal?(payload: unknown, event: LiveEvent): void
  onResync(reason: ResyncReason, head: Position): void
}

/**
 * One stream in this process: one Redis subscription, one position, any number of listeners. Every event after the position
 * reaches every listener once and in order, or the listener is told to resync; a gap is filled from the log.
 */
export interface Feed {
  /** Tells the feeds of this process apart. */
  id: number
  topic: Topic<unknown>
  key: string
  /** What its keys and its cursors are made of. */
  base: string
  /** What was missed is read from here. */
  log: LogReader<Topic<unknown>>
  /** Counts what is handed to subscribers. */
  deliveries: { inc(): void }
  /** Up to where listeners have been served. Undefined until opened. */
  position(): Position | undefined
  opened: Promise<void>
  attach(listener: Listener): void
  /** Leaves; the last one to leave ends the feed. */
  detach(listener: Listener): void
  /** Compares with where the log stands, and catches up: finds even the loss of a last event. */
  check(head: Position): void
}

interface FeedDependencies {
  base: string
  log: LogReader<Topic<unknown>>
  wakeUps: WakeUps
  metrics: Metrics
  deliveries: { inc(): void }
  onIdle(): void
  /** A gap could not be read just now. */
  onUnfilled(): void
}

const subscribeDeadlineMs = 2000
const pageSize = 200
/** Wake-ups held while a gap is being filled; beyond that they are dropped, and the log is read once more instead. */
const heldAtMost = 1000

let feeds = 0

export function createFeed(topic: Topic<unknown>, key: string, deps: FeedDependencies): Feed {
  const { base, log, wakeUps, metrics, deliveries } = deps
  feeds += 1
  const listeners = new Set<Listener>()
  let position: Position | undefined
  let held: WakeUp[] | undefined = []
  let overflowed = false
  let closed = false
  let unlisten: (() => void) | undefined

  const opened = open()
  opened.catch(() => undefined)

  async function open() {
    const subscribed = wakeUps.listen(base, onMessage).then((stop) => {
      if (closed) stop()
      else unlisten = stop
    })
    await before(subscribeDeadlineMs, subscribed)
    position = (await log.read(topic, key, undefined, 1)).head
    settle()
  }

  function onMessage(message: WakeUp | Signal) {
    if ('seq' in message) return onWakeUp(message)
    if (!position) return
    const parsed = topic.payload.safeParse(message.signal)
    if (!parsed.success) return void metrics.droppedWakeups.inc()
    const event = new LiveEvent(base, position, parsed.data, true)
    for (const listener of listeners) listener.onSignal?.(parsed.data, event)
  }

  function onWakeUp(wakeUp: WakeUp) {
    if (held) {
      if (held.length < heldAtMost) held.push(wakeUp)
      else overflowed = true
      return
    }
    if (!position || closed) return
    if (wakeUp.epoch !== position.epoch || wakeUp.seq > position.seq + 1) catchUp(wakeUp.epoch === position.epoch)
    else if (wakeUp.seq === position.seq + 1) advance(wakeUp.seq, wakeUp.payload)
  }

  function advance(seq: number, payload: unknown) {
    if (!position) return
    position = { epoch: position.epoch, seq }
    const parsed = topic.payload.safeParse(payload)
    if (!parsed.success) {
      metrics.droppedWakeups.inc()
      return
    }
    const event = new LiveEvent(base, position, parsed.data)
    for (const listener of listeners) listener.onEvent(event)
  }

  /** Reads what was missed. Wake-ups that come meanwhile are held, so that order is kept. */
  function catchUp(gap: boolean) {
    if (held) return
    if (gap) metrics.gaps.inc({ topic: topic.name })
    held = []
    fill().then(settle, () => {
      // What was held is in the log too; taking it up now would only ask a Redis again that has just not answered.
      held = undefined
      overflowed = false
      deps.onUnfilled()
    })
  }

  async function fill() {
    for (;;) {
      if (!position || closed) return
      const page = await log.read(topic, key, position, pageSize)
      if (page.head.epoch !== position.epoch) return resync('EPOCH_CHANGED', page.head)
      if (page.head.seq > position.seq && page.oldest > position.seq + 1) return resync('WINDOW_EXCEEDED', page.head)
      for (const { seq, payload } of page.entries) {
        // What was taken out of the log is lost to whoever had not got it.
        if (seq !== position.seq + 1) return resync('WINDOW_EXCEEDED', page.head)
        advance(seq, payload)
      }
      if (page.entries.length < pageSize) {
        if (page.head.seq > position.seq) resync('WINDOW_EXCEEDED', page.head)
        return
      }
    }
  }

  function resync(reason: ResyncReason, head: Position) {
    position = head
    for (const listener of listeners) listener.onResync(reason, head)
  }

  function settle() {
    const waiting = held ?? []
    held = undefined
    if (overflowed) {
      overflowed = false
      catchUp(true)
      return
    }
    for (const wakeUp of waiting) onWakeUp(wakeUp)
  }

  return {
    id: feeds,
    ...{ topic, key, base, log, deliveries, opened },
    position: () => position,
    attach: (listener) => void listeners.add(listener),
    detach(listener) {
      listeners.delete(listener)
      if (listeners.size > 0 || closed) return
      closed = true
      unlisten?.()
      deps.onIdle()
    },
    check(head) {
      if (position && (head.epoch !== position.epoch || head.seq > position.seq)) catchUp(head.epoch === position.epoch)
    },
  }
}

async function before<T>(deadlineMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new UnavailableError()), deadlineMs)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
