/** What can happen in a conversation. */
export type EntryKind =
  | 'CREATED'
  | 'MESSAGE'
  | 'EDITED'
  | 'DELETED'
  | 'REACTION'
  | 'READ'
  | 'DELIVERED'
  | 'MEMBER'
  | 'RENAMED'
  | 'ERASED'

/** That something has happened, and where. What it says is read when somebody is shown it. */
export interface EntryPointer {
  conversationId: string
  seq: number
  kind: EntryKind
  /** Who did it; null once they are erased. */
  actorId: string | null
  /** The message it is about; how far a receipt goes. */
  targetSeq: number | null
}

export type ConversationKind = 'DIRECT' | 'GROUP'
export type ConversationRole = 'OWNER' | 'ADMIN' | 'MEMBER'
export type MemberChangeKind = 'ADDED' | 'LEFT' | 'REMOVED' | 'ROLE'

/** The `data` of a MEMBER entry. */
export interface MemberData {
  /** Whom it is about; null once they are erased. */
  accountId: string | null
  change: MemberChangeKind
  /** What they are after it; what they were, of those who left. */
  role: ConversationRole
}

/** The `data` of a REACTION entry; null once its actor is erased. */
export interface ReactionData {
  emoji: string
  present: boolean
}

/** The `data` of a RENAMED entry. */
export interface RenamedData {
  name: string
}

/** The `data` of an ERASED entry: positions of messages whose text and sender are to be forgotten, both ends included. */
export interface ErasedData {
  ranges: { from: number; to: number }[]
}
