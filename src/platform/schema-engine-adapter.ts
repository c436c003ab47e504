import { randomUUID } from 'node:crypto'
import { PrismaPg } from '@prisma/adapter-pg'
import {
  ColumnTypeEnum,
  type SqlDriverAdapter,
  type SqlMigrationAwareDriverAdapterFactory,
} from '@prisma/driver-adapter-utils'
import { Pool, type QueryResult } from 'pg'

export interface SchemaEngineAdapter {
  factory: SqlMigrationAwareDriverAdapterFactory
  /** The engine does not close what it opened, and a connection left over keeps the database from being copied. */
  close(): Promise<void>
}

/** How the schema engine reaches Postgres: Prisma's adapter on pools of ours. */
export function schemaEngineAdapter(connectionString: string): SchemaEngineAdapter {
  const closers: (() => Promise<void>)[] = []

  async function open(url: string) {
    const adapter = await connect(url)
    const end = once(adapter.dispose.bind(adapter))
    closers.push(end)
    return Object.assign(adapter, { dispose: end })
  }

  // Not the adapter's own: with a connection string that one lands in the very database it should spare.
  async function connectToShadowDb() {
    const database = `vicinity_shadow_${randomUUID()}`
    const admin = await open(connectionString)
    await admin.executeScript(`CREATE DATABASE "${database}"`)
    closers.push(once(() => admin.executeScript(`DROP DATABASE "${database}"`)))
    const url = new URL(connectionString)
    url.pathname = `/${database}`
    return open(url.href)
  }

  return {
    factory: {
      provider: 'postgres',
      adapterName: '@prisma/adapter-pg',
      connect: () => open(connectionString),
      connectToShadowDb,
    },
    async close() {
      for (const end of closers.reverse()) await end()
    },
  }
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined
  return () => {
    done ??= work()
    return done
  }
}

const quotedChar = 18
const text = 25

/**
 * Postgres' catalogue has columns of type "char", which the adapter does not know and the engine wants as characters: they
 * pass the adapter as text and get their type behind it.
 */
async function connect(connectionString: string): Promise<SqlDriverAdapter> {
  const pool = new Pool({
    connectionString,
    max: 1,
    connectionTimeoutMillis: 5000,
    application_name: 'vicinity-migrate',
  })
  const characters = new WeakMap<unknown[], number[]>()

  const query = pool.query.bind(pool) as (...args: unknown[]) => Promise<QueryResult>
  const asText = async (...args: unknown[]) => {
    const result = await query(...args)
    const found = (result.fields ?? []).flatMap(({ dataTypeID }, column) => (dataTypeID === quotedChar ? [column] : []))
    for (const field of result.fields ?? []) if (field.dataTypeID === quotedChar) field.dataTypeID = text
    if (found.length > 0) characters.set(result.rows, found)
    return result
  }
  pool.query = asText as typeof pool.query

  const adapter = await new PrismaPg(pool, { disposeExternalPool: true }).connect()
  const queryRaw = adapter.queryRaw.bind(adapter)
  adapter.queryRaw = async (sql) => {
    const result = await queryRaw(sql)
    for (const column of characters.get(result.rows) ?? []) result.columnTypes[column] = ColumnTypeEnum.Character
    return result
  }
  // The adapter's own splits a script at every semicolon, also within the body of a function.
  const { onError } = adapter as unknown as { onError(error: unknown): never }
  adapter.executeScript = async (script) => {
    try {
      await query(script)
    } catch (error) {
      onError.call(adapter, error)
    }
  }
  return adapter
}
