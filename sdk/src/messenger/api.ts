import type { Observable } from '../observable.ts'
import type { Change, MessageRecord, ProfileRecord, Snapshot } from './records.ts'

export interface Me {
  accountId: string
  profile: ProfileRecord
}

export interface BootstrapPage {
  me: Me
  snapshots: Snapshot[]
  profiles: ProfileRecord[]
  nextPage: string | null
  inboxCursor: string
  since: string
}

export interface Position {
  conversationId: string
  seq: number
}

export interface PulledConversation {
  conversationId: string
  /** After the position that was asked with, ascending, without a hole. */
  changes: Change[]
  upToSeq: number
  latestSeq: number
  firstSeq: number
  hasMore: boolean
}

export interface Pulled {
  conversations: PulledConversation[]
  profiles: ProfileRecord[]
  changed: { conversationId: string; latestSeq: number }[]
  hasMoreChanged: boolean
  left: string[]
  since: string
}

export interface OlderMessages {
  /** Oldest first. */
  messages: MessageRecord[]
  profiles: ProfileRecord[]
  cursor: string | null
  hasOlder: boolean
  /** The position that what is here is at least as new as. */
  latestSeq: number
}

export type InboxItem =
  | { kind: 'ready' }
  | { kind: 'resync' }
  | { kind: 'change'; change: Change; profiles: ProfileRecord[]; cursor: string }
  | { kind: 'typing'; conversationId: string; profile: ProfileRecord; typing: boolean }

export interface InboxSink {
  next(item: InboxItem): void
  /** The stream cannot go on. A broken connection is not that: the stream goes on by itself. */
  error(reason: unknown): void
}

/**
 * What the messenger needs of the server. Every method rejects with something that has a `code`, and maybe `retryAfterMs`; typed
 * refusals too.
 */
export interface MessengerApi {
  readonly signedIn: Observable<boolean>
  /** Of the socket. False: it broke. */
  readonly online: Observable<boolean>
  me(): Promise<Me>
  bootstrap(after: string | null): Promise<BootstrapPage>
  /** What came after these positions, at most 100 of them, and which conversations changed since. */
  pull(after: Position[], since: string): Promise<Pulled>
  /** Of those of the conversations that are still this account's; at most `snapshotsAtOnce`. */
  snapshots(conversationIds: string[]): Promise<{ snapshots: Snapshot[]; profiles: ProfileRecord[] }>
  older(conversationId: string, before: string | null, count: number): Promise<OlderMessages>
  send(message: {
    conversationId: string
    clientId: string
    body: string
    replyToId: string | null
  }): Promise<MessageRecord>
  edit(messageId: string, body: string): Promise<void>
  remove(messageId: string): Promise<void>
  react(messageId: string, emoji: string, present: boolean): Promise<void>
  markRead(conversationId: string, upToSeq: number): Promise<void>
  markDelivered(conversationId: string, upToSeq: number): Promise<void>
  setTyping(conversationId: string, typing: boolean): Promise<void>
  openDirect(username: string): Promise<string>
  createGroup(group: { clientId: string; name: string; usernames: string[] }): Promise<string>
  /** Follows the inbox from a cursor, or from now. */
  inbox(after: string | null, sink: InboxSink): () => void
}

// What one operation may cost allows no more, with the newest messages of each.
export const snapshotsAtOnce = 3
export const positionsAtOnce = 100
