import type { VicinityClient } from './client-types.ts'
import { graphqlApi } from './messenger/graphql-api.ts'
import { createMessengerOver, type Messenger, type MessengerOptions } from './messenger/messenger.ts'

export type { MessageRef } from './messenger/actions.ts'
export type { Phase } from './messenger/engine.ts'
export type { Job } from './messenger/jobs.ts'
export type { ConversationMessages } from './messenger/message-lists.ts'
export type { Messenger, MessengerOptions } from './messenger/messenger.ts'
export type { ProfileRecord, Reaction } from './messenger/records.ts'
export { browserTabs, type MessengerTabs } from './messenger/tabs.ts'
export type { ConversationView, MemberView, MessageView } from './messenger/views.ts'
export { type IndexedDbOptions, indexedDbStorage } from './store/indexed-db.ts'
export { memoryStorage } from './store/memory.ts'
export {
  type BetterSqlite3,
  betterSqlite3,
  type ExpoSqlite,
  expoSqlite,
  type SqliteDriver,
  sqliteStorage,
} from './store/sqlite.ts'
export type { Entry, Range, Storage, Table, Transaction } from './store/storage.ts'

export interface CreateMessengerOptions extends MessengerOptions {
  client: VicinityClient
}

/** Conversations that are here without a network, and an outbox that loses nothing, over a client that signs in. */
export const createMessenger = ({ client, ...options }: CreateMessengerOptions): Messenger =>
  createMessengerOver(graphqlApi(client), options)
