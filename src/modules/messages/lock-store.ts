import type { Postgres, Sql } from '../../platform/postgres.ts'
import { apartSql } from '../social/index.ts'
import type {
  ConversationKind,
  EditedData,
  EntryKind,
  ErasedData,
  MemberData,
  ReactionData,
  RenamedData,
  StateData,
} from './entries.ts'
import { type Membership, membershipColumns } from './member-store.ts'
import type { ToldEntry } from './publish.ts'

/** What has happened, before it has its position. */
export type NewEntry = {
  actorId: string | null
  targetSeq?: number
  /** Set: it is shown to who did it, and to nobody else. */
  hiddenBy?: string | null
  /** Who sees the conversation otherwise from here on. */
  apartId?: string | null
} & (
  | { kind: 'DELETED' }
  | { kind: 'EDITED'; data?: EditedData }
  /** Without `data`: the whole conversation, for those who did not know of it. */
  | { kind: 'HIDDEN' | 'SHOWN'; data?: StateData }
  | { kind: 'REACTION'; data: ReactionData }
  | { kind: 'MEMBER'; data: MemberData }
  | { kind: 'RENAMED'; data: RenamedData }
  | { kind: 'ERASED'; data: ErasedData }
)

/** A conversation that nobody else changes for the moment. */
export interface Locked {
  id: string
  kind: ConversationKind
  name: string | null
  /** Within the same transaction. */
  sql: Sql
  /** Everybody who is in it, in order of joining: also those who do not know of it, see `isMemberShown`. */
  members(): Promise<Membership[]>
  /** Gives the next position to something; written when all is done. */
  append(entry: NewEntry): number
}

/** What came of it, to be told to everybody who is, or just was, in it. */
export interface Changed<Result> {
  result: Result
  entries: ToldEntry[]
  memberIds: string[]
}

export type LockStore = ReturnType<typeof createLockStore>

interface Row {
  id: string
  kind: ConversationKind
  name: string | null
  lastSeq: number
}

/** Changes that take several statements. The conversation's row is locked first, always: whoever else changes it waits for that. */
export function createLockStore({ transaction }: Pick<Postgres, 'transaction'>) {
  const locked = <Result>(
    id: string,
    work: (locked: Locked) => Promise<Result>,
  ): Promise<Changed<Result> | undefined> =>
    transaction(async (sql) => {
      const [row] = await sql<Row>(
        {
          name: 'messages-lock',
          text: 'select id, kind, name, last_seq as "lastSeq" from conversations where id = $1 for no key update',
        },
        [id],
      )
      if (!row) return undefined
      const appended: (NewEntry & { seq: number })[] = []
      const result = await work({
        ...{ id, kind: row.kind, name: row.name, sql },
        members: () => membersOf(sql, id),
        append(entry) {
          const seq = row.lastSeq + appended.length + 1
          appended.push({ ...entry, seq })
          return seq
        },
      })
      if (appended.length === 0) return { result, entries: [], memberIds: [] }
      return { result, entries: appended.map((entry) => toldOf(id, entry)), memberIds: await write(sql, id, appended) }
    })

  return {
    /** Whatever it takes; for who need not be in it. Undefined: it is not there. */
    any: locked,

    /** For somebody who is in it now, whom no block parts from the other of a direct one; undefined for others. */
    async asMember<Result>(
      id: string,
      accountId: string,
      work: (locked: Locked, me: Membership) => Promise<Result>,
    ): Promise<Changed<Result> | undefined> {
      const done = await locked(id, async (conversation) => {
        const me = await presentMember(conversation, accountId)
        return me && { value: await work(conversation, me) }
      })
      return done?.result && { ...done, result: done.result.value }
    },
  }
}

async function presentMember({ id, kind, sql }: Locked, accountId: string): Promise<Membership | undefined> {
  const [row] = await sql<Membership & { apart: boolean }>(
    {
      name: 'messages-locked-member',
      text: `select ${membershipColumns}, exists (
               select from conversation_members o where o.conversation_id = m.conversation_id and o.account_id <> m.account_id
               and ${apartSql('m.account_id', 'o.account_id')}) as apart
             from conversation_members m where m.conversation_id = $1 and m.account_id = $2 and m.left_seq is null
             and m.hidden_by is null`,
    },
    [id, accountId],
  )
  return row && !(kind === 'DIRECT' && row.apart) ? row : undefined
}

const membersOf = (sql: Sql, id: string): Promise<Membership[]> =>
  sql<Membership>(
    {
      name: 'messages-locked-members',
      text: `select ${membershipColumns} from conversation_members m where m.conversation_id = $1 and m.left_seq is null
             order by m.joined_seq, m.joined_at, m.account_id`,
    },
    [id],
  )

/** Writes entries where they belong, and answers whom to tell: also those whom one of them has taken out. */
async function write(sql: Sql, id: string, entries: (NewEntry & { seq: number })[]): Promise<string[]> {
  const lastMember = entries.findLast(changesMembers)?.seq ?? 0
  const column = <Value>(of: (entry: NewEntry & { seq: number }) => Value) => entries.map(of)
  const rows = await sql<{ id: string }>(
    {
      name: 'messages-append',
      text: `with counted as (
               update conversations set last_seq = $2, changed_at = clock_timestamp(), members_seq = greatest(members_seq, $3) where id = $1
             ), appended as (
               insert into conversation_entries (conversation_id, seq, kind, actor_id, target_seq, data, hidden_by, content_state)
               select $1, seq, kind::"EntryKind", actor_id, target_seq, data::jsonb, hidden_by,
                 case when hidden_by is null then 'VISIBLE' else 'HIDDEN' end::"ContentState"
               from unnest($4::int[], $5::text[], $6::uuid[], $7::int[], $8::text[], $9::uuid[])
                 as entry (seq, kind, actor_id, target_seq, data, hidden_by)
             )
             select account_id as id from conversation_members
             where conversation_id = $1 and hidden_by is null and (left_seq is null or left_seq = any($4::int[]))`,
    },
    [
      ...[id, entries.at(-1)?.seq, lastMember, column(({ seq }) => seq), column(({ kind }) => kind as EntryKind)],
      ...[column(({ actorId }) => actorId), column(({ targetSeq }) => targetSeq ?? null)],
      column((entry) => ('data' in entry && entry.data ? JSON.stringify(entry.data) : null)),
      column(({ hiddenBy }) => hiddenBy ?? null),
    ],
  )
  return rows.map((row) => row.id)
}

function toldOf(conversationId: string, entry: NewEntry & { seq: number }): ToldEntry {
  const { seq, kind, actorId, targetSeq = null } = entry
  const member = entry.kind === 'MEMBER' && { accountId: entry.data.accountId, change: entry.data.change }
  const apartId = entry.hiddenBy ? actorId : entry.apartId
  return { conversationId, seq, kind, actorId, targetSeq, ...(apartId && { apartId }), ...(member && { member }) }
}

/** Whoever read the members before it must read them again. */
const changesMembers = (entry: NewEntry) => entry.kind === 'MEMBER' || (entry.kind === 'SHOWN' && !entry.data)
