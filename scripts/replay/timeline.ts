import { setTimeout as pause } from 'node:timers/promises'

/** How the time of the trace and the time of the servers go together. */
export interface Timeline {
  /** What the servers take for now, milliseconds. */
  now(): number
  /** Resolves when it is that time of the trace, seconds. */
  reach(seconds: number, signal: AbortSignal): Promise<void>
  /** Longer ways are gone in hops, so that the phones can extend their sessions meanwhile; seconds of the trace. */
  hopSeconds: number
  /** Whether times on events can be compared with this machine's clock. */
  real: boolean
}

/** Half of a session's life is longer than this. */
const hopSeconds = 30 * 60

/** As fast as it goes: only the order of the trace counts. */
export const atFullSpeed = (): Timeline => ({
  now: Date.now,
  reach: async () => undefined,
  hopSeconds: Number.POSITIVE_INFINITY,
  real: true,
})

/** So many seconds of the trace in one of ours. */
export function paced(factor: number, fromSeconds: number): Timeline {
  let beganMs: number | undefined
  return {
    now: Date.now,
    async reach(seconds, signal) {
      beganMs ??= performance.now()
      const waitMs = beganMs + ((seconds - fromSeconds) * 1000) / factor - performance.now()
      if (waitMs > 0) await pause(waitMs, undefined, { signal })
    },
    hopSeconds: hopSeconds * factor,
    real: true,
  }
}

/** The servers' clock stands still and is put to the time of the trace, so that cooldowns are those of the trace. */
export function driven(fromSeconds: number, setClock: (ms: number) => unknown, beganMs: number): Timeline {
  let nowMs = beganMs
  return {
    now: () => nowMs,
    async reach(seconds) {
      const ms = beganMs + Math.round((seconds - fromSeconds) * 1000)
      if (ms === nowMs) return
      nowMs = ms
      await setClock(ms)
    },
    hopSeconds,
    real: false,
  }
}
