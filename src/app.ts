import { createBackend } from './backend.ts'
import type { ReadyConfig } from './config.ts'
import { createEndpoint } from './graphql/endpoint.ts'
import { createEnvelope } from './graphql/envelope.ts'
import { createGraphiql } from './graphql/graphiql.ts'
import type { GraphiqlTokens } from './graphql/graphiql-tabs.ts'
import { createRefreshCookies } from './graphql/refresh-cookie.ts'
import { createProtocol } from './graphql/socket.ts'
import { createStreams } from './graphql/streams.ts'
import { type Clock, systemClock } from './platform/clock.ts'
import { createDisposers } from './platform/disposers.ts'
import { createHealth } from './platform/health.ts'
import { createHttpServer, type Route, sendJson } from './platform/http.ts'
import { createLogger, describeError, type Logger } from './platform/logger.ts'
import type { Mail } from './platform/mail/index.ts'
import { createOrigins } from './platform/origins.ts'
import { closeCodes, createSocketServer } from './platform/ws.ts'
import { schema } from './schema.ts'

/** What tests put in the place of the real thing. */
export interface Overrides {
  clock?: Clock
  logger?: Logger
  /** Where mails go. */
  mail?: Mail
  /** What GraphiQL fills into its headers. Read whenever the page is served, since tokens are made after the app. */
  graphiql?: GraphiqlTokens
}

/** How long running operations get to finish when the process stops, milliseconds. */
const finishMs = 10_000

export type App = Awaited<ReturnType<typeof createApp>>

/** The composition root: the backend, then GraphQL and its transports; stopped in reverse. */
export async function createApp(config: ReadyConfig, overrides: Overrides = {}) {
  const clock = overrides.clock ?? systemClock
  const logger = overrides.logger ?? createLogger({ level: config.logLevel })
  const disposers = createDisposers()
  const close = () =>
    disposers.run((name, error) => logger.error('could not stop a part', { module: name, ...describeError(error) }))
  try {
    return { ...(await compose()), close }
  } catch (error) {
    await close()
    throw error
  }

  async function compose() {
    const backend = await createBackend(config, { clock, logger, disposers, mail: overrides.mail })
    const { metrics, postgres, redis, services, work } = backend
    const { identity } = services

    const base = { services, prisma: postgres.prisma }
    const authenticate = identity.authenticate
    const envelope = createEnvelope({ schema, logger, metrics, introspection: config.graphql.introspection })
    const graphiql = config.graphql.graphiql ? createGraphiql(() => overrides.graphiql ?? {}) : null
    const streams = createStreams(clock)
    const origins = createOrigins(config.http.allowedOrigins)
    const endpoint = createEndpoint({
      refreshCookies: createRefreshCookies({
        clock,
        origins,
        plainOnLocalhost: !config.production && !config.http.trustedProxies,
      }),
      envelope,
      base,
      authenticate,
      origins,
      streams,
      graphiql,
      lane: config.graphql.lane,
      logger,
      metrics,
    })

    const protocol = createProtocol({ envelope, base, authenticate, limits: config.sockets })
    const sockets = createSocketServer({
      protocol,
      clock,
      metrics,
      limits: { perAddress: config.sockets.perAddress, messages: config.rateLimits },
    })
    identity.onRevoked(({ name, isIt }) => {
      sockets.cut(isIt ?? name, closeCodes.revoked, 'Session revoked')
      streams.cut(isIt ?? name)
    })

    const health = createHealth({ redis, postgres })
    const routes = new Map<string, Route>([
      ['/graphql', endpoint],
      ...(graphiql?.routes ?? []),
      [
        '/.well-known/jwks.json',
        ({ res }) => sendJson(res.setHeader('cache-control', 'public, max-age=300'), 200, identity.jwks()),
      ],
      [
        '/metrics',
        async ({ res }) =>
          void res
            .writeHead(200, { 'content-type': metrics.registry.contentType })
            .end(await metrics.registry.metrics()),
      ],
      ...health.routes,
    ])
    const http = createHttpServer({
      ...{ host: config.host, port: config.port, trustedProxies: config.http.trustedProxies, routes, logger },
      onUpgrade(req, socket, head, facts) {
        if ((req.url ?? '').split('?')[0] !== '/graphql')
          return void socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n')
        if (!origins.permits(req)) return void socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n')
        sockets.upgrade(req, socket, head, facts)
      },
    })
    const { port } = await http.listen()

    disposers.add('http', () => http.stop(finishMs))
    disposers.add('streams', streams.close)
    disposers.add('sockets', () => sockets.drain(config.shutdown.spreadMs, finishMs))
    disposers.add('readiness', async () => {
      health.drain()
      http.drain()
      await new Promise((resolve) => setTimeout(resolve, config.shutdown.graceMs))
    })
    if (config.inlineWorker) await work.start()

    const host = config.host === '0.0.0.0' || config.host === '::' ? 'localhost' : config.host
    return {
      url: `http://${host}:${port}/graphql`,
      wsUrl: `ws://${host}:${port}/graphql`,
      ...{ ...backend, port, clock },
      /** Does every job and sweep that is due; nothing is left to happen by itself afterwards. */
      idle: work.drain,
    }
  }
}
