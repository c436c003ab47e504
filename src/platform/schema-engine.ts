import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils'
import type { SchemaEngine } from '@prisma/schema-engine-wasm'
import { projectRoot } from './project-root.ts'
import { schemaEngineAdapter } from './schema-engine-adapter.ts'

export interface Migration {
  name: string
  sql: string
}

interface Glue {
  SchemaEngine: typeof SchemaEngine
  __wbg_set_wasm(exports: Record<string, unknown>): void
}

// Neither the language's own types nor Node's say that Node has this.
declare const WebAssembly: {
  instantiate(bytes: Uint8Array, imports: object): Promise<{ instance: { exports: Record<string, unknown> } }>
}

/** Prisma's own schema engine, as WebAssembly: nothing is downloaded, and the records are those of `prisma migrate`. */
export interface OpenSchemaEngine {
  /** Applies what is missing and answers its names. */
  apply(migrations: Migration[]): Promise<string[]>
  /** The SQL from what the migrations make to what schema.prisma says; empty when they agree. Makes a shadow database for a moment. */
  missing(migrations: Migration[]): Promise<string>
  /** Lets a migration that failed be tried again. */
  forgetFailed(name: string): Promise<void>
  close(): Promise<void>
}

const filters = { externalTables: [], externalEnums: [] }

export async function openSchemaEngine(connectionString: string): Promise<OpenSchemaEngine> {
  const path = 'schema.prisma'
  const content = readFileSync(join(projectRoot(), 'prisma', path), 'utf8')
  const adapter = schemaEngineAdapter(connectionString)
  const { SchemaEngine } = await loadGlue()
  const engine = await SchemaEngine.new(
    { datamodels: [[path, content]] },
    () => undefined,
    bindMigrationAwareSqlAdapterFactory(adapter.factory),
  )

  return {
    async apply(migrations) {
      const { appliedMigrationNames } = await engine.applyMigrations({ migrationsList: listOf(migrations), filters })
      return appliedMigrationNames
    },
    async missing(migrations) {
      const { exitCode, stdout } = await engine.diff({
        from: { tag: 'migrations', ...listOf(migrations) },
        to: { tag: 'schemaDatamodel', files: [{ path, content }] },
        script: true,
        exitCode: true,
        filters,
      })
      return exitCode === 0 ? '' : (stdout ?? '')
    },
    close: adapter.close,
    async forgetFailed(migrationName) {
      await engine.markMigrationRolledBack({ migrationName })
    },
  }
}

async function loadGlue(): Promise<Glue> {
  const folder = dirname(createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm'))
  const glue = (await import(pathToFileURL(join(folder, 'schema_engine_bg.js')).href)) as Glue
  const bytes = readFileSync(join(folder, 'schema_engine_bg.wasm'))
  const { instance } = await WebAssembly.instantiate(bytes, { './schema_engine_bg.js': withIdleTimers(glue) })
  // Where the engine leaves the reason before it panics: thrown at once, since what follows says only "unreachable".
  Object.assign(globalThis, { PRISMA_WASM_PANIC_REGISTRY: { set_message: refuse } })
  glue.__wbg_set_wasm(instance.exports)
  const begin = instance.exports['__wbindgen_start'] as () => void
  begin()
  return glue
}

/** The engine leaves its ten-second limits running after it is through; they must not keep the process alive. */
function withIdleTimers(glue: Glue): object {
  const setTimer = Object.keys(glue).filter((name) => name.startsWith('__wbg_setTimeout'))
  const idle = (work: () => void, ms: number) => setTimeout(work, ms).unref()
  return { ...glue, ...Object.fromEntries(setTimer.map((name) => [name, idle])) }
}

function refuse(message: string): never {
  throw new Error(`The schema engine gave up: ${message}`)
}

function listOf(migrations: Migration[]) {
  return {
    baseDir: join(projectRoot(), 'prisma', 'migrations'),
    lockfile: { path: 'migration_lock.toml', content: 'provider = "postgresql"\n' },
    shadowDbInitScript: '',
    migrationDirectories: migrations.map(({ name, sql }) => ({
      path: name,
      migrationFile: { path: 'migration.sql', content: { tag: 'ok' as const, value: sql } },
    })),
  }
}
