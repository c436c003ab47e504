import type { Counters } from './counters.ts'
import { fenceDocument } from './documents.ts'
import type { Ledger } from './ledger.ts'
import type { PhoneSocket, Subscription } from './socket.ts'

type FenceEvent =
  | { __typename: 'Ready' | 'ResyncRequired'; cursor: string }
  | { __typename: 'NearbyChanged'; cursor: string; changes: Change[] }

interface Change {
  change: 'ENTERED' | 'STAYED' | 'LEFT'
  personId: string | null
  activityId: string | null
}

/** Follows who and what comes near somebody, and sees to it that nobody comes twice or goes twice. */
export function followFence(deps: {
  person: number
  socket: PhoneSocket
  counters: Counters
  ledger: Ledger
  onActivity(activityId: string): void
}): Subscription {
  const { person, socket, counters, ledger, onActivity } = deps
  /** What was last told of each. What was inside from the beginning may go without having come. */
  const last = new Map<string, Change['change']>()

  function take({ change, personId, activityId }: Change) {
    const id = personId ?? activityId ?? ''
    if (last.get(id) === change) ledger.fenceFaults.push(`To person ${person}, ${id} ${change} twice in a row.`)
    last.set(id, change)
    counters[change === 'ENTERED' ? 'entered' : 'left'].count()
    if (change === 'ENTERED' && activityId) onActivity(activityId)
  }

  return socket.follow<FenceEvent>(
    fenceDocument,
    {},
    {
      event(event) {
        if (event.__typename === 'ResyncRequired') last.clear()
        else if (event.__typename === 'NearbyChanged') for (const change of event.changes) take(change)
      },
      ended(code) {
        counters.failed(`nearbyChanged ${code ?? 'ENDED'}`)
      },
    },
  )
}
