import { Lru } from '../../platform/lru.ts'
import type { Postgres } from '../../platform/postgres.ts'
import { apartSql } from '../social/index.ts'
import type { ConversationKind, EntryState } from './entries.ts'
import { presentSql } from './member-store.ts'
import { ownSql } from './sight.ts'

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
  /** To whom it is shown: not told to anybody. */
  state: EntryState
}

export interface NewMessage {
  conversationId: string
  senderId: string
  clientId: string
  fingerprint: Buffer
  body: string
  replyToSeq: number | null
  /** Set: nobody but the sender sees it. */
  hiddenBy: string | null
}

/** What a client id stands for already. */
export interface Earlier {
  message: Message
  fingerprint: Buffer | null
}

export type SendOutcome =
  /** `memberIds`: everybody who is in the conversation and knows of it, at that position. */
  | { kind: 'sent'; message: Message; memberIds: readonly string[] }
  | ({ kind: 'known' } & Earlier)
  /** The sender is not in it, or what it answers is not to be seen. */
  | { kind: 'none' }

interface PlaceRow {
  seq: number
  at: Date
}

interface SendRow {
  membersSeq: number
  kind: ConversationKind
  memberIds: string[]
  unknowing: string[]
  answerable: boolean
  newSeq: number | null
  newAt: Date | null
}

/** Who was in a conversation when its `members_seq` was this. */
interface Known {
  kind: ConversationKind
  membersSeq: number
  memberIds: readonly string[]
  /** Those in it who do not know of it. */
  unknowing: readonly string[]
}

export type MessageStore = ReturnType<typeof createMessageStore>

export const messageColumns = `e.conversation_id || ':' || e.seq as id, e.conversation_id as "conversationId", e.seq,
  e.client_id as "clientId", e.actor_id as "senderId", e.body, e.reply_to_seq as "replyToSeq", e.at as "sentAt",
  e.edited_at as "editedAt", e.deleted_at as "deletedAt", e.content_state as state`

const sentBefore = 'exists (select from conversation_entries e where e.actor_id = $2 and e.client_id = $3)'
/** The conversation's row is the lock that gives out positions. */
const placed = `
  update conversations c set last_seq = c.last_seq + 1, changed_at = clock_timestamp(),
    last_message_at = greatest(c.last_message_at, clock_timestamp())`
/** What only its sender sees moves the conversation up for nobody else. */
const placedApart = `
  update conversations c set last_seq = c.last_seq + 1, changed_at = clock_timestamp()`
const written = (replyTo: string) => `
  insert into conversation_entries (conversation_id, seq, kind, actor_id, client_id, fingerprint, body, reply_to_seq, at)
  select $1, last_seq, 'MESSAGE', $2, $3, $4::bytea, $5::text, ${replyTo}, last_message_at from given returning seq, at`
const writtenApart = `
  insert into conversation_entries (conversation_id, seq, kind, actor_id, client_id, fingerprint, body, reply_to_seq, at,
    content_state, hidden_by)
  select $1, last_seq, 'MESSAGE', $2, $3, $4::bytea, $5::text, $6, greatest(last_message_at, clock_timestamp()), 'HIDDEN', $7::uuid
  from given returning seq, at`

/**
 * For a sender who was in the conversation when it was last looked at, and still is if nobody has come or gone: that is counted in
 * `members_seq`, under the same lock. Whatever else may be the matter, it answers nothing, and `fullText` tells.
 */
const quickText = (apart: string) => `
  with given as (${placed}
    where c.id = $1 and c.members_seq = $6 and not ${sentBefore} ${apart} returning c.last_seq, c.last_message_at
  ) ${written('null::int')}`
export const quickTexts = { GROUP: quickText(''), DIRECT: quickText(`and not ${apartSql('$2', '$7::uuid')}`) }

const markedApart = `, marked as (
    update conversation_members m set hidden_message_at = sent.at from sent where m.conversation_id = $1 and m.account_id = $2)`

/** Everything that a send has to know and do. That `me` is still so when the lock is had, `members_seq` tells. */
const fullText = (apart: boolean) => `
  with me as (
    select c.members_seq, c.kind, $6::int is null or exists (
      select from conversation_entries r where r.conversation_id = $1 and r.seq = $6 and r.seq >= m.joined_seq and r.kind = 'MESSAGE'
      and ${ownSql('$2', 'r')} and (r.actor_id is null or not ${apartSql('$2', 'r.actor_id')})
    ) as answerable
    from conversation_members m join conversations c on c.id = m.conversation_id
    where m.conversation_id = $1 and m.account_id = $2 and ${presentSql}
  ), given as (${apart ? placedApart : placed}
    from me where c.id = $1 and c.members_seq = me.members_seq and me.answerable and not ${sentBefore}
    returning c.last_seq, c.last_message_at
  ), sent as (${apart ? writtenApart : written('$6')})${apart ? markedApart : ''}
  select me.members_seq as "membersSeq", me.kind, me.answerable, sent.seq as "newSeq", sent.at as "newAt",
    array(select account_id from conversation_members where conversation_id = $1 and left_seq is null and hidden_by is null) as "memberIds",
    array(select account_id from conversation_members where conversation_id = $1 and left_seq is null and hidden_by is not null) as unknowing
  from me left join sent on true`

