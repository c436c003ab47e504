import { DomainError } from '../../platform/errors.ts'

/** What the row says. */
export type EventStatus = 'DRAFT' | 'PUBLISHED' | 'CANCELLED' | 'ARCHIVED'
/** What it means at a moment. */
export type EventState = EventStatus | 'LIVE' | 'ENDED'
export type Transition = 'update' | 'publish' | 'cancel' | 'archive'

/** What was asked for cannot be done to an event in its state. */
export class EventStateError extends DomainError {
  readonly state: EventState
  constructor(state: EventState, message: string) {
    super('CONFLICT', message, { state })
    this.state = state
  }
}

export interface EventFacts {
  status: EventStatus
  startsAt: Date
  endsAt: Date
}

/** Where an event is in its life. A published one goes live and ends by the clock alone; a draft never begins. */
export function stateOf({ status, startsAt, endsAt }: EventFacts, nowMs: number): EventState {
  if (status !== 'PUBLISHED') return status
  if (nowMs >= endsAt.getTime()) return 'ENDED'
  return nowMs >= startsAt.getTime() ? 'LIVE' : 'PUBLISHED'
}

/** `done`: where the transition leads to, so that repeating it changes nothing. */
const transitions: Record<Transition, { from: readonly EventState[]; done: readonly EventState[]; past: string }> = {
  update: { from: ['DRAFT', 'PUBLISHED', 'LIVE'], done: [], past: 'changed' },
  publish: { from: ['DRAFT'], done: ['PUBLISHED', 'LIVE'], past: 'published' },
  cancel: { from: ['DRAFT', 'PUBLISHED', 'LIVE'], done: ['CANCELLED'], past: 'cancelled' },
  archive: { from: ['ENDED'], done: ['ARCHIVED'], past: 'archived' },
}

const words: Record<EventState, string> = {
  DRAFT: 'is a draft',
  PUBLISHED: 'is published',
  LIVE: 'is going on',
  ENDED: 'is over',
  ARCHIVED: 'is over',
  CANCELLED: 'was cancelled',
}

/** Refuses a transition that a state does not allow; otherwise tells whether it is still to be made. */
export function refuse(transition: Transition, state: EventState): 'to-do' | 'done' {
  const { from, done, past } = transitions[transition]
  if (done.includes(state)) return 'done'
  if (from.includes(state)) return 'to-do'
  throw new EventStateError(state, `The event ${words[state]}: it cannot be ${past}.`)
}
