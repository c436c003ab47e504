import type { Change, ConversationRecord, MemberRecord, MessageRecord } from './records.ts'

/** A conversation and as much of it as some changes touch, while they are applied. */
export interface Draft {
  readonly me: string
  conversation: ConversationRecord
  readonly members: Map<string, MemberRecord>
  readonly messages: Map<number, MessageRecord>
  /** What has to be written. */
  readonly writtenMembers: Set<string>
  readonly writtenMessages: Set<number>
  /** This account is no longer a member. */
  gone: boolean
}

type Of<Kind extends Change['kind']> = Extract<Change, { kind: Kind }>

/** The next changes without a hole after `upToSeq`, in their order, each position once. */
export function contiguous<Item extends { change: Change }>(upToSeq: number, items: readonly Item[]): Item[] {
  const bySeq = new Map<number, Item>()
  for (const item of items) if (!bySeq.has(item.change.seq)) bySeq.set(item.change.seq, item)
  const next: Item[] = []
  for (let seq = upToSeq + 1; bySeq.has(seq); seq++) next.push(bySeq.get(seq) as Item)
  return next
}

/** The positions, both ends included, whose messages have to be in a draft before these changes are applied. */
export function needed(conversation: ConversationRecord, me: string, changes: readonly Change[]): [number, number][] {
  return changes.flatMap((change): [number, number][] => {
    if ('message' in change) return [[change.message.seq, change.message.seq]]
    if (change.kind === 'hidden') return [[change.messageSeq, change.messageSeq]]
    if (change.kind === 'erased') return change.ranges.map(({ from, to }) => [from, to])
    if (change.kind === 'read' && change.profileId === me) return [[conversation.readSeq + 1, change.upToSeq]]
    return []
  })
}

/** Applies the change of the next position. Doing so to something newer, as the server sends it at times, leads to the same. */
export function apply(draft: Draft, change: Change): void {
  switch (change.kind) {
    case 'sent':
    case 'edited':
    case 'deleted':
    case 'reaction':
      applyMessage(draft, change)
      break
    case 'read':
    case 'delivered':
      applyReceipt(draft, change)
      break
    case 'member':
      applyMember(draft, change)
      break
    case 'renamed':
      update(draft, { name: change.name })
      break
    case 'erased':
      applyErasure(draft, change)
      break
    case 'hidden':
      removeMessage(draft, change.messageSeq)
      break
    case 'shown':
      applyMessage(draft, change)
      goStale(draft, 'everything')
      break
  }
  update(draft, { upToSeq: change.seq, latestSeq: Math.max(draft.conversation.latestSeq, change.seq) })
}

function applyMessage(draft: Draft, { message }: Of<'sent' | 'edited' | 'deleted' | 'reaction' | 'shown'>): void {
  const { conversation, me } = draft
  if (message.seq >= conversation.oldestSeq) putMessage(draft, message)
  // Not here, so nobody knows whether it was counted before it was deleted.
  else if (message.deletedAt && message.seq > conversation.readSeq && message.senderId !== me) goStale(draft, 'unread')
}

/** Keeps a message as it is now: counts it, and shows it in lists if it is the last one. */
export function putMessage(draft: Draft, message: MessageRecord): void {
  const { conversation } = draft
  const before = draft.messages.get(message.seq)
  draft.messages.set(message.seq, message)
  draft.writtenMessages.add(message.seq)
  const unread = conversation.unread + countsAsUnread(draft, message) - (before ? countsAsUnread(draft, before) : 0)
  const isLast = message.seq >= (conversation.lastMessage?.seq ?? 0)
  const isLater = message.sentAt > conversation.lastActivityAt
  update(draft, {
    unread,
    ...(isLast && { lastMessage: { seq: message.seq, senderId: message.senderId, body: message.body } }),
    ...(isLater && { lastActivityAt: message.sentAt }),
  })
}

/** Forgets a message at once. Which one is the last now, and what answers it, is asked for. */
function removeMessage(draft: Draft, seq: number): void {
  const { conversation } = draft
  const before = draft.messages.get(seq)
  draft.messages.delete(seq)
  draft.writtenMessages.add(seq)
  update(draft, {
    unread: conversation.unread - (before ? countsAsUnread(draft, before) : 0),
    ...(conversation.lastMessage?.seq === seq && { lastMessage: null }),
  })
  goStale(draft, 'everything')
}

const countsAsUnread = ({ me, conversation }: Draft, { seq, senderId, deletedAt }: MessageRecord) =>
  Number(seq > conversation.readSeq && senderId !== me && deletedAt === null)

function applyReceipt(draft: Draft, { kind, profileId, upToSeq }: Of<'read' | 'delivered'>): void {
  const member = profileId === null ? undefined : draft.members.get(profileId)
  if (member) {
    const readSeq = kind === 'read' ? Math.max(member.readSeq, upToSeq) : member.readSeq
    // What is read has arrived.
    putMember(draft, { ...member, readSeq, deliveredSeq: Math.max(member.deliveredSeq, upToSeq) })
  }
  if (kind === 'read' && profileId === draft.me) readUpTo(draft, upToSeq)
}

/** This account has read up to there, here or on another device. */
export function readUpTo(draft: Draft, upToSeq: number): void {
  const { conversation, messages } = draft
  if (upToSeq <= conversation.readSeq) return
  let unread = conversation.unread
  for (const [seq, message] of messages) if (seq <= upToSeq) unread -= countsAsUnread(draft, message)
  const passesOlder = upToSeq >= conversation.oldestSeq - 1
  update(draft, { readSeq: upToSeq, unread, ...(passesOlder && { unreadOlder: 0 }) })
  if (draft.conversation.unreadOlder > 0) goStale(draft, 'unread')
}

function applyMember(draft: Draft, { profileId, change, role, seq, at }: Of<'member'>): void {
  if (profileId === null) return
  if (change === 'ADDED') {
    if (profileId === draft.me) goStale(draft, 'everything')
    else putMember(draft, { profileId, role, joinedAt: at, joinedSeq: seq, readSeq: seq, deliveredSeq: seq })
  } else if (change === 'ROLE') {
    const member = draft.members.get(profileId)
    if (member) putMember(draft, { ...member, role })
  } else {
    draft.members.delete(profileId)
    draft.writtenMembers.add(profileId)
    if (profileId === draft.me) draft.gone = true
  }
}

/** Whose reactions went with them is not said, so the rest is asked for; what they wrote is forgotten at once. */
function applyErasure(draft: Draft, { ranges, at }: Of<'erased'>): void {
  for (const message of [...draft.messages.values()]) {
    if (!ranges.some(({ from, to }) => from <= message.seq && message.seq <= to)) continue
    const deletedAt = message.deletedAt ?? at
    putMessage(draft, { ...message, senderId: null, clientId: null, body: null, deletedAt, reactions: [] })
  }
  goStale(draft, 'everything')
}

function putMember(draft: Draft, member: MemberRecord): void {
  draft.members.set(member.profileId, member)
  draft.writtenMembers.add(member.profileId)
}

function goStale(draft: Draft, stale: 'unread' | 'everything'): void {
  update(draft, { stale: draft.conversation.stale === 'everything' ? 'everything' : stale })
}

function update(draft: Draft, changes: Partial<ConversationRecord>): void {
  draft.conversation = { ...draft.conversation, ...changes }
}
