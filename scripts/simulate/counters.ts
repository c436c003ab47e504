import { createMeter } from './meter.ts'

/** Everything that is counted while people walk. */
export type Counters = ReturnType<typeof createCounters>

export function createCounters() {
  const errors = new Map<string, number>()
  const later = createMeter()
  return {
    heartbeats: createMeter(),
    looks: createMeter(),
    entered: createMeter(),
    left: createMeter(),
    started: createMeter(),
    cancelled: createMeter(),
    joins: createMeter(),
    leaves: createMeter(),
    said: createMeter(),
    /** Messages that came to phones. */
    heard: createMeter(),
    /** Answers that are no fault: every seat was taken by somebody faster, or it was over by then. */
    full: createMeter(),
    over: createMeter(),
    /** What has to wait, because the servers limit how often it may be asked. */
    later,
    /** Connections that were lost, and streams that a server could not begin at the time: both came back. */
    lost: createMeter(),
    errors,
    failed(name: string) {
      // A limit like any other: whoever has no socket goes without.
      if (name.endsWith(' TOO_MANY_SOCKETS')) later.count()
      else errors.set(name, (errors.get(name) ?? 0) + 1)
    },
  }
}
