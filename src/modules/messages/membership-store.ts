import type { Sql } from '../../platform/postgres.ts'
import type { ConversationRole } from './entries.ts'

/** Within the transaction that has locked the conversation. */
export const memberships = {
  /** Lets somebody in, or in again: they see what follows. With `hiddenBy` they do not know of it yet. */
  async join(
    sql: Sql,
    conversationId: string,
    accountIds: readonly string[],
    seqs: readonly number[],
    hiddenBy: string | null,
  ): Promise<void> {
    await sql(
      {
        name: 'messages-join',
        text: `insert into conversation_members as m (conversation_id, account_id, role, joined_seq, read_seq, delivered_seq, joined_at, hidden_by)
               select $1, account_id, 'MEMBER', seq, seq, seq, clock_timestamp(), $4::uuid from unnest($2::uuid[], $3::int[]) as one (account_id, seq)
               on conflict (conversation_id, account_id) do update set role = 'MEMBER', joined_seq = excluded.joined_seq,
                 joined_at = excluded.joined_at, read_seq = excluded.read_seq, delivered_seq = excluded.delivered_seq,
                 left_seq = null, left_at = null, hidden_by = excluded.hidden_by, hidden_message_at = null`,
      },
      [conversationId, accountIds, seqs, hiddenBy],
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

  /** For everybody: also for whoever has given it another name that only they see. */
  async rename(sql: Sql, conversationId: string, name: string): Promise<void> {
    const text = `with past as (update conversation_entries set data = data || '{"past": true}'
        where conversation_id = $1 and kind = 'RENAMED' and content_state = 'HIDDEN' and data->>'past' is null
        and actor_id = any(array(select account_id from conversation_members where conversation_id = $1)))
      update conversations set name = $2 where id = $1`
    await sql({ name: 'messages-rename', text }, [conversationId, name])
  },

  /** The name that only this account sees. */
  async ownName(sql: Sql, conversationId: string, accountId: string): Promise<string | undefined> {
    const text = `select data->>'name' as name from conversation_entries where actor_id = $2 and conversation_id = $1
      and kind = 'RENAMED' and content_state = 'HIDDEN' and data->>'past' is null order by seq desc limit 1`
    return (await sql<{ name: string }>({ name: 'messages-own-name', text }, [conversationId, accountId]))[0]?.name
  },

  /** Whether somebody is, or was, in it, as far as `viewerId` knows. */
  async wasIn(sql: Sql, conversationId: string, accountId: string, viewerId: string): Promise<boolean> {
    const text = `select from conversation_members m where conversation_id = $1 and account_id = $2 and (hidden_by is null or exists (
      select from conversation_entries b where b.conversation_id = $1 and b.seq = m.joined_seq and b.actor_id = $3))`
    return (await sql({ name: 'messages-was-in', text }, [conversationId, accountId, viewerId])).length > 0
  },
}
