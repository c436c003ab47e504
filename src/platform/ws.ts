import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { handleProtocols, type Server } from 'graphql-ws'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Clock } from './clock.ts'
import type { Metrics } from './metrics.ts'
import { createTokenBucket } from './token-bucket.ts'

/** Why we close a socket; docs/close-codes.md says what a client does about each. */
export const closeCodes = {
  goingAway: 1001,
  badRequest: 4400,
  revoked: 4410,
  expired: 4411,
  slow: 4412,
  rateLimited: 4413,
  tooMany: 4414,
  internal: 4500,
} as const

/** One open socket. The part above fills in who it belongs to once that is known. */
export interface Connection {
  requestId: string
  address: string
  /** When its token ends, milliseconds. */
  expiresAtMs: number
  /** Says whose socket it is. Answers how many of theirs are open on this node, this one included. */
  identify(principal: string, expiresAtMs: number): number
  acknowledged: boolean
  /** Ids of the operations that must be answered before the socket may be closed. */
  running?: Set<string>
  cut(code: number, reason: string): void
  /** Calls the listener once when the socket is gone, whoever ended it; at once if it is gone already. */
  onClosed(listener: () => void): void
}

export interface SocketLimits {
  perAddress: number
  /** Messages a second, with bursts of twice as many; false lifts it. */
  messages: boolean
}

export interface SocketServer {
  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer, facts: { requestId: string; address: string }): void
  connections: ReadonlySet<Connection>
  /** Closes every socket of a principal. */
  cut(principal: string, code: number, reason: string): void
  /** Lets running operations finish, then closes every socket with 1001, at moments spread over `spreadMs`. */
  drain(spreadMs: number, deadlineMs: number): Promise<void>
}

const frameLimit = 64 * 1024
/** A socket that has not answered a ping by the next one is gone. */
const keepAliveMs = 12_000
const sweepMs = 1000
const messagesPerSecond = 20
const messagesBeforeAck = 5

