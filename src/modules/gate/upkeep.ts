// Invariant: time heals slowly, and whoever comes again from a device of the banned does not begin as if nothing had been.
import type { Clock } from '../../platform/clock.ts'
import type { Postgres } from '../../platform/postgres.ts'
import type { Mirror } from './mirror.ts'
import type { Restrictions } from './restrictions.ts'
import type { Standings } from './standings.ts'
import type { UpkeepStore } from './upkeep-store.ts'

export interface Upkeep {
  /** Lets trust grow and risk fall, for everybody for whom it is time. Repeating it is safe. */
  decay(): Promise<void>
  /** Looks where a new account comes from. Repeating it is safe. */
  welcome(accountId: string): Promise<void>
  /** Deletes what is known of a person, and tells how much that was. Repeating it is safe. */
  erase(personId: string): Promise<number>
}

const weekMs = 7 * 24 * 60 * 60 * 1000
const bannedForLink = 2
const coolMinutes = 60

export function createUpkeep(deps: {
  store: UpkeepStore
  restrictions: Restrictions
  standings: Standings
  mirror: Pick<Mirror, 'refresh'>
  postgres: Pick<Postgres, 'transaction'>
  clock: Clock
}): Upkeep {
  const { store, restrictions, standings, mirror, postgres, clock } = deps
  return {
    async decay() {
      while ((await store.decay(clock.now())) > 0);
    },

    async welcome(personId) {
      if ((await store.bannedBeside(personId, clock.now() - weekMs)) < bannedForLink) return
      await postgres.transaction(async (sql) => {
        const noted = { personId, kind: 'linked_to_banned', surface: null, cause: 'registration' } as const
        if (!(await standings.note(sql, noted))) return
        for (const surface of ['INVITE', 'MESSAGE'] as const)
          await restrictions.impose(sql, {
            ...{ personId, kind: 'COOLDOWN', surface, minutes: coolMinutes, reason: 'linked' },
            explanation: 'A new account cannot do this yet.',
            ...{ authorId: null, decisionId: null },
          })
      })
      await mirror.refresh(personId)
    },

    erase: store.erase,
  }
}
