import type { ChangeFieldsFragment, SyncChangeFragment } from '../../generated/graphql.ts'
import type {
  Change,
  ConversationKind,
  ConversationRole,
  MemberChangeKind,
  MemberRecord,
  MessageRecord,
  ProfileRecord,
} from './records.ts'

export const profileOf = ({ id, username, displayName }: ProfileRecord): ProfileRecord => ({
  id,
  username,
  displayName,
})

interface AnswerMessage extends Omit<MessageRecord, 'senderId' | 'replyToId'> {
  sender: { id: string } | null
  replyTo: { id: string } | null
}

export function messageOf({ sender, replyTo, ...message }: AnswerMessage): MessageRecord {
  const { id, conversationId, seq, clientId, body, sentAt, editedAt, deletedAt, reactions } = message
  const [senderId, replyToId] = [sender?.id ?? null, replyTo?.id ?? null]
  const shown = reactions.map(({ emoji, profileIds }) => ({ emoji, profileIds }))
  return { id, conversationId, seq, clientId, senderId, body, replyToId, sentAt, editedAt, deletedAt, reactions: shown }
}

interface AnswerMember extends Omit<MemberRecord, 'profileId' | 'role'> {
  profile: { id: string }
  role: string
}

/** A role of a later server counts as the least. */
const roleOf = (role: string): ConversationRole => (role === 'OWNER' || role === 'ADMIN' ? role : 'MEMBER')

/** A kind of a later server counts as a group: it shows who said what. */
export const kindOf = (kind: string): ConversationKind => (kind === 'DIRECT' ? 'DIRECT' : 'GROUP')

export const memberOf = ({
  profile,
  role,
  joinedAt,
  joinedSeq,
  readSeq,
  deliveredSeq,
}: AnswerMember): MemberRecord => ({
  ...{ profileId: profile.id, role: roleOf(role), joinedAt, joinedSeq, readSeq, deliveredSeq },
})

/** A kind of change of a later server only keeps its position. */
export function changeOf(given: SyncChangeFragment | ChangeFieldsFragment): Change {
  const { conversationId, seq, at } = given
  const common = { conversationId, seq, at }
  switch (given.__typename) {
    case 'ConversationCreated':
      return { ...common, kind: 'created' }
    case 'MessageSent':
      return { ...common, kind: 'sent', message: messageOf(given.message) }
    case 'MessageEdited':
      return { ...common, kind: 'edited', message: messageOf(given.message) }
    case 'MessageDeleted':
      return { ...common, kind: 'deleted', message: messageOf(given.message) }
    case 'ReactionChanged':
      return { ...common, kind: 'reaction', message: messageOf(given.message) }
    case 'MessagesRead':
      return { ...common, kind: 'read', profileId: given.profile?.id ?? null, upToSeq: given.upToSeq }
    case 'MessagesDelivered':
      return { ...common, kind: 'delivered', profileId: given.profile?.id ?? null, upToSeq: given.upToSeq }
    case 'MemberChanged': {
      const change = given.change as MemberChangeKind
      return { ...common, kind: 'member', profileId: given.profile?.id ?? null, change, role: roleOf(given.role) }
    }
    case 'ConversationRenamed':
      return { ...common, kind: 'renamed', name: given.name }
    case 'MessagesErased':
      return { ...common, kind: 'erased', ranges: given.ranges.map(({ from, to }) => ({ from, to })) }
    case 'MessageHidden':
      return { ...common, kind: 'hidden', messageSeq: given.messageSeq }
    case 'MessageShown':
      return { ...common, kind: 'shown', message: messageOf(given.message) }
    default:
      return { ...common, kind: 'withheld' }
  }
}

/** Everybody whose name is anywhere in an answer. */
export function profilesIn(answer: unknown): ProfileRecord[] {
  if (typeof answer !== 'object' || answer === null) return []
  if ('username' in answer && 'displayName' in answer) return [profileOf(answer as ProfileRecord)]
  return Object.values(answer).flatMap(profilesIn)
}
