import { NotFoundError } from '../../platform/errors.ts'
import type { KeysetPlace, KeysetRange } from '../../platform/keyset.ts'
import type { Postgres } from '../../platform/postgres.ts'
import type { ConversationKind } from './entries.ts'
import { presentSql } from './member-store.ts'

export interface Conversation {
  id: string
  kind: ConversationKind
  name: string | null
  createdAt: Date
  /** The position of the last thing that happened. */
  latestSeq: number
  /** The last message, or else the creation. */
  lastActivityAt: Date
}

export interface NewGroup {
  id: string
  creatorId: string
  clientId: string
  fingerprint: Buffer
  name: string
  /** Without the creator. */
  otherIds: readonly string[]
  hiddenBy: string | null
}

export type ConversationStore = ReturnType<typeof createConversationStore>

/** What a member `m` last heard: what only they said is that for them alone. */
export const activitySql = 'coalesce(greatest(c.last_message_at, m.hidden_message_at), c.created_at)'
const activity = activitySql
/** A name that only the member `m` has given it is that for them alone, until everybody sees another one. */
const columns = `c.id, c.kind, coalesce((select h.data->>'name' from conversation_entries h
    where h.actor_id = m.account_id and h.conversation_id = c.id and h.content_state = 'HIDDEN'
    and h.kind = 'RENAMED' and h.data->>'past' is null order by h.seq desc limit 1), c.name) as name, c.created_at as "createdAt", c.last_seq as "latestSeq", ${activity} as "lastActivityAt"`

const lowestId = '00000000-0000-0000-0000-000000000000'
const highestId = 'ffffffff-ffff-ffff-ffff-ffffffffffff'
const at = (place: KeysetPlace | undefined, end: string) => (place ? new Date(place.key) : end)

