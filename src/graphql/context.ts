import type { PrismaClient } from '../generated/prisma/client.ts'
import type { ActivityService } from '../modules/activities/index.ts'
import type { AppealService } from '../modules/appeals/index.ts'
import type { AuditService } from '../modules/audit/index.ts'
import type { DiscoveryService } from '../modules/discovery/index.ts'
import type { EnforcementService } from '../modules/enforcement/index.ts'
import type { GateService } from '../modules/gate/index.ts'
import type { IdentityService, Viewer } from '../modules/identity/index.ts'
import type { MatchService } from '../modules/matches/index.ts'
import type { MessageService } from '../modules/messages/index.ts'
import type { ModerationService } from '../modules/moderation/index.ts'
import type { PlacesService } from '../modules/places/index.ts'
import type { PolicyService } from '../modules/policies/index.ts'
import type { PresenceService } from '../modules/presence/index.ts'
import type { ProfilesService } from '../modules/profiles/index.ts'
import type {
  ImageHashService,
  ImageScanner,
  LinkDomainService,
  QuarantineService,
  TextService,
  UrlScanner,
} from '../modules/scanning/index.ts'
import type { SessionService } from '../modules/sessions/index.ts'
import type { SocialService } from '../modules/social/index.ts'
import type { StatsService } from '../modules/stats/index.ts'
import type { RefreshCookie } from './refresh-cookie.ts'

/** The services that resolvers call. A new module adds one line here. */
export interface Services {
  audit: AuditService
  policies: PolicyService
  gate: GateService
  enforcement: EnforcementService
  appeals: AppealService
  texts: TextService
  linkDomains: LinkDomainService
  links: UrlScanner
  images: ImageScanner
  imageHashes: ImageHashService
  quarantine: QuarantineService
  identity: IdentityService
  places: PlacesService
  profiles: ProfilesService
  social: SocialService
  presence: PresenceService
  sessions: SessionService
  matches: MatchService
  activities: ActivityService
  messages: MessageService
  discovery: DiscoveryService
  moderation: ModerationService
  stats: StatsService
}

/** What is known of a request before GraphQL sees it, the same for HTTP, SSE and WebSocket. */
export interface RequestFacts {
  requestId: string
  viewer: Viewer | null
  /** The client's address, as far as trusted proxies vouch for it. */
  address: string
  /** The socket it came over, if any. */
  connection: {
    /** Ends the socket, and with it every operation on it. */
    cut(code: number, reason: string): void
    /** Calls the listener once when the socket is gone, whoever ended it; at once if it is gone already. */
    onClosed(listener: () => void): void
  } | null
  /** Where a browser keeps the refresh token, if the request came over HTTP. */
  refreshCookie: RefreshCookie | null
}

export interface Context extends RequestFacts {
  services: Services
  /** For Pothos' Prisma plugin only: resolvers call services. */
  prisma: PrismaClient
  /** The cost of this operation has been found bearable before: so it is with every event of a subscription after its first. */
  weighed?: boolean
  /** Of an event that is executed for several at once: the name of their audience, where the stream has more than one. */
  audience?: string
}
