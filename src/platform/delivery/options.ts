import type { LiveEvent } from './event.ts'

export interface SubscribeOptions<Payload> {
  /** The cursor to resume from; without it the stream starts now. */
  after?: string | null | undefined
  /** A cursor from before this seq resumes here: what lies before is not the subscriber's. For durable topics. */
  notBefore?: number
  /** Which of these replayed payloads the subscriber may still see; asked once a page. */
  keep?: (payloads: Payload[]) => Promise<boolean[]>
  /**
   * Which payloads are for this subscriber at all; the others pass it by, live and replayed. Asked for each subscriber and
   * event, just before it is handed on. `last`: this one is, and nothing after it; the stream is complete.
   */
  accept?: (payload: Payload) => boolean | 'last'
  /** With whom it shares what is made of an event. Without it, with all who follow the stream and select the same. */
  audience?: Audience
  /** Completes the stream at once when it is aborted, whatever still waits: the subscriber has lost the right to it. */
  until?: AbortSignal
  /** Called once when the subscriber fell too far behind, so that its connection can be cut: nobody may be reading it. */
  onSlow?: () => void
  /** Called once when the stream is over, however it ended: the place to let go of what `accept` and `until` need. */
  onEnded?: () => void
}

/** Those who are shown the same of every event of a stream. */
export interface Audience {
  /** Names it; null: nobody else is shown the same, and events are executed for this viewer. Asked without waiting. */
  current(): string | null
  /** Calls the listener whenever it may be another one. */
  onChange(listener: () => void): void
}

/** Takes the live events of a subscription as they come, in the place of an iteration. */
export interface Receiver {
  /** `last`: the stream is complete with it, and the receiver returns the subscription. */
  take(event: LiveEvent, last: boolean): void
  /** It is on its own again: what there is must be taken by `take` before it may join anew. */
  fallBack(): void
  /** The stream is over: complete, or broken by an error. */
  end(error?: unknown): void
}
