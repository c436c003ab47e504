import { type Client, createClient } from 'graphql-ws'
import WebSocket from 'ws'
import { authorizationOf, type ConnectOptions } from './client.ts'
import { resuming } from './resuming.ts'

/** After these a client must not come back by itself. */
const final = new Set([4403, 4410])

/** graphql-ws, set up as docs/clients.md says, with a cable that can be pulled. */
export function createSocket(options: ConnectOptions): { client: Client; drop(): void } {
  let current: WebSocket | undefined
  class Socket extends WebSocket {
    constructor(address: string, protocols: string[]) {
      super(address, protocols)
      current = this
    }
  }
  const client = createClient({
    url: options.wsUrl,
    webSocketImpl: Socket,
    connectionParams: async () => authorizationOf(options),
    retryAttempts: Number.POSITIVE_INFINITY,
    retryWait: async () => options.beforeRetry?.(),
    shouldRetry: (event) => !final.has((event as { code?: number }).code ?? 0),
  })
  return { client: resuming(client), drop: () => current?.terminate() }
}
