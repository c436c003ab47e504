import fc from 'fast-check'
import { createAccount, type TestAccount } from '../kit/accounts.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { createGroup, done, entriesOf, openDirect, send } from '../kit/conversations.ts'
import { eventually } from '../kit/eventually.ts'
import { runs } from '../kit/fuzz.ts'
import {
  cursorNow,
  followConversation,
  followInbox,
  inboxDocument,
  type MessageEvent,
  take,
  told,
} from '../kit/message-streams.ts'
import { createPhone, newClientId } from '../kit/phones.ts'
import { createOwnRedis, type OwnRedis } from '../kit/redis.ts'
import { follow } from '../kit/socket.ts'
import { redisDump } from '../kit/stores.ts'

let own: OwnRedis
let app: TestApp
let other: TestApp
let ann: TestAccount
let ben: TestAccount
beforeAll(async () => {
  own = await createOwnRedis()
  app = await createTestApp({ REDIS_URL: own.url })
  other = await app.node()
  ;[ann, ben] = await Promise.all([createAccount(app), createAccount(app)])
})
afterAll(() => own?.remove())

/** Where each change is: `[conversation, position]`. */
const places = (events: MessageEvent[]): [string, number][] =>
  events.flatMap((event) =>
    event.__typename === 'ConversationChanged' ? [[event.change.conversationId, event.change.seq]] : [],
  )
const within = (found: [string, number][], id: string) => found.flatMap(([of, seq]) => (of === id ? [seq] : []))
const seqsOf = async (id: string) => (await entriesOf(app, id)).map(({ seq }) => seq)

test('everything of an account comes in one stream, also conversations that begin meanwhile', async () => {
  const cem = await createAccount(app)
  const inbox = followInbox(cem, undefined, other)
  await inbox.next()
  const direct = await openDirect(ann, cem)
  const group = await createGroup(ben, [cem, ann])
  await send(ann, direct, 'to you')
  await send(cem, group, 'to all', {}, other)
  const events = await take(inbox, 4)
  expect(within(places(events), direct)).toEqual([1, 2])
  expect(within(places(events), group)).toEqual([1, 2])
  expect(events.map(told).sort()).toEqual([
    ...['ConversationCreated 1', 'ConversationCreated 1', 'MessageSent 2', 'MessageSent 2'],
  ])
  inbox.stop()
})

test('wherever a reader is cut, and on whichever node it comes back, each conversation comes once and in order', async () => {
  const step = fc.record({
    sends: fc.array(fc.record({ to: fc.integer({ min: 0, max: 2 }), here: fc.boolean() }), { maxLength: 8 }),
    take: fc.integer({ min: 0, max: 10 }),
    node: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 5 }), async (steps) => {
      const cem = await createAccount(app)
      let cursor = await cursorNow(followInbox(cem))
      const ids = [await openDirect(ann, cem), await createGroup(ben, [cem, ann]), await createGroup(ann, [cem])]
      let expected = 3
      const seen: [string, number][] = []
      for (const { sends, take: wanted, node } of steps) {
        const stream = followInbox(cem, cursor, node ? other : app)
        await Promise.all(
          sends.map(({ to, here }, i) => send(i % 2 ? ann : cem, ids[to] ?? '', `${i}`, {}, here ? app : other)),
        )
        expected += sends.length
        const events = await take(stream, 1 + Math.min(wanted, expected - seen.length))
        stream.drop()
        seen.push(...places(events))
        cursor = events.at(-1)?.cursor ?? cursor
      }
      for (const id of ids) {
        const found = within(seen, id)
        expect(found).toEqual((await seqsOf(id)).slice(0, found.length))
      }
    }),
    runs(12),
  )
})

test('what a node wrote and could not publish comes by the relay, before what comes after it', async () => {
  const group = await createGroup(ann, [ben])
  const inbox = followInbox(ben)
  const stream = followConversation(ben, group, undefined, other)
  await Promise.all([inbox.next(), stream.next()])
  const lame = await app.node()
  let cutOff = 0
  // What the wiring has been handed is this very object.
  lame.redis.pipelined = () => {
    cutOff += 1
    return Promise.reject(new Error('cut off'))
  }
  await send(ann, group, 'not told', {}, lame)
  await send(ann, group, 'told', {}, app)
  const events = await take(inbox, 2)
  expect(events.map(told)).toEqual(['MessageSent 2', 'MessageSent 3'])
  await send(ann, group, 'not told either', {}, lame)
  const last = inbox.next()
  let came = false
  void last.then(() => {
    came = true
  })
  await eventually(
    async () => {
      await app.idle()
      return came
    },
    Boolean,
    8000,
  )
  expect(told(await last)).toBe('MessageSent 4')
  expect(cutOff).toBe(2)
  expect((await take(stream, 3)).map(told)).toEqual(['MessageSent 2', 'MessageSent 3', 'MessageSent 4'])
  inbox.stop()
  stream.stop()
})

