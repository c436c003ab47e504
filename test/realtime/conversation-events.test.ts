import fc from 'fast-check'
import { createAccount, type TestAccount } from '../kit/accounts.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { createGroup, done, entriesOf, openDirect, send } from '../kit/conversations.ts'
import { runs } from '../kit/fuzz.ts'
import { codeOf } from '../kit/gql.ts'
import { cursorNow, eventsDocument, followConversation, type MessageEvent, take, told } from '../kit/message-streams.ts'
import { createPhone } from '../kit/phones.ts'
import { follow } from '../kit/socket.ts'

let app: TestApp
let other: TestApp
let ann: TestAccount
let ben: TestAccount
let cem: TestAccount
beforeAll(async () => {
  app = await createTestApp()
  other = await app.node()
  ;[ann, ben, cem] = await Promise.all([createAccount(app), createAccount(app), createAccount(app)])
})

const bodies = (events: MessageEvent[]) =>
  events.flatMap((event) => (event.__typename === 'ConversationChanged' ? [event.change.message?.body] : []))
const seqs = (events: MessageEvent[]) =>
  events.flatMap((event) => (event.__typename === 'ConversationChanged' ? [event.change.seq] : []))

test('what is said comes to both, on every node, with its position', async () => {
  const id = await openDirect(ann, ben)
  const streams = [followConversation(ann, id), followConversation(ben, id, undefined, other)]
  for (const stream of streams) expect((await stream.next()).__typename).toBe('Ready')
  const { seq } = await send(ann, id, 'from here')
  await send(ben, id, 'from there', {}, other)
  for (const stream of streams) {
    const events = await take(stream, 2)
    expect(bodies(events)).toEqual(['from here', 'from there'])
    expect(seqs(events)).toEqual([seq, seq + 1])
    stream.stop()
  }
})

test('wherever a reader is cut, and on whichever node it comes back, it has every entry once and in order', async () => {
  const step = fc.record({
    sends: fc.array(fc.boolean(), { maxLength: 6 }),
    take: fc.integer({ min: 0, max: 8 }),
    node: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 5 }), async (steps) => {
      const id = await createGroup(ann, [ben])
      let cursor = await cursorNow(followConversation(ben, id))
      const [{ seq: begun = 0 } = {}] = (await entriesOf(app, id)).slice(-1)
      const seen: number[] = []
      for (const { sends, take: wanted, node } of steps) {
        const stream = followConversation(ben, id, cursor, node ? other : app)
        await Promise.all(sends.map((here, i) => send(i % 2 ? ann : ben, id, `${i}`, {}, here ? app : other)))
        const missing = (await entriesOf(app, id)).length - begun - seen.length
        const events = await take(stream, 1 + Math.min(wanted, missing))
        stream.drop()
        seen.push(...seqs(events))
        cursor = events.at(-1)?.cursor ?? cursor
      }
      const kept = (await entriesOf(app, id)).map(({ seq }) => seq).filter((seq) => seq > begun)
      expect(seen).toEqual(kept.slice(0, seen.length))
    }),
    runs(12),
  )
})

test('a cursor of long ago has everything since, as it is now', async () => {
  const id = await openDirect(ann, cem)
  const cursor = await cursorNow(followConversation(cem, id))
  const sent = []
  for (let n = 0; n < 250; n += 1) sent.push(await send(ann, id, `word ${n}`))
  await done(ann, 'editMessage', { messageId: sent[0]?.id, body: 'another word' })
  await done(ann, 'deleteMessage', { messageId: sent[1]?.id })
  app.clock.advance(7 * 24 * 60 * 60 * 1000)
  const stream = (await createAccountAgain(cem)).follow<MessageEvent>(eventsDocument, { id, after: cursor }, other)
  const events = await take(stream, 253)
  stream.stop()
  app.clock.set(Date.now())
  expect(bodies(events).slice(0, 3)).toEqual(['another word', null, 'word 2'])
  expect(events.slice(-2).map(told)).toEqual(['MessageEdited 252', 'MessageDeleted 253'])
})

/** The same account with a token of now. */
async function createAccountAgain(who: TestAccount): Promise<TestAccount> {
  const { accessToken: token } = await app.services.identity.mintSignIn(who.accountId)
  return { ...who, follow: (query, variables, on = app) => follow(on, query, { token, variables: variables ?? {} }) }
}

