/** The message that a job is about: by its id, or by the client id of a message of one's own that has none yet. */
export type Target = { messageId: string; seq: number } | { clientId: string }

type What =
  | { kind: 'send'; body: string; replyTo: Target | null }
  | { kind: 'edit'; target: Target; body: string }
  | { kind: 'delete'; target: Target }
  | { kind: 'react'; target: Target; emoji: string; present: boolean }
  | { kind: 'read'; upToSeq: number }

/**
 * Something that is to be done at the server. `waiting`: until it is done. `done`: the server has done it, and what it says of it
 * is on its way. `failed`: refused for good; kept until the app retries or discards it.
 */
export type Job = What & {
  /** One's own name for it; of a message to be sent, its clientId. */
  clientId: string
  conversationId: string
  /** Later ones are larger. */
  order: number
  createdAt: string
  state: 'waiting' | 'done' | 'failed'
  /** Of a failed one: why. */
  code: string | null
  /** The same in plain words, and what has to be done first, where the server says so. */
  refused?: Refused | null
  /** Later jobs wait for its message to be sent. */
  isAwaited: boolean
  /** Of a message that was sent: its place. */
  sent: { messageId: string; seq: number } | null
}

/** What the server says for the person whom it refuses something. */
export interface Refused {
  reason: string
  /** To be answered with `answerChallenge` before it is tried again. */
  challenge: { challenge: string; difficulty: number } | null
}

export type NewJob = What & { conversationId: string }

/** The client id of the message that the job waits for. */
export function awaitedBy(job: NewJob): string | null {
  const target = job.kind === 'send' ? job.replyTo : job.kind === 'read' ? null : job.target
  return target && 'clientId' in target ? target.clientId : null
}

/** Whether the job waits for the message of that client id to be sent. */
export const dependsOn = (job: NewJob, clientId: string): boolean => awaitedBy(job) === clientId

/** The job, once the message that it waited for has an id. */
export function resolved(job: Job, clientId: string, target: Target): Job {
  if (!dependsOn(job, clientId)) return job
  if (job.kind === 'send') return { ...job, replyTo: target }
  return job.kind === 'read' ? job : { ...job, target }
}

const isReady = (job: Job) => job.state === 'waiting' && awaitedBy(job) === null

/** Goes also while nothing may be written, and past what waits for that. */
const passes = ({ kind }: Job) => kind === 'read' || kind === 'react'

/**
 * What to do next of one conversation's jobs, which come in their order. Whatever waits keeps those after it waiting; what failed
 * for good does not, except those about a message that could not be sent. `restricted`: nothing may be written for the moment.
 */
export const nextJob = (jobs: readonly Job[], restricted = false): Job | undefined =>
  jobs.find((job) => isReady(job) && (!restricted || passes(job)))

/** What waits for the message of that client id to be sent, and what waits for those, in their order. */
export function dependents(jobs: readonly Job[], clientId: string): Job[] {
  const names = new Set([clientId])
  return jobs.filter((job) => {
    const waits = [...names].some((name) => dependsOn(job, name))
    if (waits) names.add(job.clientId)
    return waits
  })
}

/** Where the job's message is, once it has a place. */
export const targetSeq = (job: Job): number | null =>
  job.kind === 'send' || job.kind === 'read' || !('seq' in job.target) ? null : job.target.seq
