import { draftFor, save } from './drafts.ts'
import { jobKey } from './keys.ts'
import { deleteWithin, jobsOf, type LocalTx } from './local.ts'
import { settle } from './outbox.ts'
import type { Change, ConversationRecord, ProfileRecord } from './records.ts'
import { apply, contiguous } from './reduce.ts'

/** A change, with the people in it. */
export interface Incoming {
  change: Change
  profiles: readonly ProfileRecord[]
}

/**
 * Applies those changes of a conversation that come next, without a hole; nothing of the others but that they are heard of.
 * Undefined: the conversation is not here.
 */
export async function applyIncoming(
  tx: LocalTx,
  me: string,
  conversationId: string,
  items: readonly Incoming[],
): Promise<ConversationRecord | 'gone' | undefined> {
  const conversation = await tx.get('conversations', conversationId)
  if (!conversation) return undefined
  const changes = contiguous(conversation.upToSeq, items).map(({ change }) => change)
  const heard = Math.max(conversation.latestSeq, ...items.map(({ change }) => change.seq))
  if (changes.length === 0) return heardOf(tx, conversation, heard)
  const draft = await draftFor(tx, me, { ...conversation, latestSeq: heard }, changes)
  for (const change of changes) if (!draft.gone) apply(draft, change)
  if (draft.gone) {
    await dropConversation(tx, conversationId)
    return 'gone'
  }
  await save(tx, draft)
  const messages = changes.flatMap((change) => ('message' in change ? [change.message] : []))
  await settle(tx, me, draft.conversation, messages)
  return draft.conversation
}

async function heardOf(tx: LocalTx, conversation: ConversationRecord, latestSeq: number): Promise<ConversationRecord> {
  if (latestSeq <= conversation.latestSeq) return conversation
  const known = { ...conversation, latestSeq }
  await tx.put('conversations', conversation.id, known)
  return known
}

/** The account is no longer in it: everything that was read is forgotten. What was written and not sent stays. */
export async function dropConversation(tx: LocalTx, conversationId: string): Promise<void> {
  await tx.delete('conversations', conversationId)
  await deleteWithin(tx, 'members', conversationId)
  await deleteWithin(tx, 'messages', conversationId)
  for (const job of await jobsOf(tx, conversationId))
    if (job.state === 'done' || job.kind === 'read') await tx.delete('outbox', jobKey(job))
}
