import type { DurableSource } from '../../platform/delivery/topics.ts'
import type { Postgres } from '../../platform/postgres.ts'
import { apartSql } from '../social/index.ts'
import type { PublishedPointer } from './events.ts'

/** Whose inbox an entry belongs to: they may see the positions from `joinedSeq` to `leftSeq`. */
export interface Reach {
  accountId: string
  joinedSeq: number
  leftSeq: number | null
}

/** Where an account stands, or stood, in a conversation that no block parts from it. */
export interface Standing {
  joinedSeq: number
  leftSeq: number | null
  /** Of a direct one: the other. */
  otherId: string | null
  /** Whether something in it is shown to them alone. */
  isApart: boolean
}

/** What happened lately: the last seq of every conversation in which something did, and up to which time was looked. */
export interface RecentHeads {
  untilMs: number
  /** Whether there is nothing later to look at yet. */
  reachedNow: boolean
  heads: { conversationId: string; seq: number }[]
}

export type ConversationEntryStore = ReturnType<typeof createConversationEntryStore>

/** An entry counts as recent for so long: longer than any publisher takes. */
const recent = "interval '2 minutes'"
/** An entry may be committed so much later than it says. */
const overlap = "interval '15 seconds'"
/** Entries are given so long to be published by who wrote them. */
const settled = "interval '1 second'"
const step = "interval '1 minute'"

/** Whoever has hidden something in a conversation sees it otherwise than the others: see `Audience`. */
const columns = `seq, kind, actor_id as "actorId", target_seq as "targetSeq",
  case when content_state = 'HIDDEN' then actor_id when data->>'to' = 'HIDDEN' or data->>'hides' is not null then (
    select t.actor_id from conversation_entries t where t.conversation_id = e.conversation_id and t.seq = e.target_seq) end as "apartId",
  case kind when 'MEMBER' then jsonb_build_object('accountId', data->>'accountId', 'change', data->>'change') end as member`

type Row = Omit<PublishedPointer, 'conversationId' | 'member'> & { member: PublishedPointer['member'] | null }

function pointerOf(conversationId: string, { seq, kind, actorId, targetSeq, member, apartId }: Row): PublishedPointer {
  return { conversationId, seq, kind, actorId, targetSeq, ...(apartId && { apartId }), ...(member && { member }) }
}

