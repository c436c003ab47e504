import { everything } from '../store/storage.ts'
import { applyIncoming, type Incoming } from './incoming.ts'
import { type LocalTx, valuesOf } from './local.ts'
import type { ConversationRecord } from './records.ts'

/** Further behind than this, a conversation is taken over as it is now instead of change by change. */
const tooFarBehind = 1000
/** Of one conversation. What does not fit is asked for again. */
const mostHeld = 200

/** What the engine still has to ask for. Lost with the process: all of it is found again by what is kept. */
export interface Tracker {
  /** Their last known position is not reached. */
  readonly behind: Set<string>
  /** Not here, or to be replaced. */
  readonly missing: Set<string>
  /** Partly unknown: see `stale` of the record. */
  readonly stale: Set<string>
  /** Conversations with jobs that are done, whose result has not come back. */
  readonly awaited: Set<string>
  /** Left, or lost, since they were last taken out of here: what was asked before that does not count. */
  readonly lost: Set<string>
  load(tx: LocalTx): Promise<void>
  /** Applies what comes next and holds back what comes later. */
  take(
    tx: LocalTx,
    me: string,
    conversationId: string,
    items: readonly Incoming[],
  ): Promise<ConversationRecord | undefined>
  note(conversation: ConversationRecord): void
  forget(conversationId: string): void
  hasWork(): boolean
}

export function createTracker(): Tracker {
  const [behind, missing, stale, awaited] = [new Set<string>(), new Set<string>(), new Set<string>(), new Set<string>()]
  const lost = new Set<string>()
  const held = new Map<string, Incoming[]>()

  const mark = (set: Set<string>, id: string, is: boolean) => void (is ? set.add(id) : set.delete(id))

  const note = ({ id, upToSeq, latestSeq, stale: isStale }: ConversationRecord) => {
    const far = latestSeq - upToSeq > tooFarBehind
    mark(behind, id, latestSeq > upToSeq && !far)
    mark(missing, id, far)
    mark(stale, id, isStale !== null)
    const kept = held.get(id)?.filter(({ change }) => change.seq > upToSeq)
    if (kept?.length) held.set(id, kept)
    else held.delete(id)
  }

  const forget = (id: string) => {
    for (const set of [behind, stale, awaited, missing]) set.delete(id)
    held.delete(id)
    lost.add(id)
  }

  return {
    behind,
    missing,
    stale,
    awaited,
    lost,
    note,
    forget,
    async load(tx) {
      for (const { value } of await tx.range('conversations', everything)) note(value)
      for (const job of valuesOf(await tx.range('outbox', everything)))
        if (job.state === 'done') awaited.add(job.conversationId)
    },
    async take(tx, me, id, items) {
      const all = [...items, ...(held.get(id) ?? [])]
      const conversation = await applyIncoming(tx, me, id, all)
      if (conversation === 'gone') {
        forget(id)
        return undefined
      }
      if (!conversation) {
        missing.add(id)
        return undefined
      }
      held.set(id, all.slice(0, mostHeld))
      note(conversation)
      return conversation
    },
    hasWork: () => behind.size + missing.size + stale.size > 0,
  }
}
