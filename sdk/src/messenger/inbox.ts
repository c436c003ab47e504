import type { InboxItem } from './api.ts'
import { putProfiles } from './local.ts'
import type { PullParts } from './pull.ts'

type Told = Extract<InboxItem, { kind: 'change' }>

export interface InboxParts extends PullParts {
  /** Something has to be asked for, or failed to be kept. */
  onIncomplete(reason?: unknown): void
}

/** Keeps what the inbox tells, many at a time while they come fast; where it stands is kept with it. */
export function createInbox(parts: InboxParts): { take(item: Told): void; stop(): void } {
  let waiting: Told[] = []
  let busy = false
  let stopped = false

  const keepAll = async () => {
    busy = true
    while (waiting.length > 0 && !stopped) {
      const items = waiting
      waiting = []
      try {
        await keep(parts, items)
        if (parts.tracker.hasWork()) parts.onIncomplete()
      } catch (reason) {
        // What was told is asked for again: the position that a pull starts from is not moved by the inbox.
        if (!stopped) parts.onIncomplete(reason)
      }
    }
    busy = false
  }

  return {
    take(item) {
      waiting.push(item)
      if (!busy) void keepAll()
    },
    stop() {
      stopped = true
      waiting = []
    },
  }
}

async function keep({ local, tracker, me }: InboxParts, items: readonly Told[]): Promise<void> {
  const byConversation = new Map<string, Told[]>()
  for (const item of items) {
    const id = item.change.conversationId
    byConversation.set(id, [...(byConversation.get(id) ?? []), item])
  }
  await local.write(async (tx) => {
    await putProfiles(
      tx,
      items.flatMap(({ profiles }) => profiles),
    )
    for (const [id, told] of byConversation) await tracker.take(tx, me, id, told)
    const cursor = items.at(-1)?.cursor
    if (cursor) await tx.setMeta('inbox', { cursor })
  })
}
