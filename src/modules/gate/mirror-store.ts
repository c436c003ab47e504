import type { RedisConnections } from '../../platform/redis.ts'
import { putLua } from './ask.lua.ts'
import type { PersonState } from './state.ts'

/** However a change got lost on its way here, it counts after so long. */
const mirrorTtlMs = 10 * 60 * 1000

export type MirrorStore = ReturnType<typeof createMirrorStore>

/** What Redis knows of a person: a copy of Postgres, never older than one that was here before. */
export function createMirrorStore(redis: RedisConnections) {
  const putScript = redis.script('vicinityGatePut', `${putLua}\nreturn put(KEYS[1], ARGV[1], ARGV[2], ARGV[3])`)
  const key = (personId: string, ...parts: string[]) => redis.key('gate', `{${personId}}`, ...parts)

  return {
    /** Puts it there unless a newer one is; tells whether it did. */
    async put(personId: string, state: PersonState): Promise<boolean> {
      return (await putScript([key(personId, 'state')], [state.version, JSON.stringify(state), mirrorTtlMs])) === 1
    },
  }
}
