import type { Services } from './graphql/context.ts'
import type { createEnding, createForgetting } from './modules/activities/index.ts'
import { createErasureService, createErasureStore } from './modules/erasure/index.ts'
import type { Postgres } from './platform/postgres.ts'
import type { RedisConnections } from './platform/redis.ts'

/** What of a person is erased, and in which order: a device's half, and an account's. */
export function createErasures(deps: {
  postgres: Postgres
  redis: RedisConnections
  services: Services
  forgetting: ReturnType<typeof createForgetting>
  ending: ReturnType<typeof createEnding>
  authorLabel: (eventId: string, personId: string) => string
}) {
  const { postgres, redis, forgetting, ending, authorLabel } = deps
  const { audit, policies, enforcement, moderation, identity, social, sessions, matches, presence, places, messages } =
    deps.services
  const { gate, appeals, quarantine, imageHashes, linkDomains } = deps.services
  const common = { redis, nameOf: identity.erasedName }

  return {
    device: createErasureService({
      store: createErasureStore(postgres, 'devices'),
      ...common,
      parts: {
        async sessions(personId) {
          for (const otherId of await social.hiddenFromNow(personId)) await sessions.hide(personId, otherId, false)
          const ids = await sessions.erase(personId)
          return ids.length + (await matches.erase(ids))
        },
        activities: forgetting.erase,
        // After those, which tell around what they take off the map.
        presence: presence.erase,
        // What was on its way there is in the archive once the accounts are settled.
        async archive(personId) {
          await ending.settleAccounts()
          return places.eraseAuthor((eventId) => authorLabel(eventId, personId))
        },
        social: social.erase,
        enforcement: enforcement.erase,
        appeals: appeals.erase,
        moderation: moderation.erase,
        policies: policies.erase,
        gate: gate.erase,
        quarantine: quarantine.erase,
        audit: audit.erase,
      },
    }),
    account: createErasureService({
      store: createErasureStore(postgres, 'accounts'),
      ...common,
      parts: {
        messages: messages.erase,
        // Nothing puts a cancelled event on the live map again.
        async activities(accountId) {
          await places.cancelAllOf(accountId)
          const erased = await forgetting.erase(accountId)
          await ending.settleAccounts()
          return erased
        },
        places: places.eraseOwner,
        // After those, as above: what an organizer's events told around, and what blocks did.
        presence: presence.erase,
        social: social.erase,
        enforcement: enforcement.erase,
        appeals: appeals.erase,
        moderation: moderation.erase,
        policies: policies.erase,
        gate: gate.erase,
        imageHashes: imageHashes.erase,
        linkDomains: linkDomains.erase,
        quarantine: quarantine.erase,
        audit: audit.erase,
      },
    }),
  }
}
