import { type AuthOptions, createAuth } from './auth/auth.ts'
import type { VicinityClient } from './client-types.ts'
import type { RequestOptions } from './documents.ts'
import { browserWake, type Clock, type Fetch, systemClock, type Wake } from './environment.ts'
import { refusal, VicinityError } from './errors.ts'
import { createHttp, dataOf, type GraphQLAnswer, sending } from './transport/http.ts'
import { follow } from './transport/resume.ts'
import { createSocket } from './transport/socket.ts'

export interface ClientOptions {
  /** Where the API is: `https://api.example.com/graphql`. */
  url: string
  /** Where its socket is, if not there; a function is asked before each connect. */
  wsUrl?: string | (() => string | Promise<string>)
  auth?: AuthOptions
  /** Default: the runtime's own. */
  fetch?: Fetch
  /** A class like the browser's. Default: the runtime's own; Node below 22 has none, give it the package `ws`. */
  WebSocket?: unknown
  clock?: Clock
  /** Default: a browser's `online`, and that the page is looked at again. On a phone: NetInfo and AppState. */
  wake?: Wake
}

export function createClient(options: ClientOptions): VicinityClient {
  const { url, clock = systemClock, wake = browserWake } = options
  const fetch = options.fetch ?? ((address, init) => globalThis.fetch(address, init))
  const ask = createHttp({ url, fetch, clock })
  /** What ends each stream that runs. */
  const streams = new Set<(error?: VicinityError) => void>()

  const endAll = (error?: VicinityError) => {
    for (const end of [...streams]) end(error)
  }
  const auth = createAuth({
    options: options.auth ?? {},
    name: url,
    send: sending(ask),
    clock,
    changed(change) {
      if (change === 'left') endAll(new VicinityError('UNAUTHENTICATED', 'Signed out'))
      if (change === 'ended') endAll(new VicinityError('SESSION_REVOKED', 'The sign-in has ended'))
      socket.reconnect()
    },
  })
  const socket = createSocket({
    url: options.wsUrl ?? url.replace(/^http/, 'ws'),
    WebSocket: options.WebSocket,
    auth,
    clock,
    wake,
  })

  async function request(
    document: string,
    variables: unknown,
    { signal }: RequestOptions = {},
  ): Promise<GraphQLAnswer> {
    const token = await auth.accessToken()
    const answer = await ask({ document, variables, token, signal })
    if (token === null || !answer.errors || !(await auth.another(token, refusal(answer.errors)))) return answer
    return ask({ document, variables, token: await auth.accessToken(), signal })
  }
  const run: VicinityClient['query'] = async (document, variables, options) =>
    dataOf(await request(document, variables, options)) as never

  return {
    query: run,
    mutate: run,
    request,
    subscribe(document, variables, sink) {
      const leave = () => {
        streams.delete(end)
        stop()
      }
      const end = (error?: VicinityError) => {
        leave()
        if (error) sink.error?.(error)
      }
      streams.add(end)
      const stop = follow(
        { socket, clock },
        document,
        { ...(variables as object) },
        {
          next: (data) => sink.next(data as never),
          error(error) {
            streams.delete(end)
            sink.error?.(error)
          },
          complete() {
            streams.delete(end)
            sink.complete?.()
          },
        },
      )
      return leave
    },
    status: socket.status,
    auth,
    dispose() {
      endAll()
      socket.dispose()
      auth.dispose()
    },
  }
}
