import type { Sql } from '../../platform/postgres.ts'
import type { ConversationRole } from './entries.ts'

/** Within the transaction that has locked the conversation. */
export const memberships = {
  /** Lets somebody in, or in again: they see what follows. */
  async join(sql: Sql, conversationId: string, accountIds: readonly string[], seqs: readonly number[]): Promise<void> {
    await sql(
      {
        name: 'messages-join',
        text: `insert into conversation_members as m (conversation_id, account_id, role, joined_seq, read_seq, delivered_seq, joined_at)
               select $1, account_id, 'MEMBER', seq, seq, seq, clock_timestamp() from unnest($2::uuid[], $3::int[]) as one (account_id, seq)
               on conflict (conversation_id, account_id) do update set role = 'MEMBER', joined_seq = excluded.joined_seq,
                 joined_at = excluded.joined_at, read_seq = excluded.read_seq, delivered_seq = excluded.delivered_seq,
                 left_seq = null, left_at = null`,
      },
      [conversationId, accountIds, seqs],
    )
  },

  async leave(sql: Sql, conversationId: string, accountId: string, seq: number): Promise<void> {
    await sql(
      {
        name: 'messages-leave',
        text: `update conversation_members set left_seq = $3, left_at = clock_timestamp(), role = 'MEMBER'
               where conversation_id = $1 and account_id = $2`,
      },
      [conversationId, accountId, seq],
    )
  },

  async setRole(sql: Sql, conversationId: string, accountId: string, role: ConversationRole): Promise<void> {
    await sql(
      {
        name: 'messages-set-role',
        text: 'update conversation_members set role = $3::"ConversationRole" where conversation_id = $1 and account_id = $2',
      },
      [conversationId, accountId, role],
    )
  },

  async rename(sql: Sql, conversationId: string, name: string): Promise<void> {
    const text = 'update conversations set name = $2 where id = $1'
    await sql({ name: 'messages-rename', text }, [conversationId, name])
  },

  /** Whether somebody is, or was, in it. */
  async wasIn(sql: Sql, conversationId: string, accountId: string): Promise<boolean> {
    const text = 'select 1 as one from conversation_members where conversation_id = $1 and account_id = $2'
    return (await sql({ name: 'messages-was-in', text }, [conversationId, accountId])).length > 0
  },
}
