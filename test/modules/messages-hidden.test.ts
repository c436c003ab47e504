import type { ContentState } from '../../src/modules/enforcement/index.ts'
import { createId } from '../../src/platform/ids.ts'
import { createAccount, type TestAccount } from '../kit/accounts.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import {
  bodiesOf,
  conversationOf,
  createGroup,
  done,
  entriesOf,
  type MessageNode,
  openDirect,
  outcome,
  seen,
  send,
} from '../kit/conversations.ts'
import { ask } from '../kit/gql.ts'
import { changesUpTo, lift, listen, rawId, restrict } from '../kit/hiding.ts'
import { followConversation, followInbox } from '../kit/message-streams.ts'
import { newClientId } from '../kit/phones.ts'
import { createStaff } from '../kit/staff.ts'
import { bootstrap, changesFor } from '../kit/sync-model.ts'

let app: TestApp
let other: TestApp
beforeAll(async () => {
  app = await createTestApp()
  other = await app.node()
})

const person = () => createAccount(app)
const decision = () => createId(app.clock.now())
const set = (message: Pick<MessageNode, 'id'>, state: ContentState, by = decision(), on = app) =>
  on.services.messages.subjects.setState(rawId(message.id), state, by)
const secret = 'the words in question'
const answer = 'what was answered'

/** Ann writes, and answers herself; Ben is there, Cid comes later. */
async function scene(before: (ann: TestAccount) => Promise<unknown>) {
  const [ben, ann, cid] = [await person(), await person(), await person()]
  await openDirect(ben, cid)
  const group = await createGroup(ben, [ann], 'Walks')
  const [room, inbox] = [await listen(ben, { id: group }), await listen(ben)]
  const starts = new Map<TestAccount, string>()
  for (const one of [ann, ben, cid]) {
    const { stream, cursor } = await listen(one)
    starts.set(one, cursor)
    stream.stop()
  }
  await before(ann)
  const message = await send(ann, group, secret)
  await done(ann, 'editMessage', { messageId: message.id, body: `${secret}, again` })
  await done(ann, 'setReaction', { messageId: message.id, emoji: '👍', present: true })
  await done(ben, 'addConversationMembers', { conversationId: group, profileIds: [cid.profileId] })
  return { ann, ben, cid, group, message, room, inbox, starts }
}
type Scene = Awaited<ReturnType<typeof scene>>

/** What a viewer gets on every path, as text. */
async function paths(who: TestAccount, { group, message, room, starts }: Scene): Promise<Record<string, string>> {
  const conversation = await seen(who, group)
  const { latestSeq } = conversation as Exclude<typeof conversation, string>
  const firstSeq = (conversation as { firstSeq: number }).firstSeq
  const listed = await who.ask(
    'query { conversations(first: 10) { edges { node { id lastMessage { body } lastActivityAt } } } }',
  )
  const node = await who.ask('query ($id: ID!) { node(id: $id) { ... on Message { body reactions { emoji } } } }', {
    id: message.id,
  })
  const replay = async (id?: string, after?: string) => {
    const { stream } = await listen(who, { ...(id && { id }), ...(after && { after }) })
    const changes = await changesUpTo(stream, group, latestSeq)
    stream.stop()
    expect(changes.map(({ seq }) => seq)).toEqual(changes.map((_, i) => latestSeq - changes.length + 1 + i))
    return changes
  }
  const { conversations } = await changesFor(who, { after: [{ conversationId: group, seq: 0 }] })
  expect(conversations[0]?.changes.map(({ seq }) => seq)).toEqual(
    Array.from({ length: latestSeq - firstSeq + 1 }, (_, i) => firstSeq + i),
  )
  const told = {
    ...{ query: conversation, list: listed, node, bootstrap: await bootstrap(who), changes: conversations },
    ...{ replay: await replay(group, room.cursor), inbox: await replay(undefined, starts.get(who)) },
  }
  return Object.fromEntries(Object.entries(told).map(([path, found]) => [path, JSON.stringify(found)]))
}

