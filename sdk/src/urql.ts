import { type Exchange, subscriptionExchange } from '@urql/core'
import type { VicinityClient } from './client-types.ts'

/**
 * urql over this client: its tokens, its socket, and streams that go on by themselves. Put it last, in the place of
 * `fetchExchange` and `subscriptionExchange`. When a stream ends urql hands out its last event once more, with `hasNext: false`.
 */
export const vicinityExchange = (client: Pick<VicinityClient, 'request' | 'subscribe'>): Exchange =>
  subscriptionExchange({
    enableAllOperations: true,
    forwardSubscription: ({ query = '', variables }, { kind }) => ({
      subscribe(sink) {
        if (kind === 'subscription') {
          const unsubscribe = client.subscribe(query, variables, {
            next: (data) => sink.next({ data: data as Record<string, unknown> }),
            error: (error) => sink.error(error),
            complete: () => sink.complete(),
          })
          return { unsubscribe }
        }
        const leaving = new AbortController()
        client.request(query, variables, { signal: leaving.signal }).then(
          (answer) => {
            sink.next(answer as { data?: Record<string, unknown> })
            sink.complete()
          },
          (error) => {
            if (!leaving.signal.aborted) sink.error(error)
          },
        )
        return { unsubscribe: () => leaving.abort() }
      },
    }),
  })
