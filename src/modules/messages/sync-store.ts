import type { Postgres } from '../../platform/postgres.ts'
import { activitySql } from './conversation-store.ts'
import type { ConversationKind } from './entries.ts'
import { presentSql } from './member-store.ts'
import type { ChangedPlace } from './sync-cursors.ts'

/** Somebody's place in a conversation that they are in. */
export interface Standing {
  conversationId: string
  kind: ConversationKind
  directKey: string | null
  /** The first position that they may see. */
  firstSeq: number
  latestSeq: number
}

/** A conversation that changed for somebody, or that they are not in any more. */
export interface Changed extends Pick<Standing, 'conversationId' | 'directKey' | 'latestSeq'> {
  at: Date
  left: boolean
}

export interface Active extends Standing {
  at: Date
}

export type SyncStore = ReturnType<typeof createSyncStore>

const standing = `m.conversation_id as "conversationId", c.kind, c.direct_key as "directKey",
  m.joined_seq as "firstSeq", c.last_seq as "latestSeq"`
const lastActivity = activitySql

/** Everything but the clock is read after the clock. */
const afterTheClock = (text: string) =>
  `select t.now, r.* from (select statement_timestamp() as now) t left join lateral (${text}) r on true`

type Timed<Row> = { now: Date } & (Row | { [Key in keyof Row]: null })

export function createSyncStore({ sql }: Postgres) {
  async function timed<Row extends { conversationId: string }>(name: string, text: string, values: unknown[]) {
    const rows = await sql<Timed<Row>>({ name, text: afterTheClock(text) }, values)
    const [first] = rows
    if (!first) throw new Error('The clock did not answer.')
    return { nowMs: first.now.getTime(), rows: rows.filter((row) => row.conversationId !== null) as unknown as Row[] }
  }

  return {
    /** Where somebody stands in those of these conversations that they are in. */
    standings(accountId: string, conversationIds: readonly string[]): Promise<Standing[]> {
      const text = `select ${standing} from conversation_members m join conversations c on c.id = m.conversation_id
        where m.account_id = $1 and m.conversation_id = any($2::uuid[]) and ${presentSql}`
      return sql<Standing>({ name: 'sync-standings', text }, [accountId, conversationIds])
    },

    /** What changed for somebody after a place, in that order, with or without what they left; and what time it was before that. */
    changedAfter(accountId: string, { atMs, id }: ChangedPlace, options: { left: boolean; limit: number }) {
      const text = `select m.conversation_id as "conversationId", c.direct_key as "directKey", c.last_seq as "latestSeq", x.at,
          not (${presentSql}) as left
        from conversation_members m join conversations c on c.id = m.conversation_id
        cross join lateral (select case when m.left_seq is null then c.changed_at else m.left_at end as at) x
        where m.account_id = $1 and m.hidden_by is null and ($4 or m.left_seq is null) and (x.at, m.conversation_id) > ($2::timestamptz, $3::uuid)
        order by x.at, m.conversation_id limit $5`
      return timed<Changed>('sync-changed', text, [accountId, new Date(atMs), id, options.left, options.limit])
    },

    /** What somebody is in, by its last activity, the newest first; not the direct ones with these people. */
    activeBefore(accountId: string, before: ChangedPlace | undefined, withoutKeys: readonly string[], limit: number) {
      const text = `select ${standing}, ${lastActivity} as at
        from conversation_members m join conversations c on c.id = m.conversation_id
        where m.account_id = $1 and m.left_seq is null and m.hidden_by is null
          and ($2::timestamptz is null or (${lastActivity}, c.id) < ($2::timestamptz, $3::uuid))
          and (c.direct_key is null or c.direct_key <> all($4::text[]))
        order by ${lastActivity} desc, c.id desc limit $5`
      const place = before ? [new Date(before.atMs), before.id] : [null, null]
      return timed<Active>('sync-active', text, [accountId, ...place, withoutKeys, limit])
    },

    /** Says that something changed for those in a direct conversation, which has no entry. Repeating it is safe. */
    async touch(directKey: string): Promise<void> {
      const text = 'update conversations set changed_at = clock_timestamp() where direct_key = $1'
      await sql({ name: 'sync-touch', text }, [directKey])
    },
  }
}