const moderatorsNode = async ({ message }: Scene) => {
  const { token } = await createStaff(app, 'MODERATOR')
  return JSON.stringify(
    await ask(app, 'query ($id: ID!) { node(id: $id) { ... on Message { body } } }', { id: message.id }, { token }),
  )
}

const table: [string, (ann: TestAccount) => Promise<unknown>, ContentState, boolean, boolean][] = [
  ['that everybody may see', async () => {}, 'VISIBLE', true, true],
  ['that was hidden afterwards', async () => {}, 'HIDDEN', true, false],
  ['that was removed', async () => {}, 'REMOVED', false, false],
  ['of a shadowed author', (ann) => restrict(app, ann, 'SHADOW'), 'HIDDEN', true, false],
  [
    'of an author shadowed for messages',
    (ann) => restrict(app, ann, 'SHADOW', { surface: 'MESSAGE' }),
    'HIDDEN',
    true,
    false,
  ],
  ['of a shadowed author, removed afterwards', (ann) => restrict(app, ann, 'SHADOW'), 'REMOVED', false, false],
]

describe.each(table)('a message %s', (_name, before, state, toAuthor, toOthers) => {
  test('is on every path for those who may see it, and on none for the others', async () => {
    const there = await scene(before)
    await set(there.message, state)
    const { ann, ben, cid, group } = there
    const has = async (who: TestAccount) =>
      Object.fromEntries(Object.entries(await paths(who, there)).map(([path, text]) => [path, text.includes(secret)]))
    const all = (is: boolean) =>
      Object.fromEntries(['query', 'list', 'node', 'bootstrap', 'changes', 'replay', 'inbox'].map((path) => [path, is]))
    expect(await has(ann)).toEqual(all(toAuthor))
    expect(await has(ben)).toEqual(all(toOthers))
    expect(await has(cid)).toEqual(all(false))
    expect(await moderatorsNode(there)).not.toContain(secret)

    const [bens, anns] = [await conversationOf(ben, group), await conversationOf(ann, group)]
    expect(bens.unreadCount).toBe(toOthers ? 1 : 0)
    expect(bens.lastActivityAt === bens.createdAt).toBe(!toOthers)
    expect(anns.lastActivityAt === anns.createdAt).toBe(!toAuthor)
    const asReply = { conversationId: group, clientId: newClientId(), body: answer, replyToId: there.message.id }
    const react = { messageId: there.message.id, emoji: '🎉', present: true }
    expect((await outcome(ben, 'setReaction', react)).code).toBe(toOthers ? undefined : 'NOT_FOUND')
    expect((await outcome(ben, 'sendMessage', asReply)).code).toBe(toOthers ? undefined : 'NOT_FOUND')
    expect((await outcome(ann, 'setReaction', react)).code).toBe(toAuthor ? undefined : 'NOT_FOUND')
    const edit = { messageId: there.message.id, body: 'said otherwise' }
    expect((await outcome(ann, 'editMessage', edit)).code).toBe(toAuthor ? undefined : 'NOT_FOUND')
    expect((await outcome(ann, 'deleteMessage', { messageId: there.message.id })).code).toBe(
      toAuthor ? undefined : 'NOT_FOUND',
    )
  })

  test('comes to those who listen, or leaves them, at once', async () => {
    const there = await scene(before)
    const { ann, ben, cid, group, message } = there
    const late = { ann: await listen(ann, { id: group, on: other }), cid: await listen(cid, { id: group }) }
    await set(message, state)
    await send(ben, group, 'the end')
    const { latestSeq } = await conversationOf(ben, group)
    const [room, inbox] = [
      await changesUpTo(there.room.stream, group, latestSeq),
      await changesUpTo(there.inbox.stream, group, latestSeq),
    ]
    for (const changes of [room, inbox]) {
      expect(changes.map(({ seq }) => seq)).toEqual(changes.map((_, i) => (changes[0]?.seq ?? 0) + i))
      const heard = changes.flatMap(({ __typename, message: told, messageSeq }) =>
        told?.seq === message.seq || messageSeq === message.seq ? [__typename] : [],
      )
      const asItCame = ['MessageSent', 'MessageEdited', 'ReactionChanged']
      const wasSeen = (await entriesOf(app, group)).some(
        ({ kind, data }) => kind === 'HIDDEN' && JSON.stringify(data).includes('"from":"VISIBLE"'),
      )
      if (toOthers) expect(heard).toEqual(asItCame)
      else if (wasSeen) expect(heard).toEqual([...asItCame, 'MessageHidden'])
      else expect(heard).toEqual([])
    }
    const own = await changesUpTo(late.ann.stream, group, latestSeq)
    const told = own.filter(({ __typename }) => __typename === 'MessageHidden')
    expect(told.map(({ messageSeq }) => messageSeq)).toEqual(toAuthor ? [] : [message.seq])
    for (const change of await changesUpTo(late.cid.stream, group, latestSeq))
      expect(['ChangeWithheld', 'MessageSent']).toContain(change.__typename)
    for (const { stream } of [there.room, there.inbox, late.ann, late.cid]) stream.stop()
  })
})

