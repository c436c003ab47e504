import { createSourceEventStream, type ExecutionArgs, type ExecutionResult, execute } from 'graphql'
import type { Context } from './context.ts'
import type { Guard } from './guard.ts'

/** A subscription over a socket, by graphql-js alone: what a phone that only waits keeps in memory is what counts here. */
export async function openStream(
  args: ExecutionArgs,
  guard: Guard,
): Promise<AsyncIterableIterator<ExecutionResult> | ExecutionResult> {
  const source = await createSourceEventStream({ ...args, contextValue: contextOf(args) })
  const failed = !(Symbol.asyncIterator in source)
  guard.count('subscription', failed)
  return failed ? guard.finish(source, args.contextValue as Context) : new LiveResults(source, args, guard)
}

/** Each event has a context of its own: what Pothos remembers in one must not live as long as the stream. */
const contextOf = ({ contextValue }: ExecutionArgs): Context => ({ ...(contextValue as Context) })

/** Executes each event of a source. By hand, because a generator's `return` would wait for the event it waits for. */
class LiveResults implements AsyncIterableIterator<ExecutionResult> {
  readonly #source: AsyncIterator<unknown>
  readonly #args: ExecutionArgs
  readonly #guard: Guard

  constructor(source: AsyncIterable<unknown>, args: ExecutionArgs, guard: Guard) {
    this.#source = source[Symbol.asyncIterator]()
    this.#args = args
    this.#guard = guard
  }

  async next(): Promise<IteratorResult<ExecutionResult, undefined>> {
    const { value, done } = await this.#source.next().catch((error: unknown) => {
      throw this.#guard.shown(error, (this.#args.contextValue as Context).requestId)
    })
    if (done) return { done: true, value: undefined }
    const contextValue = contextOf(this.#args)
    const result = await execute({ ...this.#args, rootValue: value, contextValue })
    return { done: false, value: this.#guard.finish(result, contextValue) }
  }

  async return(): Promise<IteratorResult<ExecutionResult, undefined>> {
    await this.#source.return?.()
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}