const earlierText = `select ${messageColumns}, e.fingerprint from conversation_entries e where e.actor_id = $1 and e.client_id = $2`
/** The same, for who is still in its conversation. */
const earlierHereText = `select ${messageColumns}, e.fingerprint from conversation_entries e
  join conversations c on c.id = e.conversation_id
  join conversation_members m on m.conversation_id = c.id and m.account_id = $1 and ${presentSql}
  where e.actor_id = $1 and e.client_id = $2 and e.conversation_id = $3`

const [sendText, apartText] = [fullText(false), fullText(true)]

/** So often a send meets a change of members, or itself from another node, before it gives up. */
const attempts = 8
const manyMembers = 16

export function createMessageStore({ sql }: Pick<Postgres, 'sql'>) {
  // Who is in a conversation is asked for only when it has changed.
  const small = new Lru<string, Known>(20_000)
  const large = new Lru<string, Known>(500)

  function learn(id: string, known: Known): void {
    small.delete(id)
    large.delete(id)
    const memory = known.memberIds.length > manyMembers ? large : small
    memory.set(id, known)
  }

  function sent(message: NewMessage, { seq, at }: PlaceRow, memberIds: readonly string[]): SendOutcome {
    const { conversationId, senderId, clientId, body, replyToSeq } = message
    const place = { id: `${conversationId}:${seq}`, conversationId, seq, sentAt: at }
    const state = message.hiddenBy === null ? ('VISIBLE' as const) : ('HIDDEN' as const)
    const content = { clientId, senderId, body, replyToSeq, editedAt: null, deletedAt: null, state }
    return { kind: 'sent', message: { ...place, ...content }, memberIds }
  }

  async function sendQuickly(message: NewMessage, { kind, membersSeq, memberIds, unknowing }: Known) {
    const { conversationId, senderId, clientId, fingerprint, body } = message
    const values: unknown[] = [conversationId, senderId, clientId, fingerprint, body, membersSeq]
    if (kind === 'DIRECT') values.push([...memberIds, ...unknowing].find((id) => id !== senderId) ?? null)
    const statement = { name: `messages-send-${kind}`, text: quickTexts[kind] }
    const [row] = (await sql<PlaceRow>(statement, values).catch(sentAtOnce)) ?? []
    return row && sent(message, row, memberIds)
  }

  async function sendFully(message: NewMessage): Promise<SendOutcome | undefined> {
    const { conversationId, senderId, clientId, fingerprint, body, replyToSeq, hiddenBy } = message
    const values = [conversationId, senderId, clientId, fingerprint, body, replyToSeq]
    const statement =
      hiddenBy === null ? { text: sendText, values } : { text: apartText, values: [...values, hiddenBy] }
    const name = hiddenBy === null ? 'messages-send' : 'messages-send-apart'
    const rows = await sql<SendRow>({ name, text: statement.text }, statement.values).catch(sentAtOnce)
    if (!rows) return undefined
    const [row] = rows
    if (!row) return { kind: 'none' }
    learn(conversationId, row)
    const { newSeq, newAt } = row
    if (newSeq !== null && newAt !== null) return sent(message, { seq: newSeq, at: newAt }, row.memberIds)
    const earlier = await sql<Message & { fingerprint: Buffer | null }>(
      { name: 'messages-sent-before', text: earlierText },
      [senderId, clientId],
    )
    if (earlier[0]) {
      const { fingerprint: first, ...found } = earlier[0]
      return { kind: 'known', message: found, fingerprint: first }
    }
    return row.answerable ? undefined : { kind: 'none' }
  }

  return {
    /** Gives a message its place, in one statement unless somebody has come or gone; or finds the one that this client id stands for. */
    async send(message: NewMessage): Promise<SendOutcome> {
      const { conversationId, senderId, replyToSeq, hiddenBy } = message
      const known = small.get(conversationId) ?? large.get(conversationId)
      if (known && replyToSeq === null && hiddenBy === null && known.memberIds.includes(senderId)) {
        const outcome = await sendQuickly(message, known)
        if (outcome) return outcome
      }
      for (let attempt = 0; attempt < attempts; attempt++) {
        const outcome = await sendFully(message)
        if (outcome) return outcome
      }
      throw new Error('a message could not be given a place')
    },

    /** The message that this client id stands for, for who is in its conversation. */
    async earlier(asked: Pick<NewMessage, 'senderId' | 'clientId' | 'conversationId'>): Promise<Earlier | undefined> {
      const { senderId, clientId, conversationId } = asked
      const statement = { name: 'messages-sent-here-before', text: earlierHereText }
      const rows = await sql<Message & { fingerprint: Buffer | null }>(statement, [senderId, clientId, conversationId])
      const [row] = rows
      if (!row) return undefined
      const { fingerprint, ...message } = row
      return { message, fingerprint }
    },
  }
}

/** The same message came twice at once: nothing of this one happened, and the other is found when it is asked for again. */
function sentAtOnce(error: unknown): undefined {
  if ((error as { code?: unknown }).code !== '23505') throw error
}