test('what comes back is where it was, for everybody, and its author never hears of it', async () => {
  const { ann, ben, group, message } = await scene(async () => {})
  const mine = await listen(ann, { id: group })
  const by = decision()
  await set(message, 'HIDDEN', by)
  const answered = await send(ann, group, answer, { replyToId: message.id })
  expect(await bodiesOf(ben, group)).toEqual([answer])
  expect(await app.services.messages.subjects.setState(rawId(message.id), 'VISIBLE', by)).toBe(true)
  const { messages, unreadCount } = await conversationOf(ben, group)
  expect(messages.edges.map(({ node }) => node.body)).toEqual([`${secret}, again`, answer])
  expect(messages.edges[1]?.node).toMatchObject({ id: answered.id, replyTo: { id: message.id } })
  expect(unreadCount).toBe(2)
  const { latestSeq } = await conversationOf(ann, group)
  const told = (await changesUpTo(mine.stream, group, latestSeq)).map(({ __typename }) => __typename)
  expect(told).toEqual(['ChangeWithheld', 'MessageSent', 'ChangeWithheld'])
  const { conversations } = await changesFor(ben, { after: [{ conversationId: group, seq: answered.seq }] })
  expect(conversations[0]?.changes).toMatchObject([{ __typename: 'MessageShown', message: { id: message.id } }])
})

