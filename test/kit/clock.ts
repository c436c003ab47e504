import type { Clock } from '../../src/platform/clock.ts'

/** A clock that runs with the real one and can be moved ahead. */
export function createMovableClock() {
  let aheadMs = 0
  const clock: Clock & { advance(ms: number): void; set(ms: number): void } = {
    now: () => Date.now() + aheadMs,
    advance(ms) {
      aheadMs += ms
    },
    set(ms) {
      aheadMs = ms - Date.now()
    },
  }
  return clock
}

export type MovableClock = ReturnType<typeof createMovableClock>
