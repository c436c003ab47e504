import { type EventState, type EventStatus, refuse, stateOf, type Transition } from '../../src/modules/places/state.ts'
import { DomainError } from '../../src/platform/errors.ts'

const [startsAt, endsAt] = [new Date(1_000_000), new Date(2_000_000)]

describe('the state of an event follows from its row and the clock', () => {
  const before = 999_999
  const rows: [EventStatus, before: EventState, atStart: EventState, atEnd: EventState][] = [
    ['DRAFT', 'DRAFT', 'DRAFT', 'DRAFT'],
    ['PUBLISHED', 'PUBLISHED', 'LIVE', 'ENDED'],
    ['CANCELLED', 'CANCELLED', 'CANCELLED', 'CANCELLED'],
    ['ARCHIVED', 'ARCHIVED', 'ARCHIVED', 'ARCHIVED'],
  ]
  test.each(rows)('%s: %s, then %s, then %s', (status, ...states) => {
    const times = [before, startsAt.getTime(), endsAt.getTime()]
    expect(times.map((nowMs) => stateOf({ status, startsAt, endsAt }, nowMs))).toEqual(states)
    expect(stateOf({ status: 'PUBLISHED', startsAt, endsAt }, endsAt.getTime() - 1)).toBe('LIVE')
  })
})

describe('what can be done to an event', () => {
  type Outcome = 'to-do' | 'done' | 'CONFLICT'
  const [yes, done, no] = ['to-do', 'done', 'CONFLICT'] as const
  const table: Record<EventState, Record<Transition, Outcome>> = {
    DRAFT: { update: yes, publish: yes, cancel: yes, archive: no },
    PUBLISHED: { update: yes, publish: done, cancel: yes, archive: no },
    LIVE: { update: yes, publish: done, cancel: yes, archive: no },
    ENDED: { update: no, publish: no, cancel: no, archive: yes },
    ARCHIVED: { update: no, publish: no, cancel: no, archive: done },
    CANCELLED: { update: no, publish: no, cancel: done, archive: no },
  }
  const outcome = (transition: Transition, state: EventState) => {
    try {
      return refuse(transition, state)
    } catch (error) {
      return error instanceof DomainError ? error.code : error
    }
  }
  test.each(Object.entries(table))('that is %s: %j', (state, outcomes) => {
    for (const [transition, expected] of Object.entries(outcomes))
      expect([transition, outcome(transition as Transition, state as EventState)]).toEqual([transition, expected])
  })
})
