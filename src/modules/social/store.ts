import { createId } from '../../platform/ids.ts'
import type { KeysetRange } from '../../platform/keyset.ts'
import type { Postgres } from '../../platform/postgres.ts'
import type { VisibilitySettings } from './visibility.ts'

/** One look at what has changed, by the database's clock: the only one that all nodes share. */
export interface ChangesLook {
  at: Date
  notices: { id: string; personId: string; otherId: string | null }[]
}

export interface Block {
  id: string
  blockedAt: Date
}

export interface SocialStore {
  /** Inserts, or finds the block that is there; with the notice of the change, as everything that writes. */
  insert(noticeId: string, blockerId: string, blockedId: string, nowMs: number): Promise<Block>
  /** Deletes a block of this blocker, and tells whom it was about. */
  remove(noticeId: string, blockerId: string, blockId: string): Promise<string | undefined>
  /** Whose a block is, and whom it is about, if it is of one of these blockers. */
  blockOf(blockerIds: readonly string[], blockId: string): Promise<{ blockerId: string; blockedId: string } | undefined>
  /** Whether one of the two is blocked by the other. */
  between(personId: string, otherId: string): Promise<boolean>
  /** The same for many pairs, in their order. */
  apart(pairs: (readonly [string, string])[]): Promise<boolean[]>
  /** For each of these, everybody whom they block or who blocks them. */
  around(personIds: string[]): Promise<Map<string, ReadonlySet<string>>>
  /** The blocks of these blockers within a range. */
  blocksOf(blockerIds: readonly string[], range: KeysetRange): Promise<Block[]>
  /** The settings of those who have set any. */
  settings(personIds: string[]): Promise<Map<string, VisibilitySettings>>
  /** Changes what is given, and tells what holds now. */
  saveSettings(
    noticeId: string,
    personId: string,
    change: Partial<VisibilitySettings>,
    nowMs: number,
  ): Promise<VisibilitySettings>
  /** Deletes everything of a person, and tells how much that was. */
  erase(personId: string): Promise<number>
  /** The notices written since then; without it, only the time. */
  changesSince(since: Date | null): Promise<ChangesLook>
  /** Deletes the notices that every node has read, or will not miss. */
  dropChanges(): Promise<void>
}

const noOne: ReadonlySet<string> = new Set()

/** Whether one of two people is blocked by the other, for a statement that must know it as of now. */
export const apartSql = (a: string, b: string) =>
  `(exists (select from blocks where blocker_id = ${a} and blocked_id = ${b})
    or exists (select from blocks where blocker_id = ${b} and blocked_id = ${a}))`

