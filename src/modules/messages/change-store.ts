import type { Postgres } from '../../platform/postgres.ts'
import type { EntryKind, ErasedData, MemberData, ReactionData, RenamedData } from './entries.ts'
import { type Message, messageColumns } from './message-store.ts'
import type { MessagePlace } from './rules.ts'

/** An entry as it is kept. What `Message` adds counts for messages only. */
export interface Entry extends Message {
  kind: EntryKind
  /** Who did it; null once they are erased. */
  actorId: string | null
  at: Date
  targetSeq: number | null
  data: MemberData | ReactionData | RenamedData | ErasedData | null
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
  return {
    /** The entries at these places, and what an account may see around them. */
    entries(accountId: string | null, places: readonly MessagePlace[]): Promise<SeenEntry[]> {
      const text = `select ${columns}, m.joined_seq as "firstSeq", m.left_seq as "lastSeq"
        from (select distinct conversation_id, seq from unnest($2::uuid[], $3::int[]) as p(conversation_id, seq)) p
        join conversation_entries e on e.conversation_id = p.conversation_id and e.seq = p.seq
        left join conversation_members m on m.conversation_id = e.conversation_id and m.account_id = $1::uuid`
      return sql<SeenEntry>({ name: 'changes-entries', text }, [accountId, ...placeColumns(places)])
    },

    /** Every entry of these stretches, each in its order. */
    entriesIn(stretches: readonly Stretch[]): Promise<Entry[]> {
      const text = `select ${columns} from unnest($1::uuid[], $2::int[], $3::int[]) as s(conversation_id, after, up_to)
        join conversation_entries e on e.conversation_id = s.conversation_id and e.seq > s.after and e.seq <= s.up_to
        order by e.conversation_id, e.seq`
      return sql<Entry>({ name: 'changes-stretches', text }, stretchColumns(stretches))
    },

    /** Everybody whom these messages name: who put something on them, and who wrote what they answer. */
    async namedBy(places: readonly MessagePlace[]): Promise<string[]> {
      const text = `with p as (select conversation_id, seq from unnest($1::uuid[], $2::int[]) as p(conversation_id, seq))
        select r.account_id as id from p join reactions r on r.conversation_id = p.conversation_id and r.message_seq = p.seq
        union
        select a.actor_id from p join conversation_entries e on e.conversation_id = p.conversation_id and e.seq = p.seq
          join conversation_entries a on a.conversation_id = e.conversation_id and a.seq = e.reply_to_seq
        where a.actor_id is not null`
      const rows = await sql<{ id: string }>({ name: 'changes-named', text }, placeColumns(places))
      return rows.map(({ id }) => id)
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
