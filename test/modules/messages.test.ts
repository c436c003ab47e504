import { jest } from '@jest/globals'
import pg from 'pg'
import { createAccount, type TestAccount } from '../kit/accounts.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import {
  bodiesOf,
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
import { ask, codeOf } from '../kit/gql.ts'
import { createPhone, newClientId } from '../kit/phones.ts'
import { traces } from '../kit/stores.ts'

const weekMs = 7 * 24 * 60 * 60 * 1000

let app: TestApp
let other: TestApp
let ann: TestAccount
let ben: TestAccount
let eve: TestAccount
let direct: string
beforeAll(async () => {
  app = await createTestApp()
  other = await app.node()
  ann = await createAccount(app)
  ben = await createAccount(app)
  eve = await createAccount(app)
  direct = await openDirect(ann, ben)
})

const kinds = async (conversationId: string) => (await entriesOf(app, conversationId)).map(({ kind }) => kind)
const entryCount = async (conversationId: string) => (await entriesOf(app, conversationId)).length

describe('sending', () => {
  test('a message has the next position, and both read it as it was written', async () => {
    const { latestSeq } = await conversationOf(ann, direct)
    const clientId = newClientId()
    const sent = await done(ann, 'sendMessage', { conversationId: direct, clientId, body: ' Grüezi!\r\nWie gaht’s? ' })
    expect(sent).toMatchObject({
      created: true,
      sentMessage: { seq: latestSeq + 1, clientId, body: 'Grüezi!\nWie gaht’s?', sender: { id: ann.profileId } },
    })
    for (const who of [ann, ben]) expect((await bodiesOf(who, direct)).at(-1)).toBe('Grüezi!\nWie gaht’s?')
  })

  test('is one statement, and nobody asks whom it is to be told to', async () => {
    await send(ann, direct, 'the connection and the viewer are known now')
    await app.services.messages.settled()
    const query = jest.spyOn(pg.Client.prototype, 'query')
    const ours = () =>
      query.mock.calls
        .map(([what]) => (what as unknown as { name?: string }).name)
        .filter((name) => name?.startsWith('messages-'))
    try {
      const input = { conversationId: direct, clientId: newClientId(), body: 'one statement' }
      const sent = { ...input, replyToId: null, conversationId: rawOf(direct) }
      await app.services.messages.send(ann.accountId, sent)
      await app.services.messages.settled()
      expect(ours()).toEqual(['messages-send-DIRECT'])
      await other.services.messages.send(ben.accountId, sent)
      await other.services.messages.settled()
      expect(ours()).toEqual(['messages-send-DIRECT', 'messages-send'])
    } finally {
      query.mockRestore()
    }
  })

  test('the same one again is the same, created once, also a week later', async () => {
    const input = { conversationId: direct, clientId: newClientId(), body: 'once' }
    const first = await done(ann, 'sendMessage', input)
    expect(await done(ann, 'sendMessage', input)).toEqual({ ...first, created: false })
    app.clock.advance(weekMs)
    const { accessToken: token } = await app.services.identity.mintSignIn(ann.accountId)
    const back: TestAccount = { ...ann, ask: (query, variables) => ask(app, query, variables, { token }) }
    expect(await done(back, 'sendMessage', input)).toEqual({ ...first, created: false })
    app.clock.advance(-weekMs)
    expect((await bodiesOf(ben, direct)).filter((body) => body === 'once')).toHaveLength(1)
  })

  test('a key of before with other words, another reply or another place is a mismatch', async () => {
    const clientId = newClientId()
    const first = await send(ann, direct, 'one thing', { clientId })
    const elsewhere = await openDirect(ann, eve)
    for (const other of [{ body: 'another' }, { replyToId: first.id }, { conversationId: elsewhere }]) {
      const input = { conversationId: direct, clientId, body: 'one thing', ...other }
      expect(await outcome(ann, 'sendMessage', input)).toMatchObject({
        __typename: 'IdempotencyMismatchError',
        code: 'IDEMPOTENCY_MISMATCH',
      })
    }
    expect(await bodiesOf(ann, elsewhere)).toEqual([])
  })

  test('what only looks otherwise is the same', async () => {
    const clientId = newClientId()
    const first = await send(ann, direct, 'Zürich', { clientId })
    expect(await send(ann, direct, '  Zu\u0308rich\n', { clientId })).toEqual(first)
  })

  test('the same key of another sender is another message, and neither is told of the other', async () => {
    const clientId = newClientId()
    const hers = await send(ann, direct, 'mine', { clientId })
    const his = await send(ben, direct, 'mine', { clientId })
    expect(his.id).not.toBe(hers.id)
    expect(his.sender).toEqual({ id: ben.profileId })
  })

  test('a repeat gives the message as it is now', async () => {
    const input = { conversationId: direct, clientId: newClientId(), body: 'first words' }
    const { sentMessage } = await done(ann, 'sendMessage', input)
    await done(ann, 'editMessage', { messageId: sentMessage?.id, body: 'second words' })
    expect(await done(ann, 'sendMessage', input)).toMatchObject({
      created: false,
      sentMessage: { body: 'second words' },
    })
    await done(ann, 'deleteMessage', { messageId: sentMessage?.id })
    expect(await done(ann, 'sendMessage', input)).toMatchObject({ created: false, sentMessage: { body: null } })
  })

  test('an answer names what it answers, if that can be seen', async () => {
    const group = await createGroup(ann, [ben])
    const before = await send(ann, group, 'before Eve')
    await done(ann, 'addConversationMembers', { conversationId: group, usernames: [eve.username] })
    const reply = await send(ben, group, 'about that', { replyToId: before.id })
    expect(reply).toMatchObject({ replyTo: { id: before.id } })
    expect((await conversationOf(eve, group)).messages.edges.map(({ node }) => node)).toMatchObject([{ replyTo: null }])
    const input = { conversationId: group, clientId: newClientId(), body: 'what was it?' }
    expect(await outcome(eve, 'sendMessage', { ...input, replyToId: before.id })).toMatchObject({ code: 'NOT_FOUND' })
    const foreign = await send(ann, direct, 'elsewhere')
    expect(await outcome(ann, 'sendMessage', { ...input, replyToId: foreign.id })).toMatchObject({ code: 'NOT_FOUND' })
  })

  test('who is not in it, never was, or is signed in as a device only, says nothing', async () => {
    const input = { conversationId: direct, clientId: newClientId(), body: 'let me in' }
    expect(await outcome(eve, 'sendMessage', input)).toMatchObject({ code: 'NOT_FOUND' })
    const phone = await createPhone(app)
    expect(await outcome({ ...eve, ask: phone.ask }, 'sendMessage', input)).toMatchObject({ code: 'FORBIDDEN' })
    const nowhere = Buffer.from('Conversation:01900000-0000-7000-8000-000000000000').toString('base64')
    expect(await outcome(ann, 'sendMessage', { ...input, conversationId: nowhere })).toMatchObject({
      code: 'NOT_FOUND',
    })
    expect(await bodiesOf(ann, direct)).not.toContain('let me in')
  })

  test('one who was in it once can not say what they said again, nor anything else', async () => {
    const group = await createGroup(ann, [ben])
    const input = { conversationId: group, clientId: newClientId(), body: 'I was here' }
    await done(ben, 'sendMessage', input)
    await done(ben, 'leaveConversation', { conversationId: group })
    expect(await outcome(ben, 'sendMessage', input)).toMatchObject({ code: 'NOT_FOUND' })
    expect(await seen(ben, group)).toBe('NOT_FOUND')
  })

  const bodies: [name: string, body: string, accepted: boolean][] = [
    ['56: half a surrogate pair', 'a\ud800', false],
    ['56: the other half', '\udc00a', false],
    ['57: NUL', 'a\0b', false],
    ['58: ten thousand accents', `a${'\u0301'.repeat(10_000)}`, false],
    ['58: a text that turns the writing around', 'abc\u202edef', false],
    ['58: blanks', ' \n\t ', false],
    ['58: nothing visible', '\u200b\u200d\u2060', false],
    ['59: nothing', '', false],
    ['59: 2,000 characters', 'x'.repeat(2000), true],
    ['59: 2,000 flags of two code points', '🇨🇭'.repeat(2000), true],
    ['59: 2,001 characters', 'x'.repeat(2001), false],
    ['59: 16 KiB of emoji', '😀'.repeat(4096), false],
    ['60: __proto__', '__proto__', true],
    ['60: constructor', 'constructor', true],
    ['SQL', "'; drop table accounts; --", true],
    ['a percent sign and a backslash', '100 % \\', true],
  ]
  test.each(bodies)('%s', async (_name, body, accepted) => {
    const before = await entryCount(direct)
    const result = await outcome(ann, 'sendMessage', { conversationId: direct, clientId: newClientId(), body })
    if (accepted) expect(result.sentMessage?.body).toBe(body)
    else expect(result.code).toBe('BAD_USER_INPUT')
    expect(await entryCount(direct)).toBe(before + (accepted ? 1 : 0))
  })

  test.each(['', 'a'.repeat(7), 'a'.repeat(65), 'ключ-клиента', 'abcdefgh\n'])(
    'a key of %j is none',
    async (clientId) => {
      expect(await outcome(ann, 'sendMessage', { conversationId: direct, clientId, body: 'x' })).toMatchObject({
        code: 'BAD_USER_INPUT',
      })
    },
  )

  test('more than 60 in ten seconds are refused, whoever else writes, and a repeat of one that was refused goes through', async () => {
    const limited = await createTestApp({ RATE_LIMITS: 'on' })
    const [one, two] = [await createAccount(limited), await createAccount(limited)]
    const id = await openDirect(one, two)
    for (let i = 0; i < 60; i++) await send(one, id, `number ${i}`)
    const input = { conversationId: id, clientId: newClientId(), body: 'one more' }
    const refused = await perform(one, 'sendMessage', input)
    expect(codeOf(refused)).toBe('RATE_LIMITED')
    await send(two, id, 'not me')
    limited.clock.advance(Number(refused.errors?.[0]?.extensions?.['retryAfterMs']))
    expect(await done(one, 'sendMessage', input)).toMatchObject({ created: true })
  })
})