export function createConversationStore({ sql }: Pick<Postgres, 'sql'>) {
  return {
    /** By id, whoever asks; as `accountId` sees them, if it is one. */
    byIds: (accountId: string | null, ids: readonly string[]): Promise<Conversation[]> =>
      sql<Conversation>(
        {
          name: 'messages-conversations',
          text: `select ${columns} from conversations c
                 left join conversation_members m on m.conversation_id = c.id and m.account_id = $1::uuid
                 where c.id = any($2::uuid[])`,
        },
        [accountId, ids],
      ),

    /** Those of these that somebody is in and may see. */
    visible: (accountId: string, ids: readonly string[]): Promise<Conversation[]> =>
      sql<Conversation>(
        {
          name: 'messages-conversations-of',
          text: `select ${columns} from conversation_members m join conversations c on c.id = m.conversation_id
                 where m.account_id = $1 and m.conversation_id = any($2::uuid[]) and ${presentSql}`,
        },
        [accountId, ids],
      ),

    /** All that somebody is in and may see, by last activity. */
    list: (accountId: string, { from, to, order, limit }: KeysetRange): Promise<Conversation[]> =>
      sql<Conversation>(
        {
          name: `messages-conversation-list-${order}`,
          text: `select ${columns} from conversation_members m join conversations c on c.id = m.conversation_id
                 where m.account_id = $1 and ${presentSql}
                 and (${activity}, c.id) > ($2::timestamptz, $3::uuid) and (${activity}, c.id) < ($4::timestamptz, $5::uuid)
                 order by ${activity} ${order}, c.id ${order} limit $6`,
        },
        [
          ...[accountId, at(from, '-infinity'), from?.id ?? lowestId],
          ...[at(to, 'infinity'), to?.id ?? highestId, limit],
        ],
      ),

    /** The direct conversation of a pair, and whether one of them knows of it. */
    async direct(directKey: string, accountId: string): Promise<{ id: string; isKnown: boolean } | undefined> {
      const text = `select c.id, m.hidden_by is null as "isKnown" from conversations c
        left join conversation_members m on m.conversation_id = c.id and m.account_id = $2 where c.direct_key = $1`
      return (await sql<{ id: string; isKnown: boolean }>({ name: 'messages-direct', text }, [directKey, accountId]))[0]
    },

    /** Lets somebody know of a direct conversation that they are in. Repeating it is safe. */
    async appear(id: string, accountId: string): Promise<void> {
      await sql(
        {
          name: 'messages-direct-appear',
          text: `with locked as (select id from conversations where id = $1 for no key update), shown as (
                   update conversation_members m set hidden_by = null from locked
                   where m.conversation_id = locked.id and m.account_id = $2 and m.hidden_by is not null returning m.conversation_id as id
                 ), entry as (
                   update conversation_entries e set content_state = 'VISIBLE', hidden_by = null from shown
                   where e.conversation_id = shown.id and e.seq = 1
                 )
                 update conversations c set members_seq = c.members_seq + 1, changed_at = clock_timestamp() from shown where c.id = shown.id`,
        },
        [id, accountId],
      )
    },

    /** Makes the direct conversation of a pair, unless somebody was faster. With `hiddenBy` only its creator knows of it. */
    async insertDirect(
      id: string,
      key: string,
      creatorId: string,
      otherId: string,
      hiddenBy: string | null,
    ): Promise<boolean> {
      const rows = await sql(
        {
          name: 'messages-direct-insert',
          text: `with made as (
                   insert into conversations (id, kind, direct_key, last_seq, members_seq)
                   values ($1::uuid, 'DIRECT', $2, 1, 1) on conflict (direct_key) do nothing returning id
                 ), entry as (
                   ${createdEntry('$5')}
                 )
                 insert into conversation_members (conversation_id, account_id, role, joined_seq, read_seq, delivered_seq, hidden_by)
                 select made.id, account_id, 'MEMBER', 1, 1, 1, case when account_id <> $3::uuid then $5::uuid end
                 from made, unnest(array[$3::uuid, $4::uuid]) as account_id returning conversation_id`,
        },
        [id, key, creatorId, otherId, hiddenBy],
      ).catch(goneMeanwhile)
      return rows.length > 0
    },

    /** The group that a client id stands for. */
    async groupByClientId(
      creatorId: string,
      clientId: string,
    ): Promise<{ id: string; fingerprint: Buffer } | undefined> {
      const text = 'select id, fingerprint from conversations where creator_id = $1 and client_id = $2'
      const rows = await sql<{ id: string; fingerprint: Buffer }>({ name: 'messages-group-by-client-id', text }, [
        creatorId,
        clientId,
      ])
      return rows[0]
    },

    /** Makes a group, unless its client id was used. With `hiddenBy` only its creator knows of it. */
    async insertGroup({ id, creatorId, clientId, fingerprint, name, otherIds, hiddenBy }: NewGroup): Promise<boolean> {
      const rows = await sql(
        {
          name: 'messages-group-insert',
          text: `with made as (
                   insert into conversations (id, kind, name, creator_id, client_id, fingerprint, last_seq, members_seq)
                   values ($1::uuid, 'GROUP', $2, $3::uuid, $4, $5, 1, 1) on conflict (creator_id, client_id) do nothing returning id
                 ), entry as (
                   ${createdEntry('$7')}
                 )
                 insert into conversation_members (conversation_id, account_id, role, joined_seq, read_seq, delivered_seq, hidden_by)
                 select made.id, account_id, case when account_id = $3::uuid then 'OWNER' else 'MEMBER' end::"ConversationRole", 1, 1, 1,
                   case when account_id <> $3::uuid then $7::uuid end
                 from made, unnest($3::uuid || $6::uuid[]) as account_id returning conversation_id`,
        },
        [id, name, creatorId, clientId, fingerprint, otherIds, hiddenBy],
      ).catch(goneMeanwhile)
      return rows.length > 0
    },
  }
}

/** The first entry, by `$3`. */
function createdEntry(hiddenBy: string): string {
  return `insert into conversation_entries (conversation_id, seq, kind, actor_id, content_state, hidden_by)
    select id, 1, 'CREATED', $3::uuid, case when ${hiddenBy}::uuid is null then 'VISIBLE' else 'HIDDEN' end::"ContentState", ${hiddenBy}::uuid
    from made`
}

/** Somebody was erased after they were looked up: there is no account to refer to. */
function goneMeanwhile(error: unknown): never {
  throw (error as { code?: unknown }).code === '23503' ? new NotFoundError() : error
}
