import { z } from 'zod'

/**
 * Every setting of the process, read once. Each entry carries the sentence that the README's environment table shows;
 * a faulty environment is reported whole, not one fault at a time.
 */
const flag = z.enum(['on', 'off']).transform((value) => value === 'on')
const count = (min: number, max: number) => z.coerce.number().int().min(min).max(max)
const list = z.string().transform((value) =>
  value
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean),
)

const settings = {
  NODE_ENV: [
    z.enum(['development', 'production', 'test']).default('development'),
    '`production` demands `VICINITY_SECRET`, `DATABASE_URL` and `REDIS_URL`',
  ],
  HOST: [z.string().default('127.0.0.1'), 'address to listen on'],
  PORT: [count(0, 65_535).default(4000), 'port to listen on; 0 takes a free one'],
  DATABASE_URL: [
    z.url({ protocol: /^postgres(ql)?$/ }).optional(),
    'Postgres 15 or later; without it a Postgres is brought along',
  ],
  REDIS_URL: [z.url({ protocol: /^rediss?$/ }).optional(), 'Redis 7 or later; without it a Redis is brought along'],
  REDIS_PREFIX: [
    z
      .string()
      .regex(/^[A-Za-z0-9_-]{0,32}$/)
      .default(''),
    'put before every Redis key and channel, for deployments that share a Redis',
  ],
  REDIS_COMMAND_TIMEOUT_MS: [
    count(50, 60_000).default(500),
    'a command that Redis has not answered by then has failed, milliseconds',
  ],
  DATA_DIR: [z.string().min(1).default('.data'), 'where the Postgres and Redis brought along keep their files'],
  DATABASE_POOL_SIZE: [count(1, 200).default(10), 'Postgres connections of one process'],
  VICINITY_SECRET: [
    z.string().min(32).optional(),
    'at least 32 characters; encrypts the signing keys and derives session secrets. The same on every node',
  ],
  SMTP_URL: [
    z.url({ protocol: /^smtps?$/ }).optional(),
    'mail server, `smtp://user:password@host:587`; without it mails are logged, or wait in production',
  ],
  MAIL_FROM: [
    z
      .string()
      .max(320)
      .regex(/^[^\p{Cc}]+@[^\p{Cc}]+$/u, 'an address, or `Name <address>`')
      .optional(),
    'who mails come from; required with `SMTP_URL`',
  ],
  TOKEN_ISSUER: [z.string().min(1).default('vicinity'), '`iss` of every token'],
  DEVICE_TOKEN_DAYS: [count(1, 365).default(30), 'life of a device token, days'],
  SIGNING_KEY_DAYS: [
    count(1, 365).default(30),
    'a signing key signs for so many days, then verifies until its last token has expired',
  ],
  SESSION_TTL_SECONDS: [count(60, 7200).default(7200), 'life of a session, seconds'],
  BEACON_WINDOW_SECONDS: [count(10, 3600).default(600), 'a phone advertises one beacon for so long, seconds'],
  MATCH_CONFIRMATION: [
    z.enum(['one-sided', 'mutual']).default('one-sided'),
    '`mutual`: both phones must report each other before they match',
  ],
  MATCH_MUTUAL_SECONDS: [count(10, 3600).default(120), 'with `mutual`: how far apart the two reports may be, seconds'],
  NUDGE_COOLDOWN_SECONDS: [
    count(0, 7200).default(300),
    'after a nudge a session is left alone for so long, seconds; 0 switches it off',
  ],
  NUDGES_PER_SESSION: [count(0, 10_000).default(10), 'a session is nudged at most so often; 0 means without end'],
  PRESENCE_TTL_SECONDS: [count(10, 3600).default(90), 'a presence lasts so long after its last heartbeat, seconds'],
  PRIVACY_CELL_METERS: [
    count(200, 5000).default(700),
    'people are shown in cells so wide, metres. The same on every node',
  ],
  ACTIVITY_RETENTION_SECONDS: [
    count(1, 86_400).default(600),
    'an activity and everything in it is erased so long after its end, seconds',
  ],
  RANK_DISTANCE: [
    z.coerce.number().min(0).max(1000).default(1),
    'how much nearness counts in the order of nearby activities',
  ],
  RANK_FRESHNESS: [z.coerce.number().min(0).max(1000).default(2), 'how much it counts that an activity is new'],
  RANK_JOINS: [z.coerce.number().min(0).max(1000).default(0.5), 'how much it counts how many have joined'],
  POLICY_APPROVAL_SHARE: [
    z.coerce.number().min(0).max(1).default(0.05),
    'a policy with a rule that touches more than this share of the accounts active lately needs a second ADMIN',
  ],
  CLASSIFIER_URL: [
    z.url({ protocol: /^https?$/ }).optional(),
    'a service that says what texts are, beside the scanner: it is sent `{"texts": […]}` and has 300 ms',
  ],
  LINK_FETCHING: [
    flag.default(true),
    '`off` fetches nothing that people link to: links are known by the list of domains and by `URL_VERDICT_URL` only',
  ],
  URL_VERDICT_URL: [
    z.url({ protocol: /^https?$/ }).optional(),
    'a service that says what links are, beside the list of domains: it is sent `{"urls": […]}`, every redirect',
  ],
  IMAGE_CLASSIFIER_URL: [
    z.url({ protocol: /^https?$/ }).optional(),
    'a service that says what is to be seen on an image; without it nothing is known but copies of images on the list',
  ],
  RATE_LIMITS: [flag.default(true), '`off` lifts every rate limit: for replays and benchmarks only'],
  INTROSPECTION: [flag.default(true), '`off` refuses introspection'],
  GRAPHIQL: [flag.default(true), '`off` serves no GraphiQL'],
  HTTP_LANE: [flag.default(true), '`off` sends every request through yoga: to compare the two ways'],
  ALLOWED_ORIGINS: [
    list.default([]),
    'comma-separated origins of web apps that may call the API; `*` allows all. Phones send none',
  ],
  TRUSTED_PROXIES: [count(0, 10).default(0), 'how many proxies in front append to `X-Forwarded-For`'],
  SOCKETS_PER_ADDRESS: [count(1, 100_000).default(100), 'open sockets of one address'],
  SOCKETS_PER_VIEWER: [count(1, 100_000).default(5), 'open sockets of one viewer'],
  SUBSCRIPTIONS_PER_SOCKET: [count(1, 1000).default(20), 'running subscriptions of one socket'],
  LOG_LEVEL: [z.enum(['silent', 'error', 'warn', 'info', 'debug']).default('info'), 'how much is logged'],
  SHUTDOWN_GRACE_MS: [
    count(0, 60_000).default(0),
    'after SIGTERM: not ready, but still serving, for so long, milliseconds, so that a load balancer can take notice',
  ],
  SHUTDOWN_SPREAD_MS: [
    count(0, 60_000).default(1000),
    'sockets are closed over so long, milliseconds, so that phones do not all come back at once',
  ],
  WORKER: [
    z.enum(['inline', 'separate']).default('inline'),
    '`separate`: jobs run in `worker`, not in the API process',
  ],
} satisfies Record<string, [z.ZodType, string]>

