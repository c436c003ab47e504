import type { Postgres, Sql } from '../../platform/postgres.ts'

/** What is left of somebody, conversation by conversation. */
export function createErasingStore({ sql }: Pick<Postgres, 'sql'>) {
  return {
    /** Where they are, were, or have left anything. */
    async conversationsOf(accountId: string): Promise<string[]> {
      const rows = await sql<{ id: string }>(
        {
          name: 'messages-erase-find',
          text: `select conversation_id as id from conversation_members where account_id = $1
                 union select conversation_id from conversation_entries where actor_id = $1
                 union select conversation_id from reactions where account_id = $1
                 union select id from conversations where creator_id = $1 order by id`,
        },
        [accountId],
      )
      return rows.map(({ id }) => id)
    },
  }
}

export type ErasingStore = ReturnType<typeof createErasingStore>

/** Within the transaction that has locked the conversation. */
export const erasure = {
  /** The positions of what they said and is not erased, at most `limit`; those that others saw; and of what others said between. All ascend. */
  async messagesOf(
    sql: Sql,
    conversationId: string,
    accountId: string,
    limit: number,
  ): Promise<{ own: number[]; shown: number[]; others: number[] }> {
    const said = await sql<{ seq: number; isShown: boolean }>(
      {
        name: 'messages-erase-own',
        text: `select seq, content_state = 'VISIBLE' as "isShown" from conversation_entries
               where conversation_id = $1 and actor_id = $2 and kind = 'MESSAGE'
               order by seq limit $3`,
      },
      [conversationId, accountId, limit],
    )
    const own = said.map(({ seq }) => seq)
    const between = await sql<{ seq: number }>(
      {
        name: 'messages-erase-others',
        text: `select seq from conversation_entries where conversation_id = $1 and seq > $2 and seq < $3 and kind = 'MESSAGE'
               and actor_id is distinct from $4 order by seq`,
      },
      [conversationId, own[0] ?? 0, own.at(-1) ?? 0, accountId],
    )
    const shown = said.flatMap(({ seq, isShown }) => (isShown ? seq : []))
    return { own, shown, others: between.map(({ seq }) => seq) }
  },

  /**
   * Leaves the positions, and at them neither them nor their words: of their messages up to a position or, without it, of everything.
   * Tells how much that was.
   */
  async scrub(sql: Sql, conversationId: string, accountId: string, upToSeq: number | null): Promise<number> {
    const [row] = await sql<{ count: number }>(
      {
        name: 'messages-erase-scrub',
        text: `with said as materialized (select seq from conversation_entries
                 where conversation_id = $1 and actor_id = $2 and kind = 'MESSAGE' and ($3::int is null or seq <= $3)),
               reacted as (delete from reactions where conversation_id = $1
                 and (account_id = $2 and $3 is null or message_seq in (select seq from said)) returning 1),
               entries as (update conversation_entries set actor_id = null, body = null, client_id = null, fingerprint = null,
                 edited_at = null, hidden_by = null, deleted_at = case when kind = 'MESSAGE' then coalesce(deleted_at, clock_timestamp()) end,
                 data = case when kind = 'REACTION' or kind = 'RENAMED' and content_state <> 'VISIBLE' then null when data->>'accountId' = $2::text
                   then jsonb_set(data, '{accountId}', 'null') else data end
                 where conversation_id = $1 and actor_id = $2 and ($3 is null or kind = 'MESSAGE' and seq <= $3) returning 1),
               named as (update conversation_entries set data = jsonb_set(data, '{accountId}', 'null')
                 where $3 is null and conversation_id = $1 and kind = 'MEMBER' and data->>'accountId' = $2::text
                 and actor_id is distinct from $2 returning 1),
               made as (update conversations set client_id = null, fingerprint = null, direct_key = null,
                 creator_id = case when creator_id = $2 then null else creator_id end
                 where $3 is null and id = $1 and (creator_id = $2 or direct_key is not null) returning 1),
               member as (delete from conversation_members
                 where $3 is null and conversation_id = $1 and account_id = $2 returning 1)
               select ((select count(*) from reacted) + (select count(*) from entries) + (select count(*) from named)
                 + (select count(*) from member))::int as count`,
      },
      [conversationId, accountId, upToSeq],
    )
    return row?.count ?? 0
  },

  /** Drops what nobody is in any more. */
  async drop(sql: Sql, conversationId: string): Promise<void> {
    const entries = 'delete from conversation_entries where conversation_id = $1'
    await sql({ name: 'messages-erase-entries', text: entries }, [conversationId])
    await sql({ name: 'messages-erase-conversation', text: 'delete from conversations where id = $1' }, [
      conversationId,
    ])
  },
}
