import { createHmac, randomBytes } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readFileSync, realpathSync, renameSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { StartupError } from '../startup-error.ts'
import { lockDataDir } from './lock.ts'
import { type EmbeddedPostgres, startPostgres } from './postgres.ts'
import { type EmbeddedRedis, startRedis } from './redis.ts'

export interface Embedded {
  databaseUrl: string | undefined
  redisUrl: string | undefined
  /** 32 random bytes, hex. Made once for a data directory. */
  secret: string
  /** Stops what was started, Redis before Postgres, and gives the data directory free. */
  close(): Promise<void>
}

export interface EmbeddedOptions {
  dataDir: string
  need: { postgres: boolean; redis: boolean }
  say(line: string): void
  /** `false` for data that is thrown away, as in tests. */
  durable?: boolean
}

/** Brings along what the environment does not give. Everything it keeps is below `dataDir`. */
export async function startEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const { need, say, durable = true } = options
  const dataDir = openDataDir(resolve(options.dataDir))
  // The secret alone may be shared: two nodes beside servers that were given.
  const release = need.postgres || need.redis ? lockDataDir(dataDir) : () => undefined
  let postgres: EmbeddedPostgres | undefined
  let redis: EmbeddedRedis | undefined

  async function close() {
    await redis?.stop()
    await postgres?.stop()
    release()
  }

  try {
    const secret = keepSecret(join(dataDir, 'secret'))
    const password = (server: string) => createHmac('sha256', secret).update(server).digest('hex').slice(0, 32)
    const common = { dataDir, durable, say }
    const started = await Promise.allSettled([
      need.postgres ? startPostgres({ ...common, password: password('postgres') }) : undefined,
      need.redis ? startRedis({ ...common, password: password('redis') }) : undefined,
    ])
    if (started[0].status === 'fulfilled') postgres = started[0].value
    if (started[1].status === 'fulfilled') redis = started[1].value
    for (const result of started) if (result.status === 'rejected') throw result.reason
    return { databaseUrl: postgres?.url, redisUrl: redis?.url, secret, close }
  } catch (error) {
    await close()
    throw error
  }
}

function openDataDir(dataDir: string): string {
  try {
    mkdirSync(dataDir, { recursive: true })
    // As root, Postgres runs as another user, who must get through to its own folder in here.
    chmodSync(dataDir, process.getuid?.() === 0 ? 0o711 : 0o700)
    return realpathSync(dataDir)
  } catch (error) {
    throw new StartupError(
      `The data directory ${dataDir} cannot be used: ${(error as Error).message}`,
      'Give it to the user who starts Vicinity, or name another one in DATA_DIR.',
      { cause: error },
    )
  }
}

function keepSecret(file: string): string {
  if (!existsSync(file)) {
    writeFileSync(`${file}.new`, randomBytes(32).toString('hex'), { mode: 0o600 })
    renameSync(`${file}.new`, file)
  }
  return readFileSync(file, 'utf8').trim()
}
