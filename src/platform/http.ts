import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { describeError, type Logger } from './logger.ts'

/** One request, and what is known of it before anybody looks inside. */
export interface Exchange {
  req: IncomingMessage
  res: ServerResponse
  requestId: string
  /** The client's address, as far as the trusted proxies in front vouch for it. */
  address: string
}

export type Route = (exchange: Exchange) => unknown

export interface HttpServer {
  /** Starts listening. Rejects with EADDRINUSE and the like. */
  listen(): Promise<{ port: number }>
  /** From now on every answer asks its client to open another connection, which will lead elsewhere. */
  drain(): void
  /** Accepts nothing more, and waits for what is being answered, at most `deadlineMs`. */
  stop(deadlineMs: number): Promise<void>
}

export interface HttpOptions {
  host: string
  port: number
  /** By exact path; anything else is 404. */
  routes: ReadonlyMap<string, Route>
  /** What to do about an upgrade; the socket is the handler's to answer or to destroy. */
  onUpgrade: (
    req: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    facts: Pick<Exchange, 'requestId' | 'address'>,
  ) => void
  trustedProxies: number
  logger: Logger
  patience?: Patience
}

/** How long a client may take to say what it wants, milliseconds; then it is answered 408 and its connection ends. */
export interface Patience {
  head: number
  whole: number
  /** How often it is looked at. */
  every: number
}

const usualPatience: Patience = { head: 10_000, whole: 30_000, every: 2000 }

export function createHttpServer(options: HttpOptions): HttpServer {
  const { routes, logger, trustedProxies, patience = usualPatience } = options
  const node = randomBytes(6).toString('base64url')
  let counted = 0
  let draining = false

  const facts = (req: IncomingMessage) => {
    counted += 1
    return { requestId: `${node}-${counted.toString(36)}`, address: addressOf(req, trustedProxies) }
  }

  async function answer(req: IncomingMessage, res: ServerResponse) {
    const exchange = { req, res, ...facts(req) }
    if (draining) res.setHeader('connection', 'close')
    const path = pathOf(req)
    const route = routes.get(path)
    if (path !== '/graphql') res.setHeader('x-request-id', exchange.requestId)
    if (!route)
      return sendJson(res, 404, {
        errors: [
          { message: 'There is nothing here.', extensions: { code: 'NOT_FOUND', requestId: exchange.requestId } },
        ],
      })
    try {
      await route(exchange)
    } catch (error) {
      logger.error('request failed', { requestId: exchange.requestId, route: path, ...describeError(error) })
      if (!res.headersSent) {
        sendJson(res, 500, {
          errors: [
            {
              message: 'Something went wrong on our side.',
              extensions: { code: 'INTERNAL', requestId: exchange.requestId },
            },
          ],
        })
      } else res.destroy()
    }
  }

  const server = createServer(
    {
      ...{ maxHeaderSize: 8192, keepAliveTimeout: 65_000 },
      ...{ headersTimeout: patience.head, requestTimeout: patience.whole, connectionsCheckingInterval: patience.every },
    },
    (req, res) => {
      void answer(req, res)
    },
  )
  server.maxHeadersCount = 100
  server.on('upgrade', (req, socket, head) => {
    socket.on('error', () => socket.destroy())
    options.onUpgrade(req, socket, head, facts(req))
  })

  return {
    listen: () =>
      new Promise((resolve, reject) => {
        server.once('error', reject)
        server.listen(options.port, options.host, 4096, () => {
          server.off('error', reject)
          resolve({ port: (server.address() as AddressInfo).port })
        })
      }),
    drain() {
      draining = true
    },
    async stop(deadlineMs) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeIdleConnections()
      const late = setTimeout(() => server.closeAllConnections(), deadlineMs)
      await closed
      clearTimeout(late)
    },
  }
}

export function sendJson(res: ServerResponse, status: number, body: unknown): void {
  const text = Buffer.from(JSON.stringify(body))
  res.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'content-length': text.length })
  res.end(text)
}

/** The path as it was sent: no decoding and no dots resolved, so that one spelling leads to one route. */
export function pathOf(req: IncomingMessage): string {
  const url = req.url ?? '/'
  const end = url.indexOf('?')
  return end === -1 ? url : url.slice(0, end)
}

/** The peer, or the address that the outermost trusted proxy saw: what is left of it in X-Forwarded-For is hearsay. */
function addressOf(req: IncomingMessage, trustedProxies: number): string {
  const peer = req.socket.remoteAddress ?? 'unknown'
  if (trustedProxies === 0) return peer
  const forwarded = String(req.headers['x-forwarded-for'] ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean)
  return forwarded.at(-trustedProxies) ?? peer
}
