import { rmSync } from 'node:fs'
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb'
import sqlite from 'node-sqlite3-wasm'
import { indexedDbStorage } from '../../sdk/src/store/indexed-db.ts'
import { memoryStorage } from '../../sdk/src/store/memory.ts'
import {
  type BetterSqlite3,
  betterSqlite3,
  type ExpoSqlite,
  expoSqlite,
  sqliteStorage,
} from '../../sdk/src/store/sqlite.ts'
import type { Storage } from '../../sdk/src/store/storage.ts'

/** A place that keeps what is stored, and may be opened again after whoever used it is gone. */
export interface Place {
  open(): Storage
}

export type PlaceName = keyof typeof places

/** SQLite in the shape of better-sqlite3: at once, with prepared statements. */
export function likeBetterSqlite3(path: string): BetterSqlite3 {
  const database = new sqlite.Database(path)
  return {
    exec: (sql) => database.exec(sql),
    prepare(sql) {
      const statement = database.prepare(sql)
      return { run: (...values) => statement.run(values), all: (...values) => statement.all(values) }
    },
    close: () => database.close(),
  }
}

/** SQLite in the shape of expo-sqlite: every answer comes later. */
export function likeExpoSqlite(path: string): ExpoSqlite {
  const database = new sqlite.Database(path)
  return {
    execAsync: async (sql) => database.exec(sql),
    runAsync: async (sql, values) => database.run(sql, values),
    getAllAsync: async (sql, values) => database.all(sql, values),
    closeAsync: async () => database.close(),
  }
}

/** What a killed process leaves: the lock of node-sqlite3-wasm is a folder, while the system's would be gone with the process. */
export const unlock = (path: string) => rmSync(`${path}.lock`, { recursive: true, force: true })

export const places = {
  memory(): Place {
    const storage = memoryStorage()
    return { open: () => storage }
  },
  indexedDB(): Place {
    const indexedDB = new IDBFactory()
    return { open: () => indexedDbStorage({ name: 'vicinity', indexedDB, keyRange: IDBKeyRange }) }
  },
  betterSqlite3: (path: string): Place => ({ open: () => sqliteStorage(betterSqlite3(likeBetterSqlite3(path))) }),
  expoSqlite: (path: string): Place => ({ open: () => sqliteStorage(expoSqlite(likeExpoSqlite(path))) }),
}
