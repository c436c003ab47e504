import { describeError, type Logger } from './logger.ts'
import type { RedisConnections } from './redis.ts'

/** Ends what Redis cannot end by itself, because others have to be told: what ran out leaves its indexes within a second or so. */
export interface Sweeper {
  /** Sweeps every second, here, unless another process has just done it. */
  start(): void
  /** Sweeps now. */
  once(): Promise<void>
  close(): Promise<void>
}

const everyMs = 1000
/** Whoever sweeps has so long until another process takes over, milliseconds. */
const turnMs = 900

export function createSweeper(deps: {
  redis: RedisConnections
  logger: Logger
  /** Each is safe to repeat, and to run in two processes at once. */
  sweeps: Record<string, () => Promise<void>>
}): Sweeper {
  const { redis, logger, sweeps } = deps
  const turn = redis.key('sweeper', 'turn')
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> | undefined

  async function once() {
    for (const [name, sweep] of Object.entries(sweeps)) {
      try {
        await sweep()
      } catch (error) {
        logger.warn('sweep failed, will be tried again', { job: name, ...describeError(error) })
      }
    }
  }

  async function takeTurn() {
    const mine = await redis.run((client) => client.set(turn, '1', 'PX', turnMs, 'NX')).catch(() => null)
    if (mine) await once()
  }

  return {
    start() {
      timer = setInterval(() => {
        running ??= takeTurn().finally(() => {
          running = undefined
        })
      }, everyMs)
      timer.unref()
    },
    once,
    async close() {
      clearInterval(timer)
      await running
    },
  }
}
