import { createBackend } from './backend.ts'
import { type Config, ConfigError, type ReadyConfig, readConfig } from './config.ts'
import { systemClock } from './platform/clock.ts'
import { createDisposers } from './platform/disposers.ts'
import { createHealth } from './platform/health.ts'
import { createHttpServer } from './platform/http.ts'
import { createLogger, describeError } from './platform/logger.ts'

// The job process: the same backend, without GraphQL. It serves its own health, and takes jobs until it is told to stop.
try {
  const config = ready(readConfig())
  const logger = createLogger({ level: config.logLevel })
  const disposers = createDisposers()
  const backend = await createBackend(config, { clock: systemClock, logger, disposers })
  const health = createHealth(backend)
  const http = createHttpServer({
    ...{ host: config.host, port: config.port, trustedProxies: 0, routes: new Map(health.routes), logger },
    onUpgrade: (_req, socket) => void socket.destroy(),
  })
  await http.listen()
  disposers.add('http', () => http.stop(1000))
  await backend.work.start()
  logger.info('working')
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, async () => {
      logger.info('stopping', { signal })
      health.drain()
      await disposers.run((name, error) =>
        logger.error('could not stop a part', { module: name, ...describeError(error) }),
      )
      process.exit(0)
    })
  }
} catch (error) {
  process.stderr.write(`${error instanceof ConfigError ? error.message : (error as Error).stack}\n`)
  process.exit(1)
}

/** A worker works on stores that are there: it brings none along. */
function ready(config: Config): ReadyConfig {
  const { databaseUrl, redisUrl, secret } = config
  if (databaseUrl && redisUrl && secret) return { ...config, databaseUrl, redisUrl, secret }
  const needed = { DATABASE_URL: databaseUrl, REDIS_URL: redisUrl, VICINITY_SECRET: secret }
  throw new ConfigError(Object.entries(needed).flatMap(([name, value]) => (value ? [] : `${name}: a worker needs it`)))
}
