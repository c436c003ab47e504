// Invariant: nothing is written before it is judged, and a judgement costs at most one round trip to Redis.
import type { Clock } from '../../platform/clock.ts'
import { deriveKey } from '../../platform/derive-key.ts'
import { isId } from '../../platform/ids.ts'
import type { Logger } from '../../platform/logger.ts'
import type { Postgres, Sql } from '../../platform/postgres.ts'
import type { RedisConnections } from '../../platform/redis.ts'
import type { AuditService } from '../audit/index.ts'
import type { PolicyService } from '../policies/index.ts'
import type { Classifier, TextScanner } from '../scanning/index.ts'
import { type Answering, createAnswering } from './answering.ts'
import { createAsking } from './asking.ts'
import { createChallenges } from './challenges.ts'
import { createLedgerStore, type Restriction } from './ledger-store.ts'
import { createLooking } from './looking.ts'
import { createMeasures } from './measures.ts'
import { createMirror } from './mirror.ts'
import { createMirrorStore } from './mirror-store.ts'
import { createPassing } from './passing.ts'
import { createRestrictions, type Restrictions } from './restrictions.ts'
import { createShadows, type Shadows } from './shadows.ts'
import { createStandingStore } from './standing-store.ts'
import { createStandings, type Standings } from './standings.ts'
import { createSupervising, type Following, type Supervising } from './supervising.ts'
import { createSupervisingStore } from './supervising-store.ts'
import { createTrips } from './trips.ts'
import { createUpkeep, type Upkeep } from './upkeep.ts'
import { createUpkeepStore } from './upkeep-store.ts'
import type { Gate } from './writes.ts'

export interface GateService extends Gate, Shadows, Answering, Supervising, Upkeep {
  restrictions: Restrictions
  standings: Standings
  /** What these persons are held back by now, the newest first, as far as they are told of it. */
  toldRestrictions(personIds: readonly string[]): Promise<Restriction[]>
  /** Those of these that staff may see, or else these persons of their own, by id. */
  restrictionsById(
    viewer: { personIds: readonly string[]; isStaff: boolean },
    ids: readonly string[],
  ): Promise<Map<string, Restriction>>
  /** What keeps an account from being signed in, by Postgres itself. Refuses with UNAVAILABLE rather than not knowing. */
  banOf(
    accountId: string,
  ): Promise<{ explanation: string; retryAfterMs: number | null; decisionId: string | null } | null>
  /** Makes what was committed of a person hold at once, everywhere; whoever is banned is signed out. Repeating it is safe. */
  refresh(personId: string): Promise<void>
}

export function createGateService(deps: {
  postgres: Postgres
  redis: RedisConnections
  clock: Clock
  logger: Logger
  secret: string
  /** Off: nobody writes too fast. */
  rateLimits: boolean
  policies: PolicyService
  scanner: TextScanner
  /** Asked beside the scanner, if there is one. */
  classifier: Classifier | undefined
  audit: Pick<AuditService, 'write'>
  /** Who answers for the subject of a case that this member of staff may see. Refuses with NOT_FOUND. */
  ownerOfCase: (staff: { accountId: string; isAdmin: boolean }, caseId: string) => Promise<string | null>
  following: Following
  /** Enqueues a job in a transaction. */
  enqueue: (sql: Sql, job: string, payload: unknown, key: string) => Promise<void>
  /** Told, again and again, of an account that may not be signed in. */
  onBanned: (personId: string) => Promise<void>
}): GateService {
  const { postgres, clock, logger, rateLimits } = deps
  const key = deriveKey(deps.secret, 'gate')
  const mirrors = createMirrorStore(deps.redis)
  const standingStore = createStandingStore(postgres)
  const mirror = createMirror({ ...deps, standings: standingStore, mirrors })
  const ledger = createLedgerStore(postgres)
  const restrictions = createRestrictions({ ...{ ledger, mirror, postgres, clock }, standings: standingStore })
  const standings = createStandings({ ...{ restrictions, mirror, postgres, clock, ledger }, store: standingStore })

  const challenges = createChallenges(deriveKey(deps.secret, 'gate-challenges'))
  const common = { restrictions, standings, mirror, postgres, clock }
  const ask = createAsking({
    ...deps,
    look: createLooking({ mirror, mirrors, clock, key, rateLimits }),
    trips: createTrips({ ...common, standingStore, ledger }),
    measures: createMeasures({ ...common, key }),
    challenges,
    pass: createPassing({ postgres, enqueue: deps.enqueue, logger }),
  })

  return {
    ...{ ask, restrictions, standings, refresh: mirror.refresh },
    ...createShadows({ mirror, mirrors, clock, logger }),
    ...createAnswering({ ...common, challenges }),
    ...createUpkeep({ ...common, store: createUpkeepStore(postgres) }),
    ...createSupervising({
      ...{ ...common, ledger, mirrors, key, audit: deps.audit, ownerOfCase: deps.ownerOfCase },
      following: deps.following,
      store: createSupervisingStore(postgres),
    }),

    async toldRestrictions(personIds) {
      const active = await ledger.active(postgres.sql, personIds, clock.now())
      return active.filter(isTold)
    },

    async restrictionsById({ personIds, isStaff }, ids) {
      const found = await ledger.byIds(ids.filter(isId))
      const visible = found.filter((one) => isStaff || (personIds.includes(one.personId) && isTold(one)))
      return new Map(visible.map((one) => [one.id, one]))
    },

    async banOf(accountId) {
      const nowMs = clock.now()
      const bans = (await ledger.active(postgres.sql, [accountId], nowMs)).filter(({ kind }) => kind === 'BAN')
      const longest = bans.find(({ expiresAt }) => expiresAt === null) ?? bans.sort(latestEnd)[0]
      if (!longest) return null
      const { explanation, expiresAt, decisionId } = longest
      return { explanation, decisionId, retryAfterMs: expiresAt && expiresAt.getTime() - nowMs }
    },
  }
}

/** Nobody learns that they are shadowed. */
const isTold = ({ kind }: Restriction) => kind !== 'SHADOW'
const latestEnd = (a: Restriction, b: Restriction) => Number(b.expiresAt) - Number(a.expiresAt)
