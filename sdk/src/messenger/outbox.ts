import { draftFor, loadMessages, save } from './drafts.ts'
import {
  awaitedBy,
  dependents,
  dependsOn,
  type Job,
  type NewJob,
  type Refused,
  resolved,
  type Target,
  targetSeq,
} from './jobs.ts'
import { jobKey, messageKey } from './keys.ts'
import { frontJobs, jobsOf, type LocalTx } from './local.ts'
import type { ConversationRecord, MessageRecord } from './records.ts'
import { readUpTo } from './reduce.ts'

interface Named {
  clientId: string
  createdAt: string
}

/** Keeps a job before anything is sent. */
export async function enqueue(tx: LocalTx, given: NewJob, named: Named): Promise<Job> {
  const order = await nextOrder(tx)
  const awaited = await awaitedJob(tx, given)
  if (awaited) await tx.put('outbox', jobKey(awaited), { ...awaited, isAwaited: true })
  // What is about a refused message can be sent no more than that.
  const state =
    awaited?.state === 'failed'
      ? ({ state: 'failed', code: awaited.code, refused: awaited.refused ?? null } as const)
      : waiting
  const job: Job = { ...given, ...named, ...state, order, isAwaited: false, sent: null }
  await tx.put('outbox', jobKey(job), job)
  return job
}

const waiting = { state: 'waiting', code: null, refused: null } as const

async function awaitedJob(tx: LocalTx, job: NewJob): Promise<Job | undefined> {
  const name = awaitedBy(job)
  return name === null ? undefined : (await jobsOf(tx, job.conversationId)).find(({ clientId }) => clientId === name)
}

async function nextOrder(tx: LocalTx): Promise<number> {
  const order = ((await tx.meta('order'))?.last ?? 0) + 1
  await tx.setMeta('order', { last: order })
  return order
}

/** Counts as read here at once; one job per conversation tells the server how far. */
export async function enqueueRead(tx: LocalTx, me: string, id: string, upToSeq: number, named: Named): Promise<void> {
  const conversation = await tx.get('conversations', id)
  const asked = Math.min(upToSeq, conversation?.upToSeq ?? 0)
  if (!conversation || asked <= conversation.readSeq) return
  const draft = await draftFor(tx, me, conversation, [])
  await loadMessages(tx, draft, conversation.readSeq + 1, asked)
  // Nobody needs to hear that somebody has read what they wrote themselves.
  const others = [...draft.messages.values()].filter(({ senderId }) => senderId !== me).map(({ seq }) => seq)
  if (others.length === 0 && conversation.unreadOlder === 0) return
  const target = others.length > 0 ? Math.max(...others) : asked
  readUpTo(draft, target)
  await save(tx, draft)
  const earlier = (await jobsOf(tx, id)).find((job) => job.kind === 'read')
  if (earlier?.kind === 'read') await tx.put('outbox', jobKey(earlier), { ...earlier, ...waiting, upToSeq: target })
  else await enqueue(tx, { kind: 'read', conversationId: id, upToSeq: target }, named)
}

/** The job as it is now; undefined: what came from the server has settled it. */
export async function current(tx: LocalTx, job: Job): Promise<Job | undefined> {
  const kept = await tx.get('outbox', jobKey(job))
  return kept?.clientId === job.clientId ? kept : undefined
}

/** Drops what the server is now known to have done, by these messages and by how far the conversation is complete. */
export async function settle(
  tx: LocalTx,
  me: string,
  { id, upToSeq }: Pick<ConversationRecord, 'id' | 'upToSeq'>,
  messages: readonly MessageRecord[],
): Promise<void> {
  const seen = new Set(messages.map(({ seq }) => seq))
  const own = new Map(messages.flatMap((message) => (message.senderId === me ? [[message.clientId, message]] : [])))
  // What is done, or comes back, is among the first, unless it was made on another device.
  let jobs = await frontJobs(tx, id)
  if (jobs.filter(({ clientId }) => own.has(clientId)).length < own.size) jobs = await jobsOf(tx, id)
  for (const job of jobs) {
    const message = job.kind === 'send' ? own.get(job.clientId) : undefined
    if (message && isThatOf(message, job)) {
      await tx.delete('outbox', jobKey(job))
      await resolveDependents(tx, job, { messageId: message.id, seq: message.seq })
    } else if (job.state === 'done') {
      const at = job.kind === 'send' ? (job.sent?.seq ?? null) : targetSeq(job)
      const isTold = at !== null && (job.kind === 'send' ? at <= upToSeq : seen.has(at))
      if (isTold) await tx.delete('outbox', jobKey(job))
    }
  }
}

