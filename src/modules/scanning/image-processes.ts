import { type ChildProcess, fork } from 'node:child_process'
import { existsSync } from 'node:fs'
import { setPriority } from 'node:os'
import { join } from 'node:path'
import { projectRoot } from '../../platform/project-root.ts'
import { type DecodeOrder, type DecodeReply, decodeReply } from './image-decoding.ts'

/** A process that decodes one image after the other. */
export interface DecodingProcess {
  pid: number | undefined
  /** `UNKNOWN` when the process ends or is too late; then it is over. One at a time. */
  decode(order: DecodeOrder): Promise<DecodeReply>
  /** Not to be used any more. */
  over(): boolean
  /** Resolves once it is gone. Repeating it is safe. */
  kill(): Promise<void>
}

/** Loading the decoder takes a quarter of a second, and longer where everything starts at once. */
const startLimitMs = 15_000
const shell = '/bin/sh'
const lowPriority = 5

export function startDecoding({ timeMs, memoryBytes }: { timeMs: number; memoryBytes: number }): DecodingProcess {
  const child = start(memoryBytes)
  const gone = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    // It never came to be.
    child.once('error', () => resolve())
  })
  const ready = new Promise<void>((resolve) => void child.once('message', () => resolve()))
  let isOver = false
  void gone.then(() => {
    isOver = true
  })

  function kill() {
    isOver = true
    // Whoever closes waits for its end.
    child.ref()
    child.kill('SIGKILL')
    return gone
  }

  /** What comes, unless the process ends or takes longer. */
  async function within<T>(ms: number, work: Promise<T>): Promise<T | 'UNKNOWN'> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<'UNKNOWN'>((resolve) => {
      timer = setTimeout(() => resolve('UNKNOWN'), ms)
    })
    const result = await Promise.race([work, late, gone.then(() => 'UNKNOWN' as const)])
    clearTimeout(timer)
    return result
  }

  return {
    pid: child.pid,
    async decode(order) {
      if ((await within(startLimitMs, ready)) === 'UNKNOWN') {
        void kill()
        return 'UNKNOWN'
      }
      const answer = new Promise<unknown>((resolve) => void child.once('message', resolve))
      if (!isOver) child.send(order, () => undefined)
      const reply = decodeReply.safeParse(await within(timeMs, answer))
      // It may be at work still; and what says something else has been taken over by what it decoded.
      if (!reply.success || reply.data === 'UNKNOWN') void kill()
      return reply.success ? reply.data : 'UNKNOWN'
    },
    over: () => isOver,
    kill,
  }
}

/** With nothing in its environment, and as much memory as it may have where the system can see to that. */
function start(memoryBytes: number): ChildProcess {
  // The compiled one also from a test, since Node reads no TypeScript.
  const file = join(projectRoot(), 'dist/src/modules/scanning/image-worker.js')
  const limited = process.platform === 'linux' && existsSync(shell)
  const how = limited
    ? {
        execPath: shell,
        execArgv: ['-c', `ulimit -d ${Math.ceil(memoryBytes / 1024)} 2>/dev/null; exec "$0" "$@"`, process.execPath],
      }
    : { execArgv: [] }
  const child = fork(file, [String(memoryBytes)], {
    ...how,
    env: { MALLOC_ARENA_MAX: '2', UV_THREADPOOL_SIZE: '2' },
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  try {
    if (child.pid !== undefined) setPriority(child.pid, lowPriority)
  } catch {
    // Then it is as important as the rest.
  }
  // Whoever waits for an image waits with a timer; an idle process keeps nothing alive.
  child.unref()
  child.channel?.unref()
  return child
}
