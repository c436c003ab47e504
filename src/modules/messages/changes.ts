// Invariant: a change tells an onlooker what there is now, and nothing but its position of what is hidden from them.
import type { ChangeStore, Entry, Stretch } from './change-store.ts'
import type {
  ConversationRole,
  EditedData,
  ErasedData,
  MemberChangeKind,
  MemberData,
  ReactionData,
  RenamedData,
  StateData,
} from './entries.ts'
import type { Message } from './message-store.ts'
import type { ReadingStore } from './reading-store.ts'
import { type MessagePlace, messageId } from './rules.ts'
import { isShown, isTaken, type Onlooker, type Sight, sightOfAudience } from './sight.ts'

interface Common {
  conversationId: string
  seq: number
  at: Date
}

/** One entry of a conversation as an onlooker is told of it. Whoever did it is null where they are erased, or hidden from them. */
export type Change = Common &
  (
    | { kind: 'created'; byId: string | null }
    | { kind: 'sent'; message: Message }
    | { kind: 'edited'; message: Message }
    | { kind: 'deleted'; message: Message }
    | { kind: 'reaction'; message: Message; accountId: string | null; emoji: string; present: boolean }
    | { kind: 'read'; accountId: string | null; upToSeq: number }
    | { kind: 'delivered'; accountId: string | null; upToSeq: number }
    | {
        kind: 'member'
        accountId: string | null
        byId: string | null
        change: MemberChangeKind
        role: ConversationRole
      }
    | { kind: 'renamed'; name: string; byId: string | null }
    | { kind: 'erased'; ranges: ErasedData['ranges'] }
    | { kind: 'hidden'; messageId: string; messageSeq: number }
    | { kind: 'shown'; message: Message }
    | { kind: 'withheld' }
  )

export interface Changes {
  /** The changes at these places, two statements at most; null where there is none. Whoever may not see one is told its position only. */
  changesAt(onlooker: Onlooker, places: readonly MessagePlace[]): Promise<(Change | null)[]>
  /** Every change of these stretches, in order, two statements at most. What each conversation's sight leaves out is withheld. */
  changesWithin(stretches: readonly Stretch[], sights: ReadonlyMap<string, Sight>): Promise<Change[]>
}

const nobody: ReadonlySet<string> = new Set()

export function createChanges(deps: {
  store: ChangeStore
  readings: Pick<ReadingStore, 'byPlaces'>
  hiddenFrom(accountId: string): Promise<ReadonlySet<string>>
}): Changes {
  const { store, readings, hiddenFrom } = deps

  /** What an entry is about, for all of these at once: most are their own message. */
  async function messagesAbout(entries: readonly Entry[]): Promise<(entry: Entry) => Message | undefined> {
    const known = new Map<string, Message>()
    for (const entry of entries) if (entry.kind === 'MESSAGE') known.set(entry.id, entry)
    const missing = new Map<string, MessagePlace>()
    for (const entry of entries) {
      const place = aboutMessage(entry)
      if (place && !known.has(messageId(place))) missing.set(messageId(place), place)
    }
    if (missing.size > 0)
      for (const message of await readings.byPlaces([...missing.values()])) known.set(message.id, message)
    return (entry) => {
      const place = aboutMessage(entry)
      return place && known.get(messageId(place))
    }
  }

  return {
    async changesAt(onlooker, places) {
      const accountId = 'accountId' in onlooker ? onlooker.accountId : null
      const [entries, hidden] = await Promise.all([
        store.entries(accountId, places),
        accountId === null ? nobody : hiddenFrom(accountId),
      ])
      const messageOf = await messagesAbout(entries)
      const found = new Map(
        entries.map(({ firstSeq, lastSeq, ...entry }) => {
          const own = { accountId, firstSeq: firstSeq ?? Number.POSITIVE_INFINITY, lastSeq, hidden }
          const sight = 'audience' in onlooker ? sightOfAudience(onlooker.audience) : own
          return [messageId(entry), changeOf(entry, messageOf(entry), sight)]
        }),
      )
      return places.map((place) => found.get(messageId(place)) ?? null)
    },

    async changesWithin(stretches, sights) {
      if (stretches.length === 0) return []
      const entries = await store.entriesIn(stretches)
      const messageOf = await messagesAbout(entries)
      return entries.flatMap((entry) => {
        const sight = sights.get(entry.conversationId)
        return sight ? [changeOf(entry, messageOf(entry), sight)] : []
      })
    },
  }
}