/** A name that stands for another text already is for the server to refuse; until then, and after, the text is kept. */
function isThatOf({ body, editedAt, deletedAt }: MessageRecord, job: Job): boolean {
  if (job.kind !== 'send' || editedAt || deletedAt || body === null) return true
  return plain(body) === plain(job.body)
}

const plain = (text: string) => text.normalize('NFC').replace(/\s+/g, ' ').trim()

/** Gives what waits for the message of a job the id that it has now. */
async function resolveDependents(tx: LocalTx, { clientId, conversationId, isAwaited }: Job, target: Target) {
  if (!isAwaited) return
  for (const job of dependents(await jobsOf(tx, conversationId), clientId))
    await tx.put('outbox', jobKey(job), resolved(job, clientId, target))
}

/** The server has done what was sent. It stays, as `done`, until that has come back in its place. */
export async function finish(tx: LocalTx, me: string, given: Job, message: MessageRecord | null): Promise<void> {
  const job = await current(tx, given)
  if (!job) return
  const conversation = await tx.get('conversations', job.conversationId)
  if (job.kind === 'read') {
    // It may have been raised while this was under way.
    if (given.kind === 'read' && job.upToSeq <= given.upToSeq) await tx.delete('outbox', jobKey(job))
    return
  }
  const sent = message && { messageId: message.id, seq: message.seq }
  if (sent) await resolveDependents(tx, job, sent)
  const told = !conversation || (message ? message.seq <= conversation.upToSeq : await shows(tx, me, job))
  if (told) await tx.delete('outbox', jobKey(job))
  else await tx.put('outbox', jobKey(job), { ...job, state: 'done', sent })
  if (message && conversation && message.seq > conversation.latestSeq)
    await tx.put('conversations', conversation.id, { ...conversation, latestSeq: message.seq })
}

/** Whether what is kept of the message shows that the job is done. */
async function shows(tx: LocalTx, me: string, job: Job): Promise<boolean> {
  const seq = targetSeq(job)
  const message = seq === null ? undefined : await tx.get('messages', messageKey(job.conversationId, seq))
  if (!message || message.deletedAt) return true
  if (job.kind === 'edit') return message.body === job.body
  if (job.kind !== 'react') return false
  const people = message.reactions.find(({ emoji }) => emoji === job.emoji)?.profileIds ?? []
  return people.includes(me) === job.present
}

/** Refused for good. How far somebody has read is nobody's loss; everything else is kept. */
export async function fail(tx: LocalTx, given: Job, code: string, refused: Refused | null = null): Promise<void> {
  const job = await current(tx, given)
  if (!job) return
  if (job.kind === 'read') await tx.delete('outbox', jobKey(job))
  else
    for (const one of [job, ...dependents(await jobsOf(tx, job.conversationId), job.clientId)])
      await tx.put('outbox', jobKey(one), { ...one, state: 'failed', code, refused })
}

/** Tries a failed job again, after everything that waits. With a new name if the old one stands for something else. */
export async function retry(tx: LocalTx, failed: Job, newName: string, changes: { body?: string } = {}): Promise<void> {
  const job = await current(tx, failed)
  if (job?.state !== 'failed') return
  // Not before what it is about.
  if ((await awaitedJob(tx, job))?.state === 'failed') return tx.put('outbox', jobKey(job), { ...job, ...changes })
  const renamed = job.kind === 'send' && job.code === 'IDEMPOTENCY_MISMATCH'
  const clientId = renamed ? newName : job.clientId
  await tx.delete('outbox', jobKey(job))
  const again: Job = { ...job, ...changes, clientId, ...waiting, order: await nextOrder(tx) }
  await tx.put('outbox', jobKey(again), again)
  const jobs = await jobsOf(tx, job.conversationId)
  // After it, as they were.
  for (const dependent of dependents(jobs, job.clientId)) {
    await tx.delete('outbox', jobKey(dependent))
    const named = resolved(dependent, job.clientId, { clientId })
    const moved: Job = { ...named, ...waiting, order: await nextOrder(tx) }
    await tx.put('outbox', jobKey(moved), moved)
  }
}

/** Forgets a job, and what is about its message. */
export async function discard(tx: LocalTx, given: Job): Promise<void> {
  const job = await current(tx, given)
  if (!job) return
  await tx.delete('outbox', jobKey(job))
  if (job.kind !== 'send') return
  for (const dependent of dependents(await jobsOf(tx, job.conversationId), job.clientId)) {
    if (!dependsOn(dependent, job.clientId)) continue
    if (dependent.kind === 'send') await tx.put('outbox', jobKey(dependent), { ...dependent, replyTo: null })
    else await tx.delete('outbox', jobKey(dependent))
  }
}