type Settings = { [Name in keyof typeof settings]: z.output<(typeof settings)[Name][0]> }

export class ConfigError extends Error {
  override name = 'ConfigError'
  readonly faults: string[]
  constructor(faults: string[]) {
    super(
      `The environment has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}:\n${faults.map((fault) => `  ${fault}`).join('\n')}`,
    )
    this.faults = faults
  }
}

/** Reads and checks the environment. Throws one ConfigError that names every fault. */
export function readConfig(env: NodeJS.ProcessEnv = process.env) {
  const faults: string[] = []
  const values: Record<string, unknown> = {}
  for (const [name, [schema]] of Object.entries(settings)) {
    const given = env[name] === '' ? undefined : env[name]
    const parsed = schema.safeParse(given)
    if (parsed.success) values[name] = parsed.data
    else faults.push(`${name}: ${parsed.error.issues.map((issue) => issue.message).join('; ')}`)
  }
  if (env['NODE_ENV'] === 'production') {
    for (const name of ['VICINITY_SECRET', 'DATABASE_URL', 'REDIS_URL'] as const) {
      if (!env[name]) faults.push(`${name}: required in production`)
    }
  }
  if (env['SMTP_URL'] && !env['MAIL_FROM']) faults.push('MAIL_FROM: required with SMTP_URL')
  if (faults.length > 0) throw new ConfigError(faults)
  return shape(values as Settings)
}

