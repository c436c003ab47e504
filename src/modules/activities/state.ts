export type ActivityState = 'SCHEDULED' | 'LIVE' | 'ENDED' | 'CANCELLED'

export interface Times {
  startsAtMs: number
  endsAtMs: number
  cancelledAtMs: number | null
}

/** Where an activity is in its life. It begins at its start and is over at its end; once cancelled it stays so. */
export function stateOf({ startsAtMs, endsAtMs, cancelledAtMs }: Times, nowMs: number): ActivityState {
  if (cancelledAtMs !== null) return 'CANCELLED'
  if (nowMs >= endsAtMs) return 'ENDED'
  return nowMs >= startsAtMs ? 'LIVE' : 'SCHEDULED'
}

export const isOver = (times: Times, nowMs: number) => ['ENDED', 'CANCELLED'].includes(stateOf(times, nowMs))
