import type { Clock } from '../../platform/clock.ts'
import type { Logger } from '../../platform/logger.ts'
import type { Postgres } from '../../platform/postgres.ts'
import type { AuditService } from '../audit/index.ts'
import { createHashList } from './hash-list.ts'
import { createImageHashService } from './hash-service.ts'
import { createHashStore } from './hash-store.ts'
import { createRemoteImageClassifier, localImageClassifier } from './image-classifier.ts'
import { createImagePool } from './image-pool.ts'
import { createImageScanner } from './image-scanner.ts'
import { createQuarantineService, type QuarantineEffects } from './quarantine-service.ts'
import { createQuarantineStore } from './quarantine-store.ts'

/** What looks at images, the list of those that are known, and where things wait for somebody to look. */
export function createImageSafety(deps: {
  postgres: Postgres
  audit: Pick<AuditService, 'write'>
  clock: Clock
  logger: Logger
  /** Without it nothing is known of an image but whether it is on the list. */
  classifierUrl: string | undefined
  effects: QuarantineEffects
}) {
  const { postgres, audit, clock, logger, classifierUrl: url, effects } = deps
  const store = createHashStore(postgres)
  return {
    images: createImageScanner({
      pool: createImagePool(),
      known: createHashList({ store, logger }),
      classifier: url === undefined ? localImageClassifier : createRemoteImageClassifier({ url, logger }),
    }),
    imageHashes: createImageHashService({ store, postgres, audit, clock }),
    quarantine: createQuarantineService({ store: createQuarantineStore(postgres), postgres, audit, effects, clock }),
  }
}
