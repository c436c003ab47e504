import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { get } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Bench } from '../kit/bench.ts'
import { type Figures, interleave } from '../kit/rounds.ts'

const limitSeconds = 2
const pollMs = 5
const giveUpMs = 30_000
const entry = fileURLToPath(new URL('../../src/main.js', import.meta.url))

/** From `node` to the first 200 of /health/ready, with servers that are there and migrated: what a deployment waits for. */
export const start: Bench = async ({ stage, rounds, say }) => {
  say('start: from node to ready')
  const { WORKER: _, ...env } = stage.env
  // The first one makes the signing key and the tables of the job queue, as the set-up would have.
  await untilReady(env)
  const rows = await interleave([{ name: 'vicinity' }], rounds, () => untilReady(env))
  return {
    bench: 'start',
    says: 'node start to ready, without set-up',
    rows,
    goals: [{ subject: 'vicinity', figure: 'seconds', bound: limitSeconds, want: 'at most' }],
    notes: [],
  }
}

async function untilReady(env: Record<string, string>): Promise<Figures> {
  const port = await freePort()
  const begun = performance.now()
  const child = spawn(process.execPath, ['--enable-source-maps', entry], {
    env: { PATH: process.env['PATH'], ...env, PORT: String(port) },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const ended = once(child, 'exit')
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  try {
    while ((await statusOf(port)) !== 200) {
      if (child.exitCode !== null) throw new Error('the app ended before it was ready')
      if (performance.now() - begun > giveUpMs) throw new Error('the app did not become ready')
      await pause(pollMs)
    }
    return { seconds: (performance.now() - begun) / 1000 }
  } finally {
    child.kill('SIGTERM')
    await ended
    process.off('exit', kill)
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
