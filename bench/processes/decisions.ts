// Decides about venues, in a process of its own: what follows is for workers.
import { createBackend } from '../../src/backend.ts'
import { type ReadyConfig, readConfig } from '../../src/config.ts'
import type { ModerationAction } from '../../src/modules/enforcement/index.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { createDisposers } from '../../src/platform/disposers.ts'
import { createId } from '../../src/platform/ids.ts'
import { createLogger } from '../../src/platform/logger.ts'
import { answer } from '../kit/answer.ts'

const actions: ModerationAction[] = ['WARN', 'HIDE', 'REMOVE', 'SHADOW', 'MUTE', 'RESTRICT']
const atOnce = 250

const backend = createBackend(readConfig() as ReadyConfig, {
  clock: systemClock,
  logger: createLogger({ level: 'warn' }),
  disposers: createDisposers(),
})

export interface BacklogOrder {
  owners: number
  /** Venues of each owner. */
  venues: number
  decisions: number
}

/** Answers the id of every decision. */
async function backlog({ owners, venues, decisions }: BacklogOrder): Promise<string[]> {
  const { postgres, services } = await backend
  const ownerIds = Array.from({ length: owners }, () => createId(Date.now()))
  await postgres.pool.query(
    `insert into accounts (id, username, roles, password_hash)
     select id, 'o' || replace(id::text, '-', ''), '{ORGANIZER}', '-' from unnest($1::uuid[]) as id`,
    [ownerIds],
  )
  const made = ownerIds.flatMap((ownerId) =>
    Array.from({ length: venues }, () => ({ id: createId(Date.now()), ownerId })),
  )
  await postgres.pool.query(
    `insert into venues (id, owner_id, client_id, fingerprint, name, latitude, longitude, updated_at)
     select id, owner_id, id::text, '', 'A venue', 47, 8, now() from unnest($1::uuid[], $2::uuid[]) as v(id, owner_id)`,
    [made.map(({ id }) => id), made.map(({ ownerId }) => ownerId)],
  )
  const ids: string[] = []
  while (ids.length < decisions)
    await postgres.transaction(async (sql) => {
      for (let count = 0; count < atOnce && ids.length < decisions; count += 1) {
        const venue = made[(ids.length * 7) % made.length]
        const action = actions[ids.length % actions.length] ?? 'WARN'
        const { id } = await services.enforcement.decide(sql, {
          ...{ caseId: null, subject: { kind: 'VENUE', id: venue?.id ?? '' }, ownerId: venue?.ownerId ?? null, action },
          ...{ surface: null, minutes: null, reason: 'rude', explanation: 'Not here.', decidedBy: null },
        })
        ids.push(id)
      }
    })
  return ids
}

answer(backend, { backlog })
