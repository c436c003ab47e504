import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Viewer } from '../modules/identity/index.ts'
import { bodyLimit, readBody } from '../platform/body.ts'
import { DomainError, UnauthenticatedError } from '../platform/errors.ts'
import type { Exchange } from '../platform/http.ts'
import { describeError, type Logger } from '../platform/logger.ts'
import type { Metrics } from '../platform/metrics.ts'
import type { Origins } from '../platform/origins.ts'
import type { Context } from './context.ts'
import type { Envelope } from './envelope.ts'
import { publicError, statusOf } from './errors.ts'
import type { Graphiql } from './graphiql.ts'
import { runLane, writeResult } from './lane.ts'
import { acceptsStream, type ResultType, resultTypeFor } from './media-type.ts'
import { checkParams, type Params } from './params.ts'
import type { RefreshCookies } from './refresh-cookie.ts'
import type { Streams } from './streams.ts'

export interface EndpointOptions {
  envelope: Envelope
  /** What every operation's context holds besides the facts of its request. */
  base: Pick<Context, 'services' | 'prisma'>
  authenticate: (token: string) => Promise<Viewer>
  refreshCookies: RefreshCookies
  origins: Origins
  streams: Streams
  /** The page that a browser gets; null serves none. */
  graphiql: Graphiql | null
  /** Whether POST with JSON takes the short way; off only to compare. */
  lane: boolean
  logger: Logger
  metrics: Metrics
}

/** GraphQL over HTTP and SSE, and GraphiQL: who asks, whether it is well-formed, and then the lane or yoga. */
export function createEndpoint(options: EndpointOptions) {
  const { envelope, origins, metrics, streams } = options
  const { services, prisma } = options.base
  const [inLane, inYoga] = [metrics.httpSeconds.of('lane'), metrics.httpSeconds.of('yoga')]

  return async function endpoint(exchange: Exchange): Promise<void> {
    const { req, res } = exchange
    const beganMs = performance.now()
    origins.allow(exchange)
    try {
      checkHost(req)
      if (req.method === 'OPTIONS') return void res.writeHead(204, { allow: 'GET, POST' }).end()
      if (req.method === 'GET' && wantsPage(req)) return await sendPage(exchange)
      const type = resultTypeFor(req.headers.accept)
      if (req.method === 'GET') {
        mustBeAnswerable(req, type)
        checkUrl(req)
        return await viaYoga(exchange, await contextOf(exchange))
      }
      if (req.method !== 'POST')
        throw refusal('BAD_REQUEST', 'GraphQL is asked with GET or POST.', 405, { allow: 'GET, POST' })
      mustBeAnswerable(req, type)
      const { params, body } = await paramsOf(req)
      const context = await contextOf(exchange)
      // Written out, since copying objects costs more here than anything else of ours.
      const { requestId, address, viewer, refreshCookie } = context
      const whole = { services, prisma, requestId, address, viewer, connection: null, refreshCookie, req, res, params }
      if (options.lane && type && (await runLane(envelope, whole, type))) return
      // Yoga reads a body that was read before from here, and a content type as it is written most often.
      Object.assign(req, { body })
      req.headers['content-type'] = 'application/json'
      await viaYoga(exchange, context)
    } catch (error) {
      refuse(exchange, error)
    } finally {
      const way = req.method === 'POST' && options.lane ? inLane : inYoga
      way.observe((performance.now() - beganMs) / 1000)
    }
  }

  async function sendPage(exchange: Exchange): Promise<void> {
    if (!options.graphiql) throw new DomainError('NOT_FOUND', 'There is no page here. GraphQL is asked with POST.')
    await options.graphiql.page(exchange)
  }

  async function viaYoga({ req, res }: Exchange, context: Context): Promise<void> {
    // Yoga is done with a stream as soon as that has begun.
    streams.watch(context, res)
    res.setHeader('x-request-id', context.requestId)
    await envelope.serve(req, res, { ...context, connection: connectionOf(res) })
  }

  async function contextOf(exchange: Exchange): Promise<Context> {
    const { req, requestId, address } = exchange
    const token = bearerOf(req)
    const viewer = token === null ? null : await options.authenticate(token)
    const refreshCookie = options.refreshCookies(exchange)
    return { services, prisma, requestId, address, viewer, connection: null, refreshCookie }
  }

  function refuse({ req, res, requestId }: Exchange, error: unknown): void {
    if (res.headersSent || res.destroyed) return void res.destroy()
    const onInternal = (cause: unknown) =>
      options.logger.error('request failed', { requestId, ...describeError(cause) })
    const { http } = error as { http?: { status: number; headers?: Record<string, string> } }
    const code = error instanceof DomainError ? error.code : 'INTERNAL'
    const shown = publicError(error, { requestId, onInternal })
    metrics.errors.inc({ code })
    for (const [name, value] of Object.entries(http?.headers ?? {})) res.setHeader(name, value)
    if (code === 'PAYLOAD_TOO_LARGE') res.setHeader('connection', 'close')
    writeResult(
      { res, requestId },
      { errors: [shown] },
      resultTypeFor(req.headers.accept) ?? 'application/json',
      http?.status ?? statusOf(code),
    )
  }
}

