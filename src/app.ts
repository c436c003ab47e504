import type { ReadyConfig } from './config.ts'
import { createEndpoint } from './graphql/endpoint.ts'
import { createEnvelope } from './graphql/envelope.ts'
import { graphiqlTabs } from './graphql/graphiql.ts'
import { createProtocol } from './graphql/socket.ts'
import { createStreams } from './graphql/streams.ts'
import { createIdentityService } from './modules/identity/index.ts'
import { createMatchService, createMatchStore } from './modules/matches/index.ts'
import { createSessionService, createSessionStore, talkSlot } from './modules/sessions/index.ts'
import { createSocialService, createSocialStore } from './modules/social/index.ts'
import { createStatsService, createStatsStore } from './modules/stats/index.ts'
import { type Clock, systemClock } from './platform/clock.ts'
import { createCounters } from './platform/counters.ts'
import { createDelivery } from './platform/delivery/index.ts'
import { createDisposers } from './platform/disposers.ts'
import { createHealth } from './platform/health.ts'
import { createHttpServer, type Route, sendJson } from './platform/http.ts'
import { createJobRunner } from './platform/jobs.ts'
import { createLogger, describeError, type Logger } from './platform/logger.ts'
import { createMetrics } from './platform/metrics.ts'
import { createOrigins } from './platform/origins.ts'
import { createPostgres } from './platform/postgres.ts'
import { createRateLimiter } from './platform/rate-limit.ts'
import { createRedis } from './platform/redis.ts'
import { closeCodes, createSocketServer } from './platform/ws.ts'
import { schema } from './schema.ts'

/** What tests put in the place of the real thing. */
export interface Overrides {
  clock?: Clock
  logger?: Logger
  /** What GraphiQL's header editor starts with. */
  graphiqlToken?: string
}

/** How long running operations get to finish when the process stops, milliseconds. */
const finishMs = 10_000

export type App = Awaited<ReturnType<typeof createApp>>

/** The composition root: every part is made here, in order, and stopped in reverse. */
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
    const { secret } = config
    const metrics = createMetrics()
    const postgres = createPostgres({ url: config.databaseUrl, poolSize: config.databasePoolSize, logger })
    disposers.add('postgres', postgres.close)
    const redis = await createRedis({ url: config.redisUrl, prefix: config.redisPrefix, logger })
    disposers.add('redis', redis.close)
    const limiter = createRateLimiter({ redis, clock, enabled: config.rateLimits })
    const counters = createCounters(redis, talkSlot)
    const delivery = createDelivery({ redis, metrics, logger })
    disposers.add('delivery', delivery.close)

    const identity = await createIdentityService({
      postgres,
      redis,
      clock,
      limiter,
      logger,
      secret,
      tokens: config.tokens,
    })
    disposers.add('identity', identity.close)
    const social = createSocialService({
      store: createSocialStore(postgres),
      clock,
      onBlocked: ({ deviceId, otherId }) => sessions.hide(deviceId, otherId, true),
      onUnblocked: ({ deviceId, otherId }) => sessions.hide(deviceId, otherId, false),
    })
    const sessions = createSessionService({
      store: createSessionStore({ redis, postgres, counters }),
      ...{ social, limiter, clock, secret, settings: config.sessions },
      onExtended: (sessionId, expiresAtMs) => matches.keep(sessionId, expiresAtMs),
    })
    const matches = createMatchService({
      store: createMatchStore({ redis, delivery, counters }),
      ...{ sessions, social, delivery, clock, metrics, rateLimits: config.rateLimits },
      rules: { ...config.matches, windowMs: config.sessions.windowMs },
    })
    const stats = createStatsService({ store: createStatsStore(postgres), sessions, counters, delivery, clock })
    const services = { identity, social, sessions, matches, stats }

    const jobs = createJobRunner({
      ...{ postgres, logger, metrics },
      jobs: {
        'release-stats': () => stats.release(),
        'close-session': (payload) => sessions.closeOf(String((payload as { deviceId?: unknown }).deviceId)),
      },
      schedule: { 'release-stats': '* * * * *' },
    })
    disposers.add('jobs', jobs.close)

    const base = { services, prisma: postgres.prisma }
    const authenticate = identity.authenticate
    const envelope = createEnvelope({
      ...{ schema, logger, metrics, introspection: config.graphql.introspection },
      graphiql: config.graphql.graphiql && (() => graphiqlTabs(overrides.graphiqlToken)),
    })
    const streams = createStreams(clock)
    const origins = createOrigins(config.http.allowedOrigins)
    const endpoint = createEndpoint({
      envelope,
      base,
      authenticate,
      origins,
      streams,
      lane: config.graphql.lane,
      logger,
      metrics,
    })

    const socketsOf = (principal: string) =>
      [...sockets.connections].filter((connection) => connection.principal === principal).length
    const protocol = createProtocol({ envelope, base, authenticate, socketsOf, limits: config.sockets })
    const sockets = createSocketServer({
      protocol,
      clock,
      metrics,
      limits: { perAddress: config.sockets.perAddress, messages: config.rateLimits },
    })
    identity.onRevoked(({ principal }) => {
      sockets.cut(principal, closeCodes.revoked, 'Session revoked')
      streams.cut(principal)
    })

    const health = createHealth({ redis, postgres })
    const routes = new Map<string, Route>([
      ['/graphql', endpoint],
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
    if (config.inlineWorker) await jobs.start()

    const host = config.host === '0.0.0.0' || config.host === '::' ? 'localhost' : config.host
    return {
      url: `http://${host}:${port}/graphql`,
      wsUrl: `ws://${host}:${port}/graphql`,
      ...{ port, services, jobs, delivery, redis, postgres, metrics, clock },
      /** Runs every job that is due; nothing is left to happen by itself afterwards. */
      idle: jobs.drain,
    }
  }
}