export function createSocialStore(postgres: Postgres): SocialStore {
  const { sql } = postgres

  async function apart(pairs: (readonly [string, string])[]): Promise<boolean[]> {
    if (pairs.length === 0) return []
    const rows = await sql<{ apart: boolean }>(
      {
        name: 'social-apart',
        text: `select ${apartSql('a', 'b')} as apart
               from unnest($1::uuid[], $2::uuid[]) with ordinality as pair (a, b, i) order by i`,
      },
      [pairs.map(([a]) => a), pairs.map(([, b]) => b)],
    )
    return rows.map((row) => row.apart)
  }

  return {
    async insert(noticeId, blockerId, blockedId, nowMs) {
      const [row] = await sql<{ id: string; created_at: Date }>(
        {
          name: 'social-block',
          text: `with notice as (insert into social_changes (id, person_id, other_id) values ($5, $2, $3))
                 insert into blocks (id, blocker_id, blocked_id, created_at) values ($1, $2, $3, $4)
                 on conflict (blocker_id, blocked_id) do update set blocker_id = excluded.blocker_id
                 returning id, created_at`,
        },
        [createId(nowMs), blockerId, blockedId, new Date(nowMs), noticeId],
      )
      if (!row) throw new Error('insert returned nothing')
      return { id: row.id, blockedAt: row.created_at }
    },
    async remove(noticeId, blockerId, blockId) {
      const [row] = await sql<{ other_id: string }>(
        {
          name: 'social-unblock',
          text: `with undone as (delete from blocks where id = $1 and blocker_id = $2 returning blocker_id, blocked_id)
                 insert into social_changes (id, person_id, other_id) select $3::uuid, blocker_id, blocked_id from undone
                 returning other_id`,
        },
        [blockId, blockerId, noticeId],
      )
      return row?.other_id
    },
    async blockOf(blockerIds, blockId) {
      const [row] = await sql<{ blockerId: string; blockedId: string }>(
        {
          name: 'social-block-of',
          text: `select blocker_id as "blockerId", blocked_id as "blockedId" from blocks
                 where id = $1 and blocker_id = any($2::uuid[])`,
        },
        [blockId, blockerIds],
      )
      return row
    },
    between: async (personId, otherId) => (await apart([[personId, otherId]]))[0] ?? true,
    apart,
    async around(personIds) {
      const rows = await sql<{ person: string; other: string }>(
        {
          name: 'social-around',
          text: `select blocker_id as person, blocked_id as other from blocks where blocker_id = any($1::uuid[])
                 union select blocked_id, blocker_id from blocks where blocked_id = any($1::uuid[])`,
        },
        [personIds],
      )
      const some = new Map<string, Set<string>>()
      for (const { person, other } of rows) some.set(person, (some.get(person) ?? new Set()).add(other))
      // Most people have no blocks, and share one set that says so.
      return new Map(personIds.map((id) => [id, some.get(id) ?? noOne]))
    },
    async blocksOf(blockerIds, { from, to, order, limit }) {
      // Ids sort by the time they were made.
      const rows = await sql<{ id: string; created_at: Date }>(
        {
          name: `social-blocks-${order}`,
          text: `select id, created_at from blocks where blocker_id = any($1::uuid[]) and ($2::uuid is null or id > $2)
                 and ($3::uuid is null or id < $3) order by id ${order} limit $4`,
        },
        [blockerIds, from?.id ?? null, to?.id ?? null, limit],
      )
      return rows.map(({ id, created_at }) => ({ id, blockedAt: created_at }))
    },
    async settings(personIds) {
      const rows = await sql<VisibilitySettings & { person_id: string }>(
        {
          name: 'social-settings',
          text: 'select person_id, visibility, ghost from visibility_settings where person_id = any($1::uuid[])',
        },
        [personIds],
      )
      return new Map(rows.map(({ person_id, visibility, ghost }) => [person_id, { visibility, ghost }]))
    },
    async saveSettings(noticeId, personId, { visibility, ghost }, nowMs) {
      const [row] = await sql<VisibilitySettings>(
        {
          name: 'social-save-settings',
          text: `with notice as (insert into social_changes (id, person_id) values ($5, $1))
                 insert into visibility_settings as kept (person_id, visibility, ghost, updated_at)
                 values ($1, coalesce($2::"Visibility", 'EVERYONE'), coalesce($3, false), $4)
                 on conflict (person_id) do update set visibility = coalesce($2::"Visibility", kept.visibility),
                   ghost = coalesce($3, kept.ghost), updated_at = $4
                 returning visibility, ghost`,
        },
        [personId, visibility ?? null, ghost ?? null, new Date(nowMs), noticeId],
      )
      if (!row) throw new Error('insert returned nothing')
      return row
    },
    async erase(personId) {
      const [row] = await sql<{ erased: number }>(
        {
          name: 'social-erase',
          text: `with own as (delete from blocks where blocker_id = $1 or blocked_id = $1 returning id),
                      setting as (delete from visibility_settings where person_id = $1 returning person_id),
                      notice as (delete from social_changes where person_id = $1 or other_id = $1)
                 select (select count(*) from own)::int + (select count(*) from setting)::int as erased`,
        },
        [personId],
      )
      return row?.erased ?? 0
    },
    async changesSince(since) {
      const rows = await sql<{ id: string | null; person_id: string; other_id: string | null; at: Date }>(
        {
          name: 'social-changes-since',
          text: `select null::uuid as id, null::uuid as person_id, null::uuid as other_id, now() as at
                 union all select id, person_id, other_id, at from social_changes where at > $1::timestamptz`,
        },
        [since],
      )
      const look: ChangesLook = { at: new Date(0), notices: [] }
      for (const { id, person_id, other_id, at } of rows) {
        if (id === null) look.at = at
        else look.notices.push({ id, personId: person_id, otherId: other_id })
      }
      return look
    },
    async dropChanges() {
      await sql({
        name: 'social-drop-changes',
        text: `delete from social_changes where at < now() - interval '2 minutes'`,
      })
    },
  }
}
