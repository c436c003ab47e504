// Invariant: two people have one direct conversation, whoever asks first; nobody is drawn into one with somebody a block hides.
import type { Clock } from '../../platform/clock.ts'
import { deriveKey } from '../../platform/derive-key.ts'
import { BadUserInputError, IdempotencyMismatchError, NotFoundError } from '../../platform/errors.ts'
import { createId } from '../../platform/ids.ts'
import type { Limit, RateLimiter } from '../../platform/rate-limit.ts'
import type { ConversationStore } from './conversation-store.ts'
import type { Invitations, Named } from './invitations.ts'
import type { Tell } from './publish.ts'
import { checkedName, directKey, fingerprint, mostMembers } from './rules.ts'

export interface NewGroupInput extends Named {
  clientId: string
  name: string
}

export interface Conversations {
  /**
   * The direct conversation with somebody. Refuses oneself; with NOT_FOUND whoever is not there, or is parted by a block; more than 30
   * new ones an hour. Repeating it gives the same, for ever.
   */
  openDirect(accountId: string, whom: Named): Promise<{ conversationId: string; created: boolean }>
  /**
   * Makes a group with 1 to 255 others. Refuses with NOT_FOUND profiles that one shares no conversation with, and whoever is not there
   * or parted by a block; a client id used before with another input; more than 20 an hour. Repeating it gives the same, for ever.
   */
  createGroup(accountId: string, input: NewGroupInput): Promise<{ conversationId: string; created: boolean }>
}

const hourMs = 60 * 60 * 1000
const openLimit: Limit = { name: 'open-direct-conversation', count: 30, windowMs: hourMs }
const createLimit: Limit = { name: 'create-group-conversation', count: 20, windowMs: hourMs }

export function createConversations(deps: {
  store: ConversationStore
  invitations: Invitations
  tell: Tell
  limiter: RateLimiter
  clock: Clock
  secret: string
}): Conversations {
  const { store, invitations, tell, limiter, clock } = deps
  const key = deriveKey(deps.secret, 'groups')

  /** What a client id of before stands for. */
  async function earlier(accountId: string, clientId: string, asked: Buffer) {
    const group = await store.groupByClientId(accountId, clientId)
    if (!group) return undefined
    if (!group.fingerprint.equals(asked)) throw new IdempotencyMismatchError()
    return { conversationId: group.id, created: false }
  }

  return {
    async openDirect(accountId, whom) {
      if (whom.profileIds.length + whom.usernames.length !== 1)
        throw new BadUserInputError('Say with whom, in one way: `profileId` or `username`.', 'profileId')
      const [otherId] = await invitations.everybody(accountId, whom, { strangers: true })
      if (otherId === undefined) throw new BadUserInputError('A conversation is with somebody else.', 'profileId')
      const pair = directKey(accountId, otherId)
      const known = await store.direct(pair)
      if (known) return { conversationId: known, created: false }
      await limiter.take(openLimit, accountId)
      const id = createId(clock.now())
      if (await store.insertDirect(id, pair, accountId, otherId)) {
        tell(
          [{ conversationId: id, seq: 1, kind: 'CREATED', actorId: accountId, targetSeq: null }],
          [accountId, otherId],
        )
        return { conversationId: id, created: true }
      }
      // The other was faster.
      const theirs = await store.direct(pair)
      if (!theirs) throw new NotFoundError()
      return { conversationId: theirs, created: false }
    },

    async createGroup(accountId, { clientId, name: given, ...named }) {
      const name = checkedName(given)
      const asked = fingerprint(key, [
        name,
        [...new Set(named.profileIds)].sort(),
        [...new Set(named.usernames)].sort(),
      ])
      const known = await earlier(accountId, clientId, asked)
      if (known) return known
      await limiter.take(createLimit, accountId)
      const otherIds = await invitations.everybody(accountId, named, { strangers: false })
      if (otherIds.length < 1 || otherIds.length >= mostMembers)
        throw new BadUserInputError(`A group begins with 1 to ${mostMembers - 1} others.`, 'memberIds')
      const id = createId(clock.now())
      const group = { id, creatorId: accountId, clientId, fingerprint: asked, name, otherIds }
      if (await store.insertGroup(group)) {
        const created = { conversationId: id, seq: 1, kind: 'CREATED', actorId: accountId, targetSeq: null } as const
        tell([created], [accountId, ...otherIds])
        return { conversationId: id, created: true }
      }
      const faster = await earlier(accountId, clientId, asked)
      if (!faster) throw new NotFoundError()
      return faster
    },
  }
}
