import { createAccount, type TestAccount } from '../kit/accounts.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { createGroup, done, openDirect, outcome, send } from '../kit/conversations.ts'
import { eventually } from '../kit/eventually.ts'
import { codeOf } from '../kit/gql.ts'
import { call } from '../kit/profiles.ts'
import type { Stream } from '../kit/socket.ts'

/** Who is looked at, by what they are to the group and to Ann, who made it. */
const people = [...['ann', 'ben', 'left', 'hidesAnn', 'hiddenByAnn', 'late', 'erased', 'stranger']] as const
type Name = 'ann' | 'ben' | 'left' | 'hidesAnn' | 'hiddenByAnn' | 'late' | 'erased' | 'stranger'

/**
 * What is said there, in this order: `left` goes, and `late` comes, after the fifth. `–` is what somebody said who has erased
 * themselves since.
 */
const sees: Partial<Record<Name, string[]>> = {
  ann: ['of Ann', '–', 'of Ben', 'of Ann later', 'of Ben later'],
  ben: ['of Ann', '–', 'of Ben', 'of who hides Ann', 'of who is hidden', 'of Ann later', 'of Ben later'],
  hidesAnn: ['–', 'of Ben', 'of who hides Ann', 'of who is hidden', 'of Ben later'],
  hiddenByAnn: ['–', 'of Ben', 'of who hides Ann', 'of who is hidden', 'of Ben later'],
  late: ['of Ann later', 'of Ben later'],
  left: [],
  stranger: [],
}
const inside: Name[] = ['ann', 'ben', 'hidesAnn', 'hiddenByAnn', 'late']
/** Others' messages, with the last one of all, and without what is erased. */
const unread: Partial<Record<Name, number>> = { ann: 3, ben: 4, hidesAnn: 4, hiddenByAnn: 4, late: 3 }
/** Who must not be in any answer to whom. */
const hidden: Partial<Record<Name, Name[]>> = {
  ann: ['hidesAnn', 'hiddenByAnn'],
  hidesAnn: ['ann'],
  hiddenByAnn: ['ann'],
}

interface Said {
  body: string | null
  sender: { id: string } | null
}
type Event = { __typename: string; cursor: string; change?: { __typename: string; seq: number; message?: Said } }

let app: TestApp
let group: string
let messageIds: string[]
/** Where the streams stood before anything was said. */
let start: { group: string; inbox: Partial<Record<Name, string>> }
const who = {} as Record<Name, TestAccount>
const live: Partial<Record<Name, { group?: Stream<Event>; inbox: Stream<Event> }>> = {}

const message = 'body sender { id username } replyTo { body sender { id username } } reactions { emoji profileIds }'
const kinds = `... on MessageSent { message { ${message} } } ... on ReactionChanged { profile { id } emoji about: message { ${message} } }
  ... on MessagesRead { profile { id } upToSeq } ... on MessagesDelivered { profile { id } upToSeq }
  ... on MemberChanged { profile { id username } by { id username } change } ... on ConversationRenamed { by { id username } name }
  ... on ConversationCreated { by { id username } conversation { id members { profile { id username } } } }`
const change = `__typename cursor change { __typename seq conversationId ${kinds} }`
const events = `__typename ... on Ready { cursor } ... on ConversationChanged { ${change} }`
const groupDocument = `subscription ($id: ID!, $after: Cursor) { conversationEvents(conversationId: $id, after: $after) { ${events} } }`
const inboxDocument = `subscription ($after: Cursor) { inbox(after: $after) { ${events} } }`

const isSaid = ({ change }: Event) => change?.__typename === 'MessageSent'
const wordsOf = (all: (Said | null)[]) => all.map((said) => said?.body ?? '–').filter((body) => body !== 'the end')
const told = (all: Event[]) => wordsOf(all.filter(isSaid).map(({ change }) => change?.message ?? null))
const isEnd = ({ change }: Event) => change?.message?.body === 'the end'

