import { createId } from '../../platform/ids.ts'
import type { KeysetRange } from '../../platform/keyset.ts'
import type { Postgres } from '../../platform/postgres.ts'
import type { VisibilitySettings } from './visibility.ts'

export interface Block {
  id: string
  blockedAt: Date
}

export interface SocialStore {
  /** Inserts, or finds the block that is there. */
  insert(blockerId: string, blockedId: string, nowMs: number): Promise<Block>
  /** Deletes a block of this blocker, and tells whom it was about. */
  remove(blockerId: string, blockId: string): Promise<string | undefined>
  /** Whether `other` is blocked by, or blocks, the person. */
  between(personId: string, otherId: string): Promise<boolean>
  /** For each of these, everybody whom they block or who blocks them. */
  around(personIds: string[]): Promise<Map<string, ReadonlySet<string>>>
  /** Somebody's own blocks within a range. */
  blocksOf(personId: string, range: KeysetRange): Promise<Block[]>
  /** The settings of those who have set any. */
  settings(personIds: string[]): Promise<Map<string, VisibilitySettings>>
  /** Changes what is given, and tells what holds now. */
  saveSettings(personId: string, change: Partial<VisibilitySettings>, nowMs: number): Promise<VisibilitySettings>
}

export function createSocialStore(postgres: Postgres): SocialStore {
  const { sql } = postgres
  return {
    async insert(blockerId, blockedId, nowMs) {
      const [row] = await sql<{ id: string; created_at: Date }>(
        {
          name: 'social-block',
          text: `insert into blocks (id, blocker_id, blocked_id, created_at) values ($1, $2, $3, $4)
                 on conflict (blocker_id, blocked_id) do update set blocker_id = excluded.blocker_id
                 returning id, created_at`,
        },
        [createId(nowMs), blockerId, blockedId, new Date(nowMs)],
      )
      if (!row) throw new Error('insert returned nothing')
      return { id: row.id, blockedAt: row.created_at }
    },
    async remove(blockerId, blockId) {
      const [row] = await sql<{ blocked_id: string }>(
        { name: 'social-unblock', text: 'delete from blocks where id = $1 and blocker_id = $2 returning blocked_id' },
        [blockId, blockerId],
      )
      return row?.blocked_id
    },
    async between(personId, otherId) {
      const rows = await sql(
        {
          name: 'social-between',
          text: `select 1 as found from blocks where (blocker_id = $1 and blocked_id = $2) or (blocker_id = $2 and blocked_id = $1) limit 1`,
        },
        [personId, otherId],
      )
      return rows.length > 0
    },
    async around(personIds) {
      const rows = await sql<{ person: string; other: string }>(
        {
          name: 'social-around',
          text: `select blocker_id as person, blocked_id as other from blocks where blocker_id = any($1::uuid[])
                 union select blocked_id, blocker_id from blocks where blocked_id = any($1::uuid[])`,
        },
        [personIds],
      )
      const around = new Map(personIds.map((id) => [id, new Set<string>()]))
      for (const { person, other } of rows) around.get(person)?.add(other)
      return around
    },
    async blocksOf(personId, { from, to, order, limit }) {
      // Ids sort by the time they were made.
      const rows = await sql<{ id: string; created_at: Date }>(
        {
          name: `social-blocks-${order}`,
          text: `select id, created_at from blocks where blocker_id = $1 and ($2::uuid is null or id > $2)
                 and ($3::uuid is null or id < $3) order by id ${order} limit $4`,
        },
        [personId, from?.id ?? null, to?.id ?? null, limit],
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
    async saveSettings(personId, { visibility, ghost }, nowMs) {
      const [row] = await sql<VisibilitySettings>(
        {
          name: 'social-save-settings',
          text: `insert into visibility_settings as kept (person_id, visibility, ghost, updated_at)
                 values ($1, coalesce($2::"Visibility", 'EVERYONE'), coalesce($3, false), $4)
                 on conflict (person_id) do update set visibility = coalesce($2::"Visibility", kept.visibility),
                   ghost = coalesce($3, kept.ghost), updated_at = $4
                 returning visibility, ghost`,
        },
        [personId, visibility ?? null, ghost ?? null, new Date(nowMs)],
      )
      if (!row) throw new Error('insert returned nothing')
      return row
    },
  }
}
