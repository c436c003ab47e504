import type { Clock } from '../environment.ts'
import type { MessengerApi } from './api.ts'
import { type Job, nextJob } from './jobs.ts'
import { allJobs, frontJobs, jobsOf, type Local } from './local.ts'
import { current, fail, finish } from './outbox.ts'
import type { MessageRecord } from './records.ts'
import { pauseAfter, refusalOf, verdict } from './retry-rules.ts'
import type { Tracker } from './tracker.ts'

/** Conversations that are sent to at the same time. */
const mostLanes = 4
// A restriction is asked about again after an hour at most: staff may have ended it.
const longestRestMs = 60 * 60 * 1000

export interface PushParts {
  api: MessengerApi
  local: Local
  tracker: Tracker
  clock: Clock
  random: () => number
  me: string
  /** Jobs that nobody has tried to send, so that the server cannot have them. */
  untried: Set<string>
  /** The server has done something whose result has to come back. */
  onDone(conversationId: string): void
  onSignedOut(): void
}

export interface Push {
  /** Sends whatever may be sent now; `hopeful` also what waits after a failure, because something has changed for the better. */
  drain(how?: 'hopeful'): void
  stop(): void
}

/** Sends the outbox: within a conversation one after the other, in their order; conversations do not wait for each other. */
export function createPush(parts: PushParts): Push {
  const { local, clock, random } = parts
  const lanes = new Set<string>()
  const waiting = new Map<string, () => void>()
  const failures = new Map<string, number>()
  let stopped = false
  let restricted: (() => void) | undefined
  let resting: (() => void) | undefined

  const drain = async () => {
    if (stopped || resting) return
    const jobs = await local.read(allJobs)
    const byConversation = new Map<string, Job[]>()
    for (const job of jobs)
      byConversation.set(job.conversationId, [...(byConversation.get(job.conversationId) ?? []), job])
    for (const [id, own] of byConversation) {
      if (stopped || resting || lanes.size >= mostLanes) return
      if (!lanes.has(id) && !waiting.has(id) && nextJob(own, isRestricted())) void run(id)
    }
  }

  const run = async (id: string) => {
    lanes.add(id)
    try {
      while (!stopped && !resting && (await sendNext(id)));
    } catch {
      // The storage failed: nothing was lost, and it is tried again.
      wait(id, 0)
    }
    lanes.delete(id)
    await drainSafely()
  }

  /** False: nothing more to send now. */
  const sendNext = async (id: string): Promise<boolean> => {
    const next = await local.read(
      async (tx) => nextJob(await frontJobs(tx, id), isRestricted()) ?? nextJob(await jobsOf(tx, id), isRestricted()),
    )
    if (!next) return false
    parts.untried.delete(next.clientId)
    // As it is now: until it is marked as tried, it may still be changed or taken back.
    const job = await local.read((tx) => current(tx, next))
    if (job?.state !== 'waiting') return true
    try {
      const message = await attempt(parts.api, job)
      if (stopped) return false
      failures.delete(id)
      await keepResult(parts, job, message)
      return true
    } catch (reason) {
      return !stopped && onFailure(job, reason)
    }
  }

  const onFailure = async (job: Job, reason: unknown): Promise<boolean> => {
    const { code, retryAfterMs, isRestricted, refused } = refusalOf(reason)
    if (isRestricted && retryAfterMs !== undefined) {
      restrict(retryAfterMs)
      return true
    }
    const outcome = verdict(code)
    if (outcome === 'refused') {
      await local.write((tx) => fail(tx, job, code, refused))
      return true
    }
    if (outcome === 'signed-out') parts.onSignedOut()
    else if (code === 'RATE_LIMITED') rest(pauseAfter(1, { retryAfterMs }, random()))
    else wait(job.conversationId, retryAfterMs)
    return false
  }

  /** This conversation waits, and the others do not. */
  const wait = (id: string, retryAfterMs: number | undefined) => {
    if (stopped) return
    const count = (failures.get(id) ?? 0) + 1
    failures.set(id, count)
    const cancel = clock.after(pauseAfter(count, { retryAfterMs }, random()), () => {
      waiting.delete(id)
      void drainSafely()
    })
    waiting.set(id, cancel)
  }

  /** A limit is the account's: all conversations wait. */
  const rest = (ms: number) => {
    if (stopped || resting) return
    resting = clock.after(ms, () => {
      resting = undefined
      void drainSafely()
    })
  }

  const isRestricted = () => restricted !== undefined

  /** Nothing is written until it is over, as the server says; it may be over sooner. */
  const restrict = (ms: number) => {
    if (stopped || restricted) return
    restricted = clock.after(Math.min(ms, longestRestMs), () => {
      restricted = undefined
      void drainSafely()
    })
  }

  const drainSafely = () => drain().catch(() => undefined)

  return {
    drain(how) {
      if (how === 'hopeful') {
        for (const cancel of waiting.values()) cancel()
        waiting.clear()
        failures.clear()
        restricted?.()
        restricted = undefined
      }
      void drainSafely()
    },
    stop() {
      stopped = true
      resting?.()
      restricted?.()
      for (const cancel of waiting.values()) cancel()
    },
  }
}

/** The message, of a job that sends one. */
async function attempt(api: MessengerApi, job: Job): Promise<MessageRecord | null> {
  const { conversationId, clientId } = job
  if (job.kind === 'send') {
    const replyToId = job.replyTo && 'seq' in job.replyTo ? job.replyTo.messageId : null
    return api.send({ conversationId, clientId, body: job.body, replyToId })
  }
  if (job.kind === 'read') await api.markRead(conversationId, job.upToSeq)
  else if (!('seq' in job.target)) throw new Error('The message has no place yet.')
  else if (job.kind === 'edit') await api.edit(job.target.messageId, job.body)
  else if (job.kind === 'delete') await api.remove(job.target.messageId)
  else await api.react(job.target.messageId, job.emoji, job.present)
  return null
}

/** An own message takes its place only if it is the next one. Otherwise what lies between is fetched first, and it with it. */
async function keepResult(parts: PushParts, job: Job, message: MessageRecord | null): Promise<void> {
  const { local, tracker, me } = parts
  await local.write(async (tx) => {
    await finish(tx, me, job, message)
    if (!message || !(await tx.get('conversations', job.conversationId))) return
    const change = {
      kind: 'sent' as const,
      conversationId: job.conversationId,
      seq: message.seq,
      at: message.sentAt,
      message,
    }
    await tracker.take(tx, me, job.conversationId, [{ change, profiles: [] }])
  })
  const isAwaited = await local.read(async (tx) => (await current(tx, job))?.state === 'done')
  if (isAwaited) parts.onDone(job.conversationId)
}
