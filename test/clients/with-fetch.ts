import { type ExecutionResult, print } from 'graphql'
import { authorizationOf, type Connect, createFollowed } from './client.ts'
import { createSocket } from './socket.ts'

/** No library at all over HTTP, and plain graphql-ws for streams. */
export const connectWithFetch: Connect = (options) => {
  const { client, drop } = createSocket(options)
  return {
    async ask(document, variables) {
      const response = await fetch(options.url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/graphql-response+json',
          ...authorizationOf(options),
        },
        body: JSON.stringify({ query: print(document), variables }),
      })
      const { data, errors } = (await response.json()) as ExecutionResult<never>
      return { data: data ?? undefined, code: errors?.[0]?.extensions?.['code'] }
    },
    follow: (document, variables) =>
      createFollowed(({ next, end }) =>
        client.subscribe(
          { query: print(document), variables: { ...(variables as object) } },
          { next: ({ data }) => data && next(data as never), error: end, complete: end },
        ),
      ),
    drop,
    close: () => void client.dispose(),
  }
}
