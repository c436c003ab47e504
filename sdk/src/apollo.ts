import { ApolloLink, Observable } from '@apollo/client'
import { print } from '@apollo/client/utilities'
import type { VicinityClient } from './client-types.ts'

/** For `new InMemoryCache({ possibleTypes })`. */
export { possibleTypes } from '../generated/possible-types.ts'

/**
 * Apollo Client over this client: its tokens, its socket, and streams that go on by themselves. Use it as the only link, and
 * follow streams with `fetchPolicy: 'no-cache'`. A stream that ends for a reason errs with a VicinityError.
 */
export const vicinityLink = (client: Pick<VicinityClient, 'request' | 'subscribe'>): ApolloLink =>
  new ApolloLink(
    ({ query, variables }) =>
      new Observable((observer) => {
        const document = print(query)
        if (follows(query.definitions)) {
          return client.subscribe(document, variables, {
            next: (data) => observer.next({ data: data as Record<string, unknown> }),
            error: (error) => observer.error(error),
            complete: () => observer.complete(),
          })
        }
        const leaving = new AbortController()
        client.request(document, variables, { signal: leaving.signal }).then(
          (answer) => {
            observer.next(answer as ApolloLink.Result)
            observer.complete()
          },
          (error) => {
            if (!leaving.signal.aborted) observer.error(error)
          },
        )
        return () => leaving.abort()
      }),
  )

const follows = (definitions: readonly { kind: string }[]) =>
  definitions.some((part) => 'operation' in part && part.operation === 'subscription')
