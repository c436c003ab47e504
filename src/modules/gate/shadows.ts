import type { Clock } from '../../platform/clock.ts'
import { describeError, type Logger } from '../../platform/logger.ts'
import type { Mirror } from './mirror.ts'
import type { MirrorStore } from './mirror-store.ts'
import { type PersonState, restrictionsOn } from './state.ts'
import type { Surface } from './writes.ts'

export interface Shadows {
  /**
   * Whether others are to see nothing of what somebody does there now: for what passes by, and is not written. One read of Redis, or of
   * Postgres while that is away; where neither answers, yes. Refuses nothing. Repeating it is safe.
   */
  isShadowed(personId: string, surface: Surface): Promise<boolean>
}

export function createShadows(deps: {
  mirror: Pick<Mirror, 'load'>
  mirrors: Pick<MirrorStore, 'state' | 'put'>
  clock: Clock
  logger: Logger
}): Shadows {
  const { mirror, mirrors, clock, logger } = deps

  async function stateOf(personId: string): Promise<PersonState> {
    const mirrored = await mirrors.state(personId).catch(() => undefined)
    if (mirrored) return mirrored
    const state = await mirror.load(personId)
    if (state.known) await mirrors.put(personId, state).catch(() => undefined)
    return state
  }

  return {
    async isShadowed(personId, surface) {
      try {
        const state = await stateOf(personId)
        return restrictionsOn(state, surface, clock.now()).some(({ kind }) => kind === 'SHADOW')
      } catch (error) {
        logger.debug('gate: nobody knows whether somebody is shadowed', describeError(error))
        return true
      }
    },
  }
}
