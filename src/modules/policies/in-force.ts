import { describeError, type Logger } from '../../platform/logger.ts'
import type { RedisConnections } from '../../platform/redis.ts'
import { type CompiledPolicy, compilePolicy } from './compile.ts'
import { defaultDocument } from './defaults.ts'
import type { VersionStore } from './version-store.ts'

/** A version as it judges on this node. */
export interface Judge {
  /** Null: the built-in one, before any version was read. */
  id: string | null
  policy: CompiledPolicy
}

/** Somewhat under the second within which every node must know. */
const lookEveryMs = 750

/**
 * Which versions judge, as this node knows it: looked for more often than once a second, and at once when another node says
 * so. While Postgres is away the last ones that were known go on.
 */
export function createInForce(deps: {
  redis: RedisConnections
  store: Pick<VersionStore, 'inForce' | 'byIds'>
  logger: Logger
}) {
  const { redis, store, logger } = deps
  const channel = redis.key('policies', 'changed')
  let active: Judge = { id: null, policy: compilePolicy(defaultDocument) }
  let shadow: (Judge & { id: string }) | null = null
  let looking: Promise<void> | undefined
  let again = false
  let reported = false
  let closed = false

  async function lookOnce() {
    const found = await store.inForce()
    const idOf = (state: 'ACTIVE' | 'SHADOW') => found.find((each) => each.state === state)?.id
    const [activeId, shadowId] = [idOf('ACTIVE'), idOf('SHADOW')]
    const unknown = [activeId, shadowId].filter((id) => id !== undefined && id !== active.id && id !== shadow?.id)
    const read = new Map(
      (unknown.length > 0 ? await store.byIds(unknown as string[]) : []).map((each) => [each.id, each]),
    )
    const judgeOf = (id: string | undefined): (Judge & { id: string }) | undefined => {
      if (id === undefined) return undefined
      const version = read.get(id)
      if (version) return { id, policy: compilePolicy(version.document) }
      return [active, shadow].find((each): each is Judge & { id: string } => each?.id === id)
    }
    // Both at once: between one that was active and is tried beside another there is no moment.
    ;[active, shadow] = [judgeOf(activeId) ?? active, judgeOf(shadowId) ?? null]
  }

  async function lookUntilNew() {
    try {
      while (again && !closed) {
        again = false
        await lookOnce()
      }
      if (reported) logger.info('policies: versions are read again')
      reported = false
    } finally {
      looking = undefined
    }
  }

  /** One look at a time; whoever asks during one waits for another after it. Fails if Postgres does. */
  function look(): Promise<void> {
    again = true
    looking ??= lookUntilNew()
    return looking
  }
  function lookQuietly() {
    look().catch((error: unknown) => {
      if (!reported && !closed) logger.warn('policies: versions are not read', describeError(error))
      reported = true
    })
  }

  function onMessage(from: string) {
    if (from === channel) lookQuietly()
  }
  // Whatever makes it fail also ends the connection, and the next one listens again.
  const listen = () => void redis.subscriber.subscribe(channel).catch(() => undefined)
  redis.subscriber.on('message', onMessage)
  redis.subscriber.on('ready', listen)
  if (redis.subscriber.status === 'ready') listen()
  const timer = setInterval(lookQuietly, lookEveryMs)
  timer.unref()

  return {
    /** Who judges now. */
    now: () => ({ active, shadow }),
    look,
    /** Something is committed: it counts here when this resolves, and elsewhere within the second. */
    async changed() {
      if (!closed) redis.run((client) => client.publish(channel, '')).catch(() => undefined)
      await look().catch(lookQuietly)
    },
    close() {
      closed = true
      clearInterval(timer)
      redis.subscriber.off('message', onMessage)
      redis.subscriber.off('ready', listen)
      // While there is no connection it would only wait for one, and keep the connection from being given up.
      if (redis.subscriber.status === 'ready') redis.subscriber.unsubscribe(channel).catch(() => undefined)
    },
  }
}
