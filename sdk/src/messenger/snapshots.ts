import type { OlderMessages } from './api.ts'
import { draftFor, save } from './drafts.ts'
import { between, memberKey } from './keys.ts'
import { deleteWithin, type LocalTx } from './local.ts'
import { settle } from './outbox.ts'
import type { ConversationRecord, MessageRecord, Snapshot } from './records.ts'
import { putMessage } from './reduce.ts'

/** Puts a conversation in the place of what is kept of it, unless that is newer. */
export async function applySnapshot(tx: LocalTx, me: string, snapshot: Snapshot): Promise<void> {
  const kept = await tx.get('conversations', snapshot.id)
  if (kept?.firstSeq === snapshot.firstSeq) {
    if (kept.upToSeq > snapshot.upToSeq) return
    if (kept.upToSeq === snapshot.upToSeq && kept.stale !== 'everything') return countOlder(tx, me, kept, snapshot)
  }
  if (kept) {
    await deleteWithin(tx, 'messages', snapshot.id)
    await deleteWithin(tx, 'members', snapshot.id)
  }
  for (const member of snapshot.members) await tx.put('members', memberKey(snapshot.id, member.profileId), member)
  const draft = await draftFor(tx, me, fresh(me, snapshot, kept), [])
  for (const message of snapshot.messages) putMessage(draft, message)
  const { unread, readSeq, oldestSeq } = draft.conversation
  const serverReadSeq = readSeqOf(me, snapshot)
  const unreadOlder = readSeq >= oldestSeq - 1 ? 0 : Math.max(0, snapshot.unreadCount - unread)
  // The server counts from where it knows this account to have read.
  draft.conversation = {
    ...draft.conversation,
    unreadOlder,
    stale: unreadOlder > 0 && readSeq > serverReadSeq ? 'unread' : null,
  }
  await save(tx, draft)
  await settle(tx, me, draft.conversation, snapshot.messages)
}

const readSeqOf = (me: string, { members }: Snapshot) => members.find(({ profileId }) => profileId === me)?.readSeq ?? 0

function fresh(me: string, snapshot: Snapshot, kept: ConversationRecord | undefined): ConversationRecord {
  const { id, kind, name, createdAt, firstSeq, upToSeq, messages, hasOlder } = snapshot
  return {
    ...{ id, kind, name, createdAt, firstSeq, upToSeq },
    lastActivityAt: snapshot.lastActivityAt,
    lastMessage: null,
    latestSeq: Math.max(upToSeq, kept?.latestSeq ?? 0),
    oldestSeq: hasOlder ? (messages[0]?.seq ?? upToSeq + 1) : firstSeq,
    olderCursor: snapshot.olderCursor,
    readSeq: Math.max(readSeqOf(me, snapshot), kept?.readSeq ?? 0),
    unread: 0,
    unreadOlder: 0,
    stale: null,
  }
}

/** The server's count, of a conversation that is kept as far as the server has it. */
async function countOlder(tx: LocalTx, me: string, kept: ConversationRecord, snapshot: Snapshot): Promise<void> {
  if (kept.stale !== 'unread' || readSeqOf(me, snapshot) !== kept.readSeq) return
  const unreadOlder = Math.max(0, snapshot.unreadCount - kept.unread)
  await tx.put('conversations', kept.id, { ...kept, unreadOlder, stale: null })
}

/** `again`: what was asked is older than what is kept, or does not reach below it. */
export type OlderOutcome = 'added' | 'again' | 'gone'

/** Adds messages below those kept. Asked when `asked` was kept; what happened since must not be overwritten by what was before it. */
export async function applyOlder(
  tx: LocalTx,
  me: string,
  asked: ConversationRecord,
  page: OlderMessages,
): Promise<OlderOutcome> {
  const kept = await tx.get('conversations', asked.id)
  if (!kept) return 'gone'
  if (kept.oldestSeq !== asked.oldestSeq || kept.firstSeq !== asked.firstSeq || kept.upToSeq > page.latestSeq)
    return 'again'
  const older = page.messages.filter(({ seq }) => seq < kept.oldestSeq)
  const draft = await draftFor(tx, me, kept, [])
  for (const message of older) putMessage(draft, message)
  const unreadThere = draft.conversation.unread - kept.unread
  const reaches = !page.hasOlder || older.length > 0
  const oldestSeq = page.hasOlder ? (older[0]?.seq ?? kept.oldestSeq) : kept.firstSeq
  const isAllUnreadHere = oldestSeq <= kept.readSeq + 1
  draft.conversation = {
    ...draft.conversation,
    oldestSeq,
    olderCursor: page.cursor,
    unreadOlder: isAllUnreadHere ? 0 : Math.max(0, kept.unreadOlder - unreadThere),
    stale: isAllUnreadHere && kept.stale === 'unread' ? null : kept.stale,
  }
  await save(tx, draft)
  return reaches ? 'added' : 'again'
}

/** The newest messages kept of a conversation, oldest first. */
export async function newestKept(tx: LocalTx, id: string, count: number): Promise<MessageRecord[]> {
  const found = await tx.range('messages', { ...between(id, 0, 9_999_999_998), limit: count, reverse: true })
  return found.map(({ value }) => value).reverse()
}
