import { NotFoundError } from '../../platform/errors.ts'
import type { PersonIds } from '../../platform/person-ids.ts'
import type { ActivityService } from '../activities/index.ts'
import type { MatchService } from '../matches/index.ts'
import type { MessageService } from '../messages/index.ts'
import type { SessionViewer } from '../sessions/index.ts'
import type { Block, SocialService } from '../social/index.ts'
import { createNearbyChanges, type NearbyChanges } from './nearby-changes.ts'
import { createNearbyPeople, type NearbyPeople } from './nearby-people.ts'
import { createReporting, type Reporting } from './reporting.ts'
import type { Whom } from './whom.ts'

export interface DiscoveryService extends NearbyPeople, NearbyChanges, Reporting {
  /** What people are called towards a viewer. */
  namesOf(viewerId: string, personIds: string[]): string[]
  /** Hides somebody whom the viewer was told of, for good. Refuses a name that is none of theirs with NOT_FOUND. Repeating it is safe. */
  block(viewer: SessionViewer, whom: Whom): Promise<Block>
  /**
   * Hides an account with which the viewer's own shares, or shared, a conversation, and nothing else of its person. Refuses oneself, and
   * others with NOT_FOUND. Repeating it gives the same block.
   */
  blockAccount(accountId: string, otherId: string): Promise<Block>
}

type Dependencies = Parameters<typeof createNearbyPeople>[0] &
  Parameters<typeof createNearbyChanges>[0] &
  Parameters<typeof createReporting>[0] & {
    matches: MatchService
    social: SocialService
    personIds: PersonIds
    attendeeNamed: ActivityService['attendeeNamed']
    acquainted: MessageService['acquainted']
  }

export function createDiscoveryService(deps: Dependencies): DiscoveryService {
  const { matches, social, personIds } = deps
  return {
    ...createNearbyPeople(deps),
    ...createNearbyChanges(deps),
    ...createReporting(deps),
    namesOf: personIds.of,
    async block(viewer, whom) {
      if ('matchId' in whom) return matches.block(viewer, whom.matchId)
      const viewerId = viewer.deviceId
      const otherId =
        'personId' in whom
          ? personIds.open(viewerId, whom.personId)
          : await deps.attendeeNamed(viewerId, whom.activityId, whom.attendeeId)
      if (!otherId) throw new NotFoundError()
      const block = await social.block(viewerId, otherId)
      await matches.hideBetween(viewerId, otherId)
      return block
    },
    async blockAccount(accountId, otherId) {
      if (accountId !== otherId && !(await deps.acquainted(accountId, [otherId])).has(otherId))
        throw new NotFoundError()
      return social.block(accountId, otherId)
    },
  }
}
