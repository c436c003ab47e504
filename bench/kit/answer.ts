import type { Call, Reply, Usage } from './child.ts'
import { startProfile, stopProfile } from './profile.ts'

type Handlers = Record<string, (argument: never) => unknown>

const settleMs = 300

/** The common part of every process of a bench: answers its parent, and ends with it. Calls wait for `ready`. */
export function answer(ready: Promise<unknown>, handlers: Handlers = {}): void {
  const all: Handlers = { ready: () => undefined, usage, collect, startProfile, stopProfile, ...handlers }
  const reply = (message: Reply) => process.send?.(message)
  process.on('message', ({ id, name, argument }: Call) => {
    ready
      .then(() => {
        const handler = all[name]
        if (!handler) throw new Error(`no answer to ${name}`)
        return handler(argument as never)
      })
      .then(
        (value: unknown) => reply({ id, value }),
        (error: Error) => reply({ id, error: error.stack ?? error.message }),
      )
  })
  // Nothing here is worth an orderly end, and an orphan would disturb whatever is measured next.
  process.on('disconnect', () => process.exit(0))
  process.on('SIGINT', () => undefined)
}

function usage(): Usage {
  const { user, system } = process.cpuUsage()
  const { rss, heapUsed, external } = process.memoryUsage()
  return { cpuMicros: user + system, rss, heap: heapUsed, external }
}

/** What is held once everything that can be let go has been: needs --expose-gc. */
async function collect(): Promise<Usage> {
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.()
    await new Promise((resolve) => setTimeout(resolve, settleMs))
  }
  return usage()
}
