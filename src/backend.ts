import type { ReadyConfig } from './config.ts'
import { createErasures } from './erasures.ts'
import { createJobs } from './jobs.ts'
import {
  createActivityCounts,
  createActivityReads,
  createActivityService,
  createActivityStore,
  createAuthorLabel,
  createChatStore,
  createEnding,
  createEndingStore,
  createForgetting,
} from './modules/activities/index.ts'
import { createAppealService } from './modules/appeals/index.ts'
import { createDeviceStore, createDeviceSubject, createDiscoveryService } from './modules/discovery/index.ts'
import { createEnforcementService, type SubjectSources } from './modules/enforcement/index.ts'
import { createIdentityService } from './modules/identity/index.ts'
import { createMatchService, createMatchStore } from './modules/matches/index.ts'
import { createMessageService } from './modules/messages/index.ts'
import { createModerationService } from './modules/moderation/index.ts'
import { createEventStore, createOwnerStore, createPlacesService, createVenueStore } from './modules/places/index.ts'
import { createGrids, createPresenceService, createPresenceStore } from './modules/presence/index.ts'
import {
  createDeletionStore,
  createMailStore,
  createProfileStore,
  createProfilesService,
  type MailedTokenPurpose,
  mailJobKey,
} from './modules/profiles/index.ts'
import { createImageSafety, createUrlSafety } from './modules/scanning/index.ts'
import { createSessionService, createSessionStore, talkSlot } from './modules/sessions/index.ts'
import { createSocialService, createSocialStore } from './modules/social/index.ts'
import { createStatsService, createStatsStore } from './modules/stats/index.ts'
import { createNames } from './names.ts'
import type { Clock } from './platform/clock.ts'
import { createCounters } from './platform/counters.ts'
import { createDelivery } from './platform/delivery/index.ts'
import { deriveKey } from './platform/derive-key.ts'
import type { Disposers } from './platform/disposers.ts'
import { createJobRunner } from './platform/jobs.ts'
import { describeError, type Logger } from './platform/logger.ts'
import { createMail, type Mail } from './platform/mail/index.ts'
import { createMetrics } from './platform/metrics.ts'
import { createPersonIds } from './platform/person-ids.ts'
import { createPostgres, type Sql } from './platform/postgres.ts'
import { createRateLimiter } from './platform/rate-limit.ts'
import { createRedis } from './platform/redis.ts'
import { createSweeper } from './platform/sweeper.ts'
import { createLinkEffects, createQuarantineEffects } from './quarantine-effects.ts'
import { createSafety } from './safety.ts'

