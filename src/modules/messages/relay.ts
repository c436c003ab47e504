import type { ConversationEntryStore } from './entry-store.ts'
import type { InboxStore } from './inbox-store.ts'
import type { Publishing } from './publishing.ts'

/** So many minutes are looked through at once, when there was no looking for long. */
const stepsAtMost = 10
const atOnce = 16

/**
 * Publishes what nobody published: whoever wrote it may have died between its commit and that, or found no Redis. A sweep: safe
 * to repeat, and to run in two processes at once. The time up to which everything is published is moved on only over what is.
 */
export function createRelay(deps: { entries: ConversationEntryStore; inboxes: InboxStore; publishing: Publishing }) {
  const { entries, inboxes, publishing } = deps
  /** Looked at again and again, for as long as an earlier commit may come late: what is known here need not be asked for. */
  let known = new Map<string, number>()

  async function publishMissing(heads: { conversationId: string; seq: number }[]) {
    const unsure = heads.filter(({ conversationId, seq }) => (known.get(conversationId) ?? 0) < seq)
    const marks = await inboxes.marks(unsure.map(({ conversationId }) => conversationId))
    const missing = unsure.filter(({ seq }, i) => (marks[i] ?? 0) < seq)
    const next = missing.values()
    const lanes = Array.from({ length: atOnce }, async () => {
      for (const { conversationId, seq } of next) await publishing.publishUpTo(conversationId, seq)
    })
    await Promise.all(lanes)
    known = new Map(heads.map(({ conversationId, seq }) => [conversationId, seq]))
  }

  return async function relay(): Promise<void> {
    let since = await inboxes.watermark()
    for (let steps = 0; steps < stepsAtMost; steps += 1) {
      const { untilMs, reachedNow, heads } = await entries.recentHeads(since)
      await publishMissing(heads)
      await inboxes.setWatermark(untilMs)
      since = untilMs
      if (reachedNow) return
    }
  }
}
