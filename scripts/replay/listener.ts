import { createClient } from 'graphql-ws'
import WebSocket from 'ws'
import { CallError } from '../kit/failure.ts'
import type { Random } from '../kit/random.ts'
import type { Server } from '../kit/server.ts'
import { nudgesDocument } from './documents.ts'

export type NudgeEvent =
  | { __typename: 'Ready'; cursor: string }
  | { __typename: 'Nudge'; cursor: string; matchId: string; sharedInterests: string[]; nudgedAt: string }
  | { __typename: 'ResyncRequired'; cursor: string; reason: string }

export interface Listener {
  /** Resolves when the stream stands. */
  ready: Promise<void>
  connected(): boolean
  /** When the stream last began or was resumed, milliseconds. */
  sinceMs(): number
  /** Breaks the connection without a goodbye, as a tunnel does; false when there is none to break. */
  cut(): boolean
  stop(): void
}

export interface ListenerOptions {
  /** The first one is home; after each loss of the connection it is the next one's turn. */
  servers: Server[]
  token: string
  random: Random
  /** A phone that lost its connection comes back after at most so long, milliseconds. */
  backWithinMs: number
  onEvent(event: Exclude<NudgeEvent, { __typename: 'Ready' }>): void
  onBack?(): void
  /** A loss of the connection that nobody ordered. */
  onLost(): void
  onFailed(error: Error): void
}

/** Close codes after which coming back is of no use. */
const final = new Set([4400, 4401, 4403, 4406, 4409, 4410, 4411, 4429])
const refusalsInARow = 60

/** The nudges of one phone over WebSocket. On a loss it comes back with the last cursor it has, to whichever node is next. */
export function listen(options: ListenerOptions): Listener {
  const { servers, token, random, backWithinMs, onEvent, onFailed } = options
  let after: string | undefined
  let visit = 0
  let stopped = false
  let ready = false
  let sinceMs = 0
  let refusals = 0
  let timer: NodeJS.Timeout | undefined
  let socket: WebSocket | undefined
  let dispose: () => void = () => undefined
  let isReady: () => void = () => undefined
  const firstReady = new Promise<void>((resolve) => {
    isReady = resolve
  })

  function connect() {
    const mine = visit
    const current = () => mine === visit && !stopped
    class Phone extends WebSocket {
      constructor(address: string, protocols: string[]) {
        super(address, protocols, { perMessageDeflate: false })
        if (current()) socket = this
      }
    }
    const client = createClient({
      url: servers[mine % servers.length]?.wsUrl ?? '',
      webSocketImpl: Phone,
      retryAttempts: 0,
      connectionParams: { authorization: `Bearer ${token}` },
    })
    // It waits for a connection that is just being made, which may well fail.
    dispose = () => void Promise.resolve(client.dispose()).catch(() => undefined)
    client.subscribe<{ nudges: NudgeEvent }>(
      { query: nudgesDocument, variables: after === undefined ? {} : { after } },
      {
        next({ data, errors }) {
          if (!current()) return
          if (errors?.[0]) return fail(errors[0])
          if (data?.nudges) take(data.nudges)
        },
        error(reason) {
          if (!current()) return
          if (Array.isArray(reason)) fail(reason[0])
          else lost(reason as { code?: number; reason?: string; message?: string })
        },
        complete() {
          if (current()) lost({ reason: 'the stream ended' })
        },
      },
    )
  }

  function take(event: NudgeEvent) {
    after = event.cursor
    if (event.__typename !== 'Ready') return onEvent(event)
    ready = true
    sinceMs = Date.now()
    refusals = 0
    if (visit > 0) options.onBack?.()
    isReady()
  }

  /** A failure of the operation itself; the server being short of something is only a reason to come back. */
  function fail({ message, extensions }: { message: string; extensions?: Record<string, unknown> }) {
    const { code } = extensions ?? {}
    if (code === 'UNAVAILABLE') return lost({ reason: message })
    stop()
    onFailed(new CallError('nudges', String(code), message))
  }

  function lost({ code = 0, reason, message }: { code?: number; reason?: string; message?: string }) {
    refusals += 1
    if (final.has(code) || code === 4414 || refusals > refusalsInARow) {
      stop()
      return onFailed(
        new CallError(
          'nudges',
          code === 4414 ? 'TOO_MANY_SOCKETS' : String(code),
          reason || message || 'no connection',
        ),
      )
    }
    options.onLost()
    comeBack()
  }

  function comeBack() {
    ready = false
    visit += 1
    socket = undefined
    timer = setTimeout(connect, random() * backWithinMs)
  }

  function stop() {
    stopped = true
    clearTimeout(timer)
    dispose()
    socket?.terminate()
  }

  connect()
  return {
    ready: firstReady,
    connected: () => ready,
    sinceMs: () => sinceMs,
    cut() {
      if (!ready || stopped || !socket) return false
      socket.terminate()
      comeBack()
      return true
    },
    stop,
  }
}
