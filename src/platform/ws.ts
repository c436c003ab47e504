import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { CloseCode, GRAPHQL_TRANSPORT_WS_PROTOCOL, handleProtocols } from 'graphql-ws'
import { type RawData, WebSocket, WebSocketServer } from 'ws'
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
  /**
   * Says whose socket it is, and under which names it can be cut. Answers how many of theirs are open on this node, this one
   * included.
   */
  identify(whose: string, names: readonly string[], expiresAtMs: number): number
  acknowledged: boolean
  /** How many operations must be answered before the socket may be closed. */
  unanswered: number
  isOpen(): boolean
  /** Sends a text; does nothing once the socket is closing. */
  send(text: string | Buffer): void
  /** Sends a text, and waits until the system has taken it. Fails when the socket ends first. */
  sent(text: string): Promise<void>
  /** Bytes that wait here because the client does not take them. */
  buffered(): number
  cut(code: number, reason: string): void
  /** Calls the listener once when the socket is gone, whoever ended it; at once if it is gone already. */
  onClosed(listener: () => void): void
}

/** What is spoken over a socket. */
export interface Protocol {
  opened(connection: Connection): Conversation
}

export interface Conversation {
  /** A text has come. A failure ends the socket with 4500. */
  heard(text: string): Promise<void>
  closed(): void
}

const asText = { binary: false }

export interface SocketLimits {
  perAddress: number
  /** Messages a second, with bursts of twice as many; false lifts it. */
  messages: boolean
}

export interface SocketServer {
  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer, facts: { requestId: string; address: string }): void
  /** Closes every socket that has a name, or a name that a test finds. */
  cut(whose: string | ((name: string) => boolean), code: number, reason: string): void
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
  protocol: Protocol
  limits: SocketLimits
  clock: Clock
  metrics: Metrics
}): SocketServer {
  const { protocol, limits, clock, metrics } = deps
  const sockets = new Map<WebSocket, OpenSocket>()
  const perAddress = new Map<string, number>()
  const owners: Owners = { counted: createIndex(), others: createIndex() }
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

  function accept(socket: WebSocket, facts: { requestId: string; address: string }) {
    const connection = new OpenSocket(socket, facts, owners, limits.messages)
    sockets.set(socket, connection)
    metrics.sockets.inc()
    socket.on('message', onMessage)
    socket.on('ping', onPing)
    socket.on('pong', onPong)
    socket.on('close', onClose)
    // A broken frame or a reset ends in 'close', which does the cleaning up.
    socket.on('error', ignore)
    connection.begin(protocol)
    if (count(connection.address, 1) > limits.perAddress) socket.close(closeCodes.tooMany, 'Too many connections')
  }

  // The same few functions for all sockets.
  function onMessage(this: WebSocket, data: RawData, isBinary: boolean) {
    sockets.get(this)?.heard(data, isBinary)
  }
  function onPing(this: WebSocket) {
    sockets.get(this)?.paid()
  }
  function onPong(this: WebSocket) {
    const connection = sockets.get(this)
    if (connection) connection.alive = connection.paid()
  }
  function onClose(this: WebSocket, code: number) {
    const connection = sockets.get(this)
    if (!connection) return
    sockets.delete(this)
    count(connection.address, -1)
    metrics.sockets.dec()
    metrics.socketCloses.inc({ code: String(code) })
    connection.gone()
  }

  const keepAlive = setInterval(() => {
    for (const [socket, connection] of sockets) {
      if (!connection.alive) socket.terminate()
      else if (connection.isOpen()) {
        connection.alive = false
        socket.ping()
      }
    }
  }, keepAliveMs)
  const sweep = setInterval(() => {
    for (const connection of sockets.values())
      if (connection.expiresAtMs <= clock.now()) connection.cut(closeCodes.expired, 'Token expired')
  }, sweepMs)
  keepAlive.unref()
  sweep.unref()

  return {
    upgrade(req, socket, head, facts) {
      if (draining) socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\n')
      else if (req.headers['sec-websocket-version'] !== '13')
        socket.end('HTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Version: 13\r\nConnection: close\r\n\r\n')
      else server.handleUpgrade(req, socket, head, (opened) => accept(opened, facts))
    },
    cut(whose, code, reason) {
      for (const named of [owners.counted, owners.others]) {
        const names = typeof whose === 'string' ? [whose] : named.names().filter(whose)
        for (const connection of names.flatMap(named.of)) connection.cut(code, reason)
      }
    },
    async drain(spreadMs, deadlineMs) {
      draining = true
      const deadline = performance.now() + deadlineMs
      const dismiss = async (socket: WebSocket, connection: Connection) => {
        await pause(Math.random() * spreadMs)
        while (connection.unanswered > 0 && performance.now() < deadline) await pause(10)
        socket.close(closeCodes.goingAway, 'Going away')
      }
      await Promise.all([...sockets].map(([socket, connection]) => dismiss(socket, connection)))
      while (sockets.size > 0 && performance.now() < deadline) await pause(10)
      for (const socket of sockets.keys()) socket.terminate()
      clearInterval(keepAlive)
      clearInterval(sweep)
    },
  }
}

