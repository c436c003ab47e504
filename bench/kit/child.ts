import { fork } from 'node:child_process'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { canPin } from './machine.ts'

/** What a process of a bench is asked, and what it answers; see `answer.ts` for the other end. */
export interface Call {
  id: number
  name: string
  argument: unknown
}
export type Reply = { id: number; value: unknown } | { id: number; error: string }

/** Processor time used so far and memory held, as the process itself sees it. */
export interface Usage {
  cpuMicros: number
  rss: number
  heap: number
  external: number
}

export interface Child {
  name: string
  call<T>(name: string, argument?: unknown): Promise<T>
  usage(): Promise<Usage>
  stop(): Promise<void>
}

/** Which core: what is measured on the first, what measures on the second. */
export type Core = 'subject' | 'load'

const running = new Set<Child>()

/** Ends whatever a bench that failed has left behind. */
export const stopChildren = () => Promise.all([...running].map((child) => child.stop()))

/** Starts `bench/processes/<name>` and waits until it is ready. It ends with this process, however that ends. */
export async function startChild(
  name: string,
  options: { core: Core; env?: Record<string, string>; flags?: string[] },
): Promise<Child> {
  const { core, env = {}, flags = [] } = options
  const entry = fileURLToPath(new URL(`../processes/${name}${extname(import.meta.url)}`, import.meta.url))
  const pinned = canPin()
  const child = fork(entry, [], {
    env: { PATH: process.env['PATH'], ...env },
    execPath: pinned ? 'taskset' : process.execPath,
    execArgv: [...(pinned ? ['-c', core === 'subject' ? '0' : '1', process.execPath] : []), ...flags],
    stdio: ['ignore', process.stderr, process.stderr, 'ipc'],
    serialization: 'advanced',
  })
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>()
  let asked = 0
  const ended = new Promise<void>((resolve) =>
    child.once('exit', () => {
      for (const { reject } of waiting.values()) reject(new Error(`bench process ${name} has ended`))
      running.delete(self)
      resolve()
    }),
  )
  child.on('message', (reply: Reply) => {
    const asker = waiting.get(reply.id)
    waiting.delete(reply.id)
    if ('error' in reply) asker?.reject(new Error(`${name}: ${reply.error}`))
    else asker?.resolve(reply.value)
  })

  function call<T>(what: string, argument?: unknown): Promise<T> {
    return new Promise((resolve, reject) => {
      const id = ++asked
      waiting.set(id, { resolve: resolve as (value: unknown) => void, reject })
      child.send({ id, name: what, argument } satisfies Call, (error) => error && reject(error))
    })
  }

  const self: Child = {
    name,
    call,
    usage: () => call<Usage>('usage'),
    async stop() {
      if (child.connected) child.disconnect()
      const hard = setTimeout(() => child.kill('SIGKILL'), 3000)
      await ended
      clearTimeout(hard)
    },
  }
  running.add(self)
  await call('ready')
  return self
}
