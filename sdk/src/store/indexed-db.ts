import type { IdbDatabase, IdbFactory, IdbKeyRanges, IdbRequest, IdbStore, IdbTransaction } from './indexed-db-types.ts'
import { type Entry, type Range, type Storage, type Table, type Transaction, tables } from './storage.ts'

export interface IndexedDbOptions {
  /** One per account: two accounts in one database would see each other's conversations. */
  name: string
  /** For anything but a browser's own. */
  indexedDB?: IdbFactory
  keyRange?: IdbKeyRanges
}

const version = 1

/** Kept in the browser, and shared by its tabs. */
export function indexedDbStorage({ name, ...given }: IndexedDbOptions): Storage {
  const globals = globalThis as unknown as { indexedDB?: IdbFactory; IDBKeyRange?: IdbKeyRanges }
  const factory = given.indexedDB ?? globals.indexedDB
  const ranges = given.keyRange ?? globals.IDBKeyRange
  if (!factory || !ranges) throw new Error('There is no IndexedDB here.')
  let database: Promise<IdbDatabase> | undefined
  const opened = () => {
    database ??= open(factory, name)
    // A failed opening (a full disk, an older tab in the way) is tried again at the next use.
    database.catch(() => {
      database = undefined
    })
    return database
  }
  return {
    async transaction(mode, work) {
      const tx = (await opened()).transaction([...tables], mode === 'write' ? 'readwrite' : 'readonly')
      const done = ended(tx)
      try {
        const result = await work(transactionOn(tx, ranges))
        await done
        return result
      } catch (reason) {
        done.catch(() => undefined)
        abort(tx)
        throw reason
      }
    },
    async close() {
      const open = await database?.catch(() => undefined)
      open?.close()
    },
  }
}

function open(factory: IdbFactory, name: string): Promise<IdbDatabase> {
  const request = factory.open(name, version)
  request.onupgradeneeded = () => {
    for (const table of tables) request.result.createObjectStore(table)
  }
  return answer(request).then((database) => {
    // Another tab wants a newer version: let it.
    database.onversionchange = () => database.close()
    return database
  })
}

function transactionOn(tx: IdbTransaction, ranges: IdbKeyRanges): Transaction {
  return {
    get: <Value>(table: Table, key: string) => answer(tx.objectStore(table).get(key)) as Promise<Value | undefined>,
    put: async (table, key, value) => void (await answer(tx.objectStore(table).put(value, key))),
    delete: async (table, key) => void (await answer(tx.objectStore(table).delete(key))),
    range: <Value>(table: Table, range: Range) => read<Value>(tx.objectStore(table), range, ranges),
  }
}

async function read<Value>(store: IdbStore, range: Range, ranges: IdbKeyRanges): Promise<Entry<Value>[]> {
  const { from, to, limit, reverse } = range
  if (from >= to) return []
  const bounds = ranges.bound(from, to, false, true)
  if (reverse) return walkBack<Value>(store, bounds, limit ?? Infinity)
  const [keys, values] = await Promise.all([
    answer(store.getAllKeys(bounds, limit)),
    answer(store.getAll(bounds, limit)),
  ])
  return keys.map((key, index) => ({ key: String(key), value: values[index] as Value }))
}

function walkBack<Value>(store: IdbStore, bounds: unknown, limit: number): Promise<Entry<Value>[]> {
  const found: Entry<Value>[] = []
  const request = store.openCursor(bounds, 'prev')
  return new Promise((resolve, reject) => {
    request.onerror = () => reject(request.error)
    request.onsuccess = () => {
      const cursor = request.result
      if (!cursor || found.length >= limit) return resolve(found)
      found.push({ key: String(cursor.key), value: cursor.value as Value })
      cursor.continue()
    }
  })
}

function answer<Result>(request: IdbRequest<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

function ended(tx: IdbTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    tx.oncomplete = () => resolve()
    tx.onabort = () => reject(tx.error ?? new Error('The transaction was aborted.'))
  })
}

function abort(tx: IdbTransaction): void {
  try {
    tx.abort()
  } catch {
    // It was over already.
  }
}
