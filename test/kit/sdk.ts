import WebSocket from 'ws'
import type { TypedText } from '../../sdk/src/documents.ts'
import { type ClientOptions, createClient, type Sink, systemClock, type VicinityClient } from '../../sdk/src/index.ts'
import type { TestApp } from './app.ts'

export interface SdkClient extends VicinityClient {
  /** Cuts the connection as a tunnel does, without a goodbye. */
  drop(): void
  /** Says that it is worth to try now, as a browser does that is online again. */
  wake(): void
  /** How many sockets were opened. */
  sockets(): number
}

/** The SDK's client, whose cable can be pulled. */
export function createSdk(options: ClientOptions): SdkClient {
  let current: WebSocket | undefined
  let sockets = 0
  class Socket extends WebSocket {
    constructor(address: string, protocols: string[]) {
      super(address, protocols)
      current = this
      sockets += 1
    }
  }
  const wakers = new Set<() => void>()
  const client = createClient({
    WebSocket: Socket,
    wake(listener) {
      wakers.add(listener)
      return () => wakers.delete(listener)
    },
    ...options,
  })
  return {
    ...client,
    drop: () => current?.terminate(),
    wake() {
      for (const waker of wakers) waker()
    },
    sockets: () => sockets,
  }
}

const open = new Set<VicinityClient>()
afterEach(() => {
  for (const client of open) client.dispose()
  open.clear()
})

/** The same against a test's server, with that server's clock. Disposed of after the test. */
export function connect(
  app: Pick<TestApp, 'url' | 'wsUrl' | 'clock'>,
  options: Partial<ClientOptions> = {},
): SdkClient {
  const { url, wsUrl, clock } = app
  const client = createSdk({ url, wsUrl, clock: { now: clock.now, after: systemClock.after }, ...options })
  open.add(client)
  return client
}

export interface Heard<Data> {
  events: Data[]
  error: unknown
  over: boolean
  stop(): void
}

/** A stream whose events are kept. */
export function hear<Data, Variables>(
  client: VicinityClient,
  document: TypedText<Data, Variables>,
  variables: Variables,
): Heard<Data> {
  const heard: Heard<Data> = { events: [], error: undefined, over: false, stop: () => undefined }
  const sink: Sink<Data> = {
    next: (data) => void heard.events.push(data),
    error(error) {
      heard.error = error
      heard.over = true
    },
    complete() {
      heard.over = true
    },
  }
  heard.stop = client.subscribe(document, variables, sink)
  return heard
}
