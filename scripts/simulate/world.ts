import type { Position } from '../../src/platform/geo/index.ts'

/** What is going on in the city, as those who do it know. */
export interface World {
  /** Until everybody is there, people only say where they are. */
  open(): void
  isOpen(): boolean
  begin(activityId: string, at: Position, endsAtMs: number): void
  end(activityId: string): void
  /** Where activities are live. */
  live(): Position[]
}

export function createWorld(now: () => number): World {
  const activities = new Map<string, { at: Position; endsAtMs: number }>()
  let isOpen = false
  return {
    open() {
      isOpen = true
    },
    isOpen: () => isOpen,
    begin: (activityId, at, endsAtMs) => void activities.set(activityId, { at, endsAtMs }),
    end: (activityId) => void activities.delete(activityId),
    live() {
      for (const [id, { endsAtMs }] of activities) if (endsAtMs <= now()) activities.delete(id)
      return [...activities.values()].map(({ at }) => at)
    },
  }
}
