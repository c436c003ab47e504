// Invariant: nobody reads a word of a conversation from before they joined, after they left, or of somebody a block hides from them.
import type { Clock } from '../../platform/clock.ts'
import { NotFoundError } from '../../platform/errors.ts'
import { isId } from '../../platform/ids.ts'
import { keysetCursor, keysetRange, type Listed, type PageRequest } from '../../platform/keyset.ts'
import type { SocialService } from '../social/index.ts'
import type { Conversation, ConversationStore } from './conversation-store.ts'
import { isMemberShown, type MemberStore, type Membership } from './member-store.ts'
import type { Message } from './message-store.ts'
import type { Reader, ReadingStore, StoredReaction } from './reading-store.ts'
import { type MessagePlace, messageId, messagePlace } from './rules.ts'
import { isMessageShown, type Onlooker, sightOfAudience } from './sight.ts'

/** One emoji on a message, and who has put it there. */
export interface MessageReaction {
  emoji: string
  accountIds: string[]
}

/** All of it reads only. What takes ids gives those that may be seen, by id. */
export interface Reading {
  /** Refuses with NOT_FOUND a conversation that the account is not in, or that a block parts. */
  conversation(accountId: string, conversationId: string): Promise<Conversation>
  /** All of the account's, the last active first. Refuses cursors of other lists. */
  conversations(accountId: string, page: PageRequest): Promise<Listed<Conversation>[]>
  visibleConversations(accountId: string, ids: readonly string[]): Promise<Map<string, Conversation>>
  /** The same for whoever was let in to hear of them. */
  conversationsById(onlooker: Onlooker, ids: readonly string[]): Promise<Map<string, Conversation>>
  memberships(accountId: string, conversationIds: readonly string[]): Promise<Map<string, Membership>>
  /** Who is in each, in order of joining, for whoever was let in; without those who are hidden from them. */
  membersOf(onlooker: Onlooker, conversationIds: readonly string[]): Promise<Map<string, Membership[]>>
  lastMessages(accountId: string, conversationIds: readonly string[]): Promise<Map<string, Message>>
  /** Others' messages that the account has not read: at most 999 are counted. */
  unreadCounts(accountId: string, conversationIds: readonly string[]): Promise<Map<string, number>>
  /** One page of each, the oldest first. Refuses cursors of other lists: with one, ask for its conversation alone. */
  messagesOf(
    accountId: string,
    conversationIds: readonly string[],
    page: PageRequest,
  ): Promise<Map<string, Listed<Message>[]>>
  /** By `Message.id`. */
  visibleMessages(onlooker: Onlooker, ids: readonly string[]): Promise<Map<string, Message>>
  /** In order of first appearance, by `Message.id`; without those who are hidden from the onlooker. */
  reactionsOf(onlooker: Onlooker, messageIds: readonly string[]): Promise<Map<string, MessageReaction[]>>
  /** Which of these accounts share, or have shared, a conversation with this one. */
  acquainted(accountId: string, ids: readonly string[]): Promise<Set<string>>
}

