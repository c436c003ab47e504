import { deriveKey } from '../../platform/derive-key.ts'
import type { Disposers } from '../../platform/disposers.ts'
import type { Logger } from '../../platform/logger.ts'
import type { Postgres } from '../../platform/postgres.ts'
import type { RedisConnections } from '../../platform/redis.ts'
import type { AuditService } from '../audit/index.ts'
import { createRemoteClassifier } from './classifier.ts'
import { createLinkDomainStore } from './link-domain-store.ts'
import { createLinkDomains, type LinkDomainService } from './link-domains.ts'
import { createTextScanner } from './text-scanner.ts'
import { createTextService } from './text-service.ts'
import { createFetching, fetchNothing } from './url-fetching.ts'
import { createUrlScanner, type UrlFinding } from './url-scanner.ts'
import { createUrlVerdictStore } from './url-verdict-store.ts'

/** What looks at texts, and the list of domains that it knows. */
export function createTextSafety(deps: {
  postgres: Postgres
  audit: Pick<AuditService, 'write'>
  logger: Logger
  disposers: Disposers
  /** Of a classifier that is asked beside the scanner, if there is one. */
  classifierUrl: string | undefined
}) {
  const { postgres, audit, logger, classifierUrl: url } = deps
  const linkDomains = createLinkDomains({ store: createLinkDomainStore(postgres), postgres, audit, logger })
  deps.disposers.add('link domains', async () => linkDomains.close())
  const scanner = createTextScanner(linkDomains.hostVerdict)
  return {
    scanner,
    linkDomains,
    texts: createTextService(scanner),
    classifier: url === undefined ? undefined : createRemoteClassifier({ url, logger }),
  }
}

/** What looks at where links lead. */
export function createUrlSafety(deps: {
  redis: RedisConnections
  logger: Logger
  secret: string
  linkDomains: LinkDomainService
  verdictUrl: string | undefined
  /** Without it only the list and the verdict service know anything. */
  fetching: boolean
  scanImage: Parameters<typeof createUrlScanner>[0]['scanImage']
  onFinding: (finding: UrlFinding) => Promise<void>
}) {
  const { redis, logger, secret, linkDomains, verdictUrl, fetching, scanImage, onFinding } = deps
  return createUrlScanner({
    store: createUrlVerdictStore(redis, deriveKey(secret, 'url-verdicts')),
    hostVerdict: linkDomains.hostVerdict,
    fetch: fetching ? createFetching().fetch : fetchNothing,
    ...{ verdictUrl, scanImage, onFinding, logger },
  })
}
