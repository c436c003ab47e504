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

/** What only its author knows of, or only others are told of. */
const isFor = (event: { personId: string; for?: 'author' | 'others' | undefined }, viewerId: string) =>
  event.for === undefined || (event.personId === viewerId) === (event.for === 'author')

export function createWatching(deps: {
  delivery: DeliveryEngine
  social: SocialService
  clock: Clock
  load(viewerId: string, ids: readonly string[]): Promise<(Activity | null)[]>
  seats(viewerId: string, ids: readonly string[]): Promise<boolean[]>
}): Watching {
  const { delivery, social, clock, load, seats } = deps
  return {
    async events(viewerId, id, after, onSlow) {
      // Looked at before anything is made for it, too: a stream of nothing would leave a log behind.
      if (!isId(id) || !(await load(viewerId, [id]))[0]) throw new NotFoundError()
      const sight = await social.watch(viewerId)
      const lost = new AbortController()
      let hostId = ''
      /** It was hidden before its host was known here. */
      let isHidden = false
      // Whether the viewer has a part in it: as it is once the stream is open, and from then on as the stream itself tells.
      let member = false

      function accept(event: ActivityEventPayload): boolean | 'last' {
        switch (event.kind) {
          case 'joined':
          case 'left':
            if (event.personId === viewerId && isFor(event, viewerId)) member = event.kind === 'joined'
            return isFor(event, viewerId) && (event.personId === viewerId || sight.sees(event.personId, event.audience))
          case 'message':
          case 'withdrawn':
            return member && isFor(event, viewerId) && sight.sees(event.personId, 'EVERYONE')
          case 'typing':
            return member && event.personId !== viewerId && sight.sees(event.personId, event.audience)
          case 'changed':
          case 'erased':
            return true
          case 'empty':
            return false
          case 'ended':
            return 'last'
          case 'hidden':
            if (event.removed || (hostId !== '' && hostId !== viewerId)) lost.abort()
            isHidden = true
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
        const [[activity], [seated]] = await Promise.all([load(viewerId, [id]), seats(viewerId, [id])])
        if (!activity) throw new NotFoundError()
        if (!after && isOver(activity, clock.now())) throw new ActivityOverError()
        hostId = activity.hostId
        if (isHidden && hostId !== viewerId) lost.abort()
        member = hostId === viewerId || seated === true
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
