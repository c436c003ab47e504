import type { Sql } from '../../platform/postgres.ts'
import { type Message, messageColumns } from './message-store.ts'
import type { MessagePlace } from './rules.ts'

/** Within the transaction that has locked the conversation. */
export const messageChanges = {
  async find(sql: Sql, { conversationId, seq }: MessagePlace): Promise<Message | undefined> {
    const text = `select ${messageColumns} from conversation_entries e where e.conversation_id = $1 and e.seq = $2 and e.kind = 'MESSAGE'`
    return (await sql<Message>({ name: 'messages-locked-message', text }, [conversationId, seq]))[0]
  },

  /** Puts other words in the place of what was said. */
  async edit(sql: Sql, { conversationId, seq }: MessagePlace, body: string): Promise<Message | undefined> {
    const [message] = await sql<Message>(
      {
        name: 'messages-edit',
        text: `update conversation_entries e set body = $3, edited_at = clock_timestamp()
               where e.conversation_id = $1 and e.seq = $2 returning ${messageColumns}`,
      },
      [conversationId, seq, body],
    )
    return message
  },

  /** Leaves nothing of what was said, and nothing that was put on it. */
  async bury(sql: Sql, { conversationId, seq }: MessagePlace): Promise<Message | undefined> {
    const [message] = await sql<Message>(
      {
        name: 'messages-delete',
        text: `with gone as (delete from reactions where conversation_id = $1 and message_seq = $2)
               update conversation_entries e set body = null, deleted_at = clock_timestamp()
               where e.conversation_id = $1 and e.seq = $2 returning ${messageColumns}`,
      },
      [conversationId, seq],
    )
    return message
  },

  /** Which emoji somebody has on a message. */
  async ownReactions(sql: Sql, { conversationId, seq }: MessagePlace, accountId: string): Promise<string[]> {
    const text = 'select emoji from reactions where conversation_id = $1 and message_seq = $2 and account_id = $3'
    const rows = await sql<{ emoji: string }>({ name: 'messages-own-reactions', text }, [
      conversationId,
      seq,
      accountId,
    ])
    return rows.map(({ emoji }) => emoji)
  },

  async react(sql: Sql, { conversationId, seq }: MessagePlace, accountId: string, emoji: string): Promise<void> {
    await sql(
      {
        name: 'messages-react',
        text: `insert into reactions (conversation_id, message_seq, account_id, emoji, at)
               values ($1, $2, $3, $4, clock_timestamp()) on conflict do nothing`,
      },
      [conversationId, seq, accountId, emoji],
    )
  },

  async unreact(sql: Sql, { conversationId, seq }: MessagePlace, accountId: string, emoji: string): Promise<void> {
    await sql(
      {
        name: 'messages-unreact',
        text: 'delete from reactions where conversation_id = $1 and message_seq = $2 and account_id = $3 and emoji = $4',
      },
      [conversationId, seq, accountId, emoji],
    )
  },
}
