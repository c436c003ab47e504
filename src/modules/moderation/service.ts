// Invariant: there is one case per subject, one row lock decides what becomes of it, and only people decide it.
import type { Clock } from '../../platform/clock.ts'
import type { DeliveryEngine } from '../../platform/delivery/index.ts'
import type { Logger } from '../../platform/logger.ts'
import type { Postgres } from '../../platform/postgres.ts'
import type { RedisConnections } from '../../platform/redis.ts'
import type { SubjectSources } from '../enforcement/index.ts'
import { createCaseStore } from './case-store.ts'
import { createCaseWork } from './case-work.ts'
import { queueTopic } from './events.ts'
import { createEvidenceStore } from './evidence-store.ts'
import { createFeedStore } from './feed-store.ts'
import { createNoticing, type Noticing } from './noticing.ts'
import { createWakeStore } from './wake-store.ts'

export interface ModerationService extends Noticing {}

export function createModerationService(deps: {
  postgres: Postgres
  redis: RedisConnections
  delivery: DeliveryEngine
  clock: Clock
  logger: Logger
  /** Known once the modules that own them are there. */
  subjects: () => SubjectSources
}): ModerationService {
  const { postgres, redis, delivery, clock, logger, subjects } = deps
  const cases = createCaseStore(postgres)
  const feed = createFeedStore(postgres, clock)
  const evidence = createEvidenceStore(postgres)
  const topic = queueTopic(feed.source)
  const work = createCaseWork({
    ...{ postgres, cases, feed, delivery, topic, clock, logger },
    wakes: createWakeStore(redis),
  })
  return createNoticing({ work, cases, evidence, subjects, clock })
}
