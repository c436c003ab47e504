import type { ServerResponse } from 'node:http'
import { revocableNames } from '../modules/identity/index.ts'
import type { Clock } from '../platform/clock.ts'
import type { Context } from './context.ts'
import { watchRoles } from './watched-roles.ts'

/** The HTTP answers that are still being written, so that a stream over SSE ends when its viewer's right to it does. */
export interface Streams {
  /** From now on until the answer is written or its client is gone. */
  watch(context: Context, res: ServerResponse): void
  /** Ends every stream of whoever has a name, or a name that a test finds. */
  cut(whose: string | ((name: string) => boolean)): void
  /** Ends every stream: the process stops. */
  close(): void
}

const sweepMs = 1000

export function createStreams(clock: Clock): Streams {
  const open = new Map<ServerResponse, { context: Context; over: boolean }>()

  // Whatever is no stream is answered: it may be the very request that ends the others. What becomes one later is swept.
  const sweep = () => {
    for (const [res, { context, over }] of open)
      if ((over || (context.viewer?.expiresAtMs ?? Number.POSITIVE_INFINITY) <= clock.now()) && isEventStream(res))
        res.destroy()
  }
  const timer = setInterval(sweep, sweepMs)
  timer.unref()

  return {
    watch(context, res) {
      const answer = { context, over: false }
      open.set(res, answer)
      res.once('close', () => open.delete(res))
      const { viewer, services } = context
      const lost = () => {
        answer.over = true
        sweep()
      }
      const stopWatching = viewer && watchRoles(services.identity, viewer, lost)
      if (stopWatching) res.once('close', stopWatching)
    },
    cut(whose) {
      const isIt = typeof whose === 'string' ? (name: string) => name === whose : whose
      for (const answer of open.values()) {
        const { viewer } = answer.context
        if (viewer && revocableNames(viewer).some(isIt)) answer.over = true
      }
      sweep()
    },
    close() {
      clearInterval(timer)
      for (const answer of open.values()) answer.over = true
      sweep()
    },
  }
}

const isEventStream = (res: ServerResponse) =>
  String(res.getHeader('content-type') ?? '').startsWith('text/event-stream')