export function createReading(deps: {
  conversations: ConversationStore
  members: MemberStore
  messages: ReadingStore
  social: Pick<SocialService, 'hiddenFrom'>
  clock: Clock
}): Reading {
  const { conversations, members, messages, social } = deps

  const reader = async (accountId: string): Promise<Reader> => ({
    accountId,
    hidden: await social.hiddenFrom(accountId),
  })
  const placesOf = (ids: readonly string[]) => ids.flatMap((id) => messagePlace(id) ?? [])

  /** Of an audience, nobody. */
  const hiddenFromAny = async (onlooker: Onlooker): Promise<ReadonlySet<string>> =>
    'accountId' in onlooker ? social.hiddenFrom(onlooker.accountId) : new Set()

  async function visibleConversations(accountId: string, ids: readonly string[]): Promise<Map<string, Conversation>> {
    const known = ids.filter(isId)
    return byId(known.length > 0 ? await conversations.visible(accountId, known) : [])
  }

  return {
    visibleConversations,
    async conversation(accountId, conversationId) {
      const found = (await visibleConversations(accountId, [conversationId])).get(conversationId)
      if (!found) throw new NotFoundError()
      return found
    },
    async conversations(accountId, page) {
      const list = `conversations of ${accountId}`
      const found = await conversations.list(accountId, keysetRange(list, page, 'desc'))
      return found.map((item) => ({
        item,
        cursor: keysetCursor(list, { key: item.lastActivityAt.getTime(), id: item.id }),
      }))
    },
    conversationsById: async (onlooker, ids) => byId(await conversations.byIds(viewerOf(onlooker), ids)),
    async memberships(accountId, conversationIds) {
      const found = await members.memberships(accountId, conversationIds)
      return new Map(found.map((membership) => [membership.conversationId, membership]))
    },
    async membersOf(onlooker, conversationIds) {
      const [found, hidden] = await Promise.all([members.members(conversationIds), hiddenFromAny(onlooker)])
      const viewerId = viewerOf(onlooker)
      const shown = found.filter((member) => !hidden.has(member.accountId) && isMemberShown(member, viewerId))
      return grouped(shown, ({ conversationId }) => conversationId)
    },
    async lastMessages(accountId, conversationIds) {
      const found = await messages.lastMessages(await reader(accountId), conversationIds)
      return new Map(found.map((message) => [message.conversationId, message]))
    },
    async unreadCounts(accountId, conversationIds) {
      const found = await messages.unread(await reader(accountId), conversationIds)
      return new Map(found.map(({ id, count }) => [id, count]))
    },
    async messagesOf(accountId, conversationIds, page) {
      const listOf = (conversationId: string) => `messages of ${conversationId} for ${accountId}`
      const range = keysetRange(listOf(conversationIds[0] ?? ''), page, 'asc')
      const found = await messages.messages(await reader(accountId), conversationIds, range)
      const listed = found.map((item) => ({
        item,
        cursor: keysetCursor(listOf(item.conversationId), { key: item.seq, id: item.conversationId }),
      }))
      return grouped(listed, ({ item }) => item.conversationId)
    },
    async visibleMessages(onlooker, ids) {
      const places = placesOf(ids)
      if (places.length === 0) return new Map()
      if ('accountId' in onlooker) return byId(await messages.visible(await reader(onlooker.accountId), places))
      const sight = sightOfAudience(onlooker.audience)
      return byId((await messages.byPlaces(places)).filter((message) => isMessageShown(sight, message)))
    },
    async reactionsOf(onlooker, messageIds) {
      const [found, hidden] = await Promise.all([messages.reactions(placesOf(messageIds)), hiddenFromAny(onlooker)])
      const shown = found.filter((reaction) => !hidden.has(reaction.accountId))
      return new Map([...grouped(shown, messageId)].map(([id, of]) => [id, byEmoji(of)]))
    },
    acquainted: (accountId, ids) => members.acquainted(accountId, ids.filter(isId)),
  }
}

const viewerOf = (onlooker: Onlooker): string | null => ('accountId' in onlooker ? onlooker.accountId : null)

const byId = <Item extends { id: string }>(items: Item[]) => new Map(items.map((item) => [item.id, item]))

function grouped<Item>(items: Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>()
  for (const item of items) {
    const group = groups.get(keyOf(item))
    if (group) group.push(item)
    else groups.set(keyOf(item), [item])
  }
  return groups
}

/** A Map keeps the order in which its keys came. */
function byEmoji(reactions: (StoredReaction & MessagePlace)[]): MessageReaction[] {
  const groups = grouped(reactions, ({ emoji }) => emoji)
  return [...groups].map(([emoji, of]) => ({ emoji, accountIds: of.map(({ accountId }) => accountId) }))
}
