// Invariant: two people have one direct conversation, whoever asks first; nobody is drawn into one with somebody a block hides.
import type { Clock } from '../../platform/clock.ts'
import { deriveKey } from '../../platform/derive-key.ts'
import { BadUserInputError, IdempotencyMismatchError, NotFoundError } from '../../platform/errors.ts'
import { createId } from '../../platform/ids.ts'
import type { Limit, RateLimiter } from '../../platform/rate-limit.ts'
import type { Gate } from '../gate/index.ts'
import type { ConversationStore } from './conversation-store.ts'
import type { Invitations, Named } from './invitations.ts'
import type { Tell, ToldEntry } from './publish.ts'
import { attemptOf, checkedName, directKey, fingerprint, mostMembers } from './rules.ts'

export interface NewGroupInput extends Named {
  clientId: string
  name: string
}

export interface Conversations {
  /**
   * The direct conversation with somebody. Refuses oneself; with NOT_FOUND whoever is not there, or is parted by a block; more than 30
   * new ones an hour, and what the gate does. Repeating it gives the same, for ever. What a hidden person opens is there for them alone,
   * until the other opens it, too.
   */
  openDirect(accountId: string, whom: Named): Promise<{ conversationId: string; created: boolean }>
  /**
   * Makes a group with 1 to 255 others. Refuses with NOT_FOUND profiles that one shares no conversation with, and whoever is not there
   * or parted by a block; a client id used before with another input; more than 20 an hour; and what the gate does. Repeating it gives the
   * same, for ever.
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
  gate: Gate
  clock: Clock
  secret: string
}): Conversations {
  const { store, invitations, tell, limiter, gate, clock } = deps
  const key = deriveKey(deps.secret, 'groups')

  /** What a client id of before stands for. */
  async function earlier(accountId: string, clientId: string, asked: Buffer) {
    const group = await store.groupByClientId(accountId, clientId)
    if (!group) return undefined
    if (!group.fingerprint.equals(asked)) throw new IdempotencyMismatchError()
    return { conversationId: group.id, created: false }
  }

  const ask = (personId: string, limit: Limit, attempt: string, texts: readonly string[]) =>
    Promise.all([gate.ask({ surface: 'INVITE', personId, attempt, texts }), limiter.take(limit, personId)])

  /** Of a direct conversation, to one of the two who had not known of it. */
  async function appear(conversationId: string, accountId: string) {
    await store.appear(conversationId, accountId)
    tell([{ conversationId, seq: 1, kind: 'CREATED', actorId: null, targetSeq: null }], [accountId])
    return { conversationId, created: true }
  }

  async function openNew(accountId: string, otherId: string, hiddenBy: string | null) {
    const id = createId(clock.now())
    const pair = directKey(accountId, otherId)
    if (await store.insertDirect(id, pair, accountId, otherId, hiddenBy)) {
      tell([createdBy(accountId, id, hiddenBy)], hiddenBy === null ? [accountId, otherId] : [accountId])
      return { conversationId: id, created: true }
    }
    // The other was faster.
    const theirs = await store.direct(pair, accountId)
    if (!theirs) throw new NotFoundError()
    return theirs.isKnown ? { conversationId: theirs.id, created: false } : appear(theirs.id, accountId)
  }

  return {
    async openDirect(accountId, whom) {
      if (whom.profileIds.length + whom.usernames.length !== 1)
        throw new BadUserInputError('Say with whom, in one way: `profileId` or `username`.', 'profileId')
      const [otherId] = await invitations.everybody(accountId, whom, { strangers: true })
      if (otherId === undefined) throw new BadUserInputError('A conversation is with somebody else.', 'profileId')
      const pair = directKey(accountId, otherId)
      const known = await store.direct(pair, accountId)
      if (known?.isKnown) return { conversationId: known.id, created: false }
      const [passed] = await ask(accountId, openLimit, attemptOf(key, 'open', pair), [])
      const made = known ? await appear(known.id, accountId) : await openNew(accountId, otherId, passed.hiddenBy)
      passed.written({ kind: 'ACCOUNT', id: accountId })
      return made
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
      const [passed] = await ask(accountId, createLimit, clientId, [name])
      const otherIds = await invitations.everybody(accountId, named, { strangers: false })
      if (otherIds.length < 1 || otherIds.length >= mostMembers)
        throw new BadUserInputError(`A group begins with 1 to ${mostMembers - 1} others.`, 'memberIds')
      const { texts, hiddenBy } = passed
      const id = createId(clock.now())
      const group = {
        id,
        creatorId: accountId,
        clientId,
        fingerprint: asked,
        name: texts[0] ?? name,
        otherIds,
        hiddenBy,
      }
      if (await store.insertGroup(group)) {
        tell([createdBy(accountId, id, hiddenBy)], hiddenBy === null ? [accountId, ...otherIds] : [accountId])
        passed.written({ kind: 'ACCOUNT', id: accountId })
        return { conversationId: id, created: true }
      }
      const faster = await earlier(accountId, clientId, asked)
      if (!faster) throw new NotFoundError()
      return faster
    },
  }
}

const createdBy = (accountId: string, conversationId: string, hiddenBy: string | null): ToldEntry => ({
  ...{ conversationId, seq: 1, kind: 'CREATED', actorId: accountId, targetSeq: null },
  ...(hiddenBy !== null && { apartId: accountId }),
})
