import { z } from 'zod'
import { describeError, type Logger } from '../../platform/logger.ts'
import type { Metrics } from '../../platform/metrics.ts'
import type { RedisConnections } from '../../platform/redis.ts'
import type { ChangesLook } from './store.ts'

const noticeSchema = z.object({ id: z.uuid(), personId: z.uuid(), otherId: z.uuid().nullable() })

/**
 * Something changed between two people, or in the settings of one. What it came to is not said: notices overtake each other,
 * so whoever gets one reads what holds.
 */
export type Notice = z.infer<typeof noticeSchema>

export interface Changes {
  /** Tells every other node of what is committed, and of no more than the notice here that it was taken. */
  send(notice: Notice): void
  /** Whether what was remembered before may still be believed: nothing older than a second can have been missed. */
  trusted(): boolean
  close(): void
}

/** Somewhat under the second within which every node must know. */
const lookEveryMs = 750
const freshMs = 1000
/** A commit may come so much later than the time that its row holds: more than the longest statement. */
const overlapMs = 5000
/** After so long without a look the rows that were missed may be gone: they are kept for two minutes. */
const gapMs = 60_000

/**
 * How nodes keep what they remember true. The notice of a change is written with it, and read by every node somewhat more
 * often than once a second; Redis only brings it sooner. So a message that was lost, or could not be sent, costs less than a
 * second, and a block succeeds without Redis.
 */
export function createChanges(deps: {
  redis: RedisConnections
  store: { changesSince(since: Date | null): Promise<ChangesLook> }
  logger: Logger
  metrics: Metrics
  onNotices: (notices: Notice[]) => void
  /** Changes may have been missed: whatever is remembered is worth nothing. */
  onGap: () => void
  /** Called after every look, and when one has failed. */
  onLook: () => void
}): Changes {
  const { redis, store, logger, metrics } = deps
  const channel = redis.key('social', 'changes')
  // Monotonic, milliseconds: since when this node has heard every message, and when the last look that succeeded began.
  let hearingSinceMs: number | undefined
  let lookedAtMs: number | undefined
  /** The same look by the clock of the database, which alone is that of the rows. */
  let rowsUntil: Date | undefined
  const taken = new Map<string, number>()
  let running = false
  let again = false
  let reported = false
  let closed = false

  function take(notices: Notice[]) {
    const nowMs = performance.now()
    const fresh = notices.filter(({ id }) => !taken.has(id))
    for (const { id } of fresh) taken.set(id, nowMs)
    if (fresh.length > 0) deps.onNotices(fresh)
  }

  async function lookOnce() {
    const beganMs = performance.now()
    const { at, notices } = await store.changesSince(rowsUntil ? new Date(rowsUntil.getTime() - overlapMs) : null)
    if (closed) return
    if (lookedAtMs === undefined || beganMs - lookedAtMs > gapMs) deps.onGap()
    take(notices)
    rowsUntil = at
    lookedAtMs = beganMs
    for (const [id, takenMs] of taken) {
      if (takenMs > beganMs - 2 * gapMs) break
      taken.delete(id)
    }
  }

  /** One look at a time; whoever asks during one gets another after it. */
  async function look() {
    again = true
    if (running) return
    running = true
    try {
      while (again && !closed) {
        again = false
        await lookOnce()
      }
      if (reported) logger.info('social: changes are read again')
      reported = false
    } catch (error) {
      if (!reported && !closed) logger.warn('social: changes are not read', describeError(error))
      reported = true
    } finally {
      running = false
      if (!closed) deps.onLook()
    }
  }

  function onMessage(from: string, text: string) {
    if (from !== channel) return
    const parsed = noticeSchema.safeParse(parse(text))
    if (parsed.success) take([parsed.data])
    else metrics.droppedWakeups.inc()
  }
  function listen() {
    redis.subscriber.subscribe(channel).then(
      () => {
        if (closed) return
        hearingSinceMs = performance.now()
        void look()
      },
      // Whatever makes it fail also ends the connection, and the next one listens again.
      () => undefined,
    )
  }
  function onLost() {
    hearingSinceMs = undefined
  }

  redis.subscriber.on('message', onMessage)
  redis.subscriber.on('ready', listen)
  redis.subscriber.on('close', onLost)
  if (redis.subscriber.status === 'ready') listen()
  const timer = setInterval(() => void look(), lookEveryMs)
  timer.unref()
  void look()

  return {
    send(notice) {
      take([notice])
      if (!closed) redis.run((client) => client.publish(channel, JSON.stringify(notice))).catch(() => undefined)
    },
    // Everything until a look is known by the look; everything since then by hearing, if that had begun before it.
    trusted: () =>
      lookedAtMs !== undefined &&
      (performance.now() - lookedAtMs < freshMs || (hearingSinceMs !== undefined && hearingSinceMs <= lookedAtMs)),
    close() {
      closed = true
      clearInterval(timer)
      redis.subscriber.off('message', onMessage)
      redis.subscriber.off('ready', listen)
      redis.subscriber.off('close', onLost)
      // While there is no connection it would only wait for one, and keep the connection from being given up.
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
