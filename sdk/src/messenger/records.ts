export interface ProfileRecord {
  id: string
  username: string
  displayName: string
}

export type ConversationKind = 'DIRECT' | 'GROUP'
export type ConversationRole = 'OWNER' | 'ADMIN' | 'MEMBER'

export interface MemberRecord {
  profileId: string
  role: ConversationRole
  joinedAt: string
  joinedSeq: number
  readSeq: number
  deliveredSeq: number
}

export interface Reaction {
  emoji: string
  profileIds: string[]
}

/** As the server last told it. What is not sent yet is in the outbox. */
export interface MessageRecord {
  id: string
  conversationId: string
  seq: number
  clientId: string | null
  senderId: string | null
  body: string | null
  replyToId: string | null
  sentAt: string
  editedAt: string | null
  deletedAt: string | null
  reactions: Reaction[]
}

/** Of the last message, for lists of conversations. */
export interface Preview {
  seq: number
  senderId: string | null
  body: string | null
}

export interface ConversationRecord {
  id: string
  kind: ConversationKind
  name: string | null
  createdAt: string
  lastActivityAt: string
  lastMessage: Preview | null
  /** Where this account's view of it begins. */
  firstSeq: number
  /** Everything up to here is applied, without a hole. */
  upToSeq: number
  /** The furthest position that was heard of. */
  latestSeq: number
  /** Messages from here on are kept; what is older can be asked for. */
  oldestSeq: number
  /** Where the server's list of messages goes on before `oldestSeq`; null: not known yet. */
  olderCursor: string | null
  /** How far this account has read, also where the server does not know yet. */
  readSeq: number
  /** Unread messages among those kept. */
  unread: number
  /** Unread messages before `oldestSeq`. */
  unreadOlder: number
  /** What can no longer be worked out from what is here, and has to be asked: the unread ones before `oldestSeq`, or everything. */
  stale: 'unread' | 'everything' | null
}

export type MemberChangeKind = 'ADDED' | 'LEFT' | 'REMOVED' | 'ROLE'

/** One position of a conversation: what happened there. Messages come as they are now, not as they were. */
export type Change = { conversationId: string; seq: number; at: string } & (
  | { kind: 'created' | 'withheld' }
  | { kind: 'sent' | 'edited' | 'deleted' | 'reaction' | 'shown'; message: MessageRecord }
  | { kind: 'hidden'; messageSeq: number }
  | { kind: 'read' | 'delivered'; profileId: string | null; upToSeq: number }
  | { kind: 'member'; profileId: string | null; change: MemberChangeKind; role: ConversationRole }
  | { kind: 'renamed'; name: string }
  | { kind: 'erased'; ranges: { from: number; to: number }[] }
)

/** A conversation as the server has it, complete up to `upToSeq`, with its newest messages. */
export interface Snapshot {
  id: string
  kind: ConversationKind
  name: string | null
  createdAt: string
  lastActivityAt: string
  firstSeq: number
  upToSeq: number
  unreadCount: number
  members: MemberRecord[]
  /** Oldest first. */
  messages: MessageRecord[]
  hasOlder: boolean
  /** Where the server's list goes on before them; null: not said. */
  olderCursor: string | null
}
