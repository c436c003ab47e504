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
}

export type ConversationStore = ReturnType<typeof createConversationStore>

const activity = 'coalesce(c.last_message_at, c.created_at)'
const columns = `c.id, c.kind, c.name, c.created_at as "createdAt", c.last_seq as "latestSeq", ${activity} as "lastActivityAt"`

const lowestId = '00000000-0000-0000-0000-000000000000'
const highestId = 'ffffffff-ffff-ffff-ffff-ffffffffffff'
const at = (place: KeysetPlace | undefined, end: string) => (place ? new Date(place.key) : end)

export function createConversationStore({ sql }: Pick<Postgres, 'sql'>) {
  return {
    /** By id, whoever asks. */
    byIds: (ids: readonly string[]): Promise<Conversation[]> =>
      sql<Conversation>(
        { name: 'messages-conversations', text: `select ${columns} from conversations c where c.id = any($1::uuid[])` },
        [ids],
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

    /** The direct conversation of a pair. */
    async direct(directKey: string): Promise<string | undefined> {
      const text = 'select id from conversations where direct_key = $1'
      return (await sql<{ id: string }>({ name: 'messages-direct', text }, [directKey]))[0]?.id
    },

    /** Makes the direct conversation of a pair, unless somebody was faster. */
    async insertDirect(id: string, key: string, creatorId: string, otherId: string): Promise<boolean> {
      const rows = await sql(
        {
          name: 'messages-direct-insert',
          text: `with made as (
                   insert into conversations (id, kind, direct_key, last_seq, members_seq)
                   values ($1::uuid, 'DIRECT', $2, 1, 1) on conflict (direct_key) do nothing returning id
                 ), entry as (
                   insert into conversation_entries (conversation_id, seq, kind, actor_id) select id, 1, 'CREATED', $3::uuid from made
                 )
                 insert into conversation_members (conversation_id, account_id, role, joined_seq, read_seq, delivered_seq)
                 select made.id, account_id, 'MEMBER', 1, 1, 1 from made, unnest(array[$3::uuid, $4::uuid]) as account_id
                 returning conversation_id`,
        },
        [id, key, creatorId, otherId],
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

    /** Makes a group, unless its client id was used. */
    async insertGroup({ id, creatorId, clientId, fingerprint, name, otherIds }: NewGroup): Promise<boolean> {
      const rows = await sql(
        {
          name: 'messages-group-insert',
          text: `with made as (
                   insert into conversations (id, kind, name, creator_id, client_id, fingerprint, last_seq, members_seq)
                   values ($1::uuid, 'GROUP', $2, $3::uuid, $4, $5, 1, 1) on conflict (creator_id, client_id) do nothing returning id
                 ), entry as (
                   insert into conversation_entries (conversation_id, seq, kind, actor_id) select id, 1, 'CREATED', $3::uuid from made
                 )
                 insert into conversation_members (conversation_id, account_id, role, joined_seq, read_seq, delivered_seq)
                 select made.id, account_id, case when account_id = $3::uuid then 'OWNER' else 'MEMBER' end::"ConversationRole", 1, 1, 1
                 from made, unnest($3::uuid || $6::uuid[]) as account_id returning conversation_id`,
        },
        [id, name, creatorId, clientId, fingerprint, otherIds],
      ).catch(goneMeanwhile)
      return rows.length > 0
    },
  }
}

/** Somebody was erased after they were looked up: there is no account to refer to. */
function goneMeanwhile(error: unknown): never {
  throw (error as { code?: unknown }).code === '23503' ? new NotFoundError() : error
}
