import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stopLeftover } from './process.ts'
import { findRedis } from './redis-binary.ts'
import { onFreePort, runServer, type ServerProcess } from './server.ts'

export interface EmbeddedRedis extends ServerProcess {
  url: string
}

interface Options {
  dataDir: string
  password: string
  /** `true` keeps an append-only file, so that open sessions outlive a restart of the app. */
  durable: boolean
  say(line: string): void
}

/** A Redis of one's own on a free loopback port, behind a password that stands in a file and not in the process list. */
export async function startRedis({ dataDir, password, durable, say }: Options): Promise<EmbeddedRedis> {
  const folder = join(dataDir, 'redis')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  if (await stopLeftover(join(folder, 'redis.pid'), folder, 'SIGTERM'))
    say('redis     stopped the one that an earlier run left behind')
  const command = await findRedis(say)
  const file = join(folder, 'redis.conf')
  return onFreePort(async (port) => {
    writeFileSync(file, configuration({ folder, port, password, durable }), { mode: 0o600 })
    const server = await runServer({
      command,
      args: [file],
      cwd: folder,
      ready: 'Ready to accept connections',
      stopSignal: 'SIGTERM',
    })
    return { ...server, url: `redis://:${password}@127.0.0.1:${port}` }
  })
}

function configuration({
  folder,
  port,
  password,
  durable,
}: {
  folder: string
  port: number
  password: string
  durable: boolean
}) {
  return `${[
    'bind 127.0.0.1',
    `port ${port}`,
    `requirepass ${password}`,
    `dir ${JSON.stringify(folder)}`,
    `pidfile ${JSON.stringify(join(folder, 'redis.pid'))}`,
    // The command line keeps naming this file: by it a later run knows the process as its own.
    'set-proc-title no',
    'daemonize no',
    'save ""',
    `appendonly ${durable ? 'yes' : 'no'}`,
    'appendfsync everysec',
    'maxmemory-policy noeviction',
  ].join('\n')}\n`
}
