import { createAccount, type TestAccount } from '../accounts.ts'
import type { TestApp } from '../app.ts'
import { createGroup, done, openDirect, send } from '../conversations.ts'
import { globalId, neverId, type Scene, type Tokens } from './rows.ts'

export interface Group extends Scene {
  id: string
  owner: TestAccount
  member: TestAccount
  exMember: TestAccount
  blocked: TestAccount
  /** The owner knows them, and nobody else here does. */
  newcomer: TestAccount
  /** Of the owner's, in the group. */
  messageId: string
  /** The owner’s, of the blocked. */
  blockId: string
}

export const never = globalId('Conversation', neverId)
export const neverMessage = globalId('Message', `${neverId}:1`)
export const neverProfile = globalId('Profile', neverId)

/** What is for accounts only. */
export const accountsOnly = { nobody: 'UNAUTHENTICATED', device: 'FORBIDDEN' }
export const insiders = ['owner', 'member', 'blocked'] as const

export const documentOf = (name: string) =>
  `mutation ($input: ${name[0]?.toUpperCase()}${name.slice(1)}Input!) { ${name}(input: $input) { __typename } }`

export const eventsDocument = `subscription ($id: ID!, $after: Cursor) { conversationEvents(conversationId: $id, after: $after) {
  __typename ... on Ready { cursor } ... on ConversationChanged { cursor change { __typename } } } }`
export const inboxDocument = `subscription ($after: Cursor) { inbox(after: $after) {
  __typename ... on Ready { cursor } ... on ConversationChanged { cursor change { __typename } } } }`

/** Gives the id of the block. */
export async function block(who: TestAccount, { profileId }: TestAccount): Promise<string> {
  const { data, errors } = await who.ask<{ block: { block: { id: string } } | null }>(
    'mutation ($input: BlockInput!) { block(input: $input) { ... on BlockPayload { block { id } } } }',
    { input: { profileId } },
  )
  if (!data?.block) throw new Error(JSON.stringify(errors))
  return data.block.block.id
}

/** A group whose owner has blocked one of its members, and which another one has left. */
export async function createGroupScene(app: TestApp, around: Tokens): Promise<Group> {
  const account = () => createAccount(app)
  const [owner, member, exMember] = await Promise.all([account(), account(), account()])
  const [blocked, stranger, newcomer] = await Promise.all([account(), account(), account()])
  await openDirect(owner, newcomer)
  const id = await createGroup(owner, [member, exMember, blocked])
  const { id: messageId } = await send(owner, id, 'Hello, all of you')
  await done(exMember, 'leaveConversation', { conversationId: id })
  const blockId = await block(owner, blocked)
  const tokens = {
    ...around,
    ...{ owner: owner.token, member: member.token, exMember: exMember.token },
    ...{ blocked: blocked.token, stranger: stranger.token },
  }
  return { tokens, id, owner, member, exMember, blocked, newcomer, messageId, blockId }
}
