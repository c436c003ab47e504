import type { LiveEvent } from './event.ts'

/** What one subscriber may have waiting: whichever of the two is reached first. */
export const queueLimits = { events: 256, bytes: 1024 * 1024 }

/** Events waiting for one subscriber. Bounded: `push` answers false, and takes nothing, once the subscriber is too far behind. */
export class BoundedQueue {
  #waiting: LiveEvent[] = []
  #bytes = 0

  get size(): number {
    return this.#waiting.length
  }

  get isHalfFull(): boolean {
    return this.#waiting.length > queueLimits.events / 2 || this.#bytes > queueLimits.bytes / 2
  }

  push(event: LiveEvent): boolean {
    if (this.#waiting.length >= queueLimits.events || this.#bytes + event.bytes > queueLimits.bytes) return false
    this.#waiting.push(event)
    this.#bytes += event.bytes
    return true
  }

  shift(): LiveEvent | undefined {
    const event = this.#waiting.shift()
    if (event) this.#bytes -= event.bytes
    return event
  }

  clear(): void {
    this.#waiting = []
    this.#bytes = 0
  }
}
