import { ApolloClient, ApolloLink, CombinedGraphQLErrors, HttpLink, InMemoryCache } from '@apollo/client'
import { GraphQLWsLink } from '@apollo/client/link/subscriptions'
import { relayStylePagination } from '@apollo/client/utilities'
import { OperationTypeNode } from 'graphql'
import { possibleTypes } from '../../sdk/generated/possible-types.ts'
import { authorizationOf, type Client, type ConnectOptions, createFollowed } from './client.ts'
import { createSocket } from './socket.ts'

/** Apollo Client as its documentation sets it up. */
export function connectWithApollo(options: ConnectOptions): ApolloPhone {
  const { client, drop } = createSocket(options)
  const http = new HttpLink({ uri: options.url, headers: { ...authorizationOf(options) } })
  const link = ApolloLink.split(
    ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
    new GraphQLWsLink(client),
    http,
  )
  return onApollo(link, { drop, close: () => void client.dispose() })
}

type ApolloPhone = Client & { apollo: ApolloClient }

/** Apollo Client over any link. */
export function onApollo(link: ApolloLink, { drop, close }: Pick<Client, 'drop' | 'close'>): ApolloPhone {
  const apollo = new ApolloClient({
    link,
    cache: new InMemoryCache({
      possibleTypes,
      typePolicies: { Session: { fields: { matches: relayStylePagination() } } },
    }),
  })
  return {
    apollo,
    async ask(document, variables) {
      const { definitions } = document
      const isMutation = definitions.some(
        (part) => 'operation' in part && part.operation === OperationTypeNode.MUTATION,
      )
      const asked = { variables: variables as never, errorPolicy: 'all' } as const
      const { data, error } = isMutation
        ? await apollo.mutate({ mutation: document, ...asked })
        : await apollo.query({ query: document, ...asked })
      const code = CombinedGraphQLErrors.is(error) ? error.errors[0]?.extensions?.['code'] : error
      return { data: (data as never) ?? undefined, code }
    },
    follow: (document, variables) =>
      createFollowed(({ next, end }) => {
        const subscription = apollo
          .subscribe({ query: document, variables: variables as never, fetchPolicy: 'no-cache' })
          .subscribe({
            next: ({ data, error }) => (data ? next(data as never) : end(error)),
            error: end,
            complete: () => end(),
          })
        return () => subscription.unsubscribe()
      }),
    drop,
    close() {
      apollo.stop()
      close()
    },
  }
}
