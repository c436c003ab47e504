import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { extname } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { StartupError } from '../../src/platform/startup-error.ts'
import type { Server } from './server.ts'

export type ParentMessage = { kind: 'clock'; ms: number } | { kind: 'stop' }
export type NodeMessage =
  | { kind: 'ready'; url: string; wsUrl: string }
  | { kind: 'failed'; message: string }
  | { kind: 'clock' }

export interface ApiNode extends Server {
  pid: number
  /** Puts its clock, and resolves when it is put. */
  setClock(ms: number): Promise<void>
  stop(): Promise<void>
}

const stopWithinMs = 15_000

/** An API process. Its clock stands at `clockMs`, if given, until it is put. `onEnded` hears of an end that nobody ordered. */
export async function startNode(options: {
  env: Record<string, string | undefined>
  clockMs?: number | undefined
  onEnded(error: Error): void
  /** Takes what it logs, which goes to stderr otherwise. */
  onLog?: ((line: string) => void) | undefined
}): Promise<ApiNode> {
  const { env, clockMs, onEnded, onLog } = options
  const entry = fileURLToPath(new URL(`./api-node${extname(import.meta.url)}`, import.meta.url))
  const child = fork(entry, clockMs === undefined ? [] : [`--clock=${clockMs}`], {
    env: env as NodeJS.ProcessEnv,
    execArgv: ['--enable-source-maps'],
    // What it logs must not end up among the figures.
    stdio: onLog ? ['ignore', 'pipe', 'pipe', 'ipc'] : ['ignore', process.stderr, process.stderr, 'ipc'],
  })
  for (const input of [child.stdout, child.stderr]) if (input && onLog) createInterface({ input }).on('line', onLog)
  let stopped = false
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))

  async function stop() {
    stopped = true
    if (child.exitCode !== null || child.signalCode !== null) return
    if (child.connected) child.send({ kind: 'stop' } satisfies ParentMessage, () => undefined)
    else child.kill('SIGTERM')
    const hard = setTimeout(() => child.kill('SIGKILL'), stopWithinMs)
    await ended
    clearTimeout(hard)
  }

  try {
    const { url, wsUrl } = await readiness(child, ended)
    void ended.then(() => {
      if (!stopped) onEnded(new StartupError('An API process has ended by itself.', 'What it logged last says why.'))
    })
    return {
      ...{ url, wsUrl, stop, pid: child.pid ?? 0 },
      async setClock(ms) {
        const put = once(child, 'message')
        child.send({ kind: 'clock', ms } satisfies ParentMessage)
        await Promise.race([put, ended])
      },
    }
  } catch (error) {
    await stop()
    throw error
  }
}

async function readiness(child: ChildProcess, ended: Promise<void>): Promise<Server> {
  const first = once(child, 'message') as Promise<[NodeMessage]>
  const [message] = await Promise.race([first, ended.then(() => [undefined] as const)])
  if (message?.kind === 'ready') return message
  const why = message?.kind === 'failed' ? message.message : 'it ended at once'
  throw new StartupError(`An API process did not start: ${why}`, 'Put that right, then run the same command again.')
}
