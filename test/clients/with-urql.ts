import { cacheExchange, type Exchange, fetchExchange, subscriptionExchange, Client as Urql } from '@urql/core'
import { OperationTypeNode } from 'graphql'
import { authorizationOf, type Client, type Connect, type ConnectOptions, createFollowed } from './client.ts'
import { createSocket } from './socket.ts'

/** urql as its documentation sets it up. */
export const connectWithUrql: Connect = (options) => {
  const { client, drop } = createSocket(options)
  const exchanges = [
    cacheExchange,
    fetchExchange,
    subscriptionExchange({
      forwardSubscription: ({ query, variables }) => ({
        subscribe: (sink) => ({
          unsubscribe: client.subscribe({ query: query ?? '', variables: variables ?? {} }, sink as never),
        }),
      }),
    }),
  ]
  return onUrql(options, exchanges, { drop, close: () => void client.dispose() })
}

/** urql over any exchanges. */
export function onUrql(
  options: ConnectOptions,
  exchanges: Exchange[],
  { drop, close }: Pick<Client, 'drop' | 'close'>,
): Client {
  const urql = new Urql({ url: options.url, fetchOptions: { headers: { ...authorizationOf(options) } }, exchanges })
  return {
    async ask(document, variables) {
      const isMutation = document.definitions.some(
        (part) => 'operation' in part && part.operation === OperationTypeNode.MUTATION,
      )
      const { data, error } = isMutation
        ? await urql.mutation(document, variables as never)
        : await urql.query(document, variables as never, { requestPolicy: 'network-only' })
      return {
        data: data ?? undefined,
        code: error ? (error.graphQLErrors[0]?.extensions['code'] ?? error) : undefined,
      }
    },
    follow: (document, variables) =>
      createFollowed(({ next, end }) => {
        const { unsubscribe } = urql
          .subscription(document, variables as never)
          .subscribe(({ data, error, hasNext }) => {
            // The end of a stream repeats its last event.
            if (data && hasNext) next(data)
            if (error) end(error)
            else if (!hasNext) end()
          })
        return unsubscribe
      }),
    drop,
    close,
  }
}