describe('changing a message', () => {
  test('an edit replaces what was said, everywhere and for good, and takes a position of its own', async () => {
    const said = await send(ann, direct, 'a word I regret: aardvark')
    const { editedMessage } = await done(ann, 'editMessage', { messageId: said.id, body: 'a better word' })
    expect(editedMessage).toMatchObject({ ...said, body: 'a better word', editedAt: expect.any(String) })
    const { messages, latestSeq } = await conversationOf(ben, direct)
    expect(messages.edges.at(-1)?.node).toMatchObject({ id: said.id, body: 'a better word' })
    expect((await entriesOf(app, direct)).at(-1)).toMatchObject({
      seq: latestSeq,
      kind: 'EDITED',
      target_seq: said.seq,
    })
    expect(await traces(app, 'aardvark')).toEqual([])
    await done(ann, 'editMessage', { messageId: said.id, body: 'a better word' })
    expect((await conversationOf(ben, direct)).latestSeq).toBe(latestSeq)
  })

  test('a deletion leaves the place and nothing else, once', async () => {
    const said = await send(ann, direct, 'a secret: okapi')
    await done(ben, 'setReaction', { messageId: said.id, emoji: '😮', present: true })
    const { deletedMessage } = await done(ann, 'deleteMessage', { messageId: said.id })
    expect(deletedMessage).toMatchObject({
      ...{ id: said.id, seq: said.seq, body: null, reactions: [], sender: { id: ann.profileId } },
      deletedAt: expect.any(String),
    })
    const count = await entryCount(direct)
    expect(await done(ann, 'deleteMessage', { messageId: said.id })).toEqual({
      __typename: 'DeleteMessagePayload',
      deletedMessage,
    })
    expect(await entryCount(direct)).toBe(count)
    expect(await traces(app, 'okapi')).toEqual([])
    for (const [name, input] of [
      ['editMessage', { body: 'again' }],
      ['setReaction', { emoji: '😮', present: true }],
    ] as const)
      expect(await outcome(ann, name, { messageId: said.id, ...input })).toMatchObject({
        __typename: 'MessageDeletedError',
        code: 'CONFLICT',
      })
  })

  test('is for its sender; deleting also for those who run the group, and never for the other of two', async () => {
    const said = await send(ann, direct, 'mine alone')
    expect(await outcome(ben, 'editMessage', { messageId: said.id, body: 'his' })).toMatchObject({ code: 'FORBIDDEN' })
    expect(await outcome(ben, 'deleteMessage', { messageId: said.id })).toMatchObject({ code: 'FORBIDDEN' })
    for (const name of ['editMessage', 'deleteMessage', 'setReaction']) {
      const input = { editMessage: { body: 'x' }, setReaction: { emoji: '👍', present: true } }[name] ?? {}
      expect(await outcome(eve, name, { messageId: said.id, ...input })).toMatchObject({ code: 'NOT_FOUND' })
    }
    const group = await createGroup(ann, [ben, eve])
    const his = await send(ben, group, 'spam')
    expect(await outcome(eve, 'deleteMessage', { messageId: his.id })).toMatchObject({ code: 'FORBIDDEN' })
    expect(await done(ann, 'deleteMessage', { messageId: his.id })).toMatchObject({ deletedMessage: { body: null } })
  })

  test('what is no message is not found, however its id is made', async () => {
    const ids = ['1', '0', '-1', '2147483648', '9'.repeat(30), '2:3'].map((seq) => `Message:${rawOf(direct)}:${seq}`)
    for (const id of [...ids, 'Message:x:1', `Message:${rawOf(direct)}`])
      expect(await outcome(ann, 'deleteMessage', { messageId: Buffer.from(id).toString('base64') })).toMatchObject({
        code: 'NOT_FOUND',
      })
  })
})

