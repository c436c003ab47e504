import { createHash } from 'node:crypto'
import type { TestAccount } from './accounts.ts'

/** The smallest client that is right: a state, and a pure function that changes it. */
export interface MessageState {
  id: string
  conversationId: string
  seq: number
  clientId: string | null
  body: string | null
  sender: { id: string } | null
  replyTo: { id: string } | null
  editedAt: string | null
  deletedAt: string | null
  reactions: { emoji: string; profileIds: string[] }[]
}

export interface MemberState {
  profile: { id: string }
  role: string
  joinedSeq: number
  readSeq: number
  deliveredSeq: number
}

interface ConversationFacts {
  id: string
  kind: string
  name: string | null
  firstSeq: number
  latestSeq: number
  members: MemberState[]
}

export type ChangeNode = { __typename: string; conversationId: string; seq: number; at: string } & Partial<{
  conversation: ConversationFacts
  message: MessageState
  profile: { id: string } | null
  by: { id: string } | null
  emoji: string
  present: boolean
  upToSeq: number
  change: 'ADDED' | 'LEFT' | 'REMOVED' | 'ROLE'
  role: string
  name: string
  ranges: { from: number; to: number }[]
  messageId: string
  messageSeq: number
}>

export interface ConversationState {
  kind: string
  name: string | null
  firstSeq: number
  /** The end of what is known without a hole. */
  upToSeq: number
  members: ReadonlyMap<string, Omit<MemberState, 'profile'>>
  messages: ReadonlyMap<number, MessageState>
}

export type State = ReadonlyMap<string, ConversationState>

export const messageFields =
  'id conversationId seq clientId body editedAt deletedAt sender { id } replyTo { id } reactions { emoji profileIds }'
export const conversationFields =
  'id kind name firstSeq latestSeq members { profile { id } role joinedSeq readSeq deliveredSeq }'
export const changeFields = `__typename conversationId seq at
  ... on ConversationCreated { conversation { ${conversationFields} } by { id } }
  ... on MessageSent { message { ${messageFields} } } ... on MessageEdited { message { ${messageFields} } }
  ... on MessageDeleted { message { ${messageFields} } }
  ... on ReactionChanged { message { ${messageFields} } profile { id } emoji present }
  ... on MessagesRead { profile { id } upToSeq } ... on MessagesDelivered { profile { id } upToSeq }
  ... on MemberChanged { profile { id } by { id } change role } ... on ConversationRenamed { name by { id } }
  ... on MessagesErased { ranges { from to } } ... on MessageHidden { messageId messageSeq }
  ... on MessageShown { message { ${messageFields} } }`

/** One change applied: what is there already stays as it is, and what comes too early is not taken. */
export function reduce(state: State, change: ChangeNode): State {
  const known = state.get(change.conversationId)
  if (change.seq !== (known?.upToSeq ?? 0) + 1) return state
  const before = known ?? (change.conversation && emptyOf(change.conversation))
  if (!before) return state
  return new Map(state).set(change.conversationId, { ...applied(before, change), upToSeq: change.seq })
}

function applied(before: ConversationState, change: ChangeNode): ConversationState {
  const { profile, message } = change
  const member = profile ? before.members.get(profile.id) : undefined
  switch (change.__typename) {
    case 'ConversationCreated':
      return change.conversation ? { ...before, ...factsOf(change.conversation) } : before
    case 'MessageSent':
    case 'MessageEdited':
    case 'MessageDeleted':
    case 'ReactionChanged':
    case 'MessageShown':
      return message ? { ...before, messages: new Map(before.messages).set(message.seq, message) } : before
    case 'MessageHidden':
      return { ...before, messages: new Map([...before.messages].filter(([seq]) => seq !== change.messageSeq)) }
    case 'MessagesRead':
    case 'MessagesDelivered': {
      if (!profile || !member || change.upToSeq === undefined) return before
      const deliveredSeq = Math.max(member.deliveredSeq, change.upToSeq)
      const readSeq = change.__typename === 'MessagesRead' ? Math.max(member.readSeq, change.upToSeq) : member.readSeq
      return { ...before, members: new Map(before.members).set(profile.id, { ...member, deliveredSeq, readSeq }) }
    }
    case 'MemberChanged':
      return { ...before, members: membersAfter(before, change) }
    case 'ConversationRenamed':
      return { ...before, name: change.name ?? null }
    default:
      return before
  }
}

function membersAfter({ members }: ConversationState, { profile, change, role = '', seq }: ChangeNode) {
  const after = new Map(members)
  if (!profile) return after
  const member = members.get(profile.id)
  if (change === 'LEFT' || change === 'REMOVED') after.delete(profile.id)
  else if (change === 'ADDED') after.set(profile.id, { role, joinedSeq: seq, readSeq: seq, deliveredSeq: seq })
  else if (member) after.set(profile.id, { ...member, role })
  return after
}

