import type { TestAccount } from './accounts.ts'
import type { TestApp } from './app.ts'
import type { Stream } from './socket.ts'

export interface ChangeNode {
  __typename: string
  conversationId: string
  seq: number
  message?: { seq: number; body: string | null }
  change?: string
  profile?: { id: string } | null
  upToSeq?: number
}

export type MessageEvent =
  | { __typename: 'Ready'; cursor: string }
  | { __typename: 'ResyncRequired'; cursor: string; reason: string }
  | { __typename: 'ConversationChanged'; cursor: string; change: ChangeNode }
  | {
      __typename: 'ConversationTyping'
      cursor: string
      conversationId: string
      typing: boolean
      profile: { id: string }
    }

const selection = `__typename ... on Ready { cursor } ... on ResyncRequired { cursor reason }
  ... on ConversationTyping { cursor conversationId typing profile { id } }
  ... on ConversationChanged { cursor change { __typename conversationId seq
    ... on MessageSent { message { seq body } } ... on MessageEdited { message { seq body } }
    ... on MessageDeleted { message { seq body } } ... on MemberChanged { change profile { id } }
    ... on MessagesRead { profile { id } upToSeq } } }`
export const eventsDocument = `subscription ($id: ID!, $after: Cursor) { conversationEvents(conversationId: $id, after: $after) { ${selection} } }`
export const inboxDocument = `subscription ($after: Cursor) { inbox(after: $after) { ${selection} } }`

type Server = Pick<TestApp, 'url' | 'wsUrl'>

export function followConversation(who: TestAccount, id: string, after?: string, on?: Server): Stream<MessageEvent> {
  return who.follow<MessageEvent>(eventsDocument, { id, ...(after && { after }) }, on)
}

export function followInbox(who: TestAccount, after?: string, on?: Server): Stream<MessageEvent> {
  return who.follow<MessageEvent>(inboxDocument, after ? { after } : {}, on)
}

export async function take(stream: Stream<MessageEvent>, count: number): Promise<MessageEvent[]> {
  const taken: MessageEvent[] = []
  while (taken.length < count) taken.push(await stream.next())
  return taken
}

/** What came, as its type and position: `MessageSent 3`. */
export const told = (event: MessageEvent): string =>
  event.__typename === 'ConversationChanged' ? `${event.change.__typename} ${event.change.seq}` : event.__typename

/** The position where a stream is, as a cursor. */
export async function cursorNow(stream: Stream<MessageEvent>): Promise<string> {
  const { cursor } = await stream.next()
  stream.stop()
  return cursor
}
