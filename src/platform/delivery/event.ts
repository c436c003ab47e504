import { encodeCursor, type Position } from '../cursor.ts'

export type ResyncReason = 'EPOCH_CHANGED' | 'WINDOW_EXCEEDED'

/** What a subscriber gets: first where it stands, then every event, and a resync wherever events were lost to it. */
export type Delivery<Payload> =
  | { kind: 'ready'; cursor: string }
  | { kind: 'event'; cursor: string; payload: Payload }
  | { kind: 'resync'; cursor: string; reason: ResyncReason }

/**
 * An event on its way through this process. Every subscriber of the stream is handed this same object, so that what is made
 * of it, its cursor here and its bytes further up, is made once.
 */
export class LiveEvent {
  /** The event's own position; of a passing event the one that its stream has reached. */
  readonly position: Position
  readonly payload: unknown
  /** True for a moment only: it has no place in the log, and whoever is busy may miss it. */
  readonly passing: boolean
  readonly #base: string
  #bytes: number | undefined
  #delivery: Extract<Delivery<unknown>, { kind: 'event' }> | undefined

  constructor(base: string, position: Position, payload: unknown, passing = false) {
    this.#base = base
    this.position = position
    this.payload = payload
    this.passing = passing
  }

  get seq(): number {
    return this.position.seq
  }

  /** Roughly what it holds in memory. */
  get bytes(): number {
    this.#bytes ??= JSON.stringify(this.payload).length * 2 + 64
    return this.#bytes
  }

  get delivery(): Extract<Delivery<unknown>, { kind: 'event' }> {
    this.#delivery ??= { kind: 'event', cursor: encodeCursor(this.#base, this.position), payload: this.payload }
    return this.#delivery
  }
}
