import { createClient } from 'graphql-ws'
import WebSocket from 'ws'

export interface Stream<Event> {
  /** The next event, waiting for it; fails when the stream ends instead. */
  next(): Promise<Event>
  /** What came and was not taken yet. */
  waiting(): Event[]
  /** Resolves when the stream ends, with what ended it. */
  ended: Promise<{
    code: number | undefined
    errors?: readonly { message: string; extensions?: Record<string, unknown> }[]
  }>
  /** Drops the connection as a tunnel does, without a goodbye. */
  drop(): void
  stop(): void
}

/** One subscription on a socket of its own, which never reconnects by itself. Its events queue, so that none is missed. */
export function follow<Event>(
  app: { wsUrl: string },
  query: string,
  options: { token?: string | undefined; variables?: Record<string, unknown> } = {},
): Stream<Event> {
  const events: Event[] = []
  const takers: { resolve(event: Event): void; reject(reason: unknown): void }[] = []
  let socket: WebSocket | undefined
  let closeCode: number | undefined
  class Socket extends WebSocket {
    constructor(address: string, protocols: string[]) {
      super(address, protocols)
      socket = this
      this.on('close', (code) => {
        closeCode = code
      })
    }
  }
  const client = createClient({
    url: app.wsUrl,
    webSocketImpl: Socket,
    lazy: true,
    retryAttempts: 0,
    connectionParams: options.token ? { authorization: `Bearer ${options.token}` } : {},
  })
  let end: (value: Awaited<Stream<Event>['ended']>) => void = () => undefined
  const ended = new Promise<Awaited<Stream<Event>['ended']>>((resolve) => {
    end = resolve
  })
  const finish = (errors?: readonly { message: string }[]) => {
    for (const taker of takers.splice(0))
      taker.reject(
        errors
          ? new Error(errors.map(({ message }) => message).join('; '))
          : new Error(`The stream ended (${closeCode}).`),
      )
    end({ code: closeCode, ...(errors ? { errors } : {}) })
  }
  const cancel = client.subscribe<Record<string, Event>>(
    { query, variables: options.variables ?? {} },
    {
      next({ data, errors }) {
        if (errors) return finish(errors)
        const [event] = Object.values(data ?? {})
        if (event === undefined) return
        const taker = takers.shift()
        if (taker) taker.resolve(event)
        else events.push(event)
      },
      error(reason) {
        if (Array.isArray(reason)) finish(reason)
        else {
          closeCode ??= (reason as { code?: number }).code
          finish()
        }
      },
      complete: () => finish(),
    },
  )
  return {
    next() {
      const event = events.shift()
      if (event !== undefined) return Promise.resolve(event)
      return new Promise((resolve, reject) => {
        takers.push({ resolve, reject })
      })
    },
    waiting: () => [...events],
    ended,
    drop: () => socket?.terminate(),
    stop() {
      cancel()
      void client.dispose()
    },
  }
}