describe('whoever is not in it', () => {
  const refusal = async (stream: { ended: Promise<{ errors?: readonly { extensions?: object }[] }> }) =>
    (await stream.ended).errors?.[0]?.extensions

  test('hears nothing: strangers, devices, nobody; nor does a cursor of another stream help', async () => {
    const id = await openDirect(ann, ben)
    const cursor = await cursorNow(followConversation(ann, id))
    expect(await refusal(followConversation(cem, id, cursor))).toMatchObject({ code: 'NOT_FOUND' })
    const phone = await createPhone(app)
    for (const [token, code] of [
      [phone.token, 'FORBIDDEN'],
      [undefined, 'UNAUTHENTICATED'],
    ] as const) {
      const stream = follow(app, eventsDocument, { token, variables: { id } })
      expect(await refusal(stream)).toMatchObject({ code })
    }
    const with_ = await openDirect(ann, cem)
    expect(await refusal(followConversation(ann, with_, cursor))).toMatchObject({ code: 'BAD_USER_INPUT' })
  })

  test('any more: is told so last, and let in no more', async () => {
    const id = await createGroup(ann, [ben, cem])
    const streams = [followConversation(ben, id), followConversation(cem, id, undefined, other)]
    const [first] = await Promise.all(streams.map((stream) => stream.next()))
    await send(ann, id, 'before')
    await done(ann, 'removeConversationMember', { conversationId: id, profileId: ben.profileId })
    await send(ann, id, 'after')
    expect((await take(streams[0] as never, 2)).map(told)).toEqual(['MessageSent 2', 'MemberChanged 3'])
    expect(await streams[0]?.ended).toEqual({ code: undefined })
    expect((await take(streams[1] as never, 3)).map(told)).toEqual([
      'MessageSent 2',
      'MemberChanged 3',
      'MessageSent 4',
    ])
    streams[1]?.stop()
    expect(await refusal(followConversation(ben, id, first?.cursor))).toMatchObject({ code: 'NOT_FOUND' })
  })

  test('but comes: begins with the entry that adds them, whatever cursor they have', async () => {
    const id = await createGroup(ann, [ben, cem])
    const cursor = await cursorNow(followConversation(cem, id))
    await done(cem, 'leaveConversation', { conversationId: id })
    await send(ann, id, 'not for Cem')
    await done(ann, 'addConversationMembers', { conversationId: id, profileIds: [cem.profileId] })
    await send(ann, id, 'for Cem')
    const stream = followConversation(cem, id, cursor)
    expect((await take(stream, 3)).map(told)).toEqual(['Ready', 'MemberChanged 4', 'MessageSent 5'])
    stream.stop()
  })

  test('because of a block: a direct conversation ends for both at once, and is not there', async () => {
    const [dan, eve] = await Promise.all([createAccount(app), createAccount(app)])
    const id = await openDirect(dan, eve)
    const streams = [followConversation(dan, id), followConversation(eve, id, undefined, other)]
    const [first] = await Promise.all(streams.map((stream) => stream.next()))
    await app.services.social.block(eve.accountId, dan.accountId)
    for (const stream of streams) expect(await stream.ended).toEqual({ code: undefined })
    expect(await refusal(followConversation(dan, id, first?.cursor))).toMatchObject({ code: 'NOT_FOUND' })
  })
})

test('in a group, whoever is hidden by a block says nothing but that there is something', async () => {
  const [dan, eve] = await Promise.all([createAccount(app), createAccount(app)])
  const id = await createGroup(ann, [dan, eve])
  const streams = [dan, eve, ann].map((who, i) => followConversation(who, id, undefined, i === 0 ? other : app))
  const [ready] = await Promise.all(streams.map((stream) => stream.next()))
  await app.services.social.block(eve.accountId, dan.accountId)
  await send(eve, id, 'not for Dan')
  await send(ann, id, 'for all')
  const [forDan, forEve, forAnn] = await Promise.all(streams.map((stream) => take(stream, 2)))
  expect(forDan?.map(told)).toEqual(['ChangeWithheld 2', 'MessageSent 3'])
  expect(forEve?.map(told)).toEqual(['MessageSent 2', 'MessageSent 3'])
  expect(bodies(forAnn ?? [])).toEqual(['not for Dan', 'for all'])
  for (const stream of streams) stream.stop()
  const again = followConversation(dan, id, ready?.cursor)
  expect((await take(again, 3)).map(told)).toEqual(['Ready', 'ChangeWithheld 2', 'MessageSent 3'])
  again.stop()
})

test('that somebody types passes, to the others only, and is not replayed', async () => {
  const id = await openDirect(ann, ben)
  const streams = [followConversation(ben, id, undefined, other), followConversation(ann, id)]
  const [ready] = await Promise.all(streams.map((stream) => stream.next()))
  await done(ann, 'setTyping', { conversationId: id, typing: true })
  expect(await streams[0]?.next()).toMatchObject({
    ...{ __typename: 'ConversationTyping', conversationId: id, typing: true, profile: { id: ann.profileId } },
    cursor: ready?.cursor,
  })
  const { seq } = await send(ben, id, 'I am waiting')
  expect(told((await streams[1]?.next()) as MessageEvent)).toBe(`MessageSent ${seq}`)
  for (const stream of streams) stream.stop()
  const again = followConversation(ben, id, ready?.cursor)
  expect((await take(again, 2)).map(told)).toEqual(['Ready', `MessageSent ${seq}`])
  again.stop()
})

test('when the account is revoked, or its signing-in ended, the stream is cut', async () => {
  const dan = await createAccount(app)
  const id = await openDirect(dan, ann)
  const stream = followConversation(dan, id, undefined, other)
  await stream.next()
  const { data } = await dan.ask<{ me: { signIns: { id: string }[] } }>('{ me { signIns { id } } }')
  const answer = await dan.ask('mutation ($input: EndSignInInput!) { endSignIn(input: $input) { __typename } }', {
    input: { signInId: data?.me.signIns[0]?.id },
  })
  expect(codeOf(answer)).toBeUndefined()
  expect(await stream.ended).toMatchObject({ code: 4410 })
})

test('what many publish out of order on two nodes comes to each once and in order', async () => {
  const id = await createGroup(ann, [ben, cem])
  const streams = [ann, ben, cem].map((who, i) => followConversation(who, id, undefined, i % 2 ? other : app))
  await Promise.all(streams.map((stream) => stream.next()))
  const authors = [ann, ben, cem]
  await Promise.all(
    Array.from({ length: 150 }, (_, i) =>
      send(authors[i % 3] as TestAccount, id, `${i}`, {}, Math.floor(i / 3) % 2 ? other : app),
    ),
  )
  const expected = Array.from({ length: 150 }, (_, i) => i + 2)
  for (const stream of streams) {
    expect(seqs(await take(stream, 150))).toEqual(expected)
    stream.stop()
  }
  expect((await entriesOf(app, id)).map(({ seq }) => seq)).toEqual([1, ...expected])
})
