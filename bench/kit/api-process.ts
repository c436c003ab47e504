import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { get } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const pollMs = 5
const giveUpMs = 30_000
const entry = fileURLToPath(new URL('../../src/main.js', import.meta.url))

/** The server as it is deployed, in a process that can be killed. */
export interface ApiProcess {
  port: number
  /** Resolves when it is gone. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>
}

/** Resolves with the first 200 of /health/ready. Without a port it takes one that is free. */
export async function startApi(env: Record<string, string>, given?: number): Promise<ApiProcess> {
  const port = given ?? (await freePort())
  const begun = performance.now()
  const child = spawn(process.execPath, ['--enable-source-maps', entry], {
    env: { PATH: process.env['PATH'], ...env, PORT: String(port) },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const ended = once(child, 'exit')
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  async function end(signal: 'SIGTERM' | 'SIGKILL') {
    child.kill(signal)
    await ended
    process.off('exit', kill)
  }
  try {
    while ((await statusOf(port)) !== 200) {
      if (child.exitCode !== null) throw new Error('the app ended before it was ready')
      if (performance.now() - begun > giveUpMs) throw new Error('the app did not become ready')
      await pause(pollMs)
    }
    return { port, end }
  } catch (error) {
    await end('SIGKILL')
    throw error
  }
}

function statusOf(port: number): Promise<number> {
  return new Promise((resolve) => {
    get({ port, host: '127.0.0.1', path: '/health/ready', agent: false }, (res) => {
      res.resume()
      resolve(res.statusCode ?? 0)
    }).on('error', () => resolve(0))
  })
}

/** Nobody can ask a process for its port before it listens. */
function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}
