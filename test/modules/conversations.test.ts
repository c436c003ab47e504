import { jest } from '@jest/globals'
import pg from 'pg'
import { createAccount, type TestAccount } from '../kit/accounts.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import {
  bodiesOf,
  type ConversationNode,
  conversationOf,
  createGroup,
  done,
  entriesOf,
  openDirect,
  outcome,
  perform,
  seen,
  send,
} from '../kit/conversations.ts'
import { codeOf } from '../kit/gql.ts'
import { createPhone, newClientId } from '../kit/phones.ts'
import { postgresDump } from '../kit/stores.ts'

let app: TestApp
let other: TestApp
let ann: TestAccount
let ben: TestAccount
beforeAll(async () => {
  app = await createTestApp()
  other = await app.node()
  ann = await createAccount(app)
  ben = await createAccount(app)
})

interface Listed {
  edges: { cursor: string; node: Pick<ConversationNode, 'id' | 'lastActivityAt' | 'lastMessage'> }[]
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean }
}
const listDocument = `query ($first: Int, $after: String, $last: Int, $before: String) {
  conversations(first: $first, after: $after, last: $last, before: $before) {
    edges { cursor node { id lastActivityAt lastMessage { body seq } } } pageInfo { hasNextPage hasPreviousPage } } }`

async function listOf(who: TestAccount, page: object = { first: 100 }, on: TestApp = app): Promise<Listed> {
  const { data, errors } = await who.ask<{ conversations: Listed }>(listDocument, { ...page }, on)
  if (!data) throw new Error(JSON.stringify(errors))
  return data.conversations
}
const idsOf = ({ edges }: Listed) => edges.map(({ node }) => node.id)

const block = (who: TestAccount, whom: TestAccount, on?: TestApp) =>
  who.ask<{ block: { block: { id: string } } | null }>(
    'mutation ($input: BlockInput!) { block(input: $input) { ... on BlockPayload { block { id } } } }',
    { input: { profileId: whom.profileId } },
    on,
  )
const unblock = (who: TestAccount, blockId: string | undefined) =>
  who.ask('mutation ($input: UnblockInput!) { unblock(input: $input) { ... on UnblockPayload { blockId } } }', {
    input: { blockId },
  })

