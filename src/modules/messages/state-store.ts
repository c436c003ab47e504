import type { Postgres, Sql } from '../../platform/postgres.ts'
import type { EntryState, MemberData, RenamedData } from './entries.ts'
import type { MessagePlace } from './rules.ts'

/** Something that only its author sees, or nobody. */
export interface HiddenEntry {
  seq: number
  kind: 'MESSAGE' | 'CREATED' | 'MEMBER' | 'RENAMED'
  state: EntryState
  data: MemberData | RenamedData | null
}

/** Somebody who does not know of a conversation that they are in. */
export interface UnknowingMember {
  accountId: string
  role: MemberData['role']
  joinedSeq: number
  leftSeq: number | null
}

export type StateStore = ReturnType<typeof createStateStore>

export function createStateStore({ sql }: Pick<Postgres, 'sql'>) {
  return {
    /** Where something of somebody is hidden by this cause. */
    async conversationsHiddenBy(ownerId: string, by: string): Promise<string[]> {
      const text = `select conversation_id as id from conversation_entries
          where actor_id = $1 and content_state <> 'VISIBLE' and hidden_by = $2
        union select m.conversation_id from conversation_members m
          join conversation_entries b on b.conversation_id = m.conversation_id and b.seq = m.joined_seq and b.actor_id = $1
          where m.hidden_by = $2 order by id`
      const rows = await sql<{ id: string }>({ name: 'messages-hidden-by', text }, [ownerId, by])
      return rows.map(({ id }) => id)
    },
  }
}

/** Within the transaction that has locked the conversation. */
export const states = {
  /** Shows messages of one author to others or takes them away; what was said last is what those who look still see. */
  async change(
    sql: Sql,
    { conversationId, seqs }: { conversationId: string; seqs: readonly number[] },
    { to, by }: { to: EntryState; by: string | null },
  ): Promise<void> {
    const changed = `update conversation_entries set content_state = $3::"ContentState", hidden_by = $4::uuid
      where conversation_id = $1 and seq = any($2::int[]) returning actor_id as "actorId"`
    const hiddenBy = to === 'VISIBLE' ? null : by
    const rows = await sql<{ actorId: string | null }>({ name: 'messages-change-state', text: changed }, [
      ...[conversationId, seqs, to, hiddenBy],
    ])
    const last = (state: EntryState) => `(select e.at from conversation_entries e
      where e.conversation_id = $1 and e.kind = 'MESSAGE' and e.content_state = '${state}'`
    const said = `update conversations set last_message_at = ${last('VISIBLE')} order by e.seq desc limit 1) where id = $1`
    await sql({ name: 'messages-last-said', text: said }, [conversationId])
    const apart = `update conversation_members m
      set hidden_message_at = ${last('HIDDEN')} and e.actor_id = m.account_id order by e.seq desc limit 1)
      where m.conversation_id = $1 and m.account_id = $2`
    await sql({ name: 'messages-last-said-apart', text: apart }, [conversationId, rows[0]?.actorId ?? null])
  },

  /** Says what else something follows from. */
  async relabel(sql: Sql, { conversationId, seq }: MessagePlace, by: string): Promise<void> {
    const text = 'update conversation_entries set hidden_by = $3 where conversation_id = $1 and seq = $2'
    await sql({ name: 'messages-relabel', text }, [conversationId, seq, by])
  },

  /** What of somebody is hidden by this cause, at most `limit`, in its order. */
  hidden: (sql: Sql, conversationId: string, ownerId: string, by: string, limit: number): Promise<HiddenEntry[]> =>
    sql<HiddenEntry>(
      {
        name: 'messages-hidden-in',
        text: `select seq, kind, content_state as state, data from conversation_entries where actor_id = $2 and conversation_id = $1
               and content_state <> 'VISIBLE' and hidden_by = $3 order by seq limit $4`,
      },
      [conversationId, ownerId, by, limit],
    ),

  /** Shows what is no message. */
  async show(sql: Sql, conversationId: string, seqs: readonly number[]): Promise<void> {
    const text = `update conversation_entries set content_state = 'VISIBLE', hidden_by = null
      where conversation_id = $1 and seq = any($2::int[])`
    await sql({ name: 'messages-show-entries', text }, [conversationId, seqs])
  },

  /** Lets those know of the conversation whom somebody brought in unseen, and answers who they are. */
  async showMembers(sql: Sql, conversationId: string, ownerId: string, by: string): Promise<UnknowingMember[]> {
    const text = `update conversation_members m set hidden_by = null from conversation_entries b
      where m.conversation_id = $1 and m.hidden_by = $3 and b.conversation_id = $1 and b.seq = m.joined_seq and b.actor_id = $2
      returning m.account_id as "accountId", m.role, m.joined_seq as "joinedSeq", m.left_seq as "leftSeq"`
    return sql<UnknowingMember>({ name: 'messages-show-members', text }, [conversationId, ownerId, by])
  },

  /** They begin anew, at this position. */
  async rejoin(sql: Sql, conversationId: string, accountId: string, seq: number): Promise<void> {
    const text = `update conversation_members set joined_seq = $3, read_seq = $3, delivered_seq = $3, joined_at = clock_timestamp()
      where conversation_id = $1 and account_id = $2`
    await sql({ name: 'messages-rejoin', text }, [conversationId, accountId, seq])
  },

  /** Nobody will ever tell these of the conversation: who brought them in is being erased. */
  async dropUnknowing(sql: Sql, conversationId: string, ownerId: string): Promise<void> {
    const text = `delete from conversation_members m using conversation_entries b
      where m.conversation_id = $1 and m.hidden_by is not null
      and b.conversation_id = $1 and b.seq = m.joined_seq and b.actor_id = $2`
    await sql({ name: 'messages-drop-unknowing', text }, [conversationId, ownerId])
  },
}
