// Invariant: a moderator's screen is told of every case that fits it, and of every one that has just ceased to, in one order.

import type { Audience, Delivery, DeliveryEngine } from '../../platform/delivery/index.ts'
import type { DurableTopic } from '../../platform/delivery/topics.ts'
import { BadUserInputError } from '../../platform/errors.ts'
import { type CaseFilter, filterName, fits, isWithin, mayFit } from './case-filter.ts'
import { type CaseChanged, queueKey } from './events.ts'
import type { Scopes, Staff } from './scopes.ts'

export interface Queue {
  /**
   * What happens to cases that fit a filter, or fitted it until then, live; with a cursor, however old, first what was missed, among which
   * may be cases that do not fit any more. It is complete when the campuses of who asks are others. Refuses cursors of other streams;
   * UNAVAILABLE while Redis does not answer.
   */
  queueEvents(
    staff: Staff,
    filter: CaseFilter,
    after: string | null,
    onSlow: () => void,
  ): Promise<AsyncIterableIterator<Delivery<CaseChanged>>>
}

/** What a stream may be asked for is kept in memory for as long as it lasts. */
const namedAtMost = 100

export function createQueue(deps: {
  delivery: DeliveryEngine
  topic: DurableTopic<CaseChanged>
  scopes: Scopes
}): Queue {
  const { delivery, topic, scopes } = deps
  return {
    async queueEvents(staff, filter, after, onSlow) {
      for (const name of ['campusIds', 'reasons'] as const)
        if ((filter[name]?.length ?? 0) > namedAtMost)
          throw new BadUserInputError(`At most ${namedAtMost} of them.`, name)
      const lost = new AbortController()
      const { scope, stop } = await scopes.watch(staff, () => lost.abort())
      const name = `${scope?.join() ?? 'all'} ${filterName(filter)}`
      const audience: Audience = { current: () => name, onChange: () => undefined }

      function accept({ is, was }: CaseChanged): boolean {
        if (!isWithin(scope, is.campusId)) return false
        if (fits(filter, is)) return true
        return was === undefined ? mayFit(filter, is) : was !== null && fits(filter, was)
      }

      return delivery
        .subscribe(topic, queueKey, { after, accept, audience, until: lost.signal, onSlow, onEnded: stop })
        .catch((error: unknown) => {
          stop()
          throw error
        })
    },
  }
}
