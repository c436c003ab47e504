import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbedded } from '../../src/platform/embedded/index.ts'
import { applyMigrations } from '../../src/platform/migrations.ts'

/** A Postgres and a Redis that are thrown away, and the environment of an app on them. */
export interface Stage {
  env: Record<string, string>
  redisUrl: string
  close(): Promise<void>
}

export async function openStage(say: (line: string) => void): Promise<Stage> {
  const dataDir = mkdtempSync(join(tmpdir(), 'vicinity-bench-'))
  const throwAway = () => rmSync(dataDir, { recursive: true, force: true })
  process.once('exit', throwAway)
  const servers = await startEmbedded({ dataDir, say, durable: false, need: { postgres: true, redis: true } })
  const { databaseUrl = '', redisUrl = '', secret } = servers
  await applyMigrations(databaseUrl)
  return {
    redisUrl,
    env: {
      NODE_ENV: 'production',
      HOST: '127.0.0.1',
      PORT: '0',
      DATABASE_URL: databaseUrl,
      REDIS_URL: redisUrl,
      VICINITY_SECRET: secret,
      LOG_LEVEL: 'warn',
      // Jobs would come and go between the rounds.
      WORKER: 'separate',
      SHUTDOWN_SPREAD_MS: '0',
    },
    async close() {
      await servers.close()
      throwAway()
      process.off('exit', throwAway)
    },
  }
}