test('who is removed is told so, and nothing after it', async () => {
  const [cem, dan] = await Promise.all([createAccount(app), createAccount(app)])
  const group = await createGroup(ann, [cem, dan])
  const cursor = await cursorNow(followInbox(cem))
  const live = followInbox(cem, undefined, other)
  await live.next()
  await done(ann, 'removeConversationMember', { conversationId: group, profileId: cem.profileId })
  await send(ann, group, 'among us')
  const direct = await openDirect(ann, cem)
  const replayed = followInbox(cem, cursor)
  await replayed.next()
  for (const stream of [live, replayed]) {
    const events = await take(stream, 2)
    expect(events.map(told)).toEqual(['MemberChanged 2', 'ConversationCreated 1'])
    expect(places(events).map(([id]) => id)).toEqual([group, direct])
    stream.stop()
  }
})

test('a direct conversation that a block parts is not in what is replayed', async () => {
  const [cem, dan] = await Promise.all([createAccount(app), createAccount(app)])
  const cursor = await cursorNow(followInbox(cem))
  const direct = await openDirect(dan, cem)
  await send(dan, direct, 'something')
  const group = await createGroup(ann, [cem, dan])
  await send(dan, group, 'something')
  await eventually(
    async () => inboxLength(cem),
    (length) => length === 4,
  )
  await app.services.social.block(cem.accountId, dan.accountId)
  const stream = followInbox(cem, cursor, other)
  expect((await take(stream, 3)).map(told)).toEqual(['Ready', 'ConversationCreated 1', 'ChangeWithheld 2'])
  stream.stop()
})

async function inboxLength({ accountId }: TestAccount): Promise<number> {
  const [key] = await app.redis.command.keys(`*:inbox:${accountId}:log`)
  return key ? app.redis.command.xlen(key) : 0
}

test('once somebody is erased nothing in Redis names them, and the others are told to forget', async () => {
  const [cem, dan] = await Promise.all([createAccount(app), createAccount(app)])
  const group = await createGroup(dan, [cem, ann])
  const inbox = followInbox(dan)
  await inbox.next()
  for (const who of [cem, ann]) await send(who, group, 'something')
  await take(inbox, 2)
  await app.services.messages.erase(cem.accountId)
  expect((await take(inbox, 2)).map(told)).toEqual(['MemberChanged 4', 'MessagesErased 5'])
  inbox.stop()
  // What the gate knows of a person goes with the rest of the account.
  const dump = [...(await redisDump(app))].filter(([key]) => !key.includes(':gate:'))
  const naming = dump.filter(([, held]) => held.includes(cem.accountId))
  expect(naming.map(([key]) => key)).toEqual([])
})

test('that somebody types passes to the inboxes of the others', async () => {
  const [cem, dan] = await Promise.all([createAccount(app), createAccount(app)])
  const direct = await openDirect(cem, dan)
  const streams = [followInbox(cem), followInbox(dan, undefined, other)]
  await Promise.all(streams.map((stream) => stream.next()))
  await done(dan, 'setTyping', { conversationId: direct, typing: true })
  const event = await streams[0]?.next()
  expect(event).toMatchObject({ conversationId: direct, typing: true, profile: { id: dan.profileId } })
  await send(cem, direct, 'what is it?')
  expect(told((await streams[1]?.next()) as MessageEvent)).toBe('MessageSent 2')
  for (const stream of streams) stream.stop()
})

test('an inbox is an account’s own: devices and nobody have none, and no cursor opens another’s', async () => {
  const cursor = await cursorNow(followInbox(ann))
  const refused = followInbox(ben, cursor)
  expect((await refused.ended).errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT' })
  const phone = await createPhone(app)
  for (const [token, code] of [
    [phone.token, 'FORBIDDEN'],
    [undefined, 'UNAUTHENTICATED'],
  ] as const) {
    const stream = follow(app, inboxDocument, { token })
    expect((await stream.ended).errors?.[0]?.extensions).toMatchObject({ code })
  }
})

test('Redis lost: sends are acknowledged; the inbox says what it is, and a conversation goes on without a hole', async () => {
  const cem = await createAccount(app)
  const group = await createGroup(ann, [cem, ben])
  const inbox = followInbox(cem, undefined, other)
  const stream = followConversation(cem, group, undefined, other)
  const [ready] = await Promise.all([inbox.next(), stream.next()])
  await send(ann, group, 'before')
  for (const one of [inbox, stream]) expect(told(await one.next())).toBe('MessageSent 2')
  await own.kill()
  for (const [i, on] of [app, other, app].entries()) await send(ann, group, `meanwhile ${i}`, {}, on)
  expect((await take(stream, 3)).map(told)).toEqual(['MessageSent 3', 'MessageSent 4', 'MessageSent 5'])
  await own.start()
  expect(await inbox.next()).toMatchObject({ __typename: 'ResyncRequired', reason: 'EPOCH_CHANGED' })
  await eventually(
    () => Promise.all([app, other].map((on) => fetch(on.url.replace('/graphql', '/health/ready')))),
    (answers) => answers.every(({ status }) => status === 200),
  )
  await send(ben, group, 'after')
  expect(told(await stream.next())).toBe('MessageSent 6')
  const old = followInbox(cem, ready?.cursor)
  expect(await old.next()).toMatchObject({ __typename: 'ResyncRequired', reason: 'EPOCH_CHANGED' })
  old.stop()
  // What had not been published yet may come again, in order; what comes after it is new.
  let last = ''
  while (last !== 'MessageSent 6') last = told(await inbox.next())
  inbox.stop()
  stream.stop()
  const input = { conversationId: group, clientId: newClientId(), body: 'once' }
  expect((await done(ann, 'sendMessage', input)).created).toBe(true)
})
