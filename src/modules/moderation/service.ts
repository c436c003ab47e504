// Invariant: there is one case per subject, one row lock decides what becomes of it, and only people decide it.
import type { Clock } from '../../platform/clock.ts'
import type { DeliveryEngine } from '../../platform/delivery/index.ts'
import { deriveKey } from '../../platform/derive-key.ts'
import type { Logger } from '../../platform/logger.ts'
import type { Postgres } from '../../platform/postgres.ts'
import type { RateLimiter } from '../../platform/rate-limit.ts'
import type { RedisConnections } from '../../platform/redis.ts'
import type { AuditService } from '../audit/index.ts'
import type { EnforcementService, SubjectSources } from '../enforcement/index.ts'
import type { GateService } from '../gate/index.ts'
import { createCaseStore } from './case-store.ts'
import { createCaseWork } from './case-work.ts'
import { queueTopic } from './events.ts'
import { createEvidenceStore } from './evidence-store.ts'
import { createExporting, type Exporting } from './exporting.ts'
import { createFeedStore } from './feed-store.ts'
import { createForgetting, type Forgetting } from './forgetting.ts'
import { createListStore } from './list-store.ts'
import { createNoticing, type Noticing } from './noticing.ts'
import { createQueue, type Queue } from './queue.ts'
import { createReading, type Reading } from './reading.ts'
import { createReportStore } from './report-store.ts'
import { createReporting, type Reporting } from './reporting.ts'
import { createResolutionStore } from './resolution-store.ts'
import { createResolving, type Resolving } from './resolving.ts'
import { createScopeStore } from './scope-store.ts'
import { createScopes, type Scopes } from './scopes.ts'
import { createSweeping, type Sweeping } from './sweeping.ts'
import { createWakeStore } from './wake-store.ts'
import { createWorking, type Working } from './working.ts'

export interface ModerationService
  extends Noticing,
    Reporting,
    Working,
    Resolving,
    Reading,
    Queue,
    Sweeping,
    Exporting,
    Forgetting,
    Pick<Scopes, 'setCampuses' | 'campusesOf' | 'close'> {}

export function createModerationService(deps: {
  postgres: Postgres
  redis: RedisConnections
  delivery: DeliveryEngine
  limiter: RateLimiter
  clock: Clock
  logger: Logger
  secret: string
  audit: Pick<AuditService, 'write'>
  enforcement: Pick<EnforcementService, 'decide' | 'settle' | 'tell' | 'wake'>
  gate: Pick<GateService, 'ask' | 'standings' | 'refresh'>
  /** What there is to be reported: the modules that own it are wired later. */
  subjects: () => SubjectSources
}): ModerationService {
  const { postgres, redis, delivery, limiter, clock, logger, audit, enforcement, gate, subjects } = deps
  const cases = createCaseStore(postgres)
  const feed = createFeedStore(postgres, clock)
  const evidence = createEvidenceStore(postgres)
  const reports = createReportStore(postgres)
  const resolutions = createResolutionStore()
  const lists = createListStore(postgres)
  const scopeStore = createScopeStore(postgres)
  const topic = queueTopic(feed.source)
  const work = createCaseWork({
    ...{ postgres, cases, feed, delivery, topic, clock, logger },
    wakes: createWakeStore(redis),
  })
  const scopes = createScopes({ postgres, store: scopeStore, cases, audit })
  const key = deriveKey(deps.secret, 'moderation-fingerprints')
  return {
    ...createNoticing({ work, cases, evidence, subjects, clock }),
    ...createReporting({ work, cases, reports, evidence, subjects, gate, clock, key }),
    ...createWorking({ work, cases, scopes, audit, clock }),
    ...createResolving({ work, reports, resolutions, scopes, audit, enforcement, gate, clock, key }),
    ...createReading({
      ...{ postgres, lists, scopes, subjects, audit, clock },
      stores: { cases, feed, reports, evidence },
    }),
    ...createQueue({ delivery, topic, scopes }),
    ...createSweeping({ work, cases, feed, clock }),
    ...createExporting({ postgres, lists, scopes, audit, limiter, clock }),
    ...createForgetting({ postgres, stores: { cases, reports, evidence, resolutions, scopes: scopeStore }, clock }),
    ...{ setCampuses: scopes.setCampuses, campusesOf: scopes.campusesOf, close: scopes.close },
  }
}
