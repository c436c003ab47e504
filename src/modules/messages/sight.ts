import type { EntryKind, MemberData } from './entries.ts'

/** On whose behalf a conversation is looked at: one account, or several who see from the same position on and hide nobody in it. */
export type Onlooker = { accountId: string } | { audience: string }

/** What somebody may see of one conversation: these positions, both included, and nothing of these people. */
export interface Sight {
  firstSeq: number
  /** The position with which they left; null while they are in it. */
  lastSeq: number | null
  /** Everybody whom a block keeps from them. */
  hidden: ReadonlySet<string>
}

const nobody: ReadonlySet<string> = new Set()

/** The name of those who see a conversation as this one does; null if nobody else can be trusted to. */
export function audienceOf({ firstSeq, hidden }: Sight): string | null {
  return hidden.size === 0 ? String(firstSeq) : null
}

/** The sight that an audience has in common. */
export const sightOfAudience = (audience: string): Sight => ({
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
  /** Of an entry about a message: that message. Null if it is not there. */
  message: { seq: number; senderId: string | null } | null
  /** Of a MEMBER entry. */
  member: MemberData | null
}

/**
 * The one rule of whether an entry says more than its position. What changes the conversation for everybody, such as its name, is
 * shown without whoever did it.
 */
export function isShown(sight: Sight, { seq, kind, actorId, message, member }: Seen): boolean {
  if (!inSight(sight, seq)) return false
  const hides = (accountId: string | null | undefined) => accountId != null && sight.hidden.has(accountId)
  switch (kind) {
    case 'MESSAGE':
      return !hides(actorId)
    case 'REACTION':
      return message !== null && inSight(sight, message.seq) && !hides(message.senderId) && !hides(actorId)
    case 'EDITED':
    case 'DELETED':
      return message !== null && inSight(sight, message.seq) && !hides(message.senderId)
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
