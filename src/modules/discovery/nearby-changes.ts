// Invariant: what a fence tells is what is inside and visible now against what its client was told last; on any node, after any pause.
import type { Clock } from '../../platform/clock.ts'
import type { DeliveryEngine } from '../../platform/delivery/index.ts'
import { BadUserInputError } from '../../platform/errors.ts'
import type { Logger } from '../../platform/logger.ts'
import type { Metrics } from '../../platform/metrics.ts'
import type { Band, Grids, PresenceService } from '../presence/index.ts'
import type { SocialService } from '../social/index.ts'
import { createFenceCursors } from './fence-cursor.ts'
import { FenceStream, type FenceStreamDependencies } from './fence-stream.ts'
import { Fences } from './fences.ts'
import { createAreas, type Gatherings } from './followed-area.ts'
import { resume } from './resume.ts'
import { createViewpoints } from './viewpoints.ts'

export interface NearbyChanges {
  /**
   * Who and what comes inside the viewer's fence and leaves it, after a cursor or from now on. Refuses IN_REACH and cursors of other
   * fences with BAD_USER_INPUT; a viewer without presence has nothing inside until they are somewhere. UNAVAILABLE while Redis or
   * Postgres do not answer.
   */
  changes(
    viewerId: string,
    asked: { radius: Band; stayed: boolean; after?: string | null | undefined },
  ): Promise<FenceStream>
  close(): void
}

export function createNearbyChanges(deps: {
  delivery: DeliveryEngine
  presence: PresenceService
  social: SocialService
  gatherings: Gatherings
  grids: Grids
  clock: Clock
  logger: Logger
  metrics: Metrics
  secret: string
}): NearbyChanges {
  const { delivery, presence, grids, metrics } = deps
  const fences = new Fences()
  const areas = createAreas({ ...deps, everybody: presence.everybody, fences })
  const viewpoints = createViewpoints(deps)
  const cursors = createFenceCursors(deps.secret, grids)
  const shared: FenceStreamDependencies = {
    ...{ fences, areas, cursors, elapsed: () => performance.now(), turn: createTurns() },
    onResync: (reason) => metrics.resyncs.inc({ reason }),
    onClosed(stream) {
      viewpoints.leave(stream.viewpoint, stream)
      metrics.subscribers.dec()
    },
  }

  return {
    async changes(viewerId, { radius, stayed, after }) {
      if (radius === 'IN_REACH')
        throw new BadUserInputError('A fence is made of cells. Ask for HERE or further.', 'radius')
      const state = after ? cursors.open(viewerId, radius, after) : undefined
      const stream = await viewpoints.open(viewerId, (viewpoint) => {
        metrics.subscribers.inc()
        return new FenceStream({ radius, stayed }, viewpoint, shared)
      })
      try {
        if (after && state) await resume(stream, state, after, { delivery, areas, fences, grids })
        else await stream.start()
        return stream
      } catch (error) {
        await stream.return()
        throw error
      }
    },
    close() {
      viewpoints.close()
      areas.close()
    },
  }
}

/** One after the other, each in a turn of the event loop of its own. */
function createTurns(): () => Promise<void> {
  let last = Promise.resolve()
  return () => {
    last = last.then(() => new Promise((resolve) => setImmediate(resolve)))
    return last
  }
}
