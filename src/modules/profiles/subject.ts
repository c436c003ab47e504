// Invariant: staff and jobs see what an account tells of itself, a beholder what they could read of it.
import { isId } from '../../platform/ids.ts'
import type { SubjectFacts, SubjectSource } from '../enforcement/index.ts'
import { shownTo } from './sight.ts'
import type { Profile, ProfileStore, StoredProfile } from './store.ts'

/** What can be reported and acted on of an account: what it tells of itself. */
export function createProfileSubject(deps: {
  store: ProfileStore
  /** Which of these an account may be shown at all. */
  mayBeSeen(viewerId: string | null, accountIds: string[]): Promise<string[]>
}): SubjectSource {
  const { store, mayBeSeen } = deps
  const one = async (id: string) => (isId(id) ? (await store.byIds([id]))[0] : undefined)

  return {
    async facts(id) {
      const stored = await one(id)
      return stored ? factsOf(stored, stored) : null
    },
    async seenBy({ accountId }, id) {
      const stored = await one(id)
      if (!stored || (await mayBeSeen(accountId, [id])).length === 0) return null
      return factsOf(stored, shownTo(accountId, stored))
    },
    setState: async (id, state, by) => isId(id) && store.setState(id, state, by),
    reveal: async (ownerId, by) => ((await store.reveal(ownerId, by)) ? 1 : 0),
  }
}

function factsOf(
  stored: StoredProfile,
  { username, displayName, bio, major, passions, campusId }: Profile,
): SubjectFacts {
  const texts = [displayName === username ? '' : displayName, bio, major, passions.join(', ')]
  return {
    ...{ ownerId: stored.id, campusId, isPublic: false, createdAt: stored.createdAt, state: stored.contentState },
    text: [username, ...texts].filter((text) => text !== '').join('\n'),
  }
}
