import { readPeople } from './lists.ts'
import { createLive, type Live } from './live.ts'
import { jobsOf, type Local } from './local.ts'
import type { ProfileRecord } from './records.ts'
import { newestKept } from './snapshots.ts'
import { type MessageView, viewMessages } from './views.ts'

export interface ConversationMessages {
  /** False: the storage has not answered yet. */
  isLoaded: boolean
  /** Oldest first. */
  messages: readonly MessageView[]
  /** `loadOlder` would show more. */
  hasOlder: boolean
  typists: readonly ProfileRecord[]
}

export interface MessagesLive extends Live<ConversationMessages> {
  /** Shows so many more of those kept. False: they are not all here. */
  widen(count: number): boolean
}

interface MessagesParts {
  local: Local
  typists(): readonly ProfileRecord[]
  /** Called while somebody looks at unread messages. */
  onUnread: (() => void) | undefined
  first(): void
  last(): void
  failed(reason: unknown): void
}

const shownAtFirst = 50

export function messagesLive(id: string, { local, typists, onUnread, ...watch }: MessagesParts): MessagesLive {
  let shown = shownAtFirst
  let kept = 0
  const read = () =>
    local.read(async (tx): Promise<ConversationMessages> => {
      const me = (await tx.meta('me'))?.profile.id ?? ''
      const conversation = await tx.get('conversations', id)
      // One more than is shown, to know whether there are more.
      const found = await newestKept(tx, id, shown + 1)
      kept = found.length
      const messages = found.slice(-shown)
      const people = await readPeople(tx, [me, ...messages.map(({ senderId }) => senderId)])
      const hasOlder = kept > shown || (conversation !== undefined && conversation.oldestSeq > conversation.firstSeq)
      if (conversation && conversation.unread + conversation.unreadOlder > 0) onUnread?.()
      const views = viewMessages(me, messages, await jobsOf(tx, id), people)
      return { isLoaded: true, messages: views, hasOlder, typists: typists() }
    })
  const live = createLive<ConversationMessages>(
    { isLoaded: false, messages: [], hasOlder: false, typists: [] },
    read,
    watch,
  )
  return {
    ...live,
    widen(count) {
      const isHere = kept > shown + count
      shown += count
      live.refresh()
      return isHere
    },
  }
}
