import DataLoader from 'dataloader'
import type { Conversation, Membership, Message, MessageReaction } from '../modules/messages/index.ts'
import { NotFoundError } from '../platform/errors.ts'
import type { Listed, PageRequest } from '../platform/keyset.ts'
import type { Context } from './context.ts'
import { onlookerOf } from './onlooker.ts'
import { accountOf } from './person.ts'

/** What a viewer may see of conversations, by the conversation's id. */
export interface ConversationLoaders {
  /** For whoever was let in to hear of it. */
  knownConversation: DataLoader<string, Conversation>
  /** The same. */
  members: DataLoader<string, Membership[]>
  membership: DataLoader<string, Membership>
  lastMessage: DataLoader<string, Message | null>
  unreadCount: DataLoader<string, number>
  messagePage: DataLoader<{ conversationId: string; page: PageRequest }, Listed<Message>[]>
  /** By `Message.id`. Null: not to be seen. */
  message: DataLoader<string, Message | null>
  reactions: DataLoader<string, MessageReaction[]>
}

export function conversationLoaders(context: Context): ConversationLoaders {
  const { messages } = context.services
  const viewerId = () => accountOf(context.viewer)
  return {
    knownConversation: batched((ids) => messages.conversationsById(onlookerOf(context), ids), refused),
    members: batched(
      (ids) => messages.membersOf(onlookerOf(context), ids),
      () => [],
    ),
    membership: batched((ids) => messages.memberships(viewerId(), ids), refused),
    lastMessage: batched(
      (ids) => messages.lastMessages(viewerId(), ids),
      () => null,
    ),
    unreadCount: batched(
      (ids) => messages.unreadCounts(viewerId(), ids),
      () => 0,
    ),
    message: batched(
      (ids) => messages.visibleMessages(onlookerOf(context), ids),
      () => null,
    ),
    reactions: batched(
      (ids) => messages.reactionsOf(onlookerOf(context), ids),
      () => [],
    ),
    messagePage: new DataLoader(
      async (asked) => {
        const groups = new Map<string, { page: PageRequest; ids: Set<string> }>()
        for (const { conversationId, page } of asked) {
          const group = groups.get(groupOf(conversationId, page)) ?? { page, ids: new Set() }
          groups.set(groupOf(conversationId, page), group)
          group.ids.add(conversationId)
        }
        const found = new Map<string, Map<string, Listed<Message>[]>>()
        for (const [key, { page, ids }] of groups) found.set(key, await messages.messagesOf(viewerId(), [...ids], page))
        return asked.map(
          ({ conversationId, page }) => found.get(groupOf(conversationId, page))?.get(conversationId) ?? [],
        )
      },
      { cache: false },
    ),
  }
}

/** Pages of one size are read together; a cursor is of one conversation. */
function groupOf(conversationId: string, page: PageRequest): string {
  const own = page.after !== undefined || page.before !== undefined
  return JSON.stringify([page, own ? conversationId : null])
}

const refused = () => new NotFoundError()

function batched<Item, Missing>(
  find: (ids: readonly string[]) => Promise<Map<string, Item>>,
  missing: () => Missing,
): DataLoader<string, Exclude<Item | Missing, Error>> {
  return new DataLoader<string, Exclude<Item | Missing, Error>>(
    async (ids) => {
      const found = await find([...new Set(ids)])
      return ids.map((id) => (found.get(id) ?? missing()) as Exclude<Item | Missing, Error> | Error)
    },
    { cache: false },
  )
}
