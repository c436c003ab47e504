import { type MessengerApi, type Position, type Pulled, positionsAtOnce, snapshotsAtOnce } from './api.ts'
import { dropConversation } from './incoming.ts'
import type { Job } from './jobs.ts'
import { jobKey } from './keys.ts'
import { jobsOf, type Local, type LocalTx, putProfiles } from './local.ts'
import { current } from './outbox.ts'
import type { ConversationRecord } from './records.ts'
import { applySnapshot } from './snapshots.ts'
import type { Tracker } from './tracker.ts'

export interface PullParts {
  api: MessengerApi
  local: Local
  tracker: Tracker
  me: string
}

interface Asked {
  conversation: ConversationRecord
  /** Done before the request was made: what the server tells includes what came of them. */
  done: Job[]
}

/** Asks until nothing is missing that the server had when it was asked last. May be repeated, and may end anywhere. */
export async function pullAll(parts: PullParts): Promise<void> {
  let more = true
  while (more) {
    const { asked, since } = await whatToAsk(parts)
    const positions = asked.map(
      ({ conversation }): Position => ({ conversationId: conversation.id, seq: conversation.upToSeq }),
    )
    const pulled = await parts.api.pull(positions, since)
    await takePulled(parts, asked, pulled)
    await takeSnapshots(parts, [...parts.tracker.missing])
    // Only now, so that a conversation that is not here yet is told again after an end in between.
    await parts.local.write((tx) => tx.setMeta('since', { since: pulled.since }))
    const { behind, missing, awaited } = parts.tracker
    more = pulled.hasMoreChanged || behind.size + missing.size + awaited.size > 0
  }
  await takeSnapshots(parts, [...parts.tracker.stale])
}

async function whatToAsk({ local, tracker }: PullParts): Promise<{ asked: Asked[]; since: string }> {
  const ids = [...new Set([...tracker.behind, ...tracker.awaited])].slice(0, positionsAtOnce)
  return local.read(async (tx) => {
    const asked: Asked[] = []
    for (const id of ids) {
      const conversation = await tx.get('conversations', id)
      if (!conversation) tracker.forget(id)
      else asked.push({ conversation, done: (await jobsOf(tx, id)).filter(({ state }) => state === 'done') })
    }
    return { asked, since: (await tx.meta('since'))?.since ?? '' }
  })
}

async function takePulled({ local, tracker, me }: PullParts, asked: readonly Asked[], pulled: Pulled): Promise<void> {
  const answers = new Map(pulled.conversations.map((answer) => [answer.conversationId, answer]))
  await local.write(async (tx) => {
    await putProfiles(tx, pulled.profiles)
    for (const { conversation, done } of asked) {
      const { id } = conversation
      const answer = answers.get(id)
      if (!answer) await drop(tx, tracker, id)
      else if (answer.latestSeq < conversation.upToSeq) await startAnew(tx, tracker, id)
      else if (answer.firstSeq !== conversation.firstSeq) tracker.missing.add(id)
      else {
        const items = answer.changes.map((change) => ({ change, profiles: [] }))
        const now = await tracker.take(tx, me, id, items)
        if (now && !answer.hasMore) {
          await believe(tx, tracker, conversation, now, answer.latestSeq)
          await dropDone(tx, done)
          const others = (await jobsOf(tx, id)).some(({ state }) => state === 'done')
          if (!others) tracker.awaited.delete(id)
        }
      }
    }
    for (const id of pulled.left) await drop(tx, tracker, id)
    for (const { conversationId, latestSeq } of pulled.changed) {
      const known = await tx.get('conversations', conversationId)
      if (!known) tracker.missing.add(conversationId)
      else if (latestSeq > known.latestSeq) {
        await tx.put('conversations', conversationId, { ...known, latestSeq })
        tracker.note({ ...known, latestSeq })
      } else if (latestSeq < known.upToSeq) tracker.behind.add(conversationId)
    }
  })
}

/** What the server says is the end, is the end, unless something further was heard of while it was asked. */
async function believe(
  tx: LocalTx,
  tracker: Tracker,
  asked: ConversationRecord,
  now: ConversationRecord,
  latestSeq: number,
): Promise<void> {
  if (now.latestSeq <= now.upToSeq || now.latestSeq > asked.latestSeq || latestSeq > now.upToSeq) return
  const known = { ...now, latestSeq: now.upToSeq }
  await tx.put('conversations', now.id, known)
  tracker.note(known)
}

async function dropDone(tx: LocalTx, done: readonly Job[]): Promise<void> {
  for (const job of done) if ((await current(tx, job))?.state === 'done') await tx.delete('outbox', jobKey(job))
}

/** The server knows less than it did: it was restored from a copy. What it has forgotten of the outbox is sent again. */
async function startAnew(tx: LocalTx, tracker: Tracker, id: string): Promise<void> {
  for (const job of await jobsOf(tx, id))
    if (job.state === 'done') await tx.put('outbox', jobKey(job), { ...job, state: 'waiting', sent: null })
  await drop(tx, tracker, id)
  tracker.missing.add(id)
}

async function drop(tx: LocalTx, tracker: Tracker, id: string): Promise<void> {
  await dropConversation(tx, id)
  tracker.forget(id)
}

/** Takes conversations over as they are. Those that the server does not show are not this account's any more. */
export async function takeSnapshots({ api, local, tracker, me }: PullParts, ids: readonly string[]): Promise<void> {
  for (let from = 0; from < ids.length; from += snapshotsAtOnce) {
    const some = ids.slice(from, from + snapshotsAtOnce)
    for (const id of some) {
      tracker.missing.delete(id)
      tracker.lost.delete(id)
    }
    try {
      const { snapshots, profiles } = await api.snapshots(some)
      const found = new Set(snapshots.map(({ id }) => id))
      await local.write(async (tx) => {
        await putProfiles(tx, profiles)
        for (const snapshot of snapshots) {
          if (tracker.lost.has(snapshot.id)) {
            tracker.missing.add(snapshot.id)
            continue
          }
          await applySnapshot(tx, me, snapshot)
          // What was held back may follow now.
          await tracker.take(tx, me, snapshot.id, [])
        }
        for (const id of some) if (!found.has(id)) await drop(tx, tracker, id)
      })
    } catch (reason) {
      for (const id of some) tracker.missing.add(id)
      throw reason
    }
  }
}
