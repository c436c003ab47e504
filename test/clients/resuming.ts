import type { Client, ExecutionResult } from 'graphql-ws'

type Result = ExecutionResult<Record<string, unknown>>

/** What the event of a result says about where its stream stands. */
const cursorOf = ({ data }: Result) => (Object.values(data ?? {})[0] as { cursor?: string } | undefined)?.cursor

/** The same client, whose subscriptions ask at every connect for what came after the last event they got. */
export function resuming(client: Client): Client {
  return {
    ...client,
    subscribe(payload, sink) {
      let after = payload.variables?.['after']
      // Read whenever graphql-ws writes the message: at the first connect and at every one after it.
      const variables = {
        ...payload.variables,
        get after() {
          return after
        },
      }
      return client.subscribe(
        { ...payload, variables },
        {
          next(result) {
            after = cursorOf(result as Result) ?? after
            sink.next(result as never)
          },
          error: (reason) => sink.error(reason),
          complete: () => sink.complete(),
        },
      )
    },
  }
}
