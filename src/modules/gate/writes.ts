import type { Surface } from '../policies/index.ts'

export type { Surface }

/** Something that somebody wants to write. */
export interface Write {
  surface: Surface
  /** Who writes: an account, or a device for what passes by; or the account that it is part of the making of, which is not challenged. */
  personId: string
  /** Names the attempt, for this person and surface: the client id. A repeated one counts once. */
  attempt: string
  /** Everything in it that people will read, in an order of the writer's own. */
  texts: readonly string[]
}

/** What may be written. */
export interface Passed {
  /** The texts to keep, in the same order: links may have been taken out. */
  texts: readonly string[]
  /**
   * Set: nobody but the writer may see it, now or later, and the writer must not be able to tell. Keep it with what is written, as
   * `content_state` HIDDEN and `hidden_by`: whatever undoes this decision or restriction shows it again.
   */
  hiddenBy: string | null
  /**
   * To be called once it is committed, with what it has become: what the gate noticed goes on from there (a case, a closer look at its
   * links). Returns at once and never fails. Repeating it is safe.
   */
  written(subject: { kind: WrittenKind; id: string }): void
}

/** What a write can become. */
export type WrittenKind = 'MESSAGE' | 'ACTIVITY' | 'ACTIVITY_MESSAGE' | 'ACCOUNT' | 'DEVICE' | 'VENUE' | 'EVENT'

export interface Gate {
  /**
   * To be asked before anything is written, once per write. Refuses with RestrictedError (a restriction, a limit: with an exact
   * `retryAfterMs`), ChallengeRequiredError or ContentRejectedError. At most one round trip to Redis; without Redis the ledger in
   * Postgres decides. Repeating it with the same attempt counts once.
   */
  ask(write: Write): Promise<Passed>
}
