// Invariant: whatever happens in a conversation has one place in one order, told to whoever is in it and to nobody else.
import type { Conversations } from './conversations.ts'
import type { Reading } from './reading.ts'
import type { Sending } from './sending.ts'

/** The parts say what refuses each call, and whether repeating it is safe. */
export interface MessageService extends Conversations, Reading, Sending {}

export const createMessageService = (
  conversations: Conversations,
  reading: Reading,
  sending: Sending,
): MessageService => ({ ...conversations, ...reading, ...sending })
