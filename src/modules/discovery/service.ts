import { NotFoundError } from '../../platform/errors.ts'
import type { PersonIds } from '../../platform/person-ids.ts'
import type { MatchService } from '../matches/index.ts'
import type { Block, SocialService } from '../social/index.ts'
import { createNearbyChanges, type NearbyChanges } from './nearby-changes.ts'
import { createNearbyPeople, type NearbyPeople } from './nearby-people.ts'

export interface DiscoveryService extends NearbyPeople, NearbyChanges {
  /** What people are called towards a viewer. */
  namesOf(viewerId: string, personIds: string[]): string[]
  /** Hides somebody whom the viewer was told of, for good. Refuses a name that is none of theirs with NOT_FOUND. Repeating it is safe. */
  block(viewerId: string, name: string): Promise<Block>
}

type Dependencies = Parameters<typeof createNearbyPeople>[0] &
  Parameters<typeof createNearbyChanges>[0] & {
    matches: MatchService
    social: SocialService
    personIds: PersonIds
  }

export function createDiscoveryService(deps: Dependencies): DiscoveryService {
  const { matches, social, personIds } = deps
  return {
    ...createNearbyPeople(deps),
    ...createNearbyChanges(deps),
    namesOf: personIds.of,
    async block(viewerId, name) {
      const otherId = personIds.open(viewerId, name)
      if (!otherId) throw new NotFoundError()
      const block = await social.block(viewerId, otherId)
      await matches.hideBetween(viewerId, otherId)
      return block
    },
  }
}