const factsOf = ({ kind, name, firstSeq, members }: ConversationFacts) => ({
  ...{ kind, name, firstSeq },
  members: new Map(members.map(({ profile, ...member }) => [profile.id, member])),
})

const emptyOf = (facts: ConversationFacts): ConversationState => ({
  ...factsOf(facts),
  ...{ upToSeq: facts.firstSeq - 1, messages: new Map() },
})

/** What answers a message that was taken away, or came back, is to be asked for again: these clients do not. */
export const withoutReplies = (state: State): State =>
  new Map(
    [...state].map(([id, conversation]) => {
      const messages = [...conversation.messages].map(([seq, message]) => [seq, { ...message, replyTo: null }] as const)
      return [id, { ...conversation, messages: new Map(messages) }]
    }),
  )

/** The same text for the same state, in whatever order it came about. */
export function hashOf(state: State): string {
  const text = [...state]
    .map(([id, { members, messages, ...rest }]) => [id, rest, sorted(marked(members, messages)), sorted(messages)])
    .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1))
  return createHash('sha256').update(JSON.stringify(text, canonical)).digest('hex')
}

/** Others are told of a receipt when it passes a message of theirs: up to there, it is the same for everybody. */
function marked(members: ConversationState['members'], messages: ConversationState['messages']) {
  const upTo = (seq: number, reader: string) =>
    Math.max(
      0,
      ...[...messages.values()].flatMap((one) => (one.seq <= seq && one.sender?.id !== reader ? [one.seq] : [])),
    )
  return new Map(
    [...members].map(([id, member]) => {
      const { readSeq, deliveredSeq } = member
      return [id, { ...member, readSeq: upTo(readSeq, id), deliveredSeq: upTo(deliveredSeq, id) }]
    }),
  )
}

const sorted = (map: ReadonlyMap<string | number, unknown>) =>
  [...map].sort(([a], [b]) => (a === b ? 0 : a < b ? -1 : 1))

function canonical(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}

export interface BootstrapAnswer {
  me: { id: string }
  conversations: { conversation: ConversationFacts; messages: MessageState[]; upToSeq: number; hasOlder: boolean }[]
  profiles: { id: string }[]
  hasMore: boolean
  nextPage: string | null
  inboxCursor: string
  since: string
}

export interface ChangesAnswer {
  conversations: {
    conversationId: string
    changes: ChangeNode[]
    upToSeq: number
    hasMore: boolean
    latestSeq: number
    firstSeq: number
  }[]
  profiles: { id: string }[]
  changed: { conversationId: string; latestSeq: number }[]
  left: string[]
  hasMoreChanged: boolean
  since: string
}

export const bootstrapDocument = `query ($first: Int, $after: Cursor, $messages: Int) {
  syncBootstrap(first: $first, after: $after, messages: $messages) { me { id } profiles { id } hasMore nextPage inboxCursor since
    conversations { conversation { ${conversationFields} } messages { ${messageFields} } upToSeq hasOlder } } }`
export const changesDocument = `query ($after: [SyncPositionInput!], $since: Cursor, $first: Int) {
  syncChanges(after: $after, since: $since, first: $first) { profiles { id } changed { conversationId latestSeq } left hasMoreChanged since
    conversations { conversationId upToSeq hasMore latestSeq firstSeq changes { ${changeFields} } } } }`

type Asking = Pick<TestAccount, 'ask'>

export async function bootstrap(
  who: Asking,
  asked: { first?: number; after?: string | null; messages?: number } = {},
): Promise<BootstrapAnswer> {
  const answer = await who.ask<{ syncBootstrap: BootstrapAnswer }>(bootstrapDocument, asked)
  if (!answer.data?.syncBootstrap) throw new Error(JSON.stringify(answer.errors))
  return whole(answer.data.syncBootstrap)
}

export interface Position {
  conversationId: string
  seq: number
}

export async function changesFor(
  who: Asking,
  asked: { after?: Position[]; since?: string | undefined; first?: number } = {},
): Promise<ChangesAnswer> {
  const answer = await who.ask<{ syncChanges: ChangesAnswer }>(changesDocument, asked)
  if (!answer.data?.syncChanges) throw new Error(JSON.stringify(answer.errors))
  return whole(answer.data.syncChanges)
}

/** Refuses an answer that names somebody who is not in its `profiles`. */
function whole<Answer extends { profiles: { id: string }[] }>(answer: Answer): Answer {
  const { profiles, ...rest } = answer
  const given = new Set(profiles.map(({ id }) => id))
  const unknown = namedProfiles(rest).filter((id) => !given.has(id))
  if (unknown.length > 0) throw new Error(`not in profiles: ${unknown.join()}`)
  if (given.size < profiles.length) throw new Error('somebody is in profiles twice')
  return answer
}

