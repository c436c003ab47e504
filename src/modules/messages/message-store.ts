import { Lru } from '../../platform/lru.ts'
import type { Postgres } from '../../platform/postgres.ts'
import { apartSql } from '../social/index.ts'
import { presentSql } from './member-store.ts'

export interface Message {
  /** Its conversation and its position: see `messageId`. */
  id: string
  conversationId: string
  seq: number
  clientId: string | null
  /** Null: erased. */
  senderId: string | null
  /** Null: deleted. */
  body: string | null
  replyToSeq: number | null
  sentAt: Date
  editedAt: Date | null
  deletedAt: Date | null
}

export interface NewMessage {
  conversationId: string
  senderId: string
  clientId: string
  fingerprint: Buffer
  body: string
  replyToSeq: number | null
}

export type SendOutcome =
  /** `memberIds`: everybody who is in the conversation, at that position. */
  | { kind: 'sent'; message: Message; memberIds: readonly string[] }
  | { kind: 'known'; message: Message; fingerprint: Buffer | null }
  /** The sender is not in it, or what it answers is not to be seen. */
  | { kind: 'none' }

/** The earlier message is in it whole, or not at all. */
interface SendRow extends Message {
  membersSeq: number
  memberIds: string[] | null
  answerable: boolean
  newSeq: number | null
  newAt: Date | null
  fingerprint: Buffer | null
}

export type MessageStore = ReturnType<typeof createMessageStore>

export const messageColumns = `e.conversation_id || ':' || e.seq as id, e.conversation_id as "conversationId", e.seq,
  e.client_id as "clientId", e.actor_id as "senderId", e.body, e.reply_to_seq as "replyToSeq", e.at as "sentAt",
  e.edited_at as "editedAt", e.deleted_at as "deletedAt"`

/**
 * Everything that a send has to know and do. The conversation's row is the lock: it gives out the position, and says whether
 * `me` is still what was read before the lock was had, since who leaves or is removed counts up `members_seq` under it.
 */
const sendText = `
  with me as (
    select c.members_seq, $6::int is null or exists (
      select from conversation_entries r where r.conversation_id = $1 and r.seq = $6 and r.seq >= m.joined_seq and r.kind = 'MESSAGE'
      and (r.actor_id is null or not ${apartSql('$2::uuid', 'r.actor_id')})
    ) as answerable
    from conversation_members m join conversations c on c.id = m.conversation_id
    where m.conversation_id = $1 and m.account_id = $2 and ${presentSql}
  ), earlier as (
    select ${messageColumns}, e.fingerprint from conversation_entries e where e.actor_id = $2 and e.client_id = $3
  ), given as (
    update conversations c set last_seq = c.last_seq + 1, changed_at = clock_timestamp(),
      last_message_at = greatest(c.last_message_at, clock_timestamp())
    from me where c.id = $1 and c.members_seq = me.members_seq and me.answerable and not exists (select from earlier)
    returning c.last_seq, c.last_message_at
  ), sent as (
    insert into conversation_entries (conversation_id, seq, kind, actor_id, client_id, fingerprint, body, reply_to_seq, at)
    select $1, last_seq, 'MESSAGE', $2, $3, $4::bytea, $5::text, $6, last_message_at from given
    returning seq, at
  )
  select me.members_seq as "membersSeq", me.answerable, sent.seq as "newSeq", sent.at as "newAt", earlier.*,
    case when me.members_seq <> $7 then array(
      select account_id from conversation_members where conversation_id = $1 and left_seq is null
    ) end as "memberIds"
  from me left join sent on true left join earlier on true`

/** So often a send meets a change of members, or itself from another node, before it gives up. */
const attempts = 8
const manyMembers = 16

export function createMessageStore({ sql }: Pick<Postgres, 'sql'>) {
  // Who is in a conversation is asked for only when it has changed.
  const known = {
    small: new Lru<string, { membersSeq: number; memberIds: readonly string[] }>(20_000),
    large: new Lru<string, { membersSeq: number; memberIds: readonly string[] }>(500),
  }
  const recalled = (id: string) => known.small.get(id) ?? known.large.get(id)

  function learn(id: string, membersSeq: number, memberIds: readonly string[]): readonly string[] {
    known.small.delete(id)
    known.large.delete(id)
    known[memberIds.length > manyMembers ? 'large' : 'small'].set(id, { membersSeq, memberIds })
    return memberIds
  }

  return {
    /** Gives a message its place, or finds the one that this client id stands for: in one statement. */
    async send(message: NewMessage): Promise<SendOutcome> {
      const { conversationId, senderId, clientId, fingerprint, body, replyToSeq } = message
      for (let attempt = 0; attempt < attempts; attempt++) {
        const before = recalled(conversationId)
        const values = [conversationId, senderId, clientId, fingerprint, body, replyToSeq, before?.membersSeq ?? -1]
        const rows = await sql<SendRow>({ name: 'messages-send', text: sendText }, values).catch(sentAtOnce)
        if (!rows) continue
        const [row] = rows
        if (!row) return { kind: 'none' }
        const { membersSeq, memberIds: fresh, answerable, newSeq, newAt, fingerprint: first, ...earlier } = row
        const memberIds = fresh ? learn(conversationId, membersSeq, fresh) : (before?.memberIds ?? [])
        if (earlier.id !== null) return { kind: 'known', message: earlier, fingerprint: first }
        if (newSeq !== null && newAt !== null) {
          const place = { id: `${conversationId}:${newSeq}`, conversationId, seq: newSeq, sentAt: newAt }
          const content = { clientId, senderId, body, replyToSeq, editedAt: null, deletedAt: null }
          return { kind: 'sent', message: { ...place, ...content }, memberIds }
        }
        if (!answerable) return { kind: 'none' }
      }
      throw new Error('a message could not be given a place')
    },
  }
}

/** The same message came twice at once: nothing of this one happened, and the other is found when it is asked for again. */
function sentAtOnce(error: unknown): undefined {
  if ((error as { code?: unknown }).code !== '23505') throw error
}