describe('reactions', () => {
  test('come in the order in which they appeared, each person once, and a repeat changes nothing', async () => {
    const said = await send(ann, direct, 'I have news')
    const react = (who: TestAccount, emoji: string, present = true) =>
      done(who, 'setReaction', { messageId: said.id, emoji, present })
    await react(ben, '🎉')
    await react(ann, '👍🏽')
    await react(ann, '🎉')
    const count = await entryCount(direct)
    const { reactedMessage } = await react(ann, '🎉')
    expect(reactedMessage).toMatchObject({
      reactions: [
        { emoji: '🎉', profileIds: [ben.profileId, ann.profileId] },
        { emoji: '👍🏽', profileIds: [ann.profileId] },
      ],
    })
    expect(await entryCount(direct)).toBe(count)
    await react(ben, '🎉', false)
    await react(ben, '🎉', false)
    expect(await entryCount(direct)).toBe(count + 1)
    expect((await entriesOf(app, direct)).at(-1)).toMatchObject({
      ...{ kind: 'REACTION', actor_id: ben.accountId, target_seq: said.seq, data: { emoji: '🎉', present: false } },
    })
  })

  test('of one person on one message are ten at most, and each is one emoji', async () => {
    const said = await send(ann, direct, 'choose')
    const react = (emoji: string) => outcome(ben, 'setReaction', { messageId: said.id, emoji, present: true })
    for (const emoji of ['🐀', '🐁', '🐂', '🐃', '🐄', '🐅', '🐆', '🐇', '🐈', '🐉']) await react(emoji)
    expect(await react('🐊')).toMatchObject({ code: 'BAD_USER_INPUT' })
    for (const emoji of ['', 'a', '🐀🐁', '\ud83d', '1'])
      expect(await react(emoji)).toMatchObject({ code: 'BAD_USER_INPUT' })
  })
})