const isProfile = (id: unknown) => typeof id === 'string' && Buffer.from(id, 'base64').toString().startsWith('Profile:')

/** Every id of a profile, wherever in an answer it is. */
export function namedProfiles(value: unknown): string[] {
  if (isProfile(value)) return [value as string]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(namedProfiles) : []
}

/** A client that keeps its state by nothing but these two queries. */
export class ModelClient {
  state: State = new Map()
  since: string | undefined
  readonly #who: Asking

  constructor(who: Asking) {
    this.#who = who
  }

  async begin(first = 20, messages = 20): Promise<void> {
    for (let after: string | null = null; ; ) {
      const page = await bootstrap(this.#who, { first, after, messages })
      for (const snapshot of page.conversations) this.#take(snapshot)
      this.since = page.since
      after = page.nextPage
      if (!page.hasMore) return
    }
  }

  #take({ conversation, messages, upToSeq }: BootstrapAnswer['conversations'][number]) {
    const known = new Map(messages.map((message) => [message.seq, message]))
    this.state = new Map(this.state).set(conversation.id, { ...emptyOf(conversation), upToSeq, messages: known })
  }

  async catchUp(first = 100): Promise<void> {
    for (;;) {
      const { changed, left, hasMoreChanged, since } = await changesFor(this.#who, { since: this.since })
      for (const id of left) this.#forget(id)
      for (const { conversationId } of changed) if (!this.state.has(conversationId)) await this.#meet(conversationId)
      const behind = changed.filter((one) => (this.state.get(one.conversationId)?.upToSeq ?? 0) < one.latestSeq)
      await this.#pull(
        behind.map(({ conversationId }) => conversationId),
        first,
      )
      this.since = since
      if (!hasMoreChanged) return
    }
  }

  async #pull(ids: string[], first: number) {
    let rounds = 0
    for (let waiting = ids; waiting.length > 0; ) {
      if (++rounds > 1000) throw new Error('there is no end')
      const asked = waiting.slice(0, 100)
      const rest = waiting.slice(100)
      const after = asked.map((id) => ({ conversationId: id, seq: this.state.get(id)?.upToSeq ?? 0 }))
      const { conversations } = await changesFor(this.#who, { after, first, since: this.since })
      for (const id of asked) if (!conversations.some((one) => one.conversationId === id)) this.#forget(id)
      for (const { conversationId, changes, upToSeq, firstSeq } of conversations) {
        if (firstSeq > (this.state.get(conversationId)?.firstSeq ?? 0)) await this.#meet(conversationId)
        for (const change of changes) this.state = reduce(this.state, change)
        if (this.state.get(conversationId)?.upToSeq !== upToSeq) throw new Error('there is a hole')
      }
      waiting = [...conversations.flatMap(({ conversationId, hasMore }) => (hasMore ? [conversationId] : [])), ...rest]
    }
  }

  #forget(id: string) {
    const state = new Map(this.state)
    state.delete(id)
    this.state = state
  }

  /** A conversation that is new here: what it is now, and nothing of what was said. */
  async #meet(id: string) {
    const { data } = await this.#who.ask<{ conversation: ConversationFacts | null }>(
      `query ($id: ID!) { conversation(id: $id) { ${conversationFields} } }`,
      { id },
    )
    if (data?.conversation) this.state = new Map(this.state).set(id, emptyOf(data.conversation))
    else this.#forget(id)
  }
}

/** The same state, read by ordinary queries. */
export async function serverState(who: Asking): Promise<State> {
  const { data, errors } = await who.ask<{ conversations: { edges: { node: { id: string } }[] } }>(
    'query { conversations(first: 100) { edges { node { id } } } }',
  )
  if (!data) throw new Error(JSON.stringify(errors))
  const state = new Map<string, ConversationState>()
  for (const { node } of data.conversations.edges) {
    const answer = await who.ask<{
      conversation: ConversationFacts & { messages: { edges: { node: MessageState }[] } }
    }>(
      `query ($id: ID!) { conversation(id: $id) { ${conversationFields} messages(last: 100) { edges { node { ${messageFields} } } } } }`,
      { id: node.id },
    )
    if (!answer.data?.conversation) throw new Error(JSON.stringify(answer.errors))
    const { messages, latestSeq, ...facts } = answer.data.conversation
    const said = new Map(messages.edges.map(({ node: message }) => [message.seq, message]))
    state.set(node.id, { ...emptyOf({ ...facts, latestSeq }), upToSeq: latestSeq, messages: said })
  }
  return state
}
