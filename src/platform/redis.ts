import { type ChainableCommander, Redis, type RedisOptions } from 'ioredis'
import { UnavailableError } from './errors.ts'
import type { Logger } from './logger.ts'

export interface Script {
  (keys: string[], args: (string | number)[]): Promise<unknown>
  /** The same call as part of a pipeline. */
  into(pipeline: ChainableCommander, keys: string[], args: (string | number)[]): void
}

export interface RedisConnections {
  /** Every ordinary command. Fails after `commandTimeoutMs` rather than queueing: a caller would not wait longer. */
  command: Redis
  /** Pub/sub only. Reconnects and resubscribes for ever. */
  subscriber: Redis
  /** A connection of its own for commands that block (BLPOP, XREAD BLOCK), made when first asked for. */
  blocking(): Redis
  /** `key('sessions', '{talk}', 'session', id)` is `v1:sessions:{talk}:session:<id>` behind the deployment's prefix. */
  key(...parts: string[]): string
  /** Registers a Lua script; calls run by its hash, in one round trip. A Redis that does not answer is an UnavailableError. */
  script(name: string, lua: string): Script
  /** Runs plain commands with the same translation of failures. */
  run<T>(work: (client: Redis) => Promise<T>): Promise<T>
  /** Sends many commands at once, and answers in their order. Fails with the first that fails; the others are done nevertheless. */
  pipelined(fill: (pipeline: ChainableCommander) => void): Promise<unknown[]>
  /** Every key of ours that a glob fits, page by page. It looks at every key there is: for what happens rarely. */
  keysLike(...parts: string[]): AsyncGenerator<string[]>
  /** Names one life of the Redis process: whatever it forgot by restarting, it forgot under another run id. Unavailable while unknown. */
  runId(): string
  close(): Promise<void>
}

const shared: RedisOptions = {
  connectTimeout: 2000,
  autoResendUnfulfilledCommands: false,
  retryStrategy: (attempt) => Math.min(50 * 2 ** Math.min(attempt, 6), 2000) * (0.75 + Math.random() / 2),
}

const commandOptions: RedisOptions = {
  ...shared,
  maxRetriesPerRequest: 1,
  enableOfflineQueue: false,
}
// Half-open connections are found by the ping of createRedis; a subscriber never gives up.
const subscriberOptions: RedisOptions = { ...shared, maxRetriesPerRequest: null, autoResubscribe: true }
const blockingOptions: RedisOptions = { ...shared, maxRetriesPerRequest: null }

const pingEveryMs = 5000
const askAgainMs = 100

export async function createRedis(options: {
  url: string
  prefix: string
  logger: Logger
  commandTimeoutMs?: number
}): Promise<RedisConnections> {
  const { url, prefix, logger, commandTimeoutMs = 500 } = options
  const open: Redis[] = []

  function connect(name: string, how: RedisOptions): Redis {
    const client = new Redis(url, { ...how, lazyConnect: true, connectionName: `vicinity-${name}` })
    let reported = false
    client.on('error', (error: Error & { code?: string }) => {
      if (!reported) logger.warn(`redis ${name}: connection lost`, { code: error.code ?? error.name })
      reported = true
    })
    client.on('ready', () => {
      if (reported) logger.info(`redis ${name}: connected again`)
      reported = false
    })
    open.push(client)
    return client
  }

  const command = connect('command', { ...commandOptions, commandTimeout: commandTimeoutMs })
  const subscriber = connect('subscriber', subscriberOptions)
  let blocking: Redis | undefined

  let runId: string | undefined
  async function learnRunId() {
    runId = /run_id:(\w+)/.exec(await command.info('server'))?.[1]
  }
  command.on('close', () => {
    runId = undefined
  })
  // Without it nothing can be told or followed, so a Redis that is slow to answer is asked until it does.
  function learnAgain() {
    learnRunId().catch((error: Error) => {
      logger.debug('redis command: no run id yet', { code: error.name })
      setTimeout(() => command.status === 'ready' && learnAgain(), askAgainMs).unref()
    })
  }
  command.on('ready', learnAgain)

  try {
    await Promise.all([command.connect(), subscriber.connect()])
    await learnRunId()
  } catch (error) {
    for (const client of open) client.disconnect()
    throw new UnavailableError(error)
  }

  // A subscriber that hears nothing cannot tell silence from a dead connection, so it asks.
  const watchdog = setInterval(() => {
    if (subscriber.status !== 'ready') return
    const late = setTimeout(() => subscriber.disconnect(true), pingEveryMs)
    subscriber.ping().then(
      () => clearTimeout(late),
      () => clearTimeout(late),
    )
  }, pingEveryMs)
  watchdog.unref()

  async function run<T>(work: (client: Redis) => Promise<T>): Promise<T> {
    try {
      return await work(command)
    } catch (error) {
      throw translated(error)
    }
  }

  return {
    command,
    subscriber,
    blocking() {
      blocking ??= connect('blocking', blockingOptions)
      return blocking
    },
    key: (...parts) => `${prefix}v1:${parts.join(':')}`,
    script(name, lua) {
      command.defineCommand(name, { lua })
      const call = Reflect.get(command, name) as (...args: unknown[]) => Promise<unknown>
      const into: Script['into'] = (pipeline, keys, args) =>
        void (Reflect.get(pipeline, name) as typeof call).call(pipeline, keys.length, ...keys, ...args)
      const alone = (keys: string[], args: (string | number)[]) =>
        run(() => call.call(command, keys.length, ...keys, ...args))
      return Object.assign(alone, { into })
    },
    run,
    pipelined: (fill) =>
      run(async (client) => {
        const pipeline = client.pipeline()
        fill(pipeline)
        const replies = (await pipeline.exec()) ?? []
        return replies.map(([error, value]) => {
          if (error) throw error
          return value
        })
      }),
    async *keysLike(...parts) {
      let cursor = '0'
      do {
        const [next, found] = await run((client) =>
          client.scan(cursor, 'MATCH', `${prefix}v1:${parts.join(':')}`, 'COUNT', 1000),
        )
        cursor = next
        if (found.length > 0) yield found
      } while (cursor !== '0')
    },
    runId() {
      if (runId === undefined) throw new UnavailableError()
      return runId
    },
    async close() {
      clearInterval(watchdog)
      await Promise.all(open.map(leave))
    },
  }
}

/** A connection that is not up has nobody to say goodbye to, and its queue would never end. */
async function leave(client: Redis): Promise<void> {
  if (client.status === 'ready') await client.quit().catch(() => client.disconnect())
  else client.disconnect()
}

/** Replies that mean "not now" rather than "wrong": the same class as no answer at all. */
const passing = /^(LOADING|OOM|MISCONF|READONLY|CLUSTERDOWN|TRYAGAIN|MASTERDOWN|NOREPLICAS|BUSY)\b/

function translated(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  if (error.name === 'ReplyError') return passing.test(error.message) ? new UnavailableError(error) : error
  return new UnavailableError(error)
}
