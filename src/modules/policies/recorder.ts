import { UnavailableError } from '../../platform/errors.ts'
import { describeError, type Logger } from '../../platform/logger.ts'
import type { Metrics } from '../../platform/metrics.ts'
import type { JudgedRow, JudgedStore } from './judged-store.ts'

const flushEveryMs = 250
const mostInOne = 1000
/** What waits while Postgres is away; more is dropped, and counted. */
const mostWaiting = 20_000

/** Writes down what was judged, some time after and many at once, so that nobody waits for it. */
export function createRecorder(deps: {
  store: Pick<JudgedStore, 'insert'>
  logger: Logger
  metrics: Metrics
  mostWaiting?: number
}) {
  const { store, logger, metrics } = deps
  const most = deps.mostWaiting ?? mostWaiting
  let waiting: JudgedRow[] = []
  let flushing: Promise<void> | undefined
  let reported = false

  async function flushAll() {
    while (waiting.length > 0) {
      const rows = waiting.slice(0, mostInOne)
      await store.insert(rows).catch((error: unknown) => {
        if (error instanceof UnavailableError) throw error
        // What cannot be kept must not keep the rest from being kept.
        metrics.droppedJudgedWrites.inc(rows.length)
        logger.error('policies: judged writes are lost', describeError(error))
      })
      waiting = waiting.slice(rows.length)
    }
    if (reported) logger.info('policies: judged writes are noted again')
    reported = false
  }

  /** Everything that waits, unless Postgres is away: then it goes on waiting. */
  function flush(): Promise<void> {
    flushing ??= flushAll()
      .catch((error: unknown) => {
        if (!reported) logger.warn('policies: judged writes are not noted', describeError(error))
        reported = true
      })
      .finally(() => {
        flushing = undefined
      })
    return flushing
  }
  const timer = setInterval(() => void flush(), flushEveryMs)
  timer.unref()

  return {
    add(row: JudgedRow) {
      if (waiting.length < most) waiting.push(row)
      else metrics.droppedJudgedWrites.inc()
    },
    flush,
    async close() {
      clearInterval(timer)
      await flush()
      // One that was under way began before the last rows came.
      await flush()
    },
  }
}
