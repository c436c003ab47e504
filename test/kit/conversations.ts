import { createId } from '../../src/platform/ids.ts'
import { newUsername, type TestAccount } from './accounts.ts'
import type { TestApp } from './app.ts'
import { type Answer, codeOf } from './gql.ts'
import { newClientId } from './phones.ts'

export interface MessageNode {
  id: string
  seq: number
  clientId: string | null
  body: string | null
  sender: { id: string } | null
}

/** How a mutation is answered, whichever way. */
export interface Outcome {
  __typename: string
  code?: string
  created?: boolean
  conversation?: { id: string; latestSeq: number }
  conversationId?: string
  sentMessage?: MessageNode
  editedMessage?: MessageNode
  deletedMessage?: MessageNode
  reactedMessage?: MessageNode
  readSeq?: number
  deliveredSeq?: number
  unreadCount?: number
  typing?: boolean
}

const message = 'id seq clientId body sender { id } editedAt deletedAt replyTo { id } reactions { emoji profileIds }'
const payloads: Record<string, string> = {
  openDirectConversation: 'created conversation { id latestSeq }',
  createGroupConversation: 'created conversation { id latestSeq }',
  addConversationMembers: 'conversation { id latestSeq }',
  removeConversationMember: 'conversation { id latestSeq }',
  setConversationRole: 'conversation { id latestSeq }',
  renameConversation: 'conversation { id latestSeq }',
  leaveConversation: 'conversationId',
  sendMessage: `created sentMessage { ${message} }`,
  editMessage: `editedMessage { ${message} }`,
  deleteMessage: `deletedMessage { ${message} }`,
  setReaction: `reactedMessage { ${message} }`,
  markRead: 'readSeq unreadCount',
  markDelivered: 'deliveredSeq',
  setTyping: 'typing',
}

/** Those that have errors of a type of their own. */
const refusing = [
  ...['openDirectConversation', 'createGroupConversation', 'addConversationMembers', 'renameConversation'],
  ...['sendMessage', 'editMessage', 'setReaction'],
]

/** The document of a mutation of the messages module: each takes one input. */
export function messagesDocument(name: string): string {
  const type = name[0]?.toUpperCase() + name.slice(1)
  return `mutation ($input: ${type}Input!) { ${name}(input: $input) { __typename
    ... on ${type}Payload { ${payloads[name]} } ${refusing.includes(name) ? '... on Error { code message }' : ''} } }`
}

type Server = Pick<TestApp, 'url' | 'wsUrl'>

export function perform(
  who: TestAccount,
  name: string,
  input: object,
  on?: Server,
): Promise<Answer<Record<string, Outcome | null>>> {
  return who.ask<Record<string, Outcome | null>>(messagesDocument(name), { input }, on)
}

/** What a mutation came to; what refused it by its code, at the top or as a type. */
export async function outcome(who: TestAccount, name: string, input: object, on?: Server): Promise<Outcome> {
  const answer = await perform(who, name, input, on)
  return answer.data?.[name] ?? { __typename: 'errors', code: String(codeOf(answer)) }
}

/** The same, which has to succeed. */
export async function done(who: TestAccount, name: string, input: object, on?: Server): Promise<Outcome> {
  const answer = await perform(who, name, input, on)
  const result = answer.data?.[name]
  if (!result || result.code) throw new Error(`${name}: ${JSON.stringify(answer)}`)
  return result
}

export async function openDirect(one: TestAccount, other: TestAccount, on?: Server): Promise<string> {
  return (await done(one, 'openDirectConversation', { profileId: other.profileId }, on)).conversation?.id ?? ''
}

export async function createGroup(owner: TestAccount, others: TestAccount[], name = 'Chess'): Promise<string> {
  const input = { clientId: newClientId(), name, usernames: others.map(({ username }) => username) }
  return (await done(owner, 'createGroupConversation', input)).conversation?.id ?? ''
}

export async function send(
  who: TestAccount,
  conversationId: string,
  body: string,
  more: object = {},
  on?: Server,
): Promise<MessageNode> {
  const input = { conversationId, clientId: newClientId(), body, ...more }
  const { sentMessage } = await done(who, 'sendMessage', input, on)
  if (!sentMessage) throw new Error('nothing was sent')
  return sentMessage
}

export interface ConversationNode {
  id: string
  kind: string
  name: string | null
  myRole: string
  latestSeq: number
  firstSeq: number
  unreadCount: number
  lastActivityAt: string
  createdAt: string
  lastMessage: MessageNode | null
  members: { profile: { id: string }; role: string; joinedSeq: number; readSeq: number; deliveredSeq: number }[]
  messages: { edges: { cursor: string; node: MessageNode }[] }
}

const conversationFields = `id kind name myRole latestSeq firstSeq unreadCount lastActivityAt createdAt
  lastMessage { ${message} } members { profile { id } role joinedSeq readSeq deliveredSeq }
  messages(last: 50) { edges { cursor node { ${message} } } }`

/** A conversation as somebody sees it; the code of what refused it if they do not. */
export async function seen(who: TestAccount, id: string, on?: Server): Promise<ConversationNode | string> {
  const answer = await who.ask<{ conversation: ConversationNode | null }>(
    `query ($id: ID!) { conversation(id: $id) { ${conversationFields} } }`,
    { id },
    on,
  )
  if (answer.data?.conversation) return answer.data.conversation
  if (answer.errors?.[0]?.extensions?.['code'] !== 'NOT_FOUND') throw new Error(JSON.stringify(answer))
  return 'NOT_FOUND'
}

/** The same of somebody who has to see it. */
export async function conversationOf(who: TestAccount, id: string, on?: Server): Promise<ConversationNode> {
  const found = await seen(who, id, on)
  if (typeof found === 'string') throw new Error(`conversation: ${found}`)
  return found
}

export async function bodiesOf(who: TestAccount, id: string): Promise<(string | null)[]> {
  return (await conversationOf(who, id)).messages.edges.map(({ node }) => node.body)
}

/** The rows of a conversation's log: kinds by position. */
export async function entriesOf(app: TestApp, conversationId: string) {
  const id = Buffer.from(conversationId, 'base64').toString().split(':')[1]
  const { rows } = await app.postgres.pool.query<{ seq: number; kind: string; actor_id: string | null; data: unknown }>(
    'select * from conversation_entries where conversation_id = $1 order by seq',
    [id],
  )
  return rows
}

/** People who only have to be there; answers their usernames. */
export async function insertAccounts(app: TestApp, count: number): Promise<string[]> {
  const people = Array.from({ length: count }, () => ({ id: createId(app.clock.now()), username: newUsername() }))
  await app.postgres.pool.query(
    `insert into accounts (id, username, roles) select id, username, '{USER}' from unnest($1::uuid[], $2::text[]) as a (id, username)`,
    [people.map(({ id }) => id), people.map(({ username }) => username)],
  )
  return people.map(({ username }) => username)
}
