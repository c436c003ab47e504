import { type Client, createClient } from 'graphql-ws/client'
import type { ConnectionStatus } from '../client-types.ts'
import type { Clock, Wake } from '../environment.ts'
import { createObservable, type Observable } from '../observable.ts'
import { backoffMs } from './backoff.ts'
import { closeCodeOf, remedyFor } from './close-codes.ts'

/** What the socket needs to know of who is signed in. */
export interface SocketAuth {
  /** The token to connect with; waits for another one if it has to. Rejects while none can be had. */
  accessToken(): Promise<string | null>
  /** The server refused the token, with 4403 or 4411. False: no other one can be had, so there is no use in trying. */
  refused(token: string | null, closeCode: number): boolean
  /** The server let somebody in. */
  accepted(): void
  /** The server ended whom the token speaks for. False: somebody else is signed in by now. */
  ended(token: string | null): boolean
}

export interface Payload {
  query: string
  variables: Record<string, unknown>
}

export interface RawSink {
  next(result: { data?: unknown; errors?: readonly { message: string }[] | undefined }): void
  /** Errors of GraphQL, or why the socket closed for good. */
  error(reason: unknown): void
  complete(): void
}

export interface Socket {
  subscribe(payload: Payload, sink: RawSink): () => void
  readonly status: Observable<ConnectionStatus>
  /** Connects anew, as whoever is signed in now. Streams go on where they were. */
  reconnect(): void
  dispose(): void
}

export interface SocketOptions {
  url: string | (() => string | Promise<string>)
  WebSocket?: unknown
  auth: SocketAuth
  clock: Clock
  wake: Wake
}

/** Notices a dead network: a ping after so long, and the socket is given up without an answer. The server does the same. */
const keepAliveMs = 12_000
const pongWithinMs = 5000
/** A screen that leaves and one that comes share the socket. */
const lingersMs = 1000
const firstBackOff = 3

/** One socket for all streams, there while something is followed; it comes back by itself, as docs/close-codes.md says. */
export function createSocket({ url, WebSocket, auth, clock, wake }: SocketOptions): Socket {
  const status = createObservable<ConnectionStatus>('idle')
  let client: Client | undefined
  let streams = 0
  let state: ConnectionStatus = 'connecting'
  let token: string | null = null
  let closeCode: number | undefined
  let mayRetry = true
  let disposed = false
  /** Whoever is signed in has changed while the socket was being opened. */
  let outdated = false
  let hurry: () => void = () => undefined
  let stopWaitingForPong: () => void = () => undefined
  let ping: () => void = () => undefined

  const show = () => status.set(streams === 0 ? 'idle' : state)
  const become = (next: ConnectionStatus) => {
    state = next
    show()
  }

  /** A pause that whoever says `hurry` ends at once. */
  const pause = (ms: number) =>
    new Promise<void>((resolve) => {
      const cancel = clock.after(ms, resolve)
      hurry = () => {
        cancel()
        resolve()
      }
    })

  async function waitBefore(failed: number): Promise<void> {
    const { next } = remedyFor(closeCode)
    if (next === 'back-off') return pause(backoffMs(failed + firstBackOff))
    const atOnce = next === 'again' || next === 'renew'
    if (!atOnce) return pause(backoffMs(failed))
    if (failed > 0) return pause(backoffMs(failed - 1))
  }

  /** Without its token a stream would be refused for good, so there is no socket before there is one. */
  async function address(): Promise<string> {
    for (let failed = 0; streams > 0 && !disposed; failed += 1) {
      try {
        outdated = false
        token = await auth.accessToken()
        break
      } catch {
        become('offline')
        await pause(backoffMs(failed))
        become('connecting')
      }
    }
    return typeof url === 'function' ? url() : url
  }

  function closed(event: unknown) {
    stopWaitingForPong()
    ping = () => undefined
    closeCode = closeCodeOf(event)
    // The last one to listen has left: the next one connects anew.
    become(streams === 0 ? 'connecting' : 'offline')
    const { next } = remedyFor(closeCode)
    mayRetry = next !== 'stop'
    if (next === 'renew') mayRetry = auth.refused(token, closeCode ?? 0)
    if (next === 'sign-out') mayRetry = !auth.ended(token)
  }

  const terminate = () => client?.terminate()

  function awaitPong() {
    stopWaitingForPong()
    stopWaitingForPong = clock.after(pongWithinMs, terminate)
  }

  const open = () =>
    createClient({
      url: address,
      webSocketImpl: WebSocket,
      connectionParams: () => (token === null ? {} : { authorization: `Bearer ${token}` }),
      lazyCloseTimeout: lingersMs,
      keepAlive: keepAliveMs,
      connectionAckWaitTimeout: 10_000,
      retryAttempts: Number.POSITIVE_INFINITY,
      retryWait: waitBefore,
      shouldRetry: () => mayRetry && !disposed,
      on: {
        connecting: () => become('connecting'),
        connected: (socket) => {
          auth.accepted()
          if (outdated) return terminate()
          ping = () => (socket as { send(text: string): void }).send('{"type":"ping"}')
          become('online')
        },
        ping: (received) => {
          if (!received) awaitPong()
        },
        pong: (received) => {
          if (received) stopWaitingForPong()
        },
        error: () => {
          closeCode = undefined
          mayRetry = true
        },
        closed,
      },
    })

  const stopListening = wake(() => {
    hurry()
    // A page that slept does not know yet that its socket is dead.
    if (state === 'online') {
      ping()
      awaitPong()
    }
  })

  return {
    status,
    subscribe(payload, sink) {
      client ??= open()
      streams += 1
      show()
      let over = false
      const end = () => {
        if (over) return
        over = true
        streams -= 1
        show()
      }
      const stop = client.subscribe(payload, {
        next: (result) => {
          if (!over) sink.next(result)
        },
        error(reason) {
          if (over) return
          end()
          sink.error(reason)
        },
        complete() {
          if (over) return
          end()
          sink.complete()
        },
      })
      return () => {
        end()
        stop()
      }
    },
    reconnect() {
      hurry()
      if (state === 'online') terminate()
      else outdated = true
    },
    dispose() {
      disposed = true
      stopListening()
      stopWaitingForPong()
      hurry()
      // What is still being opened may fail, which is nobody's business any more.
      Promise.resolve(client?.dispose()).catch(() => undefined)
    },
  }
}
