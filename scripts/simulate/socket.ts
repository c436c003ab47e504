import { setTimeout as pause } from 'node:timers/promises'
import { createClient } from 'graphql-ws'
import WebSocket from 'ws'

/** What a subscription tells, beside events of its own. */
interface StreamEvent {
  __typename: string
  cursor?: string
}

export interface Subscription {
  stop(): void
}

export interface PhoneSocket {
  /** `on.ended` hears that the server has ended it, for good: with a code where it was refused. */
  follow<Event extends StreamEvent>(
    query: string,
    variables: object,
    on: { event(event: Event): void; ended(code?: string): void },
  ): Subscription
  close(): void
}

/** Close codes after which coming back is of no use. */
const final = new Set([4400, 4401, 4403, 4406, 4409, 4410, 4411, 4414, 4429])
const backWithinMs = 1000

/** The one socket of a phone, for all of its subscriptions. Each of them comes back with its last cursor when the socket was lost. */
export function createPhoneSocket(options: { wsUrl: string; token: string; onLost(): void }): PhoneSocket {
  const { wsUrl, token, onLost } = options
  class Phone extends WebSocket {
    constructor(address: string, protocols: string[]) {
      super(address, protocols, { perMessageDeflate: false })
    }
  }
  const client = createClient({
    url: wsUrl,
    webSocketImpl: Phone,
    retryAttempts: Number.POSITIVE_INFINITY,
    retryWait: () => pause(Math.random() * backWithinMs),
    shouldRetry: (reason) => !final.has((reason as { code?: number }).code ?? 0),
    lazyCloseTimeout: 1000,
    connectionParams: { authorization: `Bearer ${token}` },
    on: { closed: (event) => void ((event as { wasClean?: boolean }).wasClean || onLost()) },
  })

  return {
    follow<Event extends StreamEvent>(
      query: string,
      given: object,
      on: { event(event: Event): void; ended(code?: string): void },
    ) {
      let after: string | undefined
      let stopped = false
      const end = (code?: string) => {
        if (!stopped) on.ended(code)
        stopped = true
      }
      const variables = {
        ...given,
        // Read at every connect.
        get after() {
          return after
        },
      }
      let cancel: () => void = () => undefined

      /** What a server is short of for a moment is asked for again, as an app does. */
      function failed(code: string) {
        if (code !== 'UNAVAILABLE' || stopped) return end(code)
        cancel()
        onLost()
        setTimeout(() => !stopped && begin(), Math.random() * backWithinMs)
      }
      function begin() {
        cancel = client.subscribe<Record<string, Event>>(
          { query, variables },
          {
            next({ data, errors }) {
              if (stopped) return
              if (errors?.[0]) return failed(codeOf(errors))
              const [event] = Object.values(data ?? {})
              if (!event) return
              after = event.cursor ?? after
              on.event(event)
            },
            error: (reason) => failed(codeOf(reason)),
            complete: () => end(),
          },
        )
      }
      begin()
      return {
        stop() {
          stopped = true
          cancel()
        },
      }
    },
    close: () => void Promise.resolve(client.dispose()).catch(() => undefined),
  }
}

function codeOf(reason: unknown): string {
  if (Array.isArray(reason)) return String(reason[0]?.extensions?.code ?? 'INTERNAL')
  const { code } = reason as { code?: number }
  return code === 4414 ? 'TOO_MANY_SOCKETS' : `SOCKET_${code ?? 'LOST'}`
}
