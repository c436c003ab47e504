import { spawn } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findPostgresHome, type PostgresHome } from './postgres-home.ts'
import { stopLeftover } from './process.ts'
import { onFreePort, runServer, type ServerProcess } from './server.ts'

export interface EmbeddedPostgres extends ServerProcess {
  url: string
}

interface Options {
  dataDir: string
  password: string
  /** `false` for data that is thrown away: nothing is forced to the disk. */
  durable: boolean
  say(line: string): void
}

/** A Postgres of one's own on a free loopback port: a password, no socket file, and nobody else's cluster. */
export async function startPostgres({ dataDir, password, durable, say }: Options): Promise<EmbeddedPostgres> {
  const home = findPostgresHome(dataDir, say)
  await recover(home, say)
  if (!existsSync(join(home.data, 'cluster'))) await initialise(home, password)
  const cluster = join(home.data, 'cluster')
  const settings = [...quick, ...(durable ? [] : careless)].flatMap((setting) => ['-c', setting])
  return onFreePort(async (port) => {
    const server = await runServer({
      command: join(home.bin, 'postgres'),
      args: ['-D', cluster, '-p', String(port), ...settings],
      cwd: cluster,
      env: environment,
      user: home.user,
      ready: 'database system is ready to accept connections',
      stopSignal: 'SIGINT',
    })
    return { ...server, url: `postgresql://postgres:${password}@127.0.0.1:${port}/postgres` }
  })
}

// English messages: the ready line is one of them. Nothing of the caller's PG* variables may leak in.
const environment = { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/local/bin:/usr/bin:/bin' }

const quick = [
  'listen_addresses=127.0.0.1',
  'unix_socket_directories=',
  'max_connections=200',
  'shared_buffers=64MB',
  'log_destination=stderr',
  'logging_collector=off',
  'log_min_messages=warning',
  'timezone=UTC',
]

const careless = [
  'fsync=off',
  'synchronous_commit=off',
  'full_page_writes=off',
  'wal_level=minimal',
  'max_wal_senders=0',
]

/** What a killed owner left: a server that still runs, or its pid file, which would refuse the start once the id is reused. */
async function recover({ data }: PostgresHome, say: (line: string) => void): Promise<void> {
  const cluster = join(data, 'cluster')
  const pidFile = join(cluster, 'postmaster.pid')
  if (await stopLeftover(pidFile, cluster, 'SIGINT')) say('postgres  stopped the one that an earlier run left behind')
  rmSync(pidFile, { force: true })
}

/** initdb in a folder beside it, renamed when whole: an interrupted one leaves nothing that looks like a cluster. */
async function initialise({ bin, data, user }: PostgresHome, password: string): Promise<void> {
  mkdirSync(data, { recursive: true, mode: 0o700 })
  const unfinished = join(data, 'cluster.new')
  const passwordFile = join(data, 'password.new')
  rmSync(unfinished, { recursive: true, force: true })
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 })
  for (const path of user ? [data, passwordFile] : []) chownSync(path, user?.uid ?? 0, user?.gid ?? 0)
  chmodSync(data, 0o700)
  const args = [`--pgdata=${unfinished}`, `--pwfile=${passwordFile}`, ...initdbFlags]
  try {
    await run(join(bin, 'initdb'), args, { cwd: data, env: environment, ...user })
    renameSync(unfinished, join(data, 'cluster'))
  } finally {
    rmSync(passwordFile, { force: true })
    rmSync(unfinished, { recursive: true, force: true })
  }
}

// Postgres' own collation: the same order of words on every machine, whatever locales it has.
const initdbFlags = [
  '--username=postgres',
  '--auth=scram-sha-256',
  '--encoding=UTF8',
  '--locale=C',
  '--locale-provider=builtin',
  '--builtin-locale=C.UTF-8',
  '--no-sync',
]

function run(
  command: string,
  args: string[],
  options: { cwd: string; env: Record<string, string>; uid?: number; gid?: number },
) {
  return new Promise<void>((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'ignore', 'pipe'] })
    let errors = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors += text
    })
    child.once('error', reject)
    child.once('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`initdb failed (${code}): ${errors.trim()}`)),
    )
  })
}
