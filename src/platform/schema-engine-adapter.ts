import { randomUUID } from 'node:crypto'
import { PrismaPg } from '@prisma/adapter-pg'
import {
  ColumnTypeEnum,
  type SqlDriverAdapter,
  type SqlMigrationAwareDriverAdapterFactory,
} from '@prisma/driver-adapter-utils'
import { Pool, type QueryResult } from 'pg'

/** How the schema engine reaches Postgres: Prisma's adapter on pools of ours. */
export function schemaEngineAdapter(connectionString: string): SqlMigrationAwareDriverAdapterFactory {
  return {
    provider: 'postgres',
    adapterName: '@prisma/adapter-pg',
    connect: () => connect(connectionString),
    // Not the adapter's own: with a connection string that one lands in the very database it should spare.
    async connectToShadowDb() {
      const database = `vicinity_shadow_${randomUUID()}`
      const admin = await connect(connectionString)
      await admin.executeScript(`CREATE DATABASE "${database}"`)
      const url = new URL(connectionString)
      url.pathname = `/${database}`
      const shadow = await connect(url.href)
      const end = shadow.dispose.bind(shadow)
      shadow.dispose = async () => {
        await end()
        await admin.executeScript(`DROP DATABASE "${database}"`)
        await admin.dispose()
      }
      return shadow
    },
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
  return adapter
}
