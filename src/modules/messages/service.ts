// Invariant: whatever happens in a conversation has one place in one order, told to whoever is in it and to nobody else.
import type { Changes } from './changes.ts'
import type { Conversations } from './conversations.ts'
import type { Reading } from './reading.ts'
import type { Sending } from './sending.ts'
import type { Streams } from './streams.ts'
import type { Sync } from './sync.ts'

/** The parts say what refuses each call, and whether repeating it is safe. */
export interface MessageService extends Conversations, Reading, Sending, Changes, Sync, Streams {}

export const createMessageService = (
  conversations: Conversations,
  reading: Reading,
  sending: Sending,
  changes: Changes,
  sync: Sync,
  streams: Streams,
): MessageService => ({ ...conversations, ...reading, ...sending, ...changes, ...sync, ...streams })