/** A stream over SSE lives as long as its answer. */
const connectionOf = (res: ServerResponse): Context['connection'] => ({
  cut: () => void res.destroy(),
  onClosed(listener) {
    if (res.closed) listener()
    else res.once('close', listener)
  },
})

const hostShape = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?$/
let lastGoodHost: string | undefined

/** Yoga makes a URL of it, and tells of its own insides when that fails. */
function checkHost({ headers: { host } }: IncomingMessage): void {
  if (host === undefined || host === lastGoodHost) return
  if (!hostShape.test(host) || !URL.canParse(`http://${host}/`))
    throw refusal('BAD_REQUEST', 'The Host header is not a host.', 400)
  lastGoodHost = host
}

/** A browser that was sent here. A link with a query in it is a request like any other. */
function wantsPage({ headers: { accept = '' }, url = '' }: IncomingMessage): boolean {
  return accept.includes('text/html') && !/[?&]query=/.test(url)
}

/** A refusal by the transport: its status and headers are not those of its code. */
function refusal(
  code: DomainError['code'],
  message: string,
  status: number,
  headers: Record<string, string> = {},
): DomainError {
  return Object.assign(new DomainError(code, message), { http: { status, headers } })
}

/** Refuses before anything is run what could not be answered afterwards. */
function mustBeAnswerable(req: IncomingMessage, type: ResultType | null): void {
  if (type !== null || acceptsStream(req.headers.accept)) return
  throw refusal(
    'BAD_REQUEST',
    'Answers are application/graphql-response+json, application/json or text/event-stream.',
    406,
  )
}

/** Checks what a URL asks like what a body asks; yoga reads it once more. */
function checkUrl(req: IncomingMessage): void {
  const { searchParams } = new URL(req.url ?? '/', 'http://localhost')
  const object = (name: string) => {
    try {
      return JSON.parse(searchParams.get(name) || 'null')
    } catch {
      throw new DomainError('BAD_REQUEST', `\`${name}\` is not JSON.`)
    }
  }
  const [variables, extensions] = [object('variables'), object('extensions')]
  const query = searchParams.get('query')
  if (query !== null) checkParams({ query, operationName: searchParams.get('operationName'), variables, extensions })
}

async function paramsOf(req: IncomingMessage): Promise<{ params: Params; body: string }> {
  const type = req.headers['content-type'] ?? ''
  if (!/^application\/json\s*(;\s*charset\s*=\s*"?utf-?8"?\s*)?$/i.test(type))
    throw refusal('BAD_REQUEST', 'The body must be application/json in UTF-8.', 415)
  if ((req.headers['content-encoding'] ?? 'identity') !== 'identity')
    throw refusal('BAD_REQUEST', 'The body must not be compressed.', 415)
  const body = await readBody(req)
  if (body === null) throw new DomainError('PAYLOAD_TOO_LARGE', `A body is at most ${bodyLimit} bytes.`)
  let parsed: unknown
  try {
    parsed = JSON.parse(body)
  } catch {
    throw new DomainError('BAD_REQUEST', 'The body is not JSON.')
  }
  return { params: checkParams(parsed), body }
}

/** The bearer token of a request; null when it brings none. Two Authorization headers are one too many. */
function bearerOf(req: IncomingMessage): string | null {
  const { authorization } = req.headers
  if (authorization === undefined) return null
  if (hasTwo(req.rawHeaders, 'authorization')) throw refusal('BAD_REQUEST', 'There are two Authorization headers.', 400)
  return bearerToken(authorization)
}

function hasTwo(rawHeaders: string[], name: string): boolean {
  let found = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const header = rawHeaders[i] ?? ''
    if (header.length === name.length && header.toLowerCase() === name) found += 1
  }
  return found > 1
}

/** The token of `Bearer <token>`. */
export function bearerToken(authorization: string): string {
  const token = /^bearer +([^\s]+)$/i.exec(authorization)?.[1]
  if (token === undefined) throw new UnauthenticatedError('Authorization is written as: Bearer <token>')
  return token
}