describe('receipts', () => {
  test('reading goes ahead only, no further than there is, and counts as delivered', async () => {
    const id = await openDirect(ann, await createAccount(app))
    const other = (await conversationOf(ann, id)).members.find(({ profile }) => profile.id !== ann.profileId)
    expect(other).toMatchObject({ readSeq: 1, deliveredSeq: 1 })
    const fresh = await createAccount(app)
    const withFresh = await openDirect(ann, fresh)
    for (const body of ['one', 'two', 'three']) await send(ann, withFresh, body)
    expect(await conversationOf(fresh, withFresh)).toMatchObject({ unreadCount: 3 })
    const mark = (upToSeq: number) => done(fresh, 'markRead', { conversationId: withFresh, upToSeq })
    expect(await mark(3)).toMatchObject({ readSeq: 3, unreadCount: 1 })
    expect(await mark(2)).toMatchObject({ readSeq: 3, unreadCount: 1 })
    const { latestSeq } = await conversationOf(ann, withFresh)
    expect(await mark(2_147_483_647)).toMatchObject({ readSeq: latestSeq, unreadCount: 0 })
    const { members } = await conversationOf(ann, withFresh)
    expect(members.find(({ profile }) => profile.id === fresh.profileId)).toMatchObject({
      readSeq: latestSeq,
      deliveredSeq: latestSeq,
    })
    expect(await outcome(fresh, 'markRead', { conversationId: withFresh, upToSeq: -1 })).toMatchObject({
      code: 'BAD_USER_INPUT',
    })
  })

  test('what tells nothing new takes no position: a repeat, one’s own message, and another’s receipt', async () => {
    const fresh = await createAccount(app)
    const id = await openDirect(ann, fresh)
    await send(ann, id, 'hello')
    const latest = async () => (await conversationOf(ann, id)).latestSeq
    const readAll = async (who: TestAccount) => done(who, 'markRead', { conversationId: id, upToSeq: await latest() })
    await readAll(fresh)
    expect(await kinds(id)).toEqual(['CREATED', 'MESSAGE', 'READ'])
    for (let i = 0; i < 3; i++) for (const who of [ann, fresh]) await readAll(who)
    await done(fresh, 'markDelivered', { conversationId: id, upToSeq: await latest() })
    expect(await kinds(id)).toEqual(['CREATED', 'MESSAGE', 'READ'])
    await send(fresh, id, 'hi')
    await done(ann, 'markDelivered', { conversationId: id, upToSeq: await latest() })
    await readAll(ann)
    expect(await kinds(id)).toEqual(['CREATED', 'MESSAGE', 'READ', 'MESSAGE', 'DELIVERED', 'READ'])
  })

  test('unread are others’ messages that are not deleted, up to 999', async () => {
    const fresh = await createAccount(app)
    const id = await openDirect(ann, fresh)
    const first = await send(ann, id, 'one')
    await send(fresh, id, 'my own')
    await send(ann, id, 'two')
    expect((await conversationOf(fresh, id)).unreadCount).toBe(2)
    await done(ann, 'deleteMessage', { messageId: first.id })
    expect((await conversationOf(fresh, id)).unreadCount).toBe(1)
    await app.postgres.pool.query(
      `insert into conversation_entries (conversation_id, seq, kind, actor_id, body)
       select $1, seq, 'MESSAGE', $2, 'many' from generate_series(6, 1105) as seq`,
      [rawOf(id), ann.accountId],
    )
    await app.postgres.pool.query('update conversations set last_seq = 1105 where id = $1', [rawOf(id)])
    expect((await conversationOf(fresh, id)).unreadCount).toBe(999)
  })

  test('are for those who are in it', async () => {
    for (const [name, input] of [
      ['markRead', { upToSeq: 1 }],
      ['markDelivered', { upToSeq: 1 }],
      ['setTyping', { typing: true }],
    ] as const) {
      expect(await outcome(eve, name, { conversationId: direct, ...input })).toMatchObject({ code: 'NOT_FOUND' })
      expect(await outcome(ben, name, { conversationId: direct, ...input })).not.toHaveProperty('code')
    }
  })
})

const rawOf = (globalId: string) => Buffer.from(globalId, 'base64').toString().split(':')[1] ?? ''
