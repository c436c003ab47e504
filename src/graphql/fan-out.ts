import { type ExecutionArgs, type ExecutionResult, execute } from 'graphql'
import type { Viewer } from '../modules/identity/index.ts'
import type { LiveEvent } from '../platform/delivery/event.ts'
import type { Feed } from '../platform/delivery/feed.ts'
import { queueLimits } from '../platform/delivery/queue.ts'
import type { Context } from './context.ts'
import { createSharing } from './per-viewer.ts'
import { Turns, type Worker } from './turns.ts'

/** What a selection made of an event: the text of its result, the same for everybody, unless something failed in it. */
export type Outcome = Shared | { result: ExecutionResult } | { thrown: unknown }

/** The end of a frame that many are sent, after a beginning of each one's own. Who is alone is spared the bytes. */
export class Shared {
  readonly #text: string
  #sent = false
  #bytes: Buffer | undefined

  constructor(text: string) {
    this.#text = text
  }

  after(head: string): string | Buffer {
    if (!this.#sent) {
      this.#sent = true
      return `${head}${this.#text}}`
    }
    this.#bytes ??= Buffer.from(`${this.#text}}`)
    const size = Buffer.byteLength(head)
    const frame = Buffer.allocUnsafe(size + this.#bytes.length)
    frame.write(head, 0, size)
    this.#bytes.copy(frame, size)
    return frame
  }
}

/** A subscriber that is handed what its group has made. */
export interface Member {
  receive(event: LiveEvent, outcome: Outcome, last: boolean): void
  /** Too much waits to be made: the member is cut, and resumes by its cursor. */
  fallBehind(): void
}

interface Job {
  event: LiveEvent
  outcome?: Outcome
  /** Who waits for it, each followed by whether it is their last. */
  waiting?: [Member, boolean][]
}

/**
 * Execute once, send to all. A group is whoever follows the same stream on this node with the same document, operation and
 * variables: the selection is executed and serialised once for each event. Where it depends on the viewer, a group is one viewer's.
 */
export class Group implements Worker {
  readonly key: string
  members = 0
  readonly #args: ExecutionArgs
  readonly #turns: Turns
  readonly #executions: { inc(): void }
  #latest: Job | undefined
  /** What has not been made yet, in order; the first one is being made. */
  #backlog: Job[] | undefined
  #backlogBytes = 0
  #making: Promise<void> | undefined

  constructor(key: string, args: ExecutionArgs, turns: Turns, executions: { inc(): void }) {
    this.#turns = turns
    this.key = key
    this.#args = args
    this.#executions = executions
  }

  /** Hands a member what the selection makes of an event, after whatever it was handed before. */
  deliver(event: LiveEvent, member: Member, last: boolean): void {
    let job = this.#latest
    if (job?.event !== event) {
      job = { event }
      this.#latest = job
      // A stream hands an event to all of its subscribers in one go: nobody asks for this one later.
      queueMicrotask(() => {
        if (this.#latest === job) this.#latest = undefined
      })
      this.#add(job)
    }
    if (job.outcome) member.receive(event, job.outcome, last)
    else if (job.waiting) job.waiting.push([member, last])
    else member.fallBehind()
  }

  /** Resolves when everything handed over so far has been received; undefined if it has been. */
  settled(): Promise<void> | undefined {
    const newest = this.#backlog?.at(-1)
    if (!newest) return undefined
    return new Promise((resolve) => {
      const done = () => resolve()
      newest.waiting?.push([{ receive: done, fallBehind: done }, false])
    })
  }

  #add(job: Job): void {
    const first = !this.#backlog
    const now = first && this.#turns.free
    if (now) this.#making = this.#make(job)
    if (job.outcome) return
    this.#backlog ??= []
    if (this.#backlog.length >= queueLimits.events || this.#backlogBytes > queueLimits.bytes) return
    job.waiting = []
    this.#backlog.push(job)
    this.#backlogBytes += job.event.bytes
    if (now) this.work()
    else if (first) this.#turns.wait(this)
  }

  /** It is this group's turn: makes everything that waits, one after the other. */
  work(): void {
    void this.#work()
  }

  async #work(): Promise<void> {
    this.#turns.begun()
    for (let job = this.#backlog?.[0]; job; job = this.#backlog?.[0]) {
      await (this.#making ?? this.#make(job))
      this.#making = undefined
      if (job.outcome) for (const [member, last] of job.waiting ?? []) member.receive(job.event, job.outcome, last)
      this.#backlog?.shift()
      this.#backlogBytes -= job.event.bytes
    }
    this.#backlog = undefined
    this.#turns.ended()
  }

  /** Executes the selection. Undefined if that is done already, as it is where no resolver waits. */
  #make(job: Job): Promise<void> | undefined {
    this.#executions.inc()
    const fail = (thrown: unknown) => {
      job.outcome = { thrown }
    }
    const finish = (result: ExecutionResult) => {
      job.outcome = result.errors ? { result } : new Shared(JSON.stringify(result))
    }
    try {
      const contextValue: Context = { ...(this.#args.contextValue as Context) }
      const result = execute({ ...this.#args, rootValue: job.event.delivery, contextValue })
      if (result instanceof Promise) return result.then(finish).catch(fail)
      finish(result as ExecutionResult)
    } catch (error) {
      fail(error)
    }
    return undefined
  }
}

export interface FanOut {
  /** The group of an operation on a stream, with those of the same audience; of null only the viewer is one. */
  join(feed: Feed, args: ExecutionArgs, audience?: string | null): Group
  leave(group: Group): void
}

export function createFanOut(schema: ExecutionArgs['schema'], executions: { inc(): void }): FanOut {
  const groups = new Map<string, Group>()
  const turns = new Turns()
  const sharingOf = createSharing(schema)

  return {
    join(feed, args, audience) {
      const { document, operationName, variableValues } = args
      const context = args.contextValue as Context
      const { id, perViewer: depends, start } = sharingOf(document)
      const perViewer = depends || audience === null
      const asked = `${feed.id} ${id} ${operationName ?? ''} ${canonical(variableValues ?? {}, start)}`
      // Who was told that their operation costs too much is told so again, apart from the others.
      const alike = `${asked} ${context.weighed === true} ${audience ?? ''}`
      const key = perViewer ? `${alike} ${nameOf(context.viewer)}` : alike
      let group = groups.get(key)
      if (!group) {
        // Nobody's request, and nobody's view of things unless it was declared to be.
        const viewer = perViewer ? context.viewer : null
        const own: Context = { ...context, requestId: '', address: '', viewer, connection: null, refreshCookie: null }
        const contextValue: Context = audience != null && !perViewer ? { ...own, audience } : own
        group = new Group(key, { ...args, contextValue }, turns, executions)
        groups.set(key, group)
      }
      group.members += 1
      return group
    },
    leave(group) {
      group.members -= 1
      if (group.members === 0 && groups.get(group.key) === group) groups.delete(group.key)
    },
  }
}

/** Whoever sees the same as this viewer. */
const nameOf = (viewer: Viewer | null) =>
  viewer &&
  JSON.stringify([
    ...[viewer.principal, viewer.deviceId, viewer.accountId, viewer.signInId, viewer.sessionId],
    [...viewer.roles].sort(),
  ])

/** The same text for the same values, in whatever order they were written. */
function canonical(value: unknown, without?: string): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item)).join()}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const members = Object.entries(value)
    .filter(([name]) => name !== without)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join()}}`
}
