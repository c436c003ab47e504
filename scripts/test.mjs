// npm test: a Postgres and a Redis for the suite alone, one migrated template database, then jest. Afterwards nothing is left.
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { startEmbedded } from '../dist/src/platform/embedded/index.js'
import { applyMigrations } from '../dist/src/platform/migrations.js'

const { DATABASE_URL: givenDatabase, REDIS_URL: givenRedis, ...environment } = process.env
const dataDir = mkdtempSync(join(tmpdir(), 'vicinity-test-'))
// In a server that was given, everything of this run begins with a name that nobody else has.
const template = givenDatabase ? `vicinity_test_${randomBytes(4).toString('hex')}` : 'vicinity_template'

let stopping
let jest
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    // The terminal and npm both deliver one Ctrl-C; only a later one means impatience.
    if (stopping && Date.now() - stopping.at > 1000) process.exit(128 + constants.signals[signal])
    stopping ??= { signal, at: Date.now() }
    killJest('SIGTERM')
  })
}
process.on('exit', () => {
  killJest('SIGKILL')
  rmSync(dataDir, { recursive: true, force: true })
})

function killJest(signal) {
  try {
    if (jest?.pid) process.kill(-jest.pid, signal)
  } catch {
    // It has ended.
  }
}

const began = Date.now()
let embedded
try {
  embedded = await startEmbedded({
    dataDir,
    need: { postgres: !givenDatabase, redis: !givenRedis },
    say: (line) => console.log(`  ${line}`),
    durable: false,
  })
  const server = givenDatabase ?? embedded.databaseUrl
  await admin(server, (client) => client.query(`CREATE DATABASE "${template}"`))
  const url = databaseOf(server, template)
  await applyMigrations(url)
  console.log(
    `  ${'test'.padEnd(10)}${'Postgres and Redis of its own, migrated'.padEnd(44)}${`${((Date.now() - began) / 1000).toFixed(1)} s`.padStart(16)}\n`,
  )
  if (!stopping)
    process.exitCode = await runJest({ TEST_DATABASE_URL: url, TEST_REDIS_URL: givenRedis ?? embedded.redisUrl })
} catch (error) {
  if (!error.remedy) throw error
  console.error(`\n${error.message}\n→ ${error.remedy}\n`)
  process.exitCode = 1
} finally {
  if (givenDatabase)
    await dropOwn(givenDatabase).catch((error) =>
      console.error(`Databases named ${template}… are left: ${error.message}`),
    )
  await embedded?.close()
}
if (stopping) process.exitCode = 128 + constants.signals[stopping.signal]

/** Jest in a group of its own, so that its workers end with it. */
function runJest(urls) {
  const temporary = join(dataDir, 'tmp')
  mkdirSync(temporary)
  // Loading the modules of each test anew makes much that is soon let go of: with room for it, a tenth less is spent on collecting it.
  const options = [
    environment.NODE_OPTIONS,
    ...['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', '--max-semi-space-size=64'],
  ]
  jest = spawn(process.execPath, ['node_modules/jest/bin/jest.js', ...process.argv.slice(2)], {
    detached: true,
    stdio: 'inherit',
    // What tests leave in the temporary folder goes away with ours, however they end.
    env: { ...environment, ...urls, TMPDIR: temporary, NODE_OPTIONS: options.filter(Boolean).join(' ') },
  })
  return new Promise((resolve) => jest.on('exit', (code) => resolve(code ?? 1)))
}

/** The template and every database that a test made from it; their names begin alike. */
async function dropOwn(server) {
  await admin(server, async (client) => {
    const { rows } = await client.query('SELECT datname FROM pg_database WHERE starts_with(datname, $1)', [template])
    for (const { datname } of rows) await client.query(`DROP DATABASE IF EXISTS "${datname}" WITH (FORCE)`)
  })
}

async function admin(connectionString, work) {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 5000 })
  try {
    await client.connect()
  } catch (error) {
    const host = new URL(connectionString).host
    throw Object.assign(new Error(`The database at ${host} cannot be used: ${error.message || error.code}`), {
      remedy: 'Check DATABASE_URL; without it a Postgres is brought along.',
    })
  }
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

function databaseOf(server, name) {
  const url = new URL(server)
  url.pathname = `/${name}`
  return url.href
}
