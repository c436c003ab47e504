import { Redis } from 'ioredis'
import { withClient } from './postgres-client.ts'
import { StartupError } from './startup-error.ts'

/** Servers that were given are asked once, before anything is built on them, so that the answer is a sentence. */
export async function requirePostgres(url: string): Promise<void> {
  const version = await withClient(url, async (client) => {
    const { rows } = await client.query<{ server_version_num: string }>('SHOW server_version_num')
    return Math.floor(Number(rows[0]?.server_version_num) / 10_000)
  })
  if (version >= 15) return
  throw new StartupError(
    `Postgres at ${new URL(url).host} is version ${version}.`,
    'Vicinity needs Postgres 15 or later.',
  )
}

export async function requireRedis(url: string): Promise<void> {
  const { host } = new URL(url)
  const client = new Redis(url, { lazyConnect: true, connectTimeout: 5000, commandTimeout: 5000, retryStrategy: null })
  let lost: Error | undefined
  client.on('error', (error: Error) => {
    lost = error
  })
  try {
    await client.connect()
    const version = Number(/redis_version:(\d+)/.exec(await client.info('server'))?.[1])
    if (version >= 7) return
    throw new StartupError(`Redis at ${host} is version ${version}.`, 'Vicinity needs Redis 7 or later.')
  } catch (error) {
    if (error instanceof StartupError) throw error
    // The command fails with "Connection is closed"; the reason came as an event before.
    const { message, code } = (lost ?? error) as NodeJS.ErrnoException
    throw new StartupError(
      `Redis at ${host} cannot be used: ${message || code}`,
      'Check REDIS_URL and that Redis runs there; without REDIS_URL one is brought along.',
      { cause: error },
    )
  } finally {
    client.disconnect()
  }
}
