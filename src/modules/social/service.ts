// Invariant: once two devices are blocked, neither is told of the other again, whichever of them asked for it.
import type { Clock } from '../../platform/clock.ts'
import { BadUserInputError, NotFoundError } from '../../platform/errors.ts'
import { isId } from '../../platform/ids.ts'
import type { Block, SocialStore } from './store.ts'

export interface BlockChange {
  deviceId: string
  otherId: string
}

export interface SocialService {
  /** Refuses yourself. Repeating it gives the same block. */
  block(deviceId: string, otherId: string): Promise<Block>
  /** Refuses a block that is not the device's own with NOT_FOUND, and so does repeating it. */
  unblock(deviceId: string, blockId: string): Promise<void>
  /** Everybody hidden from the device, in both directions. */
  hiddenFrom(deviceId: string): Promise<string[]>
}

export function createSocialService(deps: {
  store: SocialStore
  clock: Clock
  /** Told after the commit, before the caller is answered. */
  onBlocked: (change: BlockChange) => Promise<void>
  onUnblocked: (change: BlockChange) => Promise<void>
}): SocialService {
  const { store, clock } = deps
  return {
    async block(deviceId, otherId) {
      if (deviceId === otherId) throw new BadUserInputError('You cannot block yourself.')
      const block = await store.insert(deviceId, otherId, clock.now())
      await deps.onBlocked({ deviceId, otherId })
      return block
    },
    async unblock(deviceId, blockId) {
      const otherId = isId(blockId) ? await store.remove(deviceId, blockId) : undefined
      if (!otherId) throw new NotFoundError()
      if (!(await store.between(deviceId, otherId))) await deps.onUnblocked({ deviceId, otherId })
    },
    hiddenFrom: (deviceId) => store.around(deviceId),
  }
}