/** Stores, services and jobs, wired: what the API process and the worker have in common. A new module adds its line here. */
export async function createBackend(
  config: ReadyConfig,
  deps: { clock: Clock; logger: Logger; disposers: Disposers; mail?: Mail | undefined },
) {
  const { clock, logger, disposers } = deps
  const { secret } = config
  const metrics = createMetrics()
  const postgres = createPostgres({ url: config.databaseUrl, poolSize: config.databasePoolSize, logger })
  disposers.add('postgres', postgres.close)
  const { redisUrl: url, redisPrefix: prefix, redisCommandTimeoutMs: commandTimeoutMs } = config
  const redis = await createRedis({ url, prefix, commandTimeoutMs, logger })
  disposers.add('redis', redis.close)
  const limiter = createRateLimiter({ redis, clock, enabled: config.rateLimits })
  const counters = createCounters(redis, talkSlot)
  const delivery = createDelivery({ redis, metrics, logger })
  disposers.add('delivery', delivery.close)
  const safety = createSafety({
    ...{ config, postgres, redis, clock, logger, metrics, disposers },
    enqueue: (sql, job, payload, key) => jobs.addIn(sql, job, payload, key),
    onBanned: (accountId) => identity.endSignInsOf(accountId),
    following: {
      restricted: (sql, restriction) => enforcement.restricted(sql, restriction),
      lifted: (sql, restriction) => enforcement.lifted(sql, restriction),
    },
    ownerOfCase: async (staff, caseId) => (await moderation.case(staff, caseId)).ownerId,
  })
  await safety.policies.ready()
  const enforcement = createEnforcementService({
    ...{ postgres, redis, delivery, audit: safety.audit, clock, logger },
    ...{ restrictions: safety.gate.restrictions, standings: safety.gate.standings, refresh: safety.gate.refresh },
    sources: () => sources,
    onReverted: (sql, caseId) => moderation.reverted(sql, caseId),
    seenCases: async (staff, caseIds) => new Set((await moderation.casesById(staff, caseIds)).keys()),
    enqueue: (sql, decisionId) => jobs.addIn(sql, 'apply-decision', { decisionId }, `apply-decision:${decisionId}`),
    enqueueReveal: (sql, ownerId, by) => jobs.addIn(sql, 'reveal-hidden', { ownerId, by }, `reveal-hidden:${by}`),
  })
  disposers.add('enforcement', enforcement.close)

  const identity = await createIdentityService({
    postgres,
    redis,
    clock,
    limiter,
    logger,
    secret,
    tokens: config.tokens,
    banOf: safety.gate.banOf,
    names: createNames({ ...safety, profiles: () => profiles }),
    appealTokenOf: (accountId, decisionId) => appeals.appealTokenOf(accountId, decisionId),
    async onRegistered(accountId) {
      await Promise.all([profiles.welcome(accountId), safety.gate.welcome(accountId)])
    },
    async onDeleted(deviceId) {
      await Promise.all([presence.end(deviceId), sessions.closeOf(deviceId)])
    },
  })
  disposers.add('identity', identity.close)
  const projectEvent = (sql: Sql, eventId: string) =>
    jobs.addIn(sql, 'project-event', { eventId }, `project-event:${eventId}`)
  const places = createPlacesService({
    venues: createVenueStore(postgres, (sql, venueId) =>
      jobs.addIn(sql, 'project-venue', { venueId }, `project-venue:${venueId}`),
    ),
    events: createEventStore(postgres, projectEvent),
    owners: createOwnerStore(postgres),
    ...{ clock, limiter, gate: safety.gate },
  })
  const social = createSocialService({
    store: createSocialStore(postgres),
    ...{ redis, clock, logger, metrics },
    onParting: (personId, otherId) => presence.part(personId, otherId),
    onUniting: (personId, otherId) => presence.unite(personId, otherId),
    async onBlocked(personId, otherId) {
      await Promise.all([sessions.hide(personId, otherId, true), messages.touchDirect(personId, otherId)])
    },
    async onUnblocked(personId, otherId) {
      await Promise.all([sessions.hide(personId, otherId, false), messages.touchDirect(personId, otherId)])
    },
    onVisibility: (personId, audience) => presence.show(personId, audience),
  })
  disposers.add('social', social.close)
  const personIds = createPersonIds(secret)
  const grids = createGrids(secret, config.presence.cellMeters)
  const presence = createPresenceService({
    store: createPresenceStore({ redis, delivery }),
    ...{ social, personIds, grids, clock, ttlMs: config.presence.ttlMs, rateLimits: config.rateLimits },
    onStanding: async (personId, cell) => matches.stand(personId, [cell.id, ...grids.people.around(cell)]),
    onGone: (personId) => matches.standNowhere(personId),
  })
  // A heartbeat that this node took before it heard may have put somebody back who hid on another.
  social.onChanged((change) => {
    if (change.kind !== 'visibility' || change.audience === 'EVERYONE') return
    const failed = (error: unknown) => logger.warn('presence: an audience is not written', describeError(error))
    presence.show(change.personId, change.audience).catch(failed)
  })
  const sessions = createSessionService({
    store: createSessionStore({ redis, postgres, counters }),
    ...{ social, limiter, clock, secret, settings: config.sessions },
    onExtended: (sessionId, expiresAtMs) => matches.keep(sessionId, expiresAtMs),
  })
  const matches = createMatchService({
    store: createMatchStore({ redis, delivery, counters }),
    ...{ sessions, social, delivery, clock, metrics, rateLimits: config.rateLimits },
    rules: { ...config.matches, windowMs: config.sessions.windowMs },
  })
  const activityStore = createActivityStore({ redis, delivery, retentionMs: config.activities.retentionMs })
  const activityReads = createActivityReads(redis)
  const activities = createActivityService({
    store: activityStore,
    chat: createChatStore({ redis, store: activityStore }),
    reads: activityReads,
    ...{ social, presence, delivery, personIds, grids, clock, secret, rateLimits: config.rateLimits },
    ...config.activities,
    gate: safety.gate,
  })
  const authorLabel = createAuthorLabel(secret)
  const endingStore = createEndingStore({ redis, delivery, store: activityStore })
  const ending = createEnding({
    store: activityStore,
    ending: endingStore,
    counts: createActivityCounts(postgres),
    ...{ clock, archive: places.archive, authorLabel },
  })
  const forgetting = createForgetting({
    ...{ redis, clock, store: activityStore, reads: activityReads, ending: endingStore },
    attendeeId: activities.attendeeId,
  })
  const messages = createMessageService({
    ...{ postgres, redis, delivery, social, limiter, clock, logger, secret, gate: safety.gate },
    rateLimits: config.rateLimits,
  })
  disposers.add('messages', messages.close)
  const enqueueMail = (sql: Sql, accountId: string, purpose: MailedTokenPurpose) =>
    jobs.addIn(sql, 'send-mail', { accountId, purpose }, mailJobKey(purpose, accountId))
  const profiles = createProfilesService({
    store: createProfileStore(postgres),
    mails: createMailStore(postgres, enqueueMail, (sql, personId) =>
      safety.gate.standings.note(sql, { personId, kind: 'email_verified', surface: null, cause: 'email' }),
    ),
    deletions: createDeletionStore(postgres, enqueueMail),
    mail: deps.mail ?? createMail(config, { logger, disposers }),
    addressKey: deriveKey(secret, 'mailed-addresses'),
    ...{ clock, limiter, erasedName: identity.erasedName, checkPassword: identity.checkPassword },
    hiddenFrom: social.hiddenFrom,
    acquainted: messages.acquainted,
    gate: safety.gate,
    onRevoked: (accountId, revokedAt) => identity.revoked(`account:${accountId}`, { revokedAt }),
  })
  const moderation = createModerationService({
    ...{ postgres, redis, delivery, limiter, clock, logger, secret, enforcement },
    ...{ audit: safety.audit, gate: safety.gate, subjects: () => sources },
  })
  disposers.add('moderation', async () => moderation.close())
  const appeals = createAppealService({
    ...{ postgres, limiter, audit: safety.audit, gate: safety.gate, enforcement, moderation, clock, secret },
  })
  const images = createImageSafety({
    ...{ postgres, audit: safety.audit, clock, logger, classifierUrl: config.imageClassifierUrl },
    effects: createQuarantineEffects({ enforcement, moderation }),
  })
  disposers.add('images', images.images.close)
  const links = createUrlSafety({
    ...{ redis, logger, secret, linkDomains: safety.linkDomains, ...config.links },
    scanImage: async (bytes) => (await images.images.scanImage(bytes)).labels,
    onFinding: createLinkEffects(images.quarantine),
  })
  const stats = createStatsService({ store: createStatsStore(postgres), sessions, counters, delivery, clock })
  const discovery = createDiscoveryService({
    ...{ delivery, presence, social, matches, personIds, grids, clock, logger, metrics, secret },
    ...{ gatherings: activities.gatherings, attendeeNamed: activities.attendeeNamed, acquainted: messages.acquainted },
    moderation,
  })
  disposers.add('discovery', discovery.close)
  /** What can be reported and acted on, as the modules that own it offer it. */
  const sources: SubjectSources = {
    MESSAGE: messages.subjects,
    ...activities.subjects,
    ACCOUNT: profiles.subject,
    DEVICE: createDeviceSubject({ store: createDeviceStore(postgres) }),
    ...places.subjects,
  }
  const services = {
    ...safety,
    ...images,
    links,
    enforcement,
    appeals,
    identity,
    places,
    profiles,
    social,
    presence,
    sessions,
    matches,
    activities,
    messages,
    discovery,
    moderation,
    stats,
  }

  const erasures = createErasures({ postgres, redis, services, forgetting, ending, authorLabel })
  const jobs = createJobRunner({
    ...{ postgres, logger, metrics },
    ...createJobs({ clock, services, erasures, activityRetentionMs: config.activities.retentionMs }),
  })
  await jobs.prepare()
  disposers.add('jobs', jobs.close)
  const sweeper = createSweeper({
    redis,
    logger,
    sweeps: {
      presence: presence.sweep,
      activities: ending.sweep,
      messages: messages.relay,
      enforcement: enforcement.sweep,
      moderation: moderation.sweep,
    },
  })
  disposers.add('sweeper', sweeper.close)

  return {
    ...{ services, jobs, delivery, redis, postgres, metrics },
    work: {
      /** Does, here, what has to be done without being asked: jobs, and sweeps of what has run out. */
      async start() {
        await jobs.start()
        sweeper.start()
      },
      /** Does what is due now, and what that leads to. */
      async drain() {
        await sweeper.once()
        await jobs.drain()
      },
    },
  }
}