/** By whom each socket is found: those it counts for, and whatever else it can be cut by. */
interface Owners {
  counted: Index
  others: Index
}

interface Index {
  enter(name: string, connection: Connection): number
  leave(name: string, connection: Connection): void
  of(name: string): Connection[]
  names(): string[]
}

/** A phone has one socket, nearly always: only a second one makes a set. */
function createIndex(): Index {
  const byName = new Map<string, Connection | Set<Connection>>()
  return {
    enter(name, connection) {
      const theirs = byName.get(name)
      if (!theirs) byName.set(name, connection)
      else if (theirs instanceof Set) theirs.add(connection)
      else byName.set(name, new Set([theirs, connection]))
      return theirs === undefined ? 1 : theirs instanceof Set ? theirs.size : 2
    },
    leave(name, connection) {
      const theirs = byName.get(name)
      if (theirs instanceof Set) theirs.delete(connection)
      if (theirs === connection || (theirs instanceof Set && theirs.size === 0)) byName.delete(name)
    },
    names: () => [...byName.keys()],
    of(name) {
      const theirs = byName.get(name)
      return theirs instanceof Set ? [...theirs] : theirs ? [theirs] : []
    },
  }
}

/** A class, and listeners that all sockets share: what a socket that only waits keeps in memory is what counts here. */
class OpenSocket implements Connection {
  readonly requestId: string
  readonly address: string
  expiresAtMs = Number.POSITIVE_INFINITY
  acknowledged = false
  unanswered = 0
  /** Has answered the last ping. */
  alive = true
  readonly #socket: WebSocket
  readonly #owners: Owners
  readonly #bucket: ReturnType<typeof createTokenBucket> | undefined
  #heard = 0
  #owner: string | undefined
  /** Only those of accounts have any. */
  #others: readonly string[] | undefined
  #conversation: Conversation | undefined
  #farewells: (() => void)[] | undefined

  constructor(
    socket: WebSocket,
    { requestId, address }: { requestId: string; address: string },
    owners: Owners,
    limited: boolean,
  ) {
    this.#socket = socket
    this.#owners = owners
    this.requestId = requestId
    this.address = address
    this.#bucket = limited ? createTokenBucket(messagesPerSecond) : undefined
  }

  begin(protocol: Protocol): void {
    const socket = this.#socket
    if (socket.protocol === GRAPHQL_TRANSPORT_WS_PROTOCOL) this.#conversation = protocol.opened(this)
    else socket.close(CloseCode.SubprotocolNotAcceptable, 'Subprotocol not acceptable')
  }

  gone(): void {
    if (this.#owner !== undefined) this.#owners.counted.leave(this.#owner, this)
    for (const name of this.#others ?? []) this.#owners.others.leave(name, this)
    this.#conversation?.closed()
    for (const farewell of this.#farewells ?? []) farewell()
  }

  /** Every frame a client sends is paid for, control frames included; before the acknowledgement there are few. */
  paid(): boolean {
    this.#heard += 1
    const within =
      !this.#bucket || (this.#bucket.take(performance.now()) && (this.acknowledged || this.#heard <= messagesBeforeAck))
    if (!within) this.cut(closeCodes.rateLimited, 'Rate limited')
    return within && this.isOpen()
  }

  heard(data: RawData, isBinary: boolean): void {
    if (!this.paid()) return
    if (isBinary) this.cut(closeCodes.badRequest, 'Text frames only')
    else this.#conversation?.heard(String(data)).catch(() => this.cut(closeCodes.internal, 'Internal server error'))
  }

  identify(whose: string, names: readonly string[], expiresAtMs: number): number {
    // It may have gone while its token was looked at: what leaves first must not enter afterwards.
    if (this.#socket.readyState === WebSocket.CLOSED) return 0
    this.#owner = whose
    this.expiresAtMs = expiresAtMs
    if (names.some((name) => name !== whose)) {
      this.#others = names.filter((name) => name !== whose)
      for (const name of this.#others) this.#owners.others.enter(name, this)
    }
    return this.#owners.counted.enter(whose, this)
  }

  isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN
  }

  send(text: string | Buffer): void {
    if (this.isOpen()) this.#socket.send(text, asText)
  }

  sent(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.isOpen()) this.#socket.send(text, (error) => (error ? reject(error) : resolve()))
      else resolve()
    })
  }

  buffered(): number {
    return this.#socket.bufferedAmount
  }

  cut(code: number, reason: string): void {
    this.#socket.close(code, reason)
  }

  onClosed(listener: () => void): void {
    if (this.#socket.readyState === WebSocket.CLOSED) listener()
    else this.#farewells = [...(this.#farewells ?? []), listener]
  }
}

const ignore = () => undefined
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
