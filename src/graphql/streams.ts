import type { ServerResponse } from 'node:http'
import type { Clock } from '../platform/clock.ts'
import type { Context } from './context.ts'

/** The HTTP answers that are still being written, so that a stream over SSE ends when its viewer's right to it does. */
export interface Streams {
  watch(context: Context, res: ServerResponse): () => void
  /** Ends every stream of a principal. */
  cut(principal: string): void
  /** Ends every stream: the process stops. */
  close(): void
}

const sweepMs = 1000

export function createStreams(clock: Clock): Streams {
  const open = new Map<ServerResponse, Context>()

  const end = (res: ServerResponse) => {
    open.delete(res)
    res.destroy()
  }
  const sweep = setInterval(() => {
    for (const [res, { viewer }] of open) if (viewer && viewer.expiresAtMs <= clock.now()) end(res)
  }, sweepMs)
  sweep.unref()

  return {
    watch(context, res) {
      open.set(res, context)
      return () => open.delete(res)
    },
    cut(principal) {
      for (const [res, { viewer }] of open) if (viewer?.principal === principal) end(res)
    },
    close() {
      clearInterval(sweep)
      for (const res of open.keys()) if (isEventStream(res)) end(res)
    },
  }
}

const isEventStream = (res: ServerResponse) =>
  String(res.getHeader('content-type') ?? '').startsWith('text/event-stream')
