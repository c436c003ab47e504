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
  | 'HIDDEN'
  | 'SHOWN'

/** That something has happened, and where. What it says is read when somebody is shown it. */
export interface EntryPointer {
  conversationId: string
  seq: number
  kind: EntryKind
  /** Who did it; null once they are erased. */
  actorId: string | null
  /** The message it is about; how far a receipt goes. */
  targetSeq: number | null
  /** Set: from here on this account sees the conversation otherwise than everybody else. */
  apartId?: string | null | undefined
}

/** To whom something is shown: to everybody, to who did it, or to nobody. */
export type EntryState = 'VISIBLE' | 'HIDDEN' | 'REMOVED'

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
  /** Of one that only its author saw: everybody sees a newer name. */
  past?: true
}

/** The `data` of an EDITED entry by which a message was also taken from everybody but its author. */
export interface EditedData {
  hides: true
}

/** The `data` of HIDDEN and SHOWN entries about a message: to whom it was shown before, and after. */
export interface StateData {
  from: EntryState
  to: EntryState
}

/** The `data` of an ERASED entry: positions of messages whose text and sender are to be forgotten, both ends included. */
export interface ErasedData {
  ranges: { from: number; to: number }[]
}
