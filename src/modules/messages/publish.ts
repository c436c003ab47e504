import type { EntryPointer, MemberChangeKind } from './entries.ts'

/** An entry as it is told to those who listen. */
export interface ToldEntry extends EntryPointer {
  /** Of MEMBER entries. */
  member?: { accountId: string | null; change: MemberChangeKind }
}

/**
 * Tells everybody in a conversation of what is committed, in its order. Nobody waits for it, and it may come to nothing: what is not
 * told now is found by the relay.
 */
export type Tell = (entries: readonly ToldEntry[], memberIds: readonly string[]) => void
