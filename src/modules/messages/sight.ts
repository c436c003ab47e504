import type { EntryKind, EntryState, MemberData, StateData } from './entries.ts'

/** On whose behalf a conversation is looked at: one account, or several who see from the same position on and hide nobody in it. */
export type Onlooker = { accountId: string } | { audience: string }

/** What somebody may see of one conversation: these positions, both included, and nothing of these people. */
export interface Sight {
  /** Who looks: they see what is hidden from everybody else, if it is their own. Null: several, none of whom has anything hidden. */
  accountId: string | null
  firstSeq: number
  /** The position with which they left; null while they are in it. */
  lastSeq: number | null
  /** Everybody whom a block keeps from them. */
  hidden: ReadonlySet<string>
}

const nobody: ReadonlySet<string> = new Set()

/** The name of those who see a conversation as this one does; null if nobody else can be trusted to. */
export function audienceOf({ firstSeq, hidden }: Pick<Sight, 'firstSeq' | 'hidden'>): string | null {
  return hidden.size === 0 ? String(firstSeq) : null
}

/** The sight that an audience has in common. */
export const sightOfAudience = (audience: string): Sight => ({
  accountId: null,
  firstSeq: Number(audience),
  lastSeq: null,
  hidden: nobody,
})

export const inSight = ({ firstSeq, lastSeq }: Sight, seq: number): boolean =>
  seq >= firstSeq && (lastSeq === null || seq <= lastSeq)

/** An entry as far as it decides who is shown it. */
export interface Seen {
  seq: number
  kind: EntryKind
  actorId: string | null
  state: EntryState
  /** Of an entry about a message: that message. Null if it is not there. */
  message: SeenMessage | null
  /** Of a MEMBER entry. */
  member: MemberData | null
  /** Of HIDDEN and SHOWN entries about a message. */
  change: StateData | null
}

export interface SeenMessage {
  seq: number
  senderId: string | null
  state: EntryState
}

/** Whether something is shown to somebody, by who did it: the one rule, whose twin in SQL is `ownSql`. */
const isFor = ({ accountId }: Sight, state: EntryState, actorId: string | null): boolean =>
  state === 'VISIBLE' || (state === 'HIDDEN' && actorId !== null && actorId === accountId)

/** Of an entry: that it is shown to the account that a parameter holds. */
export const ownSql = (viewer: string, entry = 'e') =>
  `(${entry}.content_state = 'VISIBLE' or ${entry}.content_state = 'HIDDEN' and ${entry}.actor_id = ${viewer})`

/** Whether a message is there for somebody. */
export const isMessageShown = (sight: Sight, { seq, senderId, state }: SeenMessage): boolean =>
  inSight(sight, seq) && isFor(sight, state, senderId) && !(senderId !== null && sight.hidden.has(senderId))

/** Whether somebody may be told that a message was taken from them, or given back: its author never knew that others did not see it. */
function isToldOf(sight: Sight, { senderId }: SeenMessage, { from, to }: StateData): boolean {
  return isFor(sight, from, senderId) !== isFor(sight, to, senderId)
}

/**
 * The one rule of whether an entry says more than its position. What changes the conversation for everybody, such as its name, is
 * shown without whoever did it.
 */
export function isShown(sight: Sight, { seq, kind, actorId, state, message, member, change }: Seen): boolean {
  if (!inSight(sight, seq) || !isFor(sight, state, actorId)) return false
  const hides = (accountId: string | null | undefined) => accountId != null && sight.hidden.has(accountId)
  switch (kind) {
    case 'MESSAGE':
      return !hides(actorId)
    case 'REACTION':
      return message !== null && isMessageShown(sight, message) && !hides(actorId)
    case 'EDITED':
    case 'DELETED':
      return message !== null && isMessageShown(sight, message)
    case 'HIDDEN':
      return message !== null && change !== null && isTaken(sight, message, change)
    case 'SHOWN':
      // Of a whole conversation: who began it never missed it.
      if (change === null) return actorId !== sight.accountId
      return message !== null && isMessageShown(sight, message) && isToldOf(sight, message, change)
    case 'READ':
    case 'DELIVERED':
      return !hides(actorId)
    case 'MEMBER':
      return !hides(member?.accountId)
    case 'CREATED':
    case 'RENAMED':
    case 'ERASED':
      return true
  }
}

/** Whether a message may have been there for somebody, and was taken from them. */
export const isTaken = (sight: Sight, message: SeenMessage, change: StateData): boolean =>
  inSight(sight, message.seq) &&
  !(message.senderId !== null && sight.hidden.has(message.senderId)) &&
  isFor(sight, change.from, message.senderId) &&
  isToldOf(sight, message, change)
