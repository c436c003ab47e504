import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Client } from 'pg'
import { withClient } from './postgres-client.ts'
import { projectRoot } from './project-root.ts'
import type { Migration } from './schema-engine.ts'
import { StartupError } from './startup-error.ts'

export interface MigrationState {
  /** In the code and not in the database, in the order in which they are applied. */
  pending: string[]
  /** Applied to the database and unknown to the code. */
  ahead: string[]
  /** Applied, and changed in the code since. */
  edited: string[]
  /** Begun and not finished. */
  failed: string[]
}

/** One number for all who migrate, arbitrary and fixed. Prisma's engine uses another one, inside of this. */
const advisoryLock = 7_204_918_223

export const migrationsDir = () => join(projectRoot(), 'prisma', 'migrations')

export function readMigrations(folder = migrationsDir()): Migration[] {
  return readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, 'migration.sql')))
    .sort()
    .map((name) => ({ name, sql: readFileSync(join(folder, name, 'migration.sql'), 'utf8') }))
}

/** Plain SQL: at an ordinary start nothing is pending, and the engine need not be loaded to know it. */
export async function migrationState(databaseUrl: string, code = readMigrations()): Promise<MigrationState> {
  return withClient(databaseUrl, (client) => compare(client, code))
}

/** Brings the database to the state of the code and answers what it applied. Processes that do so at once take turns. */
export async function applyMigrations(databaseUrl: string, code = readMigrations()): Promise<string[]> {
  const before = await migrationState(databaseUrl, code)
  refuseUnsound(before)
  if (before.pending.length === 0) return []
  return withClient(databaseUrl, async (client) => {
    await client.query("SET lock_timeout = '60s'")
    await client.query('SELECT pg_advisory_lock($1)', [advisoryLock])
    const { pending } = await compare(client, code)
    if (pending.length === 0) return []
    const { openSchemaEngine } = await import('./schema-engine.ts')
    const engine = await openSchemaEngine(databaseUrl)
    try {
      return await engine.apply(code)
    } finally {
      await engine.close()
    }
  })
}

/** For a database that was given: the process serves only a schema that is its own. */
export async function requireMigrated(databaseUrl: string): Promise<void> {
  const { pending, ahead } = await migrationState(databaseUrl)
  refuseAhead(ahead)
  if (pending.length > 0) {
    throw new StartupError(
      `The database is behind this version: ${some(pending)} not applied.`,
      'Apply what is missing with: npm run migrate',
    )
  }
}

export function refuseAhead(ahead: string[]): void {
  if (ahead.length === 0) return
  throw new StartupError(
    `The database is ahead of this version: it has ${some(ahead)}, which this code does not know.`,
    'Start the version that brought this migration, or a later one, or use another database.',
  )
}

function refuseUnsound({ ahead, edited, failed }: MigrationState): void {
  refuseAhead(ahead)
  if (failed.length > 0) {
    throw new StartupError(
      `The database holds a migration that failed half-way: ${some(failed)}.`,
      `Put right what it left, then have it tried again with: npm run migrate -- retry ${failed[0]}`,
    )
  }
  if (edited.length > 0) {
    throw new StartupError(
      `The database has ${some(edited)} in another wording than this code.`,
      'Leave applied migrations as they were and write a new one: npm run migrate -- create <name>',
    )
  }
}

interface Row {
  migration_name: string
  checksum: string
  finished_at: Date | null
}

async function compare(client: Client, code: Migration[]): Promise<MigrationState> {
  const rows = await recorded(client)
  const finished = new Map(rows.filter((row) => row.finished_at).map((row) => [row.migration_name, row.checksum]))
  const known = new Set(code.map(({ name }) => name))
  return {
    pending: code.map(({ name }) => name).filter((name) => !finished.has(name)),
    ahead: [...finished.keys()].filter((name) => !known.has(name)).sort(),
    edited: code
      .filter(({ name, sql }) => finished.has(name) && finished.get(name) !== checksum(sql))
      .map(({ name }) => name),
    failed: rows.filter((row) => !row.finished_at).map((row) => row.migration_name),
  }
}

async function recorded(client: Client): Promise<Row[]> {
  const { rows: found } = await client.query<{ there: boolean }>(
    `SELECT to_regclass('_prisma_migrations') IS NOT NULL AS there`,
  )
  if (!found[0]?.there) return []
  const { rows } = await client.query<Row>(
    'SELECT migration_name, checksum, finished_at FROM _prisma_migrations WHERE rolled_back_at IS NULL',
  )
  return rows
}

/** As Prisma records it. */
const checksum = (sql: string) => createHash('sha256').update(sql).digest('hex')

const some = (names: string[]) => (names.length < 3 ? names.join(' and ') : `${names[0]} and ${names.length - 1} more`)
