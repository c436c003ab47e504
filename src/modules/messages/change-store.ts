import type { Postgres } from '../../platform/postgres.ts'
import type { EditedData, EntryKind, ErasedData, MemberData, ReactionData, RenamedData, StateData } from './entries.ts'
import { type Message, messageColumns } from './message-store.ts'
import type { Reader } from './reading-store.ts'
import type { MessagePlace } from './rules.ts'
import { ownSql } from './sight.ts'

/** An entry as it is kept. What `Message` adds counts for messages only. */
export interface Entry extends Message {
  kind: EntryKind
  /** Who did it; null once they are erased. */
  actorId: string | null
  at: Date
  targetSeq: number | null
  data: MemberData | ReactionData | RenamedData | ErasedData | EditedData | StateData | null
}

/** An entry, and from where to where somebody may see its conversation; null: they never were in it. */
export interface SeenEntry extends Entry {
  firstSeq: number | null
  lastSeq: number | null
}

/** Positions of one conversation, the first one excluded. */
export interface Stretch {
  conversationId: string
  after: number
  upTo: number
}

export type ChangeStore = ReturnType<typeof createChangeStore>

const columns = `${messageColumns}, e.kind, e.actor_id as "actorId", e.at, e.target_seq as "targetSeq", e.data`

/** What has happened in conversations, many entries at once. */
export function createChangeStore({ sql }: Pick<Postgres, 'sql'>) {
  async function namedBy(accountId: string, places: readonly MessagePlace[]): Promise<string[]> {
    const text = `with said as (select conversation_id, seq from unnest($2::uuid[], $3::int[]) as p(conversation_id, seq)),
        seen as (select * from said union
          select e.conversation_id, e.reply_to_seq from said
          join conversation_entries e on e.conversation_id = said.conversation_id and e.seq = said.seq
          join conversation_members m on m.conversation_id = e.conversation_id and m.account_id = $1
          where e.reply_to_seq >= m.joined_seq),
        shown as (select seen.*, e.actor_id from seen
          join conversation_entries e on e.conversation_id = seen.conversation_id and e.seq = seen.seq and ${ownSql('$1')})
      select r.account_id as id from shown
        join reactions r on r.conversation_id = shown.conversation_id and r.message_seq = shown.seq
      union
      select actor_id from shown where actor_id is not null`
    const rows = await sql<{ id: string }>({ name: 'changes-named', text }, [accountId, ...placeColumns(places)])
    return rows.map(({ id }) => id)
  }

  return {
    /** The entries at these places, and what an account may see around them. */
    entries(accountId: string | null, places: readonly MessagePlace[]): Promise<SeenEntry[]> {
      const text = `select ${columns}, m.joined_seq as "firstSeq", m.left_seq as "lastSeq"
        from (select distinct conversation_id, seq from unnest($2::uuid[], $3::int[]) as p(conversation_id, seq)) p
        join conversation_entries e on e.conversation_id = p.conversation_id and e.seq = p.seq
        left join conversation_members m on m.conversation_id = e.conversation_id and m.account_id = $1::uuid
          and m.hidden_by is null`
      return sql<SeenEntry>({ name: 'changes-entries', text }, [accountId, ...placeColumns(places)])
    },

    /** Every entry of these stretches, each in its order. */
    entriesIn(stretches: readonly Stretch[]): Promise<Entry[]> {
      const text = `select ${columns} from unnest($1::uuid[], $2::int[], $3::int[]) as s(conversation_id, after, up_to)
        join conversation_entries e on e.conversation_id = s.conversation_id and e.seq > s.after and e.seq <= s.up_to
        order by e.conversation_id, e.seq`
      return sql<Entry>({ name: 'changes-stretches', text }, stretchColumns(stretches))
    },

    /**
     * Everybody of these, and whom these messages name to a reader: who put something on them, and who wrote what they answer. Once
     * each, without those who are hidden.
     */
    async everybody(
      { accountId, hidden }: Reader,
      places: readonly MessagePlace[],
      ids: Iterable<string | null>,
    ): Promise<string[]> {
      const all = new Set(ids)
      if (places.length > 0) for (const id of await namedBy(accountId, places)) all.add(id)
      return [...all].filter((id): id is string => id !== null && !hidden.has(id))
    },
  }
}

const placeColumns = (places: readonly MessagePlace[]) => [
  places.map(({ conversationId }) => conversationId),
  places.map(({ seq }) => seq),
]

const stretchColumns = (stretches: readonly Stretch[]) => [
  stretches.map(({ conversationId }) => conversationId),
  stretches.map(({ after }) => after),
  stretches.map(({ upTo }) => upTo),
]