export function createSocketServer(deps: {
  protocol: Server<Connection>
  limits: SocketLimits
  clock: Clock
  metrics: Metrics
}): SocketServer {
  const { protocol, limits, clock, metrics } = deps
  const connections = new Set<Connection>()
  const sockets = new Map<WebSocket, { connection: Connection; alive: boolean }>()
  const perAddress = new Map<string, number>()
  // A phone has one socket, nearly always: only a second one makes a set.
  const byPrincipal = new Map<string, Connection | Set<Connection>>()
  let draining = false

  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: frameLimit,
    maxFragments: 64,
    maxBufferedChunks: 256,
    closeTimeout: 5000,
    handleProtocols,
  } as ConstructorParameters<typeof WebSocketServer>[0])

  function count(address: string, by: number): number {
    const now = (perAddress.get(address) ?? 0) + by
    if (now > 0) perAddress.set(address, now)
    else perAddress.delete(address)
    return now
  }

  function leave(principal: string, connection: Connection) {
    const theirs = byPrincipal.get(principal)
    if (theirs instanceof Set) theirs.delete(connection)
    if (theirs === connection || (theirs instanceof Set && theirs.size === 0)) byPrincipal.delete(principal)
  }

  function accept(socket: WebSocket, facts: { requestId: string; address: string }) {
    let owner: string | undefined
    let farewells: (() => void)[] | undefined
    const connection: Connection = {
      ...facts,
      expiresAtMs: Number.POSITIVE_INFINITY,
      identify(principal, expiresAtMs) {
        // It may have gone while its token was looked at: what leaves first must not enter afterwards.
        if (socket.readyState === socket.CLOSED) return 0
        owner = principal
        connection.expiresAtMs = expiresAtMs
        const theirs = byPrincipal.get(principal)
        if (!theirs) byPrincipal.set(principal, connection)
        else if (theirs instanceof Set) theirs.add(connection)
        else byPrincipal.set(principal, new Set([theirs, connection]))
        return theirs === undefined ? 1 : theirs instanceof Set ? theirs.size : 2
      },
      acknowledged: false,
      cut: (code, reason) => socket.close(code, reason),
      onClosed(listener) {
        if (socket.readyState === socket.CLOSED) return listener()
        farewells ??= []
        farewells.push(listener)
      },
    }
    const state = { connection, alive: true }
    connections.add(connection)
    sockets.set(socket, state)
    metrics.sockets.inc()
    const bucket = limits.messages ? createTokenBucket(messagesPerSecond) : undefined
    let heard = 0

    /** Every frame a client sends is paid for, control frames included; before the acknowledgement there are few. */
    const paid = () => {
      heard += 1
      const within =
        !bucket || (bucket.take(performance.now()) && (connection.acknowledged || heard <= messagesBeforeAck))
      if (!within) socket.close(closeCodes.rateLimited, 'Rate limited')
      return within && socket.readyState === socket.OPEN
    }

    const closed = protocol.opened(
      {
        protocol: socket.protocol,
        send: (text) =>
          new Promise((resolve, reject) => {
            if (socket.readyState !== socket.OPEN) resolve()
            else socket.send(text, (error) => (error ? reject(error) : resolve()))
          }),
        close: (code, reason) => socket.close(code, reason),
        onMessage: (handle) => {
          socket.on('message', (data, isBinary) => {
            if (!paid()) return
            if (isBinary) return socket.close(closeCodes.badRequest, 'Text frames only')
            handle(String(data)).catch(() => socket.close(closeCodes.internal, 'Internal server error'))
          })
        },
      },
      connection,
    )
    socket.on('ping', paid)
    socket.on('pong', () => {
      state.alive = paid()
    })
    // A broken frame or a reset ends in 'close', which does the cleaning up.
    socket.on('error', () => undefined)
    socket.once('close', (code, reason) => {
      connections.delete(connection)
      sockets.delete(socket)
      count(connection.address, -1)
      if (owner !== undefined) leave(owner, connection)
      metrics.sockets.dec()
      metrics.socketCloses.inc({ code: String(code) })
      for (const farewell of farewells ?? []) farewell()
      Promise.resolve(closed(code, String(reason))).catch(() => undefined)
    })
    if (count(connection.address, 1) > limits.perAddress) socket.close(closeCodes.tooMany, 'Too many connections')
  }

  const keepAlive = setInterval(() => {
    for (const [socket, state] of sockets) {
      if (!state.alive) socket.terminate()
      else if (socket.readyState === socket.OPEN) {
        state.alive = false
        socket.ping()
      }
    }
  }, keepAliveMs)
  const sweep = setInterval(() => {
    for (const connection of connections)
      if (connection.expiresAtMs <= clock.now()) connection.cut(closeCodes.expired, 'Token expired')
  }, sweepMs)
  keepAlive.unref()
  sweep.unref()

  return {
    connections,
    upgrade(req, socket, head, facts) {
      if (draining) socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\n')
      else if (req.headers['sec-websocket-version'] !== '13')
        socket.end('HTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Version: 13\r\nConnection: close\r\n\r\n')
      else server.handleUpgrade(req, socket, head, (opened) => accept(opened, facts))
    },
    cut(principal, code, reason) {
      const theirs = byPrincipal.get(principal)
      for (const connection of theirs instanceof Set ? [...theirs] : theirs ? [theirs] : [])
        connection.cut(code, reason)
    },
    async drain(spreadMs, deadlineMs) {
      draining = true
      const deadline = performance.now() + deadlineMs
      const dismiss = async (socket: WebSocket, connection: Connection) => {
        await pause(Math.random() * spreadMs)
        while ((connection.running?.size ?? 0) > 0 && performance.now() < deadline) await pause(10)
        socket.close(closeCodes.goingAway, 'Going away')
      }
      await Promise.all([...sockets].map(([socket, { connection }]) => dismiss(socket, connection)))
      while (sockets.size > 0 && performance.now() < deadline) await pause(10)
      for (const socket of sockets.keys()) socket.terminate()
      clearInterval(keepAlive)
      clearInterval(sweep)
    },
  }
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
