import type { KeysetRange } from '../../platform/keyset.ts'
import type { Postgres } from '../../platform/postgres.ts'
import { presentSql } from './member-store.ts'
import { type Message, messageColumns } from './message-store.ts'
import type { MessagePlace } from './rules.ts'
import { ownSql } from './sight.ts'

/** Who looks, and whose words a block hides from them. */
export interface Reader {
  accountId: string
  hidden: ReadonlySet<string>
}

/** What somebody has put on a message. */
export interface StoredReaction extends MessagePlace {
  emoji: string
  accountId: string
}

export type ReadingStore = ReturnType<typeof createReadingStore>

/** More are not counted. */
const mostUnread = 999
const highestSeq = 2 ** 31 - 1

/** Every conversation asked for, `$2`, that the reader `$1` is in and may see. */
const asked = `unnest($2::uuid[]) as asked (id) join conversations c on c.id = asked.id
  join conversation_members m on m.conversation_id = c.id and m.account_id = $1 and ${presentSql}`
/** Of an entry: a message that a member `m`, who is `$1`, may see, while `$3` are hidden from them. */
const shown = `e.conversation_id = m.conversation_id and e.seq >= m.joined_seq and e.kind = 'MESSAGE'
  and ${ownSql('$1')} and (e.actor_id is null or e.actor_id <> all($3::uuid[]))`

export function createReadingStore({ sql }: Pick<Postgres, 'sql'>) {
  const values = ({ accountId, hidden }: Reader, conversationIds: readonly string[]) => [
    ...[accountId, conversationIds, [...hidden]],
  ]
  const columnsOf = (places: readonly MessagePlace[]) => [
    places.map(({ conversationId }) => conversationId),
    places.map(({ seq }) => seq),
  ]

  return {
    /** The messages of each conversation within a range of positions, in its order. */
    messages: (
      reader: Reader,
      conversationIds: readonly string[],
      { from, to, order, limit }: KeysetRange,
    ): Promise<Message[]> =>
      sql<Message>(
        {
          name: `messages-of-${order}`,
          text: `select page.* from ${asked} cross join lateral (
                   select ${messageColumns} from conversation_entries e where ${shown} and e.seq > $4 and e.seq < $5
                   order by e.seq ${order} limit $6) page order by page.seq ${order}`,
        },
        [...values(reader, conversationIds), from?.key ?? 0, to?.key ?? highestSeq, limit],
      ),

    /** The last message of each. */
    lastMessages: (reader: Reader, conversationIds: readonly string[]): Promise<Message[]> =>
      sql<Message>(
        {
          name: 'messages-last',
          text: `select last.* from ${asked} cross join lateral (
                   select ${messageColumns} from conversation_entries e where ${shown} order by e.seq desc limit 1) last`,
        },
        values(reader, conversationIds),
      ),

    /** How many messages of others each has behind what was read. */
    unread: (reader: Reader, conversationIds: readonly string[]): Promise<{ id: string; count: number }[]> =>
      sql<{ id: string; count: number }>(
        {
          name: 'messages-unread',
          text: `select asked.id, unread.count from ${asked} cross join lateral (
                   select count(*)::int from (
                     select from conversation_entries e where ${shown} and e.seq > m.read_seq and e.actor_id is distinct from $1
                     and e.deleted_at is null limit ${mostUnread}) e) unread`,
        },
        values(reader, conversationIds),
      ),

    /** Messages that the reader may see, by where they are. */
    visible: (reader: Reader, places: readonly MessagePlace[]): Promise<Message[]> => {
      const [ids = [], seqs] = columnsOf(places)
      return sql<Message>(
        {
          name: 'messages-visible',
          text: `select ${messageColumns} from unnest($2::uuid[], $4::int[]) as asked (id, seq) join conversations c on c.id = asked.id
                 join conversation_members m on m.conversation_id = c.id and m.account_id = $1 and ${presentSql}
                 join conversation_entries e on e.seq = asked.seq and ${shown}`,
        },
        [reader.accountId, ids, [...reader.hidden], seqs],
      )
    },

    /** Messages by where they are, whoever asks. */
    byPlaces: (places: readonly MessagePlace[]): Promise<Message[]> =>
      sql<Message>(
        {
          name: 'messages-by-places',
          text: `select ${messageColumns} from unnest($1::uuid[], $2::int[]) as asked (id, seq)
                 join conversation_entries e on e.conversation_id = asked.id and e.seq = asked.seq and e.kind = 'MESSAGE'`,
        },
        columnsOf(places),
      ),

    /** What is on these messages, as it came. */
    reactions: (places: readonly MessagePlace[]): Promise<StoredReaction[]> =>
      sql<StoredReaction>(
        {
          name: 'messages-reactions',
          text: `select r.conversation_id as "conversationId", r.message_seq as seq, r.emoji, r.account_id as "accountId"
                 from unnest($1::uuid[], $2::int[]) as asked (id, seq)
                 join reactions r on r.conversation_id = asked.id and r.message_seq = asked.seq
                 order by r.at, r.account_id, r.emoji`,
        },
        columnsOf(places),
      ),
  }
}
