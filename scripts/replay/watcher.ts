import type { Expectation, Interests } from './oracle.ts'
import type { Contact } from './trace.ts'

/** Is told what happens while it happens. */
export interface Watcher {
  arrived?(phones: number, of: number): void
  begun?(interests: Interests, expectation: Expectation): void
  /** A moment of the trace has been sent: so large a share of its contacts by now. */
  moved?(share: number, sightings: number, nudges: number): void
  met?(contact: Contact): void
  nudged?(person: string, matchId: string, sharedInterests: string[], latencyMs: number): void
  cut?(person: string): void
  back?(person: string): void
  /** Everything has been sent; so many nudges have come. */
  settling?(nudges: number, of: number): void
}
