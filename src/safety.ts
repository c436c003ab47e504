import type { ReadyConfig } from './config.ts'
import type { Staff } from './graphql/staff.ts'
import { createAuditService, createAuditStore } from './modules/audit/index.ts'
import { createGateService, type Following } from './modules/gate/index.ts'
import { createPolicyService } from './modules/policies/index.ts'
import { createTextSafety } from './modules/scanning/index.ts'
import type { Clock } from './platform/clock.ts'
import type { Disposers } from './platform/disposers.ts'
import type { Logger } from './platform/logger.ts'
import type { Metrics } from './platform/metrics.ts'
import type { Postgres, Sql } from './platform/postgres.ts'
import type { RedisConnections } from './platform/redis.ts'

/** What every write is judged by, and what is done about it: wired before the modules that write. A new one adds its line here. */
export function createSafety(deps: {
  config: ReadyConfig
  postgres: Postgres
  redis: RedisConnections
  clock: Clock
  logger: Logger
  metrics: Metrics
  disposers: Disposers
  /** What follows from what staff does to people. */
  following: Following
  /** Enqueues a job in a transaction. */
  enqueue: (sql: Sql, job: string, payload: unknown, key: string) => Promise<void>
  /** Told, again and again, of an account that may not be signed in. */
  onBanned: (accountId: string) => Promise<void>
  /** Who answers for the subject of a case that this member of staff may see. */
  ownerOfCase: (staff: Staff, caseId: string) => Promise<string | null>
}) {
  const { config, postgres, redis, clock, logger } = deps
  const audit = createAuditService({ store: createAuditStore(postgres), secret: config.secret })
  const { scanner, classifier, linkDomains, texts } = createTextSafety({
    ...{ postgres, audit, logger, disposers: deps.disposers, classifierUrl: config.classifierUrl },
  })
  const policies = createPolicyService({
    ...{ postgres, redis, clock, logger, metrics: deps.metrics, audit, scanner, ...config.policies },
    onReplay: (sql, replayId) => deps.enqueue(sql, 'replay-policy', { replayId }, `replay-policy:${replayId}`),
  })
  deps.disposers.add('policies', policies.close)
  const gate = createGateService({
    ...{ postgres, redis, clock, logger, policies, secret: config.secret, rateLimits: config.rateLimits },
    ...{ scanner, classifier, audit, enqueue: deps.enqueue, onBanned: deps.onBanned, ownerOfCase: deps.ownerOfCase },
    following: deps.following,
  })
  return { audit, linkDomains, texts, policies, gate }
}
