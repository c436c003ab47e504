import type { Postgres } from '../../platform/postgres.ts'
import { apartSql } from '../social/index.ts'
import type { ConversationRole } from './entries.ts'

export interface Membership {
  conversationId: string
  accountId: string
  role: ConversationRole
  /** The first position that the member may see. */
  joinedSeq: number
  joinedAt: Date
  readSeq: number
  deliveredSeq: number
  /** Set: they know nothing of it yet, and neither does anybody but who brought them in. */
  hiddenBy: string | null
  /** Of those: who did. */
  broughtBy: string | null
}

export type MemberStore = ReturnType<typeof createMemberStore>

export const membershipColumns = `m.conversation_id as "conversationId", m.account_id as "accountId", m.role, m.joined_seq as "joinedSeq",
  m.joined_at as "joinedAt", m.read_seq as "readSeq", m.delivered_seq as "deliveredSeq", m.hidden_by as "hiddenBy",
  case when m.hidden_by is not null then (select b.actor_id from conversation_entries b
    where b.conversation_id = m.conversation_id and b.seq = m.joined_seq) end as "broughtBy"`

/** Whether a member is there for somebody; for several at once, who have brought in nobody: null. */
export const isMemberShown = ({ hiddenBy, broughtBy }: Membership, viewerId: string | null): boolean =>
  hiddenBy === null || (broughtBy !== null && broughtBy === viewerId)

/** Of a conversation `c` and a member `m`: that they are in it now and know of it, and that no block parts them from the other of a direct one. */
export const presentSql = `m.left_seq is null and m.hidden_by is null and (c.kind = 'GROUP' or not exists (
  select from conversation_members o where o.conversation_id = m.conversation_id and o.account_id <> m.account_id
  and ${apartSql('m.account_id', 'o.account_id')}))`

/** Who is, and was, in conversations. */
export function createMemberStore({ sql }: Pick<Postgres, 'sql'>) {
  return {
    /** What somebody is in those of these conversations that they may see. */
    memberships: (accountId: string, conversationIds: readonly string[]): Promise<Membership[]> =>
      sql<Membership>(
        {
          name: 'messages-memberships',
          text: `select ${membershipColumns} from conversation_members m join conversations c on c.id = m.conversation_id
                 where m.account_id = $1 and m.conversation_id = any($2::uuid[]) and ${presentSql}`,
        },
        [accountId, conversationIds],
      ),

    /** Everybody who is in these, in order of joining: also those who do not know of it, see `isMemberShown`. */
    members: (conversationIds: readonly string[]): Promise<Membership[]> =>
      sql<Membership>(
        {
          name: 'messages-members',
          text: `select ${membershipColumns} from conversation_members m
                 where m.conversation_id = any($1::uuid[]) and m.left_seq is null order by m.joined_seq, m.joined_at, m.account_id`,
        },
        [conversationIds],
      ),

    /** Which of these accounts were ever in a conversation at the same time as this one. */
    async acquainted(accountId: string, others: readonly string[]): Promise<Set<string>> {
      const rows = await sql<{ id: string }>(
        {
          name: 'messages-acquainted',
          text: `select id from unnest($2::uuid[]) as other (id) where exists (
                   select from conversation_members o join conversation_members m
                     on m.conversation_id = o.conversation_id and m.account_id = $1 and m.hidden_by is null
                   where o.account_id = other.id and o.account_id <> $1
                     and (o.hidden_by is null or exists (select from conversation_entries b
                       where b.conversation_id = o.conversation_id and b.seq = o.joined_seq and b.actor_id = $1))
                     and (m.left_seq is null or o.joined_seq <= m.left_seq) and (o.left_seq is null or m.joined_seq <= o.left_seq))`,
        },
        [accountId, others],
      )
      return new Set(rows.map(({ id }) => id))
    },

    /** Those of these accounts that can be talked to by `accountId`: there, not revoked, and no block is between. */
    async reachable(
      accountId: string,
      { ids, usernames }: { ids: readonly string[]; usernames: readonly string[] },
    ): Promise<{ id: string; username: string }[]> {
      return sql<{ id: string; username: string }>(
        {
          name: 'messages-reachable',
          text: `select a.id, a.username from accounts a where (a.id = any($2::uuid[]) or a.username = any($3::text[]))
                 and a.revoked_at is null and not ${apartSql('$1::uuid', 'a.id')}`,
        },
        [accountId, ids, usernames],
      )
    },
  }
}
