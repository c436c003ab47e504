import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  applyMigrations,
  migrationState,
  migrationsDir,
  readMigrations,
  refuseAhead,
} from '../src/platform/migrations.ts'
import { openSchemaEngine } from '../src/platform/schema-engine.ts'
import { StartupError } from '../src/platform/startup-error.ts'

const usage = `npm run migrate                     apply what is pending to DATABASE_URL
npm run migrate -- create <name>    write the migration from the migrations to schema.prisma
npm run migrate -- check            fail unless the migrations make what schema.prisma says,
                                    and DATABASE_URL, if given, is not ahead of the code
npm run migrate -- retry <name>     let a migration that failed be applied again`

const databaseUrl = process.env['DATABASE_URL'] || undefined

function givenDatabase(): string {
  if (databaseUrl) return databaseUrl
  throw new StartupError(
    'No database is given.',
    'Set DATABASE_URL. The Postgres that npm start brings along migrates by itself.',
  )
}

async function apply() {
  const applied = await applyMigrations(givenDatabase())
  console.log(applied.length > 0 ? `applied ${applied.join(', ')}` : 'nothing is pending')
}

async function retry(name: string) {
  const engine = await openSchemaEngine(givenDatabase())
  await engine.forgetFailed(name).finally(engine.close)
  await apply()
}

async function create(name: string) {
  if (!/^[a-z]+(_[a-z0-9]+)+$/.test(name)) {
    throw new StartupError(`"${name}" is no name for a migration.`, 'Name it by verb and noun: add_stories')
  }
  const sql = await inThrowAway(difference)
  if (!sql) return console.log('the migrations make what schema.prisma says: there is nothing to create')
  const stamp = new Date().toISOString().replaceAll(/\D/g, '').slice(0, 14)
  const folder = join(migrationsDir(), `${stamp}_${name}`)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'migration.sql'), sql)
  console.log(`wrote ${join('prisma/migrations', `${stamp}_${name}`, 'migration.sql')}: read it before you commit it`)
}

async function check() {
  if (databaseUrl) refuseAhead((await migrationState(databaseUrl)).ahead)
  const sql = await inThrowAway(difference)
  if (!sql) return console.log('the migrations make what schema.prisma says')
  throw new StartupError(
    `schema.prisma and the migrations differ:\n\n${sql}`,
    'Write the difference with: npm run migrate -- create <name>',
  )
}

async function difference(url: string): Promise<string> {
  const engine = await openSchemaEngine(url)
  return engine.missing(readMigrations()).finally(engine.close)
}

/** A Postgres for one piece of work: the difference is found by running every migration. */
async function inThrowAway<T>(work: (url: string) => Promise<T>): Promise<T> {
  const { startEmbedded } = await import('../src/platform/embedded/index.ts')
  const dataDir = mkdtempSync(join(tmpdir(), 'vicinity-migrate-'))
  process.once('exit', () => rmSync(dataDir, { recursive: true, force: true }))
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => process.exit(signal === 'SIGINT' ? 130 : 143))
  const embedded = await startEmbedded({
    dataDir,
    need: { postgres: true, redis: false },
    say: console.log,
    durable: false,
  })
  try {
    return await work(embedded.databaseUrl as string)
  } finally {
    await embedded.close()
    rmSync(dataDir, { recursive: true, force: true })
  }
}

const [command = 'apply', name = ''] = process.argv.slice(2)
const commands: Record<string, () => unknown> = {
  apply,
  check,
  create: () => create(name),
  retry: () => retry(name),
}

try {
  const chosen = commands[command]
  if (!chosen) throw new StartupError(`There is no "migrate ${command}".`, `\n${usage}`)
  await chosen()
} catch (error) {
  if (!(error instanceof StartupError)) throw error
  console.error(`\n${error.message}\n→ ${error.remedy}\n`)
  process.exitCode = 1
}