function shape(env: Settings) {
  return {
    production: env.NODE_ENV === 'production',
    host: env.HOST,
    port: env.PORT,
    databaseUrl: env.DATABASE_URL,
    databasePoolSize: env.DATABASE_POOL_SIZE,
    redisUrl: env.REDIS_URL,
    redisPrefix: env.REDIS_PREFIX,
    redisCommandTimeoutMs: env.REDIS_COMMAND_TIMEOUT_MS,
    dataDir: env.DATA_DIR,
    secret: env.VICINITY_SECRET,
    smtp: env.SMTP_URL && env.MAIL_FROM ? { url: env.SMTP_URL, from: env.MAIL_FROM } : undefined,
    tokens: { issuer: env.TOKEN_ISSUER, deviceDays: env.DEVICE_TOKEN_DAYS, signingKeyDays: env.SIGNING_KEY_DAYS },
    sessions: { ttlMs: env.SESSION_TTL_SECONDS * 1000, windowMs: env.BEACON_WINDOW_SECONDS * 1000 },
    matches: {
      mutual: env.MATCH_CONFIRMATION === 'mutual',
      mutualMs: env.MATCH_MUTUAL_SECONDS * 1000,
      cooldownMs: env.NUDGE_COOLDOWN_SECONDS * 1000,
      nudgesPerSession: env.NUDGES_PER_SESSION,
    },
    presence: { ttlMs: env.PRESENCE_TTL_SECONDS * 1000, cellMeters: env.PRIVACY_CELL_METERS },
    activities: {
      retentionMs: env.ACTIVITY_RETENTION_SECONDS * 1000,
      weights: { distance: env.RANK_DISTANCE, freshness: env.RANK_FRESHNESS, joins: env.RANK_JOINS },
    },
    policies: { approvalShare: env.POLICY_APPROVAL_SHARE },
    classifierUrl: env.CLASSIFIER_URL,
    links: { fetching: env.LINK_FETCHING, verdictUrl: env.URL_VERDICT_URL },
    imageClassifierUrl: env.IMAGE_CLASSIFIER_URL,
    rateLimits: env.RATE_LIMITS,
    graphql: { introspection: env.INTROSPECTION, graphiql: env.GRAPHIQL, lane: env.HTTP_LANE },
    http: { allowedOrigins: env.ALLOWED_ORIGINS, trustedProxies: env.TRUSTED_PROXIES },
    sockets: {
      perAddress: env.SOCKETS_PER_ADDRESS,
      perViewer: env.SOCKETS_PER_VIEWER,
      subscriptionsPerSocket: env.SUBSCRIPTIONS_PER_SOCKET,
    },
    logLevel: env.LOG_LEVEL,
    shutdown: { graceMs: env.SHUTDOWN_GRACE_MS, spreadMs: env.SHUTDOWN_SPREAD_MS },
    inlineWorker: env.WORKER === 'inline',
  }
}

export type Config = ReturnType<typeof readConfig>

/** What a running app has: the addresses and the secret are known by then, given or brought along. */
export type ReadyConfig = Config & { databaseUrl: string; redisUrl: string; secret: string }

/** The README's environment table, a row a setting. */
export function describeSettings(): { name: string; fallback: string; says: string }[] {
  const written = (value: unknown) =>
    value === true ? 'on' : value === false ? 'off' : Array.isArray(value) ? value.join(',') : String(value ?? '')
  return Object.entries(settings).map(([name, [schema, says]]) => ({
    name,
    fallback: written((schema as z.ZodType).safeParse(undefined).data),
    says,
  }))
}
