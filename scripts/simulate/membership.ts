import type { Counters } from './counters.ts'
import { eventsDocument } from './documents.ts'
import type { Heard, Ledger, Seat } from './ledger.ts'
import type { PhoneSocket } from './socket.ts'

type ActivityEvent =
  | { __typename: 'Ready' | 'ActivityChanged' | 'ActivityEnded' | 'ResyncRequired'; cursor: string }
  | { __typename: 'ActivityJoined' | 'ActivityLeft'; cursor: string; joinCount: number }
  | { __typename: 'ActivityMessageSent'; cursor: string; message: { id: string; seq: number } }

/** Somebody's part in an activity: a seat, unless it is their own, and the stream of what happens there. */
export interface Membership {
  activityId: string
  hosting: boolean
  /** Whether the stream stands, so that all that is said from now on comes. */
  listens(): boolean
  /** From now on nothing more is due. */
  end(): void
}

const never = Number.POSITIVE_INFINITY
/** Refusals of a stream whose activity has ended meanwhile. */
const overCodes = new Set(['NOT_FOUND', 'CONFLICT'])

export function createMembership(deps: {
  activityId: string
  person: number
  hosting: boolean
  socket: PhoneSocket
  counters: Counters
  ledger: Ledger
  /** The activity is over, or hidden from this person. */
  onOver(): void
}): Membership {
  const { activityId, person, hosting, socket, counters, ledger, onOver } = deps
  let heard: Heard | undefined
  let seat: Seat | undefined
  if (!hosting) {
    seat = { activityId, person, fromMs: performance.now(), untilMs: never }
    ledger.seats.push(seat)
  }

  function hear() {
    heard = { activityId, person, readyMs: performance.now(), untilMs: never, messages: [] }
    ledger.heard.push(heard)
  }
  function finish() {
    const nowMs = performance.now()
    for (const each of [heard, seat]) if (each) each.untilMs = Math.min(each.untilMs, nowMs)
  }

  const stream = socket.follow<ActivityEvent>(
    eventsDocument,
    { id: activityId },
    {
      event(event) {
        switch (event.__typename) {
          case 'Ready':
            if (!heard) hear()
            break
          case 'ResyncRequired':
            // What was lost is said to be lost: only what comes from now on is due.
            if (heard) heard.untilMs = heard.readyMs
            hear()
            break
          case 'ActivityJoined':
          case 'ActivityLeft':
            tell(ledger, activityId, event.joinCount)
            break
          case 'ActivityMessageSent':
            counters.heard.count()
            heard?.messages.push({ messageId: event.message.id, seq: event.message.seq })
            break
        }
      },
      ended(code) {
        if (code && overCodes.has(code)) counters.over.count()
        else if (code) counters.failed(`activityEvents ${code}`)
        finish()
        onOver()
      },
    },
  )

  return {
    ...{ activityId, hosting },
    listens: () => heard !== undefined,
    end() {
      finish()
      stream.stop()
    },
  }
}

/** Somebody was told of so many joins. */
export function tell(ledger: Ledger, activityId: string, joins: number) {
  ledger.told.set(activityId, Math.max(joins, ledger.told.get(activityId) ?? 0))
}