/** Everything up to the end of what was said. */
const untilEnd = (stream: Stream<Event>): Promise<Event[]> =>
  eventually(
    () => stream.waiting(),
    (all) => all.some(isEnd),
  )

async function opened(name: Name): Promise<string> {
  const [inGroup, inbox] = [
    who[name].follow<Event>(groupDocument, { id: group }),
    who[name].follow<Event>(inboxDocument),
  ]
  live[name] = { group: inGroup, inbox }
  start.inbox[name] = (await inbox.next()).cursor
  return (await inGroup.next()).cursor
}

beforeAll(async () => {
  app = await createTestApp()
  for (const name of people) who[name] = await createAccount(app)
  const { ann, ben, left, hidesAnn, hiddenByAnn, late, erased } = who
  group = await createGroup(ann, [ben, left, hidesAnn, hiddenByAnn, erased])
  start = { group: '', inbox: {} }
  const blockDocument = 'mutation ($input: BlockInput!) { block(input: $input) { __typename } }'
  await ann.ask(blockDocument, { input: { profileId: hiddenByAnn.profileId } })
  await hidesAnn.ask(blockDocument, { input: { profileId: ann.profileId } })
  for (const name of ['ann', 'ben', 'left', 'hidesAnn', 'hiddenByAnn'] as const) start.group = await opened(name)
  for (const name of ['late', 'stranger'] as const) {
    const inbox = who[name].follow<Event>(inboxDocument)
    start.inbox[name] = (await inbox.next()).cursor
    live[name] = { inbox }
  }
  const sent = [
    ...[await send(ann, group, 'of Ann'), await send(erased, group, 'of the erased'), await send(ben, group, 'of Ben')],
    ...[await send(hidesAnn, group, 'of who hides Ann'), await send(hiddenByAnn, group, 'of who is hidden')],
  ]
  const [ofAnn, , ofBen] = sent
  for (const reacting of [ann, hidesAnn, hiddenByAnn])
    for (const to of [ofAnn, ofBen])
      await outcome(reacting, 'setReaction', { messageId: to?.id, emoji: '👍', present: true })
  for (const reading of [ann, hidesAnn, hiddenByAnn])
    await done(reading, 'markDelivered', { conversationId: group, upToSeq: ofBen?.seq })
  await done(ann, 'renameConversation', { conversationId: group, name: 'Go' })
  await done(left, 'leaveConversation', { conversationId: group })
  await done(ann, 'addConversationMembers', { conversationId: group, usernames: [late.username] })
  const ofAnnLater = await send(ann, group, 'of Ann later')
  // What it answers is hidden from some, and it itself is not.
  sent.push(ofAnnLater, await send(ben, group, 'of Ben later', { replyToId: ofAnnLater.id }))
  messageIds = sent.map(({ id }) => id)
})
afterAll(() => {
  for (const streams of Object.values(live)) for (const stream of Object.values(streams)) stream.stop()
})

