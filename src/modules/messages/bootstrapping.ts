// Invariant: what a bootstrap begins with is from before everything it tells: nothing falls between it and what follows.
import { encodeCursor } from '../../platform/cursor.ts'
import type { DeliveryEngine } from '../../platform/delivery/index.ts'
import { UnavailableError } from '../../platform/errors.ts'
import type { ChangeStore } from './change-store.ts'
import type { Conversation, ConversationStore } from './conversation-store.ts'
import { inboxTopic } from './events.ts'
import { isMemberShown, type MemberStore } from './member-store.ts'
import type { Message } from './message-store.ts'
import type { ReadingStore } from './reading-store.ts'
import { directKey } from './rules.ts'
import type { SyncCursors } from './sync-cursors.ts'
import { checkSize, overlapMs, pageOf, syncLimits } from './sync-rules.ts'
import type { SyncStore } from './sync-store.ts'

export interface Snapshot {
  conversation: Conversation
  /** The oldest first. */
  messages: Message[]
  upToSeq: number
  hasOlder: boolean
}

export interface Bootstrap {
  snapshots: Snapshot[]
  nextPage: string | null
  inboxCursor: string
  since: string
  /** Everybody whom the rest names. */
  accountIds: string[]
}

export interface BootstrapDependencies {
  store: SyncStore
  changeStore: ChangeStore
  conversations: Pick<ConversationStore, 'visible'>
  members: Pick<MemberStore, 'members'>
  readings: Pick<ReadingStore, 'messages'>
  cursors: SyncCursors
  delivery: Pick<DeliveryEngine, 'log'>
  hiddenFrom(accountId: string): Promise<ReadonlySet<string>>
}

export interface BootstrapInput {
  first: number
  after: string | null
  messages: number
}

export function createBootstrapping(
  deps: BootstrapDependencies,
): (accountId: string, asked: BootstrapInput) => Promise<Bootstrap> {
  const { store, changeStore, conversations, members, readings, cursors, delivery, hiddenFrom } = deps

  /** Where an inbox stands. While Redis does not answer, a cursor that asks to resync. */
  async function inboxCursorOf(accountId: string): Promise<string> {
    const base = delivery.log.base(inboxTopic, accountId)
    try {
      const [position] = await delivery.log.positions([{ topic: inboxTopic, key: accountId }])
      if (position) return encodeCursor(base, position)
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error
    }
    return encodeCursor(base, { epoch: '0'.repeat(16), seq: 0 })
  }

  return async (accountId, { first, after, messages: newest }) => {
    checkSize('first', first, syncLimits.page)
    checkSize('messages', newest, syncLimits.messages)
    const place = after === null ? undefined : cursors.pagePlace(accountId, after)
    const inboxCursor = place?.inboxCursor ?? (await inboxCursorOf(accountId))
    const hidden = await hiddenFrom(accountId)
    const withoutKeys = [...hidden].map((otherId) => directKey(accountId, otherId))
    const { nowMs, rows } = await store.activeBefore(accountId, place?.told, withoutKeys, first + 1)
    const sinceMs = place?.sinceMs ?? nowMs - overlapMs

    const ids = rows.slice(0, first).map(({ conversationId }) => conversationId)
    const everybody = ids.length > 0 ? await members.members(ids) : []
    const present = everybody.filter((member) => isMemberShown(member, accountId))
    const page = pageOf(rows.slice(0, first), present, syncLimits.members)
    const pageIds = page.map(({ conversationId }) => conversationId)
    const range = { from: undefined, to: undefined, order: 'desc', limit: newest + 1 } as const
    const [visible, found] =
      page.length > 0
        ? await Promise.all([
            conversations.visible(accountId, pageIds),
            readings.messages({ accountId, hidden }, pageIds, range),
          ])
        : [[], []]
    const conversationOf = new Map(visible.map((conversation) => [conversation.id, conversation]))
    const snapshots = page.flatMap(({ conversationId, latestSeq }): Snapshot[] => {
      const conversation = conversationOf.get(conversationId)
      if (!conversation) return []
      const own = found.filter((message) => message.conversationId === conversationId)
      const messages = own.slice(0, newest).reverse()
      return [{ conversation, messages, upToSeq: latestSeq, hasOlder: own.length > newest }]
    })

    const last = rows.length > page.length ? page.at(-1) : undefined
    const told = last && { atMs: last.at.getTime(), id: last.conversationId }
    const said = snapshots.flatMap(({ messages }) => messages)
    const isOnPage = new Set(pageIds)
    const names = [
      ...[accountId, ...said.map(({ senderId }) => senderId)],
      ...present.filter(({ conversationId }) => isOnPage.has(conversationId)).map((member) => member.accountId),
    ]
    return {
      ...{ snapshots, inboxCursor },
      nextPage: told ? cursors.page(accountId, { sinceMs, inboxCursor, told }) : null,
      since: cursors.round(accountId, sinceMs),
      accountIds: await changeStore.everybody({ accountId, hidden }, said, names),
    }
  }
}
