import { SortedKeys } from './sorted-keys.ts'
import type { Entry, Range, Storage, Table, Transaction } from './storage.ts'
import { tables } from './storage.ts'
import { createTurns } from './turns.ts'

interface Rows {
  values: Map<string, object>
  keys: SortedKeys
}

/** Kept until the page or process ends: for tests, servers, and apps that want nothing on the device. */
export function memoryStorage(): Storage {
  const inTurn = createTurns()
  const all = new Map<Table, Rows>(tables.map((table) => [table, { values: new Map(), keys: new SortedKeys() }]))
  const rowsOf = (table: Table) => all.get(table) as Rows
  return {
    transaction: (mode, work) =>
      inTurn(async () => {
        const undo: (() => void)[] = []
        try {
          return await work(transactionOn(rowsOf, mode === 'write' ? undo : undefined))
        } catch (reason) {
          for (const step of undo.reverse()) step()
          throw reason
        }
      }),
    close: async () => undefined,
  }
}

/** Without `undo` nothing can be written. */
function transactionOn(rowsOf: (table: Table) => Rows, undo: (() => void)[] | undefined): Transaction {
  const set = (table: Table, key: string, value: object | undefined) => {
    if (!undo) throw new Error('This transaction only reads.')
    const rows = rowsOf(table)
    const before = rows.values.get(key)
    undo.push(() => write(rows, key, before))
    write(rows, key, value)
  }
  return {
    get: async <Value>(table: Table, key: string) => rowsOf(table).values.get(key) as Value | undefined,
    put: async (table, key, value) => set(table, key, value),
    delete: async (table, key) => set(table, key, undefined),
    range: async <Value>(table: Table, range: Range) => read<Value>(rowsOf(table), range),
  }
}

function write({ values, keys }: Rows, key: string, value: object | undefined): void {
  if (value === undefined) {
    values.delete(key)
    keys.delete(key)
  } else {
    values.set(key, value)
    keys.add(key)
  }
}

function read<Value>({ values, keys }: Rows, { from, to, limit = Infinity, reverse }: Range): Entry<Value>[] {
  const found: Entry<Value>[] = []
  for (const key of reverse ? keys.downwards(to) : keys.upwards(from)) {
    if (reverse ? key < from : key >= to) break
    if (found.length >= limit) break
    found.push({ key, value: values.get(key) as Value })
  }
  return found
}
