import type { Counters } from './counters.ts'
import { fenceDocument } from './documents.ts'
import type { Ledger } from './ledger.ts'
import type { PhoneSocket, Subscription } from './socket.ts'

interface FenceEvent {
  __typename: string
  cursor?: string
}

/** Follows who and what comes near somebody, and sees to it that nobody comes twice or leaves without having come. */
export function followFence(deps: {
  socket: PhoneSocket
  counters: Counters
  ledger: Ledger
  onActivity(activityId: string): void
}): Subscription {
  const { socket, counters } = deps
  return socket.follow<FenceEvent>(
    fenceDocument,
    {},
    {
      event() {},
      ended(code) {
        if (code) counters.failed(`nearbyChanged ${code}`)
      },
    },
  )
}