describe('live', () => {
  const now = (name: Name) => sees[name]?.map((body) => (body === '–' ? 'of the erased' : body)) ?? []
  let seen: Partial<Record<Name, { group: Event[]; inbox: Event[] }>>
  beforeAll(async () => {
    const { ben, left, stranger } = who
    for (const other of [left, stranger]) await send(ben, await openDirect(ben, other), 'the end')
    await send(ben, group, 'the end')
    seen = {}
    for (const [name, streams] of Object.entries(live) as [Name, (typeof live)[Name]][]) {
      const inbox = streams ? await untilEnd(streams.inbox) : []
      const inGroup = streams?.group && name !== 'left' ? await untilEnd(streams.group) : []
      seen[name] = { group: inGroup, inbox }
    }
  })

  test.each(['ann', 'ben', 'hidesAnn', 'hiddenByAnn'] as const)('the conversation’s stream of %s', (name) => {
    expect(told(seen[name]?.group ?? [])).toEqual(now(name))
    withoutHidden(name, seen[name]?.group)
  })
  test.each([...inside, 'stranger'] as const)('the inbox of %s', (name) => {
    expect(told(seen[name]?.inbox ?? [])).toEqual(now(name))
    withoutHidden(name, seen[name]?.inbox)
  })
  test('whoever leaves is told everything until then, and nothing after it', async () => {
    const until = ['of Ann', 'of the erased', 'of Ben', 'of who hides Ann', 'of who is hidden']
    expect(told(seen.left?.inbox ?? [])).toEqual(until)
    await live.left?.group?.ended
    expect(told(live.left?.group?.waiting() ?? [])).toEqual(until)
  })
  test('what a block hides from some is told to the others', () => {
    const kindsOf = (name: Name) => new Set(seen[name]?.group.map(({ change }) => change?.__typename))
    const all = ['MessageSent', 'ReactionChanged', 'MessagesDelivered', 'ConversationRenamed', 'MemberChanged']
    expect([...kindsOf('ben')]).toEqual(expect.arrayContaining(all))
    expect([...kindsOf('hidesAnn')]).toEqual(expect.arrayContaining([...all, 'ChangeWithheld']))
    const text = JSON.stringify(seen.ben)
    for (const name of ['ann', 'hidesAnn', 'hiddenByAnn'] as const) expect(text).toContain(who[name].profileId)
  })
  test('positions are told without a hole, whatever is hidden', () => {
    for (const name of ['ann', 'ben', 'hidesAnn', 'hiddenByAnn'] as const) {
      const seqs = seen[name]?.group.flatMap(({ change }) => change?.seq ?? []) ?? []
      expect(seqs).toEqual(seqs.map((_, at) => (seqs[0] ?? 0) + at))
    }
  })
})

