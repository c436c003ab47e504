/** Where "now" comes from, in milliseconds since 1970 UTC. Tests move it; nothing else may read the time of day. */
export interface Clock {
  now(): number
}

export const systemClock: Clock = { now: () => Date.now() }