/** The entries of conversations as what they point to: the log of the conversation's topic, and what inboxes are filled from. */
export function createConversationEntryStore({ sql }: Postgres) {
  const source: DurableSource = {
    async read(conversationId, after, limit) {
      type Found = Row & { head: number }
      const rows = await sql<{ [Name in keyof Found]: Found[Name] | null }>(
        {
          name: 'conversation_log',
          text: `select c.last_seq as head, e.* from conversations c left join lateral (
              select ${columns} from conversation_entries e
              where conversation_id = c.id and seq > $2 order by seq limit $3) e on true
            where c.id = $1 order by e.seq`,
        },
        [conversationId, after, limit],
      )
      const entries = rows.filter((row): row is Found => row.seq !== null)
      return {
        head: rows[0]?.head ?? 0,
        entries: entries.map((row) => ({ seq: row.seq, payload: pointerOf(conversationId, row) })),
      }
    },
    async positions(conversationIds) {
      const rows = await sql<{ id: string; head: number }>(
        {
          name: 'conversation_heads',
          text: 'select id, last_seq as head from conversations where id = any($1::uuid[])',
        },
        [conversationIds],
      )
      const heads = new Map(rows.map(({ id, head }) => [id, head]))
      return conversationIds.map((id) => heads.get(id) ?? 0)
    },
  }

  return {
    source,

    /** Whether any of these accounts is in it, or ever was. */
    async anyIn(conversationId: string, accountIds: readonly string[]): Promise<boolean> {
      const rows = await sql(
        {
          name: 'conversation_any_in',
          text: 'select from conversation_members where conversation_id = $1 and account_id = any($2::uuid[]) limit 1',
        },
        [conversationId, accountIds],
      )
      return rows.length > 0
    },

    /** Everybody who may see something of the positions from a seq on, as of now. */
    async reachFrom(conversationId: string, seq: number): Promise<Reach[]> {
      return sql<{ accountId: string; joinedSeq: number; leftSeq: number | null }>(
        {
          name: 'conversation_reach',
          text: `select account_id as "accountId", joined_seq as "joinedSeq", left_seq as "leftSeq" from conversation_members
            where conversation_id = $1 and hidden_by is null and (left_seq is null or left_seq >= $2)`,
        },
        [conversationId, seq],
      )
    },

    /** By conversation, for those of these that are, or were, the account's, and no block parts. */
    async standings(accountId: string, conversationIds: readonly string[]): Promise<Map<string, Standing>> {
      const rows = await sql<Standing & { conversationId: string }>(
        {
          name: 'conversation_standings',
          text: `select m.conversation_id as "conversationId", m.joined_seq as "joinedSeq", m.left_seq as "leftSeq",
              o.account_id as "otherId", exists (select from conversation_entries h
                where h.actor_id = m.account_id and h.conversation_id = c.id and h.content_state <> 'VISIBLE')
              or exists (select from profiles p where p.account_id = m.account_id and p.content_state = 'HIDDEN') as "isApart"
            from conversation_members m join conversations c on c.id = m.conversation_id
              left join conversation_members o
                on c.kind = 'DIRECT' and o.conversation_id = c.id and o.account_id <> m.account_id
            where m.account_id = $1 and m.conversation_id = any($2::uuid[]) and m.hidden_by is null
              and (o.account_id is null or not ${apartSql('m.account_id', 'o.account_id')})`,
        },
        [accountId, conversationIds],
      )
      return new Map(rows.map(({ conversationId, ...standing }) => [conversationId, standing]))
    },

    /**
     * The entries up to a seq, oldest first: those after `after`, and those since `sinceMs` by the database's clock or, if that is later,
     * of the last minutes. At most `limit`, the newest of them.
     */
    async latest(
      conversationId: string,
      upTo: number,
      from: { after: number; sinceMs: number | undefined; limit: number },
    ): Promise<(PublishedPointer & { isRecent: boolean })[]> {
      const rows = await sql<Row & { isRecent: boolean }>(
        {
          name: 'conversation_latest',
          text: `with since as (select least(clock_timestamp() - ${recent},
              to_timestamp($4::float8 / 1000) - ${overlap}) as at)
            select ${columns}, e.at >= since.at as "isRecent" from conversation_entries e, since
            where conversation_id = $1 and seq <= $2 and (seq > $3 or e.at >= since.at) order by seq desc limit $5`,
        },
        [conversationId, upTo, from.after, from.sinceMs ?? null, from.limit],
      )
      return rows.reverse().map((row) => ({ ...pointerOf(conversationId, row), isRecent: row.isRecent }))
    },

    /** What happened since a time, as far as it has settled, at most a minute of it; without a time, in the last minutes. */
    async recentHeads(sinceMs: number | undefined): Promise<RecentHeads> {
      const rows = await sql<{
        untilMs: number
        reachedNow: boolean
        conversationId: string | null
        seq: number | null
      }>(
        {
          name: 'conversation_recent_heads',
          text: `with looked as (select clock_timestamp() - ${settled} as now,
                coalesce(to_timestamp($1::float8 / 1000), clock_timestamp() - ${recent}) as since),
              bounds as (select now, since, greatest(since, least(now, since + ${step})) as until from looked),
              heads as (select conversation_id, max(seq) as seq from conversation_entries
                where at > (select since - ${overlap} from bounds) and at <= (select until from bounds)
                group by conversation_id)
            select extract(epoch from until)::float8 * 1000 as "untilMs", until >= now as "reachedNow",
              heads.conversation_id as "conversationId", heads.seq
            from bounds left join heads on true`,
        },
        [sinceMs ?? null],
      )
      const [{ untilMs, reachedNow } = { untilMs: sinceMs ?? 0, reachedNow: true }] = rows
      const heads = rows.flatMap(({ conversationId, seq }) =>
        conversationId !== null && seq !== null ? [{ conversationId, seq }] : [],
      )
      return { untilMs, reachedNow, heads }
    },
  }
}
