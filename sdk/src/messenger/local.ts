import type { Entry, Range, Storage, Table, Transaction } from '../store/storage.ts'
import { everything } from '../store/storage.ts'
import type { Me } from './api.ts'
import type { Job } from './jobs.ts'
import { within } from './keys.ts'
import type { ConversationRecord, MemberRecord, MessageRecord, ProfileRecord } from './records.ts'

/** What each table holds. */
interface Rows {
  conversations: ConversationRecord
  members: MemberRecord
  messages: MessageRecord
  profiles: ProfileRecord
  outbox: Job
  meta: never
}

/** What is kept once. `bootstrap`: where the first synchronisation stands, until it is complete. `order`: of the last job. */
export interface Meta {
  me: Me
  bootstrap: { nextPage: string | null; inboxCursor: string; since: string }
  inbox: { cursor: string | null }
  since: { since: string }
  order: { last: number }
}

/** A transaction that knows what is in which table. */
export interface LocalTx {
  get<Name extends Table>(table: Name, key: string): Promise<Rows[Name] | undefined>
  put<Name extends Table>(table: Name, key: string, value: Rows[Name]): Promise<void>
  delete(table: Table, key: string): Promise<void>
  range<Name extends Table>(table: Name, range: Range): Promise<Entry<Rows[Name]>[]>
  meta<Name extends keyof Meta>(name: Name): Promise<Meta[Name] | undefined>
  setMeta<Name extends keyof Meta>(name: Name, value: Meta[Name] | undefined): Promise<void>
}

/** What a transaction has written. */
export interface Touched {
  conversations: Set<string>
  profiles: Set<string>
}

export interface Local {
  read<Result>(work: (tx: LocalTx) => Promise<Result>): Promise<Result>
  write<Result>(work: (tx: LocalTx) => Promise<Result>): Promise<Result>
}

/** `onCommit` hears of everything that was written, once it is there to stay. */
export function createLocal(storage: Storage, onCommit: (touched: Touched) => void): Local {
  return {
    read: (work) => storage.transaction('read', (tx) => work(typed(tx, noteNothing))),
    async write(work) {
      const touched: Touched = { conversations: new Set(), profiles: new Set() }
      const result = await storage.transaction('write', (tx) =>
        work(typed(tx, (table, key) => note(touched, table, key))),
      )
      if (touched.conversations.size + touched.profiles.size > 0) onCommit(touched)
      return result
    },
  }
}

const noteNothing = () => undefined

function note({ conversations, profiles }: Touched, table: Table, key: string): void {
  if (table === 'profiles') profiles.add(key)
  else if (table !== 'meta') conversations.add(key.split('!')[0] as string)
}

function typed(tx: Transaction, onWrite: (table: Table, key: string) => void): LocalTx {
  return {
    get: (table, key) => tx.get(table, key),
    put(table, key, value) {
      onWrite(table, key)
      return tx.put(table, key, value)
    },
    delete(table, key) {
      onWrite(table, key)
      return tx.delete(table, key)
    },
    range: (table, range) => tx.range(table, range),
    meta: (name) => tx.get('meta', name),
    setMeta: (name, value) => (value === undefined ? tx.delete('meta', name) : tx.put('meta', name, value)),
  }
}

export const valuesOf = <Value>(entries: Entry<Value>[]): Value[] => entries.map(({ value }) => value)

export const jobsOf = async (tx: LocalTx, conversationId: string): Promise<Job[]> =>
  valuesOf(await tx.range('outbox', within(conversationId)))

/** Those that come first. There may be very many after them. */
export const frontJobs = async (tx: LocalTx, conversationId: string): Promise<Job[]> =>
  valuesOf(await tx.range('outbox', { ...within(conversationId), limit: 30 }))

export const allJobs = async (tx: LocalTx): Promise<Job[]> =>
  valuesOf(await tx.range('outbox', everything)).sort((one, other) => one.order - other.order)

/** Keeps who they are now; what is known already is not written again. */
export async function putProfiles(tx: LocalTx, profiles: readonly ProfileRecord[]): Promise<void> {
  for (const profile of new Map(profiles.map((given) => [given.id, given])).values()) {
    const known = await tx.get('profiles', profile.id)
    if (known?.username === profile.username && known.displayName === profile.displayName) continue
    await tx.put('profiles', profile.id, profile)
  }
}

export async function deleteWithin(tx: LocalTx, table: 'members' | 'messages', conversationId: string): Promise<void> {
  for (const { key } of await tx.range(table, within(conversationId))) await tx.delete(table, key)
}