const aboutMessages: ReadonlySet<Entry['kind']> = new Set(['EDITED', 'DELETED', 'REACTION', 'HIDDEN', 'SHOWN'])

/** The message that an entry is, or is about. */
function aboutMessage({ kind, conversationId, seq, targetSeq }: Entry): MessagePlace | undefined {
  if (kind === 'MESSAGE') return { conversationId, seq }
  return aboutMessages.has(kind) && targetSeq !== null ? { conversationId, seq: targetSeq } : undefined
}

/** Whom an edit took its message from as well, or a later decision. */
function stateChangeOf({ kind, data }: Entry): StateData | null {
  if (kind === 'HIDDEN' || kind === 'SHOWN') return data as StateData | null
  return kind === 'EDITED' && (data as EditedData | null)?.hides ? { from: 'VISIBLE', to: 'HIDDEN' } : null
}

function changeOf(entry: Entry, message: Message | undefined, sight: Sight): Change {
  const { conversationId, seq, at, kind, actorId, targetSeq, data, state } = entry
  const common = { conversationId, seq, at }
  const withheld = { ...common, kind: 'withheld' } as const
  const member = kind === 'MEMBER' ? (data as MemberData) : null
  const change = stateChangeOf(entry)
  if (!isShown(sight, { seq, kind, actorId, state, message: message ?? null, member, change })) {
    const isEdit = kind === 'EDITED' && message && change
    return isEdit && isTaken(sight, message, change) ? hiddenOf(common, message) : withheld
  }
  const byId = actorId !== null && sight.hidden.has(actorId) ? null : actorId
  switch (kind) {
    case 'CREATED':
      return { ...common, kind: 'created', byId }
    case 'MESSAGE':
      return message ? { ...common, kind: 'sent', message } : withheld
    case 'EDITED':
      return message ? { ...common, kind: 'edited', message } : withheld
    case 'DELETED':
      return message ? { ...common, kind: 'deleted', message } : withheld
    case 'REACTION':
      // Of somebody erased since: nothing of it is left.
      return message && data
        ? { ...common, kind: 'reaction', message, accountId: actorId, ...(data as ReactionData) }
        : withheld
    case 'READ':
      return { ...common, kind: 'read', accountId: actorId, upToSeq: targetSeq ?? 0 }
    case 'DELIVERED':
      return { ...common, kind: 'delivered', accountId: actorId, upToSeq: targetSeq ?? 0 }
    case 'MEMBER':
      return { ...common, kind: 'member', byId, ...(data as MemberData) }
    case 'RENAMED':
      return { ...common, kind: 'renamed', byId, name: (data as RenamedData).name }
    case 'ERASED':
      return { ...common, kind: 'erased', ...(data as ErasedData) }
    case 'HIDDEN':
      return message ? hiddenOf(common, message) : withheld
    case 'SHOWN':
      if (!change) return { ...common, kind: 'created', byId }
      return message ? { ...common, kind: 'shown', message } : withheld
  }
}

const hiddenOf = (common: Common, { id, seq }: Message): Change => ({
  ...{ ...common, kind: 'hidden', messageId: id, messageSeq: seq },
})

/** Everybody whom a change itself names: not those of its message's reactions, nor of what that answers. */
export function namedIn(change: Change): (string | null)[] {
  switch (change.kind) {
    case 'created':
    case 'renamed':
      return [change.byId]
    case 'sent':
    case 'edited':
    case 'deleted':
    case 'shown':
      return [change.message.senderId]
    case 'reaction':
      return [change.message.senderId, change.accountId]
    case 'member':
      return [change.accountId, change.byId]
    case 'read':
    case 'delivered':
      return [change.accountId]
    case 'erased':
    case 'hidden':
    case 'withheld':
      return []
  }
}

/** The message that a change is about. */
export const messageIn = (change: Change): Message | undefined => ('message' in change ? change.message : undefined)
