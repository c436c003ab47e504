/** What one subscriber may have waiting: whichever of the two is reached first. */
export const queueLimits = { events: 256, bytes: 1024 * 1024 }

export interface LiveEvent {
  seq: number
  payload: unknown
  /** Roughly what it holds in memory. */
  bytes: number
}

/** Events waiting for one subscriber. Bounded: `push` answers false, and takes nothing, once the subscriber is too far behind. */
export interface BoundedQueue {
  push(event: LiveEvent): boolean
  shift(): LiveEvent | undefined
  clear(): void
}

export function createBoundedQueue(limits = queueLimits): BoundedQueue {
  let waiting: LiveEvent[] = []
  let bytes = 0
  return {
    push(event) {
      if (waiting.length >= limits.events || bytes + event.bytes > limits.bytes) return false
      waiting.push(event)
      bytes += event.bytes
      return true
    },
    shift() {
      const event = waiting.shift()
      if (event) bytes -= event.bytes
      return event
    },
    clear() {
      waiting = []
      bytes = 0
    },
  }
}
