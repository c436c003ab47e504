import { type ChildProcess, spawn } from 'node:child_process'
import { createServer } from 'node:net'

export interface ServerProcess {
  pid: number
  /** Resolves when the process has ended, for whatever reason. */
  ended: Promise<void>
  stop(): Promise<void>
}

interface Command {
  command: string
  args: string[]
  cwd: string
  /** That of this process, unless given. */
  env?: Record<string, string>
  user?: { uid: number; gid: number } | undefined
  /** Written to the log once connections are accepted. */
  ready: string
  /** Asks the server to end in order. */
  stopSignal: 'SIGINT' | 'SIGTERM'
  readyWithinMs?: number
}

/**
 * Runs a server in a session of its own, so that the terminal's Ctrl-C reaches only the app, which then closes in its own
 * order. Rejects with the last lines of the log when the server does not become ready.
 */
export async function runServer(options: Command): Promise<ServerProcess> {
  const { command, args, cwd, env, user, ready, stopSignal, readyWithinMs = 60_000 } = options
  const child = spawn(command, args, {
    cwd,
    ...(env && { env }),
    ...user,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', () => resolve())
  })
  const watcher = child.pid === undefined ? undefined : watch(child.pid, stopSignal)
  ended.then(() => watcher?.dismiss()).catch(() => undefined)

  async function stop() {
    child.kill(stopSignal)
    const hard = setTimeout(() => child.kill('SIGKILL'), 15_000)
    await ended
    clearTimeout(hard)
  }

  try {
    await becomesReady(child, ready, readyWithinMs)
  } catch (error) {
    if (child.pid !== undefined) await stop()
    throw error
  }
  return { pid: child.pid as number, ended, stop }
}

/** The pipes are read for the whole life of the server: it would stall on a full one. */
function becomesReady(child: ChildProcess, ready: string, withinMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let log = ''
    const timer = setTimeout(() => fail('did not become ready'), withinMs)
    function fail(how: string) {
      clearTimeout(timer)
      reject(
        new Error(`${child.spawnfile} ${how}${log.trim() && `:\n${log.trim().split('\n').slice(-12).join('\n')}`}`),
      )
    }
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        log = (log + text).slice(-8192)
        if (!log.includes(ready)) return
        clearTimeout(timer)
        resolve()
      })
    }
    child.once('error', (error: NodeJS.ErrnoException) => fail(`cannot be run (${error.code ?? error.message})`))
    // `close` and not `exit`: the last lines of the log have been read by then.
    child.once('close', (code, signal) => fail(`ended at once (${signal ?? code})`))
  })
}

/**
 * A shell that waits at the other end of a pipe. However this process dies, SIGKILL included, the pipe closes and the shell
 * stops the server.
 */
function watch(pid: number, stopSignal: string): { dismiss(): void } {
  const script = `read -r _ || kill -${stopSignal.slice(3)} "$1"`
  const shell = spawn('/bin/sh', ['-c', script, 'vicinity-watch', String(pid)], {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  shell.unref()
  shell.on('error', () => undefined)
  shell.stdin?.on('error', () => undefined)
  return { dismiss: () => shell.stdin?.end('\n') }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
      .once('error', reject)
      .listen(0, '127.0.0.1', () => {
        const { port } = server.address() as { port: number }
        server.close(() => resolve(port))
      })
  })
}

/** Tries again on another port when the free one was taken in between. */
export async function onFreePort<T>(start: (port: number) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start(await freePort())
    } catch (error) {
      if (attempt === 3 || !/address already in use/i.test(String(error))) throw error
    }
  }
}
