import type { DeliveryEngine } from '../../platform/delivery/index.ts'
import type { Logger } from '../../platform/logger.ts'
import type { Postgres } from '../../platform/postgres.ts'
import type { RedisConnections } from '../../platform/redis.ts'
import { createConversationEntryStore } from './entry-store.ts'
import { conversationTopic } from './events.ts'
import { createInboxStore } from './inbox-store.ts'
import { createPublishing } from './publishing.ts'
import { createRelay } from './relay.ts'

/** The way from what is committed to those who listen, in one piece. */
export function createTelling(deps: {
  postgres: Postgres
  redis: RedisConnections
  delivery: DeliveryEngine
  logger: Logger
}) {
  const { postgres, redis, delivery, logger } = deps
  const entries = createConversationEntryStore(postgres)
  const inboxes = createInboxStore({ redis, delivery })
  const topic = conversationTopic(entries.source)
  const publishing = createPublishing({ entries, inboxes, delivery, topic, logger })
  const relay = createRelay({ entries, inboxes, publishing })
  return { entries, topic, relay, forget: inboxes.drop, ...publishing }
}
