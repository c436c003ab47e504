import type { WrittenKind } from '../gate/index.ts'

/** What can be reported, judged and acted on. Moderation knows it by name only. */
export type SubjectKind = WrittenKind

export interface SubjectName {
  kind: SubjectKind
  /** As its module knows it: a uuid, or `<uuid>:<seq>` of a message. */
  id: string
}

export type ContentState = 'VISIBLE' | 'HIDDEN' | 'REMOVED'

export interface SubjectFacts {
  /** The person that answers for it: an account, or a device for what passes by. Null once they are erased. */
  ownerId: string | null
  campusId: string | null
  /** What it says, for staff. */
  text: string
  /** Whether somebody who is not in it could see it: what is not public is read by staff only with a word in the audit log. */
  isPublic: boolean
  createdAt: Date
  state: ContentState
}

/** Whoever looks: everything that one viewer is. */
export interface Beholder {
  deviceId: string | null
  accountId: string | null
}

/** A kind of subject, as the module that owns it offers it. */
export interface SubjectSource {
  /** What there is of it now, whatever its state; null for what is not there any more. For staff and jobs. */
  facts(id: string): Promise<SubjectFacts | null>
  /** The same, as far as this beholder may see it: null for what is not there, or not for them. */
  seenBy(beholder: Beholder, id: string): Promise<SubjectFacts | null>
  /**
   * Shows it to everybody who may see it, to its author only, or to nobody; `by` is the decision that it follows from. Holds on every path
   * within a second, running subscriptions included. False if it is gone. Repeating it is safe.
   */
  setState(id: string, state: ContentState, by: string): Promise<boolean>
  /** Shows whatever of this person is hidden by this decision or restriction. Repeating it is safe. Answers how much. */
  reveal(ownerId: string, by: string): Promise<number>
}

export type SubjectSources = Record<SubjectKind, SubjectSource>
