export const tables = ['conversations', 'members', 'messages', 'profiles', 'outbox', 'meta'] as const

export type Table = (typeof tables)[number]

/** Keys from `from` (included) to `to` (not included), in their order or from the end. */
export interface Range {
  from: string
  to: string
  limit?: number
  reverse?: boolean
}

export interface Entry<Value> {
  key: string
  value: Value
}

/** Keys are ASCII, so that every adapter sorts them alike. Values are plain JSON; nobody changes one that was handed over. */
export interface Transaction {
  get<Value>(table: Table, key: string): Promise<Value | undefined>
  put(table: Table, key: string, value: object): Promise<void>
  delete(table: Table, key: string): Promise<void>
  range<Value>(table: Table, range: Range): Promise<Entry<Value>[]>
}

/**
 * Where an account's conversations are kept on this device. A transaction happens as a whole or not at all, also if the process
 * ends in the middle; those that write run one after another. Inside, only its own methods may be awaited: IndexedDB commits as
 * soon as it is asked nothing more.
 */
export interface Storage {
  transaction<Result>(mode: 'read' | 'write', work: (tx: Transaction) => Promise<Result>): Promise<Result>
  close(): Promise<void>
}

/** All keys there can be. */
export const everything = { from: '', to: '\x7f' } as const