describe('when somebody has erased themselves', () => {
  beforeAll(async () => {
    const { erased, ben } = who
    const { token } = await call(erased, 'requestAccountDeletion', { password: erased.password })
    await call(erased, 'confirmAccountDeletion', { token })
    await eventually(
      async () => {
        await app.idle()
        return (await ben.ask<{ node: Said }>(nodeDocument, { id: messageIds[1] })).data?.node.body
      },
      (body) => body === null,
      15_000,
    )
  })

  const nodeDocument = `query ($id: ID!) { node(id: $id) { ... on Message { ${message} } } }`

  /** Each way to what was said: what comes of it is in order, and raw for whatever else it tells. */
  const ways: Record<string, (name: Name) => Promise<{ said: (Said | null)[]; raw: unknown }>> = {
    async 'conversation.messages'(name) {
      const document = `query ($id: ID!) { conversation(id: $id) { members { profile { id } } messages(last: 100) { edges { node { ${message} } } } } }`
      type Data = { conversation: { messages: { edges: { node: Said }[] } } | null }
      const { data, ...raw } = await who[name].ask<Data>(document, { id: group })
      if (!data?.conversation) expect(codeOf(raw)).toBe('NOT_FOUND')
      return { said: data?.conversation?.messages.edges.map(({ node }) => node) ?? [], raw: data }
    },
    async 'node, of each message'(name) {
      const nodes = await Promise.all(
        messageIds.map((id) => who[name].ask<{ node: Said | null }>(nodeDocument, { id })),
      )
      return { said: nodes.flatMap(({ data }) => data?.node ?? []), raw: nodes.map(({ data }) => data) }
    },
    async nodes(name) {
      const document = `query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Message { ${message} } } }`
      const { data } = await who[name].ask<{ nodes: (Said | null)[] }>(document, { ids: messageIds })
      return { said: data?.nodes.flatMap((node) => node ?? []) ?? [], raw: data }
    },
    async syncBootstrap(name) {
      const document = `{ syncBootstrap(messages: 20) { profiles { id } conversations {
        conversation { id members { profile { id } } lastMessage { ${message} } } messages { ${message} } } } }`
      type Data = { syncBootstrap: { conversations: { conversation: { id: string }; messages: Said[] }[] } }
      const { data } = await who[name].ask<Data>(document)
      const own = data?.syncBootstrap.conversations.find(({ conversation }) => conversation.id === group)
      return { said: own?.messages ?? [], raw: name === 'ann' ? data : own }
    },
    async syncChanges(name) {
      const document = `query ($after: [SyncPositionInput!]) { syncChanges(after: $after) { profiles { id } conversations {
        changes { __typename seq ${kinds} } } } }`
      type Data = { syncChanges: { conversations: { changes: { message?: Said }[] }[] } }
      const { data } = await who[name].ask<Data>(document, { after: [{ conversationId: group, seq: 0 }] })
      const changes = data?.syncChanges.conversations[0]?.changes ?? []
      return { said: changes.flatMap(({ message }) => message ?? []), raw: data }
    },
  }
  const cells = Object.keys(ways).flatMap((way) => [...inside, 'left', 'stranger'].map((name) => [way, name] as const))
  test.each(cells)('%s, for %s', async (way, name) => {
    const { said, raw } = (await ways[way]?.(name as Name)) ?? { said: [] }
    expect(wordsOf(said)).toEqual(sees[name as Name])
    expect(said.filter((each) => each?.body === null).every((each) => each?.sender === null)).toBe(true)
    withoutHidden(name as Name, raw)
  })

  const listDocument = `{ conversations { edges { node { id unreadCount lastMessage { ${message} } members { profile { id } } } } } }`
  type Listed = { id: string; unreadCount: number; lastMessage: Said | null }
  const listed = async (name: Name) => {
    const { data } = await who[name].ask<{ conversations: { edges: { node: Listed }[] } }>(listDocument)
    return data?.conversations.edges.map(({ node }) => node).find(({ id }) => id === group)
  }
  test.each(inside)(
    'conversations, for %s: the last message that is theirs to see, and how many they have not read',
    async (name) => {
      const found = await listed(name)
      expect(found).toMatchObject({ unreadCount: unread[name] })
      withoutHidden(name, found)
    },
  )
  test.each(['left', 'stranger'] as const)('conversations, for %s: it is not there', async (name) => {
    expect(await listed(name)).toBeUndefined()
  })
  test.each([...inside, 'left', 'stranger'] as const)(
    'the conversation’s stream of %s, replayed from its beginning',
    async (name) => {
      const stream = who[name].follow<Event>(groupDocument, { id: group, after: start.group })
      if (!inside.includes(name)) {
        const { errors } = await stream.ended
        expect(errors).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }])
        return
      }
      const all = await untilEnd(stream)
      stream.stop()
      expect(told(all)).toEqual(sees[name])
      withoutHidden(name, all)
    },
  )
  test.each([...inside, 'left', 'stranger'] as const)('the inbox of %s, replayed from its beginning', async (name) => {
    const stream = who[name].follow<Event>(inboxDocument, { after: start.inbox[name] ?? '' })
    const all = await untilEnd(stream)
    stream.stop()
    // Whoever has left keeps what they were told; it is told again as it is now.
    const before = ['of Ann', '–', 'of Ben', 'of who hides Ann', 'of who is hidden']
    expect(told(all)).toEqual(name === 'left' ? before : sees[name])
    withoutHidden(name, all)
  })
  test('a cursor of somebody’s inbox is nothing to anybody else', async () => {
    const stream = who.stranger.follow<Event>(inboxDocument, { after: start.inbox.ann ?? '' })
    expect((await stream.ended).errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }])
  })
  test('the last message skips whoever is hidden', async () => {
    await send(who.hiddenByAnn, group, 'the last word')
    expect((await listed('ann'))?.lastMessage?.body).toBe('the end')
    expect((await listed('ben'))?.lastMessage?.body).toBe('the last word')
  })
})

/** Nothing that somebody is told names whom a block hides from them. */
function withoutHidden(name: Name, raw: unknown): void {
  const text = JSON.stringify(raw ?? null)
  for (const other of hidden[name] ?? []) {
    expect(text).not.toContain(who[other].profileId)
    expect(text).not.toContain(who[other].username)
  }
}
