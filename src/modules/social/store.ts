import { createId } from '../../platform/ids.ts'
import type { Postgres } from '../../platform/postgres.ts'

export interface Block {
  id: string
  blockedAt: Date
}

export interface SocialStore {
  /** Inserts, or finds the block that is there. */
  insert(blockerId: string, blockedId: string, nowMs: number): Promise<Block>
  /** Deletes a block of this blocker, and tells whom it was about. */
  remove(blockerId: string, blockId: string): Promise<string | undefined>
  /** Whether `other` is blocked by, or blocks, the device. */
  between(deviceId: string, otherId: string): Promise<boolean>
  /** Everybody whom the device blocks or who blocks it. */
  around(deviceId: string): Promise<string[]>
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
    async between(deviceId, otherId) {
      const rows = await sql(
        {
          name: 'social-between',
          text: `select 1 as found from blocks where (blocker_id = $1 and blocked_id = $2) or (blocker_id = $2 and blocked_id = $1) limit 1`,
        },
        [deviceId, otherId],
      )
      return rows.length > 0
    },
    async around(deviceId) {
      const rows = await sql<{ other: string }>(
        {
          name: 'social-around',
          text: `select blocked_id as other from blocks where blocker_id = $1 union select blocker_id from blocks where blocked_id = $1`,
        },
        [deviceId],
      )
      return rows.map(({ other }) => other)
    },
  }
}
