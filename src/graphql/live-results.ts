import { createSourceEventStream, type ExecutionArgs, type ExecutionResult, execute, type GraphQLError } from 'graphql'
import type { LiveEvent } from '../platform/delivery/event.ts'
import type { Delivery } from '../platform/delivery/index.ts'
import type { Receiver } from '../platform/delivery/options.ts'
import { queueLimits } from '../platform/delivery/queue.ts'
import { Subscription } from '../platform/delivery/subscription.ts'
import type { Connection } from '../platform/ws.ts'
import type { Context } from './context.ts'
import { type FanOut, type Group, type Member, type Outcome, Shared } from './fan-out.ts'
import type { Guard } from './guard.ts'

export interface LiveDependencies {
  guard: Guard
  fanOut: FanOut
  /** Counts selections executed for one subscriber alone. */
  executions: { inc(): void }
}

/** Where the results of a subscription go. */
export interface Outlet {
  readonly connection: Connection
  /** The operation is over; the client is told with `complete`, with the errors that ended it, or not at all. */
  over(id: string, results: LiveResults, how: 'complete' | 'silent' | readonly GraphQLError[]): void
}

/** So many events of a replay are executed together. */
const replayedAtOnce = 100

/** Begins a subscription over a socket: the source of its events, or why there is none. */
export async function openSource(args: ExecutionArgs, guard: Guard): Promise<AsyncIterable<unknown> | ExecutionResult> {
  const source = await createSourceEventStream({ ...args, contextValue: contextOf(args) })
  const failed = !(Symbol.asyncIterator in source)
  guard.count('subscription', failed)
  return failed ? guard.finish(source, args.contextValue as Context) : source
}

/** Each event has a context of its own: what Pothos remembers in one must not live as long as the stream. */
const contextOf = ({ contextValue }: ExecutionArgs): Context => ({ ...(contextValue as Context) })

/**
 * One subscription over a socket. What is replayed, and how the stream stands, is executed for it alone and sent as fast as
 * the socket takes it. From then on it belongs to a group, which executes each event once for all its members, and nothing
 * of it waits: what a phone that only listens keeps in memory is what counts here.
 */
export class LiveResults implements Receiver, Member {
  readonly id: string
  readonly #args: ExecutionArgs
  readonly #source: AsyncIterator<unknown>
  readonly #outlet: Outlet
  readonly #live: LiveDependencies
  readonly #head: string
  #group: Group | undefined
  #over = false
  /** Events sent since the socket last had nothing waiting. */
  #behind = 0

  constructor(id: string, args: ExecutionArgs, source: AsyncIterable<unknown>, outlet: Outlet, live: LiveDependencies) {
    this.id = id
    this.#args = args
    this.#source = source instanceof Subscription ? source : source[Symbol.asyncIterator]()
    this.#outlet = outlet
    this.#live = live
    this.#head = `{"id":${JSON.stringify(id)},"type":"next","payload":`
  }

  /** Sends what there is, until live events come by themselves. Never fails. */
  async run(): Promise<void> {
    const source = this.#source
    try {
      while (!this.#over) {
        const taken = await (source instanceof Subscription ? source.take() : source.next())
        if (this.#over) return
        if (taken?.done) return this.#end('complete')
        if (taken) {
          const more = source instanceof Subscription ? source.more(replayedAtOnce - 1) : []
          await this.#send([taken.value, ...more])
        } else if (source instanceof Subscription && source.join(this)) {
          this.#group = this.#live.fanOut.join(source.feed, this.#args, source.audience)
          return
        }
      }
    } catch (error) {
      this.end(error)
    }
  }

  /** The client wants no more, or is gone. */
  stop(): void {
    this.#end('silent')
  }

  take(event: LiveEvent, last: boolean): void {
    this.#group?.deliver(event, this, last)
  }

  async fallBack(): Promise<void> {
    const group = this.#leave()
    await group?.settled()
    await this.run()
  }

  end(error?: unknown): void {
    const { requestId } = this.#args.contextValue as Context
    this.#end(error === undefined ? 'complete' : [this.#live.guard.shown(error, requestId)])
  }

  receive(event: LiveEvent, outcome: Outcome, last: boolean): void {
    const { connection } = this.#outlet
    if (this.#over || !connection.isOpen()) return
    const buffered = connection.buffered()
    const behind = buffered === 0 ? 0 : this.#behind + 1
    if (event.passing && (behind > queueLimits.events / 2 || buffered > queueLimits.bytes / 2)) return
    this.#behind = behind
    if (behind > queueLimits.events || buffered > queueLimits.bytes) this.fallBehind()
    else if ('thrown' in outcome) this.end(outcome.thrown)
    else if (outcome instanceof Shared) connection.send(outcome.after(this.#head))
    else connection.send(`${this.#head}${this.#textOf(outcome.result)}}`)
    if (last) this.#end('complete')
  }

  fallBehind(): void {
    if (this.#source instanceof Subscription) this.#source.fallBehind()
  }

  /** Executed together, so that what they ask for is asked for at once; sent one after the other, as fast as the socket takes them. */
  async #send(deliveries: (Delivery<unknown> | unknown)[]): Promise<void> {
    const contextValue = contextOf(this.#args)
    const executed = deliveries.map((rootValue) => {
      this.#live.executions.inc()
      return execute({ ...this.#args, rootValue, contextValue })
    })
    const context = this.#args.contextValue as Context
    const { connection } = this.#outlet
    for (const result of await Promise.all(executed)) {
      context.weighed ??= !result.errors
      if (this.#over) return
      await connection.sent(`${this.#head}${this.#textOf(result)}}`).catch(() => this.stop())
    }
  }

  /** Errors are told to each with the id of the operation that it asked for. */
  #textOf(result: ExecutionResult): string {
    return JSON.stringify(this.#live.guard.finish(result, this.#args.contextValue as Context))
  }

  #leave(): Group | undefined {
    const group = this.#group
    this.#group = undefined
    if (group) this.#live.fanOut.leave(group)
    return group
  }

  #end(how: 'complete' | 'silent' | readonly GraphQLError[]): void {
    if (this.#over) return
    this.#over = true
    this.#leave()
    this.#source.return?.()?.catch(() => undefined)
    this.#outlet.over(this.id, this, how)
  }
}
