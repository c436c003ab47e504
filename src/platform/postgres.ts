import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { PrismaClient } from '../generated/prisma/client.ts'
import { DomainError, UnavailableError } from './errors.ts'
import type { Logger } from './logger.ts'

export interface Statement {
  /** Prepared once per connection under this name. */
  name: string
  text: string
}

export type Sql = <Row extends pg.QueryResultRow>(statement: Statement, values?: unknown[]) => Promise<Row[]>

export interface Postgres {
  prisma: PrismaClient
  /** The pool that Prisma shares: for statements on a hot path, and for jobs. */
  pool: pg.Pool
  sql: Sql
  /** Commits what `work` did, all of it or nothing. Several statements on a path that is not hot. */
  transaction<T>(work: (sql: Sql) => Promise<T>): Promise<T>
  /** Runs Prisma or pool work; a database that does not answer is an UnavailableError. */
  run<T>(work: () => Promise<T>): Promise<T>
  close(): Promise<void>
}

export function createPostgres(options: { url: string; poolSize: number; logger: Logger }): Postgres {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.poolSize,
    connectionTimeoutMillis: 2000,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    statement_timeout: 3000,
    lock_timeout: 1000,
    query_timeout: 5000,
    idle_in_transaction_session_timeout: 10_000,
    application_name: 'vicinity',
  })
  const lost = (error: Error & { code?: string }) =>
    options.logger.warn('postgres: connection lost', { code: error.code ?? error.name })
  pool.on('error', lost)
  pool.on('connect', (client) => client.on('error', lost))
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool) })

  const through =
    (client: pg.Pool | pg.PoolClient): Sql =>
    async (statement, values = []) =>
      (await client.query({ ...statement, values })).rows

  async function run<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      throw translated(error)
    }
  }

  return {
    prisma,
    pool,
    sql: (statement, values) => run(() => through(pool)(statement, values)),
    transaction: (work) =>
      run(async () => {
        const client = await pool.connect()
        let broken = false
        try {
          await client.query('begin')
          const result = await work(through(client))
          await client.query('commit')
          return result
        } catch (error) {
          await client.query('rollback').catch(() => {
            broken = true
          })
          throw error
        } finally {
          client.release(broken)
        }
      }),
    run,
    async close() {
      await prisma.$disconnect()
      await pool.end()
    },
  }
}

/**
 * SQLSTATE classes 08 (connection), 53 (resources), 57 (operator), the drivers' words for "nobody there", and a transaction that
 * lost against others: nothing of it happened.
 */
const unreachable = /^(08|53|55P03|40001|40P01|57P|ECONN|ETIMEDOUT|EPIPE|ENOTFOUND|P1001|P1002|P1008|P1017|P2024)/

function translated(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof DomainError) return error
  const code = String((error as { code?: unknown }).code ?? '')
  if (code === '57014') return new DomainError('TIMEOUT', 'The operation took too long.', {}, { cause: error })
  const words = /timeout exceeded when trying to connect|Connection terminated|Query read timeout|Can't reach database/i
  return unreachable.test(code) || words.test(error.message) ? new UnavailableError(error) : error
}
