import { type Entry, type Range, type Storage, type Table, type Transaction, tables } from './storage.ts'
import { createTurns } from './turns.ts'

type Value = string | number

/** What is needed of a SQLite driver; each may answer at once or later. One connection: transactions come one after another. */
export interface SqliteDriver {
  exec(sql: string): void | Promise<void>
  run(sql: string, values: Value[]): unknown
  all(sql: string, values: Value[]): unknown[] | Promise<unknown[]>
  close?(): void | Promise<void>
}

/** What is used of a database of better-sqlite3. */
export interface BetterSqlite3 {
  exec(sql: string): unknown
  prepare(sql: string): { run(...values: Value[]): unknown; all(...values: Value[]): unknown[] }
  close(): unknown
}

/** What is used of a database of expo-sqlite. */
export interface ExpoSqlite {
  execAsync(sql: string): Promise<void>
  runAsync(sql: string, values: Value[]): Promise<unknown>
  getAllAsync(sql: string, values: Value[]): Promise<unknown[]>
  closeAsync(): Promise<void>
}

/** A driver over `new Database(path)` of better-sqlite3. */
export function betterSqlite3(database: BetterSqlite3): SqliteDriver {
  const statements = new Map<string, ReturnType<BetterSqlite3['prepare']>>()
  const prepared = (sql: string) => {
    const statement = statements.get(sql) ?? database.prepare(sql)
    statements.set(sql, statement)
    return statement
  }
  return {
    exec: (sql) => void database.exec(sql),
    run: (sql, values) => prepared(sql).run(...values),
    all: (sql, values) => prepared(sql).all(...values),
    close: () => void database.close(),
  }
}

/** A driver over `await openDatabaseAsync(name)` of expo-sqlite. */
export function expoSqlite(database: ExpoSqlite): SqliteDriver {
  return {
    exec: (sql) => database.execAsync(sql),
    run: (sql, values) => database.runAsync(sql, values),
    all: (sql, values) => database.getAllAsync(sql, values),
    close: () => database.closeAsync(),
  }
}

/** Kept in one SQLite file; one per account. */
export function sqliteStorage(driver: SqliteDriver): Storage {
  const inTurn = createTurns()
  let ready = false
  const prepare = async () => {
    if (ready) return
    for (const table of tables)
      await driver.exec(
        `create table if not exists vicinity_${table} (key text primary key, value text not null) without rowid`,
      )
    ready = true
  }
  return {
    transaction: (mode, work) =>
      inTurn(async () => {
        await prepare()
        await driver.exec(mode === 'write' ? 'begin immediate' : 'begin')
        try {
          const result = await work(transactionOn(driver))
          await driver.exec('commit')
          return result
        } catch (reason) {
          await rollback(driver)
          throw reason
        }
      }),
    close: () => inTurn(async () => driver.close?.()),
  }
}

async function rollback(driver: SqliteDriver): Promise<void> {
  try {
    await driver.exec('rollback')
  } catch {
    // SQLite has done it already, as after a full disk.
  }
}

function transactionOn(driver: SqliteDriver): Transaction {
  return {
    async get<Value>(table: Table, key: string) {
      const [row] = await driver.all(`select value from vicinity_${table} where key = ?`, [key])
      return row === undefined ? undefined : (parsed(row) as Value)
    },
    async put(table, key, value) {
      await driver.run(
        `insert into vicinity_${table} (key, value) values (?, ?) on conflict (key) do update set value = excluded.value`,
        [key, JSON.stringify(value)],
      )
    },
    async delete(table, key) {
      await driver.run(`delete from vicinity_${table} where key = ?`, [key])
    },
    async range<Value>(table: Table, { from, to, limit, reverse }: Range) {
      const order = reverse ? 'desc' : 'asc'
      const sql = `select key, value from vicinity_${table} where key >= ? and key < ? order by key ${order} limit ?`
      const rows = await driver.all(sql, [from, to, limit ?? -1])
      return rows.map((row): Entry<Value> => ({ key: (row as { key: string }).key, value: parsed(row) as Value }))
    },
  }
}

const parsed = (row: unknown): unknown => JSON.parse((row as { value: string }).value)