describe('a direct conversation', () => {
  test('is the same for both, whoever opens it, by profile or by name', async () => {
    const first = await done(ann, 'openDirectConversation', { username: ben.username.toUpperCase() })
    expect(first).toMatchObject({ created: true, conversation: { latestSeq: 1 } })
    expect(await done(ben, 'openDirectConversation', { profileId: ann.profileId })).toMatchObject({
      ...{ created: false, conversation: { id: first.conversation?.id } },
    })
    const { kind, name, members, myRole, firstSeq, lastMessage, unreadCount } = await conversationOf(
      ben,
      first.conversation?.id ?? '',
    )
    expect({ kind, name, myRole, firstSeq, lastMessage, unreadCount }).toEqual({
      ...{ kind: 'DIRECT', name: null, myRole: 'MEMBER', firstSeq: 1, lastMessage: null, unreadCount: 0 },
    })
    expect(members.map(({ profile }) => profile.id).sort()).toEqual([ann.profileId, ben.profileId].sort())
    expect(await entriesOf(app, first.conversation?.id ?? '')).toMatchObject([
      { kind: 'CREATED', actor_id: ann.accountId },
    ])
  })

  test('is with somebody else, who is there', async () => {
    const revoked = await createAccount(app)
    await app.postgres.pool.query('update accounts set revoked_at = now() where id = $1', [revoked.accountId])
    const nobody = Buffer.from('Profile:01900000-0000-7000-8000-000000000000').toString('base64')
    const cases: [object, string][] = [
      [{ profileId: ann.profileId }, 'BAD_USER_INPUT'],
      [{ username: ann.username }, 'BAD_USER_INPUT'],
      [{}, 'BAD_USER_INPUT'],
      [{ username: ben.username, profileId: ben.profileId }, 'BAD_USER_INPUT'],
      [{ profileId: nobody }, 'NOT_FOUND'],
      [{ profileId: Buffer.from('Profile:*').toString('base64') }, 'NOT_FOUND'],
      [{ profileId: revoked.profileId }, 'NOT_FOUND'],
      [{ username: revoked.username }, 'NOT_FOUND'],
    ]
    for (const [input, code] of cases)
      expect(await outcome(ann, 'openDirectConversation', input)).toMatchObject({ code })
  })

  test.each(['%', '_', '%%%', `u_______________`, '\\', '', "' or true --", 'x'.repeat(1000)])(
    'a name of %j means nobody: it is looked for as it is',
    async (username) => {
      expect(await outcome(ann, 'openDirectConversation', { username })).toMatchObject({ code: 'NOT_FOUND' })
    },
  )

  test('new ones are at most 30 an hour; those that are there open always', async () => {
    const limited = await createTestApp({ RATE_LIMITS: 'on' })
    const one = await createAccount(limited)
    const others: TestAccount[] = []
    for (let i = 0; i < 31; i++) others.push(await createAccount(limited))
    for (const each of others.slice(0, 30)) await openDirect(one, each)
    expect(codeOf(await perform(one, 'openDirectConversation', { profileId: others[30]?.profileId }))).toBe(
      'RATE_LIMITED',
    )
    expect(await done(one, 'openDirectConversation', { profileId: others[0]?.profileId })).toMatchObject({
      created: false,
    })
  })

  test('cannot be left, renamed, or joined by others', async () => {
    const conversationId = await openDirect(ann, ben)
    const eve = await createAccount(app)
    for (const [name, input] of [
      ['leaveConversation', {}],
      ['renameConversation', { name: 'Us' }],
      ['addConversationMembers', { usernames: [eve.username] }],
      ['removeConversationMember', { profileId: ben.profileId }],
      ['setConversationRole', { profileId: ben.profileId, role: 'OWNER' }],
    ] as const)
      expect(await outcome(ann, name, { conversationId, ...input })).toMatchObject({ code: 'BAD_USER_INPUT' })
  })
})

