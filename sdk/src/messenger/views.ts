import { type Job, targetSeq } from './jobs.ts'
import type { ConversationRecord, MemberRecord, MessageRecord, ProfileRecord, Reaction } from './records.ts'

export interface MessageView {
  /** Stays the same when a message that was written here is confirmed: for lists. */
  key: string
  conversationId: string
  /** Null until it is confirmed. */
  id: string | null
  seq: number | null
  sender: ProfileRecord | null
  isMine: boolean
  /** Null: it was deleted. */
  body: string | null
  /** The key or id of the message that it answers. */
  replyTo: string | null
  sentAt: string
  editedAt: string | null
  deletedAt: string | null
  reactions: readonly Reaction[]
  status: 'pending' | 'sent' | 'failed'
  /** Why it, or what was last done to it, was refused. */
  code: string | null
  /** The same in plain words, where the server says so. */
  reason: string | null
  /** To be answered with `answerChallenge` before it is tried again. */
  challenge: { challenge: string; difficulty: number } | null
}

export interface MemberView extends MemberRecord {
  profile: ProfileRecord
}

export interface ConversationView {
  id: string
  kind: ConversationRecord['kind']
  /** Of a group its name, of a direct one the other's. */
  title: string
  lastActivityAt: string
  lastMessage: { sender: ProfileRecord | null; body: string | null; status: MessageView['status'] } | null
  unreadCount: number
  members: readonly MemberView[]
}

/** Those that the server counts at most. */
const mostUnread = 999

export type People = (profileId: string | null) => ProfileRecord | null

/** Messages as they will be once the outbox is sent: confirmed ones in their places, then those still to come, in theirs. */
export function viewMessages(
  me: string,
  messages: readonly MessageRecord[],
  jobs: readonly Job[],
  people: People,
): MessageView[] {
  const shown = messages.map((message) => {
    const own = jobs.filter((job) => targetSeq(job) === message.seq)
    return own.reduce((view, job) => withJob(view, job, me), confirmed(me, message, people))
  })
  const kept = new Set(messages.map(({ seq }) => seq))
  const pending = jobs.flatMap((job) => {
    if (job.kind !== 'send' || (job.sent && kept.has(job.sent.seq))) return []
    const about = jobs.filter(
      (other) =>
        other.kind !== 'send' &&
        other.kind !== 'read' &&
        ('clientId' in other.target ? other.target.clientId === job.clientId : other.target.seq === job.sent?.seq),
    )
    return [about.reduce((view, other) => withJob(view, other, me), unconfirmed(me, job, people))]
  })
  return [...shown, ...pending]
}

const notRefused = { code: null, reason: null, challenge: null }

const refusalOf = ({ code, refused }: Job) => ({
  ...{ code, reason: refused?.reason ?? null, challenge: refused?.challenge ?? null },
})

function confirmed(me: string, message: MessageRecord, people: People): MessageView {
  const { id, conversationId, seq, clientId, senderId, body, sentAt, editedAt, deletedAt, reactions } = message
  const isMine = senderId === me
  const key = isMine && clientId ? clientId : id
  return {
    ...{ key, conversationId, id, seq, isMine, body, sentAt, editedAt, deletedAt, reactions },
    sender: people(senderId),
    replyTo: message.replyToId,
    status: 'sent',
    ...notRefused,
  }
}

function unconfirmed(me: string, job: Extract<Job, { kind: 'send' }>, people: People): MessageView {
  const { clientId, conversationId, body, createdAt, replyTo } = job
  const status = { waiting: 'pending', done: 'sent', failed: 'failed' } as const
  return {
    ...{ key: clientId, conversationId, body, ...refusalOf(job) },
    ...{ id: job.sent?.messageId ?? null, seq: job.sent?.seq ?? null },
    ...{ editedAt: null, deletedAt: null, reactions: [], isMine: true },
    sender: people(me),
    replyTo: replyTo && ('seq' in replyTo ? replyTo.messageId : replyTo.clientId),
    sentAt: createdAt,
    status: status[job.state],
  }
}

/** A refused change is not shown, only why. */
function withJob(view: MessageView, job: Job, me: string): MessageView {
  if (job.state === 'failed') return { ...view, ...refusalOf(job) }
  if (view.deletedAt) return view
  if (job.kind === 'edit') return { ...view, body: job.body, editedAt: job.createdAt }
  if (job.kind === 'delete') return { ...view, body: null, deletedAt: job.createdAt, reactions: [] }
  return job.kind === 'react' ? { ...view, reactions: withReaction(view.reactions, job, me) } : view
}

function withReaction(
  reactions: readonly Reaction[],
  { emoji, present }: { emoji: string; present: boolean },
  me: string,
) {
  const others = reactions.map((one) =>
    one.emoji === emoji ? { emoji, profileIds: one.profileIds.filter((id) => id !== me) } : one,
  )
  if (!present) return others.filter(({ profileIds }) => profileIds.length > 0)
  const added = others.map((one) => (one.emoji === emoji ? { emoji, profileIds: [...one.profileIds, me] } : one))
  return added.some((one) => one.emoji === emoji) ? added : [...added, { emoji, profileIds: [me] }]
}

/** What a list of conversations shows. `jobs` are those of this conversation. */
export function viewConversation(
  me: string,
  record: ConversationRecord,
  members: readonly MemberRecord[],
  jobs: readonly Job[],
  people: People,
): ConversationView {
  const { id, kind, lastMessage } = record
  const present = members.flatMap((member) => {
    const profile = people(member.profileId)
    return profile ? [{ ...member, profile }] : []
  })
  const other = present.find(({ profileId }) => profileId !== me)?.profile
  const written = jobs.filter((job) => job.kind === 'send').at(-1)
  const confirmedLast = lastMessage && {
    sender: people(lastMessage.senderId),
    body: lastMessage.body,
    status: 'sent' as const,
  }
  const pendingLast = written && unconfirmed(me, written, people)
  return {
    ...{ id, kind },
    title: kind === 'GROUP' ? (record.name ?? '') : (other?.displayName ?? ''),
    lastActivityAt: written && written.createdAt > record.lastActivityAt ? written.createdAt : record.lastActivityAt,
    lastMessage: pendingLast
      ? { sender: pendingLast.sender, body: pendingLast.body, status: pendingLast.status }
      : confirmedLast,
    unreadCount: Math.min(mostUnread, record.unread + record.unreadOlder),
    members: present.sort((one, two) => one.joinedSeq - two.joinedSeq || (one.joinedAt < two.joinedAt ? -1 : 1)),
  }
}

/** Newest first. */
export const byActivity = (one: ConversationView, two: ConversationView): number =>
  two.lastActivityAt.localeCompare(one.lastActivityAt) || one.id.localeCompare(two.id)
