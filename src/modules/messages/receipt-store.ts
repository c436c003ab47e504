import type { Postgres } from '../../platform/postgres.ts'
import { presentSql } from './member-store.ts'

export interface Receipt {
  readSeq: number
  deliveredSeq: number
  /** The position that the receipt took, and whom to tell of it; undefined if it tells nothing new. */
  told: { seq: number; upToSeq: number; memberIds: string[] } | undefined
}

interface Row {
  readSeq: number
  deliveredSeq: number
  seq: number | null
  upToSeq: number | null
  memberIds: string[] | null
}

export type ReceiptStore = ReturnType<typeof createReceiptStore>

/**
 * Moves a mark ahead, never back, and no further than what there was when it was asked for. It takes a position only if it passes a
 * message of somebody else: a receipt of a receipt would never end. One that they do not see counts, too: whoever wrote it cannot tell. First the conversation is locked, then the member, as everywhere.
 */
const text = (column: 'read_seq' | 'delivered_seq') => `
  with me as (
    select m.read_seq, m.delivered_seq, least($3::int, c.last_seq) as up_to
    from conversation_members m join conversations c on c.id = m.conversation_id
    where m.conversation_id = $1 and m.account_id = $2 and ${presentSql}
  ), locked as (
    select c.id, me.up_to from me, conversations c where c.id = $1 and me.${column} < me.up_to for no key update of c
  ), mine as (
    select m.${column} as mark, locked.up_to from locked
    join conversation_members m on m.conversation_id = locked.id and m.account_id = $2
    where m.left_seq is null and m.${column} < locked.up_to for no key update of m
  ), moved as (
    update conversation_members m set delivered_seq = greatest(m.delivered_seq, mine.up_to)
      ${column === 'read_seq' ? ', read_seq = mine.up_to' : ''}
    from mine where m.conversation_id = $1 and m.account_id = $2
    returning m.read_seq, m.delivered_seq
  ), given as (
    update conversations c set last_seq = c.last_seq + 1, changed_at = clock_timestamp()
    from mine where c.id = $1 and exists (
      select from conversation_entries e where e.conversation_id = $1 and e.seq > mine.mark and e.seq <= mine.up_to
      and e.kind = 'MESSAGE' and e.actor_id is distinct from $2)
    returning c.last_seq, mine.up_to
  ), entry as (
    insert into conversation_entries (conversation_id, seq, kind, actor_id, target_seq)
    select $1, last_seq, '${column === 'read_seq' ? 'READ' : 'DELIVERED'}', $2, up_to from given returning seq, target_seq
  )
  select coalesce(moved.read_seq, me.read_seq) as "readSeq", coalesce(moved.delivered_seq, me.delivered_seq) as "deliveredSeq",
    entry.seq, entry.target_seq as "upToSeq", case when entry.seq is not null then array(
      select account_id from conversation_members where conversation_id = $1 and left_seq is null and hidden_by is null) end as "memberIds"
  from me left join moved on true left join entry on true`

export function createReceiptStore({ sql }: Pick<Postgres, 'sql'>) {
  const statements = {
    READ: { name: 'messages-mark-read', text: text('read_seq') },
    DELIVERED: { name: 'messages-mark-delivered', text: text('delivered_seq') },
  }
  return {
    /** Undefined: the account is not in it. */
    async mark(
      kind: 'READ' | 'DELIVERED',
      conversationId: string,
      accountId: string,
      upToSeq: number,
    ): Promise<Receipt | undefined> {
      const [row] = await sql<Row>(statements[kind], [conversationId, accountId, upToSeq])
      if (!row) return undefined
      const { readSeq, deliveredSeq, seq, upToSeq: reached, memberIds } = row
      const told = seq !== null && reached !== null && { seq, upToSeq: reached, memberIds: memberIds ?? [] }
      return { readSeq, deliveredSeq, told: told || undefined }
    },
  }
}
