import type { Job, NewJob, Target } from './jobs.ts'
import { jobKey, within } from './keys.ts'
import { jobsOf, type Local, type LocalTx } from './local.ts'
import { discard, enqueue, enqueueRead, retry } from './outbox.ts'
import type { MessageView } from './views.ts'

/** A message as a view shows it. */
export type MessageRef = Pick<MessageView, 'conversationId' | 'key' | 'id' | 'seq'>

/** What names a message that is to be answered, changed or deleted is not here. */
export class UnknownMessageError extends Error {
  override readonly name = 'UnknownMessageError'
}

export interface ActionParts {
  local: Local
  /** Jobs that nobody has tried to send: what is changed of them, changes before it is sent. */
  untried: Set<string>
  newName(): string
  now(): number
}

/** What a person does is kept as a job, in one transaction each; nothing is sent here. Each hands back the name of its job, if there is one. */
export function createActions({ local, untried, newName, now }: ActionParts) {
  const add = async (tx: LocalTx, job: NewJob): Promise<string> => {
    const clientId = newName()
    await enqueue(tx, job, { clientId, createdAt: new Date(now()).toISOString() })
    return clientId
  }
  // Only once it is kept: a transaction may fail in the end.
  const adding = async (work: (tx: LocalTx) => Promise<string | undefined>): Promise<string | undefined> => {
    const clientId = await local.write(work)
    if (clientId) untried.add(clientId)
    return clientId
  }
  const isUntouched = (job: Job) => job.state === 'failed' || (job.state === 'waiting' && untried.has(job.clientId))

  return {
    async send(conversationId: string, body: string, replyTo: MessageRef | null): Promise<string> {
      const key = await adding(async (tx) => {
        const target = replyTo && (await targetOf(tx, replyTo))
        return add(tx, { kind: 'send', conversationId, body, replyTo: target })
      })
      return key as string
    },

    edit: (message: MessageRef, body: string) =>
      adding(async (tx) => {
        const job = await unsent(tx, message)
        if (job?.state === 'failed') return void (await retry(tx, job, newName(), { body }))
        if (job && isUntouched(job)) return void (await tx.put('outbox', jobKey(job), { ...job, body }))
        return add(tx, {
          kind: 'edit',
          conversationId: message.conversationId,
          target: await targetOf(tx, message),
          body,
        })
      }),

    remove: (message: MessageRef) =>
      adding(async (tx) => {
        const job = await unsent(tx, message)
        if (job && isUntouched(job)) return void (await discard(tx, job))
        return add(tx, { kind: 'delete', conversationId: message.conversationId, target: await targetOf(tx, message) })
      }),

    react: (message: MessageRef, emoji: string, present: boolean) =>
      adding(async (tx) => {
        const { conversationId } = message
        return add(tx, { kind: 'react', conversationId, target: await targetOf(tx, message), emoji, present })
      }),

    markRead: (conversationId: string, upToSeq: number | undefined) =>
      local.write(async (tx) => {
        const me = (await tx.meta('me'))?.profile.id
        const last = upToSeq ?? (await tx.get('conversations', conversationId))?.lastMessage?.seq
        const named = { clientId: newName(), createdAt: new Date(now()).toISOString() }
        if (me && last !== undefined) await enqueueRead(tx, me, conversationId, last, named)
      }),

    /** Tries refused jobs again. `key`: of a message, or of a job of the outbox. */
    retry: (conversationId: string, key: string) =>
      local.write(async (tx) => {
        for (const job of await failed(tx, conversationId, key)) await retry(tx, job, newName())
      }),

    /** Gives up refused jobs. */
    discard: (conversationId: string, key: string) =>
      local.write(async (tx) => {
        for (const job of await failed(tx, conversationId, key)) await discard(tx, job)
      }),
  }
}

async function unsent(
  tx: LocalTx,
  { conversationId, key }: MessageRef,
): Promise<Extract<Job, { kind: 'send' }> | undefined> {
  for (const job of await jobsOf(tx, conversationId)) {
    if (job.kind === 'send' && job.clientId === key) return job
  }
  return undefined
}

async function targetOf(tx: LocalTx, message: MessageRef): Promise<Target> {
  if (message.id !== null && message.seq !== null) return { messageId: message.id, seq: message.seq }
  const job = await unsent(tx, message)
  if (job) return job.sent ?? { clientId: job.clientId }
  // It was confirmed since it was looked at.
  const me = (await tx.meta('me'))?.profile.id
  const kept = await tx.range('messages', { ...within(message.conversationId), reverse: true })
  const found = kept.find(({ value }) => value.clientId === message.key && value.senderId === me)
  if (!found) throw new UnknownMessageError('This message is not here any more.')
  return { messageId: found.value.id, seq: found.value.seq }
}

/** Of a message: itself, if it was not sent, or what was refused about it. */
async function failed(tx: LocalTx, conversationId: string, key: string): Promise<Job[]> {
  const jobs = (await jobsOf(tx, conversationId)).filter(({ state }) => state === 'failed')
  const own = jobs.filter(({ clientId }) => clientId === key)
  if (own.length > 0) return own
  const kept = await tx.range('messages', { ...within(conversationId), reverse: true })
  const seq = kept.find(({ value }) => value.id === key || value.clientId === key)?.value.seq
  return jobs.filter((job) => 'target' in job && 'seq' in job.target && job.target.seq === seq)
}
