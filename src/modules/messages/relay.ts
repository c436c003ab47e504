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
export function createRelay(deps: {
  entries: Pick<ConversationEntryStore, 'recentHeads'>
  inboxes: InboxStore
  publishing: Pick<Publishing, 'publishUpTo'>
}) {
  const { entries, inboxes, publishing } = deps
  /** Looked at again and again, for as long as an earlier commit may come late: what is known here need not be asked for. */
  let known = new Map<string, number>()

  /** Tells what failed. One that cannot be published does not keep back the others. */
  async function publishMissing(heads: { conversationId: string; seq: number }[]): Promise<unknown[]> {
    const unsure = heads.filter(({ conversationId, seq }) => (known.get(conversationId) ?? 0) < seq)
    const marks = await inboxes.marks(unsure.map(({ conversationId }) => conversationId))
    const missing = unsure.filter(({ seq }, i) => (marks[i] ?? 0) < seq)
    const there = new Map(heads.map(({ conversationId, seq }) => [conversationId, seq]))
    const failures: unknown[] = []
    const next = missing.values()
    const lanes = Array.from({ length: atOnce }, async () => {
      for (const { conversationId, seq } of next)
        await publishing.publishUpTo(conversationId, seq).catch((error: unknown) => {
          there.delete(conversationId)
          failures.push(error)
        })
    })
    await Promise.all(lanes)
    known = there
    return failures
  }

  return async function relay(): Promise<void> {
    let since = await inboxes.watermark()
    let failed: { error: unknown; untilMs: number } | undefined
    for (let steps = 0; steps < stepsAtMost; steps += 1) {
      const { untilMs, reachedNow, heads } = await entries.recentHeads(since)
      const [error] = await publishMissing(heads)
      if (error !== undefined) failed ??= { error, untilMs }
      if (!failed) await inboxes.setWatermark(untilMs)
      since = untilMs
      if (!reachedNow) continue
      if (failed) throw failed.error
      return
    }
    if (!failed) return
    // For so long nobody could publish it: what comes after it has to be looked at.
    await inboxes.setWatermark(failed.untilMs)
    throw failed.error
  }
}
