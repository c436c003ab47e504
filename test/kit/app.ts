import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { type App, createApp, type Overrides } from '../../src/app.ts'
import { type ReadyConfig, readConfig } from '../../src/config.ts'
import type { Logger } from '../../src/platform/logger.ts'
import { createMovableClock, type MovableClock } from './clock.ts'

export interface LogLine {
  level: string
  message: string
  [field: string]: unknown
}

export interface TestApp extends App {
  clock: MovableClock
  config: ReadyConfig
  /** What was logged, newest last. */
  logs: LogLine[]
  /** Another node of the same deployment: same stores, same secret, same clock. */
  node(settings?: Record<string, string>): Promise<TestApp>
}

const server = () => {
  const url = process.env['TEST_DATABASE_URL']
  const redisUrl = process.env['TEST_REDIS_URL']
  if (!url || !redisUrl) throw new Error('Run the tests with `npm test`: it brings Postgres and Redis.')
  return { url, redisUrl }
}

async function onServer(statement: string) {
  // Not on the template itself: nobody may be connected to what is being copied.
  const maintenance = new URL(server().url)
  maintenance.pathname = '/postgres'
  const client = new pg.Client({ connectionString: maintenance.href })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}

const cleanUps: (() => Promise<void>)[] = []
afterAll(async () => {
  for (const cleanUp of cleanUps.reverse()) await cleanUp()
})

/**
 * A whole app on a database and a Redis prefix of its own, closed and dropped after the tests of the file.
 * `settings` are environment variables; the rate limits are off unless a test asks for them.
 */
export async function createTestApp(
  settings: Record<string, string> = {},
  overrides: Overrides = {},
): Promise<TestApp> {
  const { url, redisUrl } = server()
  const template = new URL(url).pathname.slice(1)
  const own = randomBytes(6).toString('hex')
  // Whatever a crash leaves behind on a server that was given is found by the template's name.
  const name = `${template}_${own}`
  await onServer(`create database ${name} template ${template}`)
  const databaseUrl = new URL(url)
  databaseUrl.pathname = `/${name}`
  const base = {
    NODE_ENV: 'test',
    PORT: '0',
    DATABASE_URL: databaseUrl.href,
    REDIS_URL: redisUrl,
    REDIS_PREFIX: `test_${own}_`,
    // A machine that runs everything at once is slow at times; what a slow Redis does is tried with the default.
    REDIS_COMMAND_TIMEOUT_MS: '5000',
    VICINITY_SECRET: 'a secret that only tests use, 32+ characters',
    RATE_LIMITS: 'off',
    SHUTDOWN_SPREAD_MS: '0',
    SOCKETS_PER_ADDRESS: '1000',
    WORKER: 'separate',
    DATABASE_POOL_SIZE: '5',
    LINK_FETCHING: 'off',
  }
  const clock = createMovableClock()
  const apps: App[] = []

  async function boot(more: Record<string, string>): Promise<TestApp> {
    const config = readConfig({ ...base, ...settings, ...more }) as ReadyConfig
    const logs: LogLine[] = []
    const app = await createApp(config, { clock, logger: collect(logs), ...overrides })
    apps.push(app)
    return { ...app, clock, config, logs, node: (own = {}) => boot(own) }
  }

  cleanUps.push(async () => {
    for (const app of apps.reverse()) await app.close()
    await onServer(`drop database if exists ${name} with (force)`)
  })
  return boot({})
}

function collect(logs: LogLine[]): Logger {
  const write =
    (level: string) =>
    (message: string, fields: object = {}) =>
      void logs.push({ level, message, ...fields })
  return { error: write('error'), warn: write('warn'), info: write('info'), debug: write('debug') }
}