describe('a block between two accounts', () => {
  test('takes their conversation away from both, here at once and elsewhere too, until it is undone', async () => {
    const [one, two] = [await createAccount(app), await createAccount(app)]
    const id = await openDirect(one, two)
    const said = await send(one, id, 'before')
    const { data } = await block(two, one)
    for (const who of [one, two])
      for (const on of [app, other]) {
        expect(await seen(who, id, on)).toBe('NOT_FOUND')
        expect(idsOf(await listOf(who, { first: 10 }, on))).toEqual([])
        const input = { conversationId: id, clientId: newClientId(), body: 'are you there?' }
        expect(await outcome(who, 'sendMessage', input, on)).toMatchObject({ code: 'NOT_FOUND' })
        expect(await outcome(who, 'markRead', { conversationId: id, upToSeq: 2 }, on)).toMatchObject({
          code: 'NOT_FOUND',
        })
        expect(await outcome(who, 'setTyping', { conversationId: id, typing: true }, on)).toMatchObject({
          code: 'NOT_FOUND',
        })
        expect(await outcome(who, 'deleteMessage', { messageId: said.id }, on)).toMatchObject({ code: 'NOT_FOUND' })
      }
    for (const [who, whom] of [
      [one, two],
      [two, one],
    ] as const) {
      expect(await outcome(who, 'openDirectConversation', { profileId: whom.profileId })).toMatchObject({
        code: 'NOT_FOUND',
      })
      expect(await outcome(who, 'openDirectConversation', { username: whom.username })).toMatchObject({
        code: 'NOT_FOUND',
      })
    }
    expect(codeOf(await unblock(one, data?.block?.block.id))).toBe('NOT_FOUND')
    expect((await unblock(two, data?.block?.block.id)).errors).toBeUndefined()
    expect(await bodiesOf(one, id)).toEqual(['before'])
    expect(await send(two, id, 'again')).toMatchObject({ seq: said.seq + 1 })
  })

  test('hides in a group what each of them says, and nothing of the others', async () => {
    const [one, two, three] = [await createAccount(app), await createAccount(app), await createAccount(app)]
    const group = await createGroup(three, [one, two])
    const hers = await send(one, group, 'from one')
    const his = await send(two, group, 'from two')
    await done(two, 'setReaction', { messageId: hers.id, emoji: '👍', present: true })
    await block(one, two)
    expect(await bodiesOf(one, group)).toEqual(['from one'])
    expect(await bodiesOf(two, group)).toEqual(['from two'])
    expect(await bodiesOf(three, group)).toEqual(['from one', 'from two'])
    const mine = await conversationOf(one, group)
    expect(mine).toMatchObject({ unreadCount: 0, lastMessage: { id: hers.id, reactions: [] } })
    expect((await conversationOf(three, group)).unreadCount).toBe(2)
    for (const [name, input] of [
      ['setReaction', { emoji: '👍', present: true }],
      ['deleteMessage', {}],
    ] as const)
      expect(await outcome(one, name, { messageId: his.id, ...input })).toMatchObject({ code: 'NOT_FOUND' })
    const node = await one.ask<{ node: unknown }>('query ($id: ID!) { node(id: $id) { id } }', { id: his.id })
    expect(node.data).toEqual({ node: null })
    const outside = { clientId: newClientId(), name: 'Without you', usernames: [two.username] }
    expect(await outcome(one, 'createGroupConversation', outside)).toMatchObject({ code: 'NOT_FOUND' })
  })

  test('is for accounts that have to do with each other, and its own, and not for devices', async () => {
    const [one, two] = [await createAccount(app), await createAccount(app)]
    expect(codeOf(await block(one, two))).toBe('NOT_FOUND')
    expect(codeOf(await block(one, one))).toBe('BAD_USER_INPUT')
    const phone = await createPhone(app)
    expect(codeOf(await block({ ...one, ask: phone.ask }, two))).toBe('FORBIDDEN')
    await openDirect(one, two)
    const first = await block(one, two)
    expect((await block(one, two)).data).toEqual(first.data)
    const { data } = await one.ask<{ blocks: { edges: { node: { id: string } }[] } }>(
      '{ blocks { edges { node { id } } } }',
    )
    expect(data?.blocks.edges.map(({ node }) => node.id)).toEqual([first.data?.block?.block.id])
  })
})