describe('what a shadowed account begins', () => {
  test('a direct conversation is there for them alone, until the other opens it: then it simply appears', async () => {
    const [ann, ben] = [await person(), await person()]
    await restrict(app, ann, 'SHADOW')
    const bens = await listen(ben)
    const { since } = await bootstrap(ben)
    const id = await openDirect(ann, ben)
    await send(ann, id, secret)
    expect((await conversationOf(ann, id)).members).toHaveLength(2)
    expect(await seen(ben, id)).toBe('NOT_FOUND')
    expect((await outcome(ben, 'sendMessage', { conversationId: id, clientId: newClientId(), body: 'hi' })).code).toBe(
      'NOT_FOUND',
    )
    expect((await bootstrap(ben)).conversations).toEqual([])
    expect(await changesFor(ben, { since, after: [{ conversationId: id, seq: 0 }] })).toMatchObject({
      ...{ changed: [], left: [], conversations: [] },
    })
    expect([...(await app.services.messages.acquainted(ben.accountId, [ann.accountId]))]).toEqual([])

    const opened = await done(ben, 'openDirectConversation', { profileId: ann.profileId })
    expect(opened).toMatchObject({ created: true, conversation: { id } })
    await send(ben, id, 'good morning')
    expect(await bodiesOf(ben, id)).toEqual(['good morning'])
    expect(await bodiesOf(ann, id)).toEqual([secret, 'good morning'])
    const told = await changesUpTo(bens.stream, id, 3)
    expect(told.map(({ __typename }) => __typename)).toEqual(['ConversationCreated', 'ChangeWithheld', 'MessageSent'])
    bens.stream.stop()
  })

  test('a group, a name, and whom they bring in are known to nobody else until it is undone; then they are there', async () => {
    const [ann, ben, cid] = [await person(), await person(), await person()]
    for (const one of [ben, cid]) await openDirect(ann, one)
    const known = await createGroup(ann, [ben], 'Chess')
    const shadow = await restrict(app, ann, 'SHADOW')
    const made = await createGroup(ann, [ben, cid], 'Secret')
    await done(ann, 'addConversationMembers', { conversationId: known, profileIds: [cid.profileId] })
    await done(ann, 'renameConversation', { conversationId: known, name: 'Go' })
    await send(ann, made, secret)

    expect(await conversationOf(ann, known)).toMatchObject({ name: 'Go', members: { length: 3 } })
    expect(await conversationOf(ben, known)).toMatchObject({ name: 'Chess', members: { length: 2 } })
    expect(await seen(cid, known)).toBe('NOT_FOUND')
    expect(await seen(cid, made)).toBe('NOT_FOUND')
    expect([...(await app.services.messages.acquainted(ben.accountId, [cid.accountId]))]).toEqual([])
    const strange = { conversationId: known, profileId: cid.profileId, role: 'ADMIN' }
    expect((await outcome(ben, 'setConversationRole', strange)).code).toBe('FORBIDDEN')

    await lift(app, ann, shadow)
    const cids = await listen(cid)
    // The name, Cid in it, the group, its two who know nothing, and what was said there.
    expect(await app.services.messages.subjects.reveal(ann.accountId, shadow)).toBeGreaterThanOrEqual(5)
    expect(await other.services.messages.subjects.reveal(ann.accountId, shadow)).toBe(0)
    expect(await conversationOf(ben, known)).toMatchObject({ name: 'Go', members: { length: 3 } })
    expect(await bodiesOf(ben, made)).toEqual([secret])
    expect(await bodiesOf(cid, made)).toEqual([secret])
    const heard = new Map<string, string>()
    while (heard.size < 2) {
      const { change } = await cids.stream.next()
      if (change && !heard.has(change.conversationId)) heard.set(change.conversationId, change.__typename)
    }
    expect(heard).toEqual(
      new Map([
        [known, 'MemberChanged'],
        [made, 'ConversationCreated'],
      ]),
    )
    cids.stream.stop()
  })
})

test('who is shadowed is answered as ever when they type, and nobody else is told', async () => {
  const [ann, ben] = [await person(), await person()]
  const id = await openDirect(ann, ben)
  const streams = [followConversation(ben, id, undefined, other), followInbox(ben)]
  for (const stream of streams) await stream.next()
  const type = (who: TestAccount, typing: boolean) => done(who, 'setTyping', { conversationId: id, typing })
  for (const surface of [null, 'MESSAGE'] as const) {
    const shadow = await restrict(app, ann, 'SHADOW', { surface })
    const [told, asEver] = [await type(ann, true), await type(ben, true)]
    expect(told).toEqual(asEver)
    await lift(app, ann, shadow)
    await type(ann, false)
    for (const stream of streams)
      expect(await stream.next()).toMatchObject({ typing: false, profile: { id: ann.profileId } })
  }
  await restrict(app, ann, 'SHADOW', { surface: 'ACTIVITY' })
  await type(ann, true)
  for (const stream of streams) {
    expect(await stream.next()).toMatchObject({ typing: true, profile: { id: ann.profileId } })
    stream.stop()
  }
})
