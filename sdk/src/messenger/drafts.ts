import { between, memberKey, messageKey } from './keys.ts'
import type { LocalTx } from './local.ts'
import type { Change, ConversationRecord } from './records.ts'
import { type Draft, needed } from './reduce.ts'

/** A conversation with as much of what is kept as these changes touch. */
export async function draftFor(
  tx: LocalTx,
  me: string,
  conversation: ConversationRecord,
  changes: readonly Change[],
): Promise<Draft> {
  const draft: Draft = {
    me,
    conversation,
    members: new Map(),
    messages: new Map(),
    writtenMembers: new Set(),
    writtenMessages: new Set(),
    gone: false,
  }
  const people = new Set(changes.flatMap((change) => ('profileId' in change ? (change.profileId ?? []) : [])))
  for (const profileId of people) {
    const member = await tx.get('members', memberKey(conversation.id, profileId))
    if (member) draft.members.set(profileId, member)
  }
  for (const [from, to] of needed(conversation, me, changes)) await loadMessages(tx, draft, from, to)
  return draft
}

export async function loadMessages(tx: LocalTx, draft: Draft, from: number, to: number): Promise<void> {
  if (from === to && draft.messages.has(from)) return
  const found = await tx.range('messages', between(draft.conversation.id, from, to))
  for (const { value } of found) draft.messages.set(value.seq, value)
}

export async function save(tx: LocalTx, draft: Draft): Promise<void> {
  const { id } = draft.conversation
  await tx.put('conversations', id, draft.conversation)
  for (const profileId of draft.writtenMembers) {
    const member = draft.members.get(profileId)
    if (member) await tx.put('members', memberKey(id, profileId), member)
    else await tx.delete('members', memberKey(id, profileId))
  }
  for (const seq of draft.writtenMessages) {
    const message = draft.messages.get(seq)
    if (message) await tx.put('messages', messageKey(id, seq), message)
    else await tx.delete('messages', messageKey(id, seq))
  }
}