describe('the list of conversations', () => {
  test('has the last active first, page by page from either end, and a preview that never goes back', async () => {
    const me = await createAccount(app)
    const ids: string[] = []
    for (let i = 0; i < 5; i++) ids.push(await openDirect(me, await createAccount(app)))
    expect(idsOf(await listOf(me))).toEqual([...ids].reverse())
    const [first = '', second = ''] = ids
    const old = await send(me, first, 'older')
    await send(me, second, 'newer')
    await send(me, first, 'newest')
    const order = [first, second, ...ids.slice(2).reverse()]
    expect(idsOf(await listOf(me))).toEqual(order)
    // A change of an older message is no activity, and is not what was last said.
    const before = await listOf(me)
    await done(me, 'editMessage', { messageId: old.id, body: 'older, edited' })
    await done(me, 'setReaction', { messageId: old.id, emoji: '👍', present: true })
    await done(me, 'markRead', { conversationId: second, upToSeq: 99 })
    expect(await listOf(me)).toEqual(before)
    expect(before.edges[0]?.node).toMatchObject({ lastMessage: { body: 'newest' } })

    const pages: string[] = []
    for (let after: string | undefined, more = true; more; ) {
      const page = await listOf(me, { first: 2, after })
      pages.push(...idsOf(page))
      after = page.edges.at(-1)?.cursor
      more = page.pageInfo.hasNextPage
    }
    expect(pages).toEqual(order)
    const tail = await listOf(me, { last: 2 })
    expect(idsOf(tail)).toEqual(order.slice(-2))
    expect(idsOf(await listOf(me, { last: 2, before: tail.edges[0]?.cursor }))).toEqual(order.slice(1, 3))
    expect(codeOf(await ann.ask(listDocument, { after: tail.edges[0]?.cursor }))).toBe('BAD_USER_INPUT')
  })

  test('is for accounts', async () => {
    const phone = await createPhone(app)
    expect(codeOf(await phone.ask(listDocument))).toBe('FORBIDDEN')
  })

  test('reads a page of twenty with all their last messages in as many statements as one', async () => {
    const me = await createAccount(app)
    const query = `query ($first: Int) { conversations(first: $first) { edges { node {
      myRole firstSeq unreadCount lastMessage { body sender { username } } members { profile { username } } messages(last: 2) { edges { node { body } } } } } } }`
    for (let i = 0; i < 20; i++) {
      const id = await openDirect(me, await createAccount(app))
      await send(me, id, `to ${i}`)
    }
    const count = async (first: number) => {
      const sent = jest.spyOn(pg.Client.prototype, 'query')
      try {
        expect((await me.ask(query, { first })).errors).toBeUndefined()
        // Besides, nodes look now and then at what has changed.
        const names = sent.mock.calls.map(([what]) => (what as unknown as { name?: string }).name ?? '')
        return names.filter((name) => /^(messages|profiles)-/.test(name))
      } finally {
        sent.mockRestore()
      }
    }
    await app.services.messages.settled()
    await count(1)
    const [one, twenty] = [await count(1), await count(20)]
    expect(one.length).toBeGreaterThan(4)
    expect(twenty).toEqual(one)
  })
})

describe('the messages of a conversation', () => {
  test('come oldest first, page by page from either end, and a cursor is of its conversation and viewer', async () => {
    const [one, two] = [await createAccount(app), await createAccount(app)]
    const id = await openDirect(one, two)
    for (let i = 1; i <= 7; i++) await send(i % 2 ? one : two, id, `${i}`)
    const document = `query ($id: ID!, $first: Int, $after: String, $last: Int, $before: String) { conversation(id: $id) {
      messages(first: $first, after: $after, last: $last, before: $before) {
        edges { cursor node { body } } pageInfo { hasNextPage hasPreviousPage } } } }`
    const page = async (variables: object) => {
      type Page = { edges: { cursor: string; node: { body: string } }[]; pageInfo: Listed['pageInfo'] }
      const { data } = await one.ask<{ conversation: { messages: Page } }>(document, { id, ...variables })
      return data?.conversation.messages ?? { edges: [], pageInfo: { hasNextPage: false, hasPreviousPage: false } }
    }
    const bodies = async (variables: object) => (await page(variables)).edges.map(({ node }) => node.body)
    expect(await bodies({})).toEqual(['1', '2', '3', '4', '5', '6', '7'])
    const newest = await page({ last: 3 })
    expect(newest.edges.map(({ node }) => node.body)).toEqual(['5', '6', '7'])
    expect(newest.pageInfo).toEqual({ hasNextPage: false, hasPreviousPage: true })
    expect(await bodies({ last: 3, before: newest.edges[0]?.cursor })).toEqual(['2', '3', '4'])
    expect(await bodies({ first: 2, after: newest.edges[0]?.cursor })).toEqual(['6', '7'])
    const foreign = await two.ask(document, { id, after: newest.edges[0]?.cursor })
    expect(codeOf(foreign)).toBe('BAD_USER_INPUT')
    for (const wrong of [{ first: 101 }, { first: 0 }, { first: 1, last: 1 }, { after: '***' }])
      expect(codeOf(await one.ask(document, { id, ...wrong }))).toBe('BAD_USER_INPUT')
  })
})

