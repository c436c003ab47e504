// Invariant: what happens in an activity reaches who may see it and whom it concerns, and nobody from the moment they may not.
import type { Clock } from '../../platform/clock.ts'
import type { Delivery, DeliveryEngine } from '../../platform/delivery/index.ts'
import { NotFoundError } from '../../platform/errors.ts'
import { isId } from '../../platform/ids.ts'
import type { SocialService } from '../social/index.ts'
import type { Activity } from './card.ts'
import { ActivityOverError } from './errors.ts'
import { type ActivityEventPayload, activityEvents } from './events.ts'
import { isOver } from './state.ts'

export interface Watching {
  /**
   * What happens in an activity after a cursor, then live, until it is over or hidden from the viewer. Refuses one that is not there or hidden
   * with NOT_FOUND, one that is over (unless there is a cursor to go on from), and cursors of other streams.
   */
  events(
    viewerId: string,
    id: string,
    after: string | null,
    onSlow: () => void,
  ): Promise<AsyncIterableIterator<Delivery<ActivityEventPayload>>>
}

export function createWatching(deps: {
  delivery: DeliveryEngine
  social: SocialService
  clock: Clock
  load(viewerId: string, ids: readonly string[]): Promise<(Activity | null)[]>
}): Watching {
  const { delivery, social, clock, load } = deps
  return {
    async events(viewerId, id, after, onSlow) {
      if (!isId(id)) throw new NotFoundError()
      const sight = await social.watch(viewerId)
      const lost = new AbortController()
      let hostId = ''

      function accept(event: ActivityEventPayload): boolean | 'last' {
        switch (event.kind) {
          case 'joined':
          case 'left':
            return event.personId === viewerId || sight.sees(event.personId, event.audience)
          case 'changed':
            return true
          case 'ended':
            return 'last'
          case 'hidden':
            if (hostId !== viewerId) lost.abort()
            return false
        }
      }

      const stream = await delivery
        .subscribe(activityEvents, id, { after, accept, until: lost.signal, onSlow, onEnded: sight.close })
        .catch((error: unknown) => {
          sight.close()
          throw error
        })
      try {
        // Looked at once the stream is open: what changes from here on comes as an event.
        const [activity] = await load(viewerId, [id])
        if (!activity) throw new NotFoundError()
        if (!after && isOver(activity, clock.now())) throw new ActivityOverError()
        hostId = activity.hostId
        // What a host publishes obeys blocks only.
        const checkHost = () => {
          if (!sight.sees(hostId, 'EVERYONE')) lost.abort()
        }
        sight.onChange(checkHost)
        checkHost()
        return stream
      } catch (error) {
        await stream.return?.()
        throw error
      }
    },
  }
}
