import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Embedded, startEmbedded } from '../../src/platform/embedded/index.ts'
import { applyMigrations, requireMigrated } from '../../src/platform/migrations.ts'
import { StartupError } from '../../src/platform/startup-error.ts'
import { type ApiNode, startNode } from './node-process.ts'
import type { Server } from './server.ts'

/** The settings of servers that are started for a run of many phones behind one address, whatever the environment says. */
export const ownSettings = {
  NODE_ENV: 'production',
  HOST: '127.0.0.1',
  PORT: '0',
  LOG_LEVEL: 'warn',
  RATE_LIMITS: 'off',
  SOCKETS_PER_ADDRESS: '100000',
  SHUTDOWN_GRACE_MS: '0',
  SHUTDOWN_SPREAD_MS: '0',
}

export interface Deployment {
  servers: [Server, ...Server[]]
  /** Puts the clock of every node; only if it was started with one. */
  setClock(ms: number): Promise<void>
  close(): Promise<void>
}

/** API processes of a run's own on a Postgres and a Redis that are thrown away, or on those of the environment. */
export async function startDeployment(options: {
  /** In the names of what it makes: the temporary folder, the prefix in a Redis that was given. */
  name: string
  nodes: number
  settings: Record<string, string>
  /** With it the nodes' clocks stand there until they are put. */
  clockMs?: number | undefined
  say(line: string): void
  onEnded(error: Error): void
  /** Takes what the processes log, which goes to stderr otherwise. */
  onLog?(line: string): void
}): Promise<Deployment> {
  const { name, nodes, settings, clockMs, say, onEnded, onLog } = options
  const { DATABASE_URL: givenDatabase, REDIS_URL: givenRedis, VICINITY_SECRET: givenSecret, PATH = '' } = process.env
  if (givenDatabase && !givenSecret) {
    throw new StartupError(
      'DATABASE_URL is given and VICINITY_SECRET is not.',
      'Give the secret that the database is used with: what is sealed in it with another one would be lost to it.',
    )
  }
  const dataDir = mkdtempSync(join(tmpdir(), `vicinity-${name}-`))
  const throwAway = () => rmSync(dataDir, { recursive: true, force: true })
  process.once('exit', throwAway)
  let embedded: Embedded | undefined
  const running: ApiNode[] = []

  async function close() {
    await Promise.all(running.map((node) => node.stop()))
    await embedded?.close()
    throwAway()
    process.off('exit', throwAway)
  }

  try {
    embedded = await startEmbedded({
      ...{ dataDir, say, durable: false, path: PATH },
      need: { postgres: !givenDatabase, redis: !givenRedis },
    })
    const databaseUrl = givenDatabase || embedded.databaseUrl || ''
    await (givenDatabase ? requireMigrated(databaseUrl) : applyMigrations(databaseUrl))
    const env = {
      ...process.env,
      ...{ VICINITY_SECRET: givenSecret || embedded.secret },
      ...{ DATABASE_URL: databaseUrl, REDIS_URL: givenRedis || embedded.redisUrl },
      // In a Redis that was given, nobody meets the phones of this run.
      ...{ REDIS_PREFIX: `${name}_${randomBytes(4).toString('hex')}_` },
      ...settings,
    }
    // The first one makes the signing key that the others find.
    for (let i = 0; i < nodes; i++) running.push(await startNode({ env, clockMs, onEnded, onLog }))
    const setClock = async (ms: number) => void (await Promise.all(running.map((node) => node.setClock(ms))))
    return { servers: running as [ApiNode, ...ApiNode[]], setClock, close }
  } catch (error) {
    await close()
    throw error
  }
}