describe('erasing an account', () => {
  test('leaves places without a name or a word, and the rest to the others', async () => {
    const [one, two, three] = [await createAccount(app), await createAccount(app), await createAccount(app)]
    const id = await openDirect(one, two)
    const group = await createGroup(one, [two, three], 'Moths')
    for (const body of ['hers: quokka', 'hers again: quokka']) await send(one, id, body)
    const kept = await send(two, id, 'his own')
    await done(two, 'setReaction', { messageId: kept.id, emoji: '🦘', present: true })
    await done(one, 'setReaction', { messageId: kept.id, emoji: '🦋', present: true })
    await send(one, group, 'quokka in the group')
    await done(one, 'renameConversation', { conversationId: group, name: 'Butterflies' })
    expect(await app.services.messages.erase(one.accountId)).toBeGreaterThan(5)
    expect(await app.services.messages.erase(one.accountId)).toBe(0)

    expect(await bodiesOf(two, id)).toEqual([null, null, 'his own'])
    const { messages, members, latestSeq } = await conversationOf(two, id)
    expect(members.map(({ profile }) => profile.id)).toEqual([two.profileId])
    expect(messages.edges.map(({ node }) => node)).toMatchObject([
      { clientId: null, sender: null, body: null },
      { clientId: null, sender: null, body: null },
      { sender: { id: two.profileId }, reactions: [{ emoji: '🦘', profileIds: [two.profileId] }] },
    ])
    const entries = await entriesOf(app, id)
    expect(entries.map(({ seq }) => seq)).toEqual(Array.from({ length: latestSeq }, (_, i) => i + 1))
    expect(entries.at(-1)).toMatchObject({ kind: 'ERASED', actor_id: null, data: { ranges: [{ from: 2, to: 3 }] } })

    const left = await conversationOf(three, group)
    expect(left).toMatchObject({ name: 'Butterflies' })
    expect(left.members.map(({ role }) => role).sort()).toEqual(['MEMBER', 'OWNER'])
    const dump = await postgresDump(app)
    for (const table of ['conversations', 'conversation_members', 'conversation_entries', 'reactions'])
      for (const trace of ['quokka', one.accountId, '🦋'])
        expect({ table, has: dump.get(`public.${table}`)?.includes(trace) }).toEqual({ table, has: false })
    expect(await send(two, id, 'is anybody there?')).toMatchObject({ seq: latestSeq + 1 })
  })

  test('of the last one who is in a conversation leaves nothing of it', async () => {
    const [one, two] = [await createAccount(app), await createAccount(app)]
    const id = await openDirect(one, two)
    await send(one, id, 'hello')
    for (const { accountId } of [one, two]) await app.services.messages.erase(accountId)
    expect(await entriesOf(app, id)).toEqual([])
  })

  test('of thousands of messages is done bit by bit, with all that lies between', async () => {
    const [one, two] = [await createAccount(app), await createAccount(app)]
    const id = await openDirect(one, two)
    const raw = Buffer.from(id, 'base64').toString().split(':')[1]
    await app.postgres.pool.query(
      `insert into conversation_entries (conversation_id, seq, kind, actor_id, body)
       select $1, seq, 'MESSAGE', case when seq % 1000 = 0 then $3::uuid else $2::uuid end, 'text' from generate_series(2, 5001) as seq`,
      [raw, one.accountId, two.accountId],
    )
    await app.postgres.pool.query('update conversations set last_seq = 5001 where id = $1', [raw])
    await app.services.messages.erase(one.accountId)
    const entries = await entriesOf(app, id)
    const ranges = entries.flatMap(({ kind, data }) => (kind === 'ERASED' ? (data as { ranges: object[] }).ranges : []))
    expect(ranges.length).toBeGreaterThan(5)
    const erased = new Set<number>()
    for (const { from, to } of ranges as { from: number; to: number }[])
      for (let seq = from; seq <= to; seq++) erased.add(seq)
    const said = entries.filter(({ kind }) => kind === 'MESSAGE')
    expect(said.filter(({ seq }) => erased.has(seq)).map(({ actor_id }) => actor_id)).toEqual(Array(4995).fill(null))
    expect(said.filter(({ seq }) => !erased.has(seq)).map(({ seq }) => seq)).toEqual([1000, 2000, 3000, 4000, 5000])
  })
})
