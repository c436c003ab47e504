import { createAccount, type TestAccount } from '../kit/accounts.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { createGroup, done, openDirect, send } from '../kit/conversations.ts'
import { eventually } from '../kit/eventually.ts'
import { type MessageEvent, take } from '../kit/message-streams.ts'
import { executionsOf } from '../kit/numbers.ts'
import { messageFields } from '../kit/sync-model.ts'

let app: TestApp
beforeAll(async () => {
  app = await createTestApp()
})

// All that a client selects of a message, answers and reactions too.
const document = `subscription ($id: ID!) { conversationEvents(conversationId: $id) { __typename
  ... on ConversationChanged { cursor change { __typename seq ... on MessageSent { message { ${messageFields} } } } } } }`

type Told = MessageEvent & { change: { message?: { replyTo: { id: string } | null } } }

async function crowd(size: number): Promise<{ people: TestAccount[]; group: string }> {
  const people = await Promise.all(Array.from({ length: size }, () => createAccount(app)))
  const [owner, ...others] = people as [TestAccount, ...TestAccount[]]
  for (const other of others) await openDirect(owner, other)
  return { people, group: await createGroup(owner, others) }
}

async function open(people: TestAccount[], id: string) {
  const streams = people.map((who) => who.follow<Told>(document, { id }))
  for (const stream of streams) expect((await stream.next()).__typename).toBe('Ready')
  return streams
}

/** How many executions it takes until everybody has what one says. */
async function costOf(sender: TestAccount, group: string, streams: { next(): Promise<Told> }[], more: object = {}) {
  const before = await executionsOf(app.metrics)
  const sent = await send(sender, group, 'hello', more)
  const told = await Promise.all(streams.map((stream) => stream.next()))
  return { executions: (await executionsOf(app.metrics)) - before, sent, told }
}

const kinds = (told: MessageEvent[]) =>
  told.map((event) => (event.__typename === 'ConversationChanged' ? event.change.__typename : event.__typename))

test('an event of a conversation is executed once for everybody in it', async () => {
  const { people, group } = await crowd(6)
  const streams = await open(people, group)
  const [owner] = people as [TestAccount]
  const { executions, sent } = await costOf(owner, group, streams)
  expect(executions).toBe(1)
  expect((await costOf(owner, group, streams, { replyToId: sent.id })).executions).toBe(1)
  for (const stream of streams) stream.stop()
})

test('who hides somebody elsewhere shares it too; who hides somebody in it is shown what is their own, at once', async () => {
  const { people, group } = await crowd(5)
  const [owner, ann, ben, cid] = people as [TestAccount, TestAccount, TestAccount, TestAccount]
  const stranger = await createAccount(app)
  await app.services.social.block(ann.accountId, stranger.accountId)
  const streams = await open(people, group)
  await eventually(
    async () => (await costOf(owner, group, streams)).executions,
    (executions) => executions === 1,
  )
  await app.services.social.block(ben.accountId, cid.accountId)
  const { told, executions } = await costOf(cid, group, streams)
  expect(kinds(told)).toEqual(['MessageSent', 'MessageSent', 'ChangeWithheld', 'MessageSent', 'MessageSent'])
  expect(executions).toBeGreaterThan(1)
  for (const stream of streams) stream.stop()
})

test('who is hidden and comes into the conversation later is withheld from their first word on', async () => {
  const { people, group } = await crowd(3)
  const [owner, ann] = people as [TestAccount, TestAccount]
  const stranger = await createAccount(app)
  await openDirect(owner, stranger)
  await app.services.social.block(ann.accountId, stranger.accountId)
  const streams = await open([owner, ann], group)
  await done(owner, 'addConversationMembers', { conversationId: group, profileIds: [stranger.profileId] })
  await send(stranger, group, 'hello')
  const [forOwner, forAnn] = await Promise.all(streams.map((stream) => take(stream as never, 2)))
  expect(kinds(forOwner ?? [])).toEqual(['MemberChanged', 'MessageSent'])
  expect(kinds(forAnn ?? [])).toEqual(['ChangeWithheld', 'ChangeWithheld'])
  for (const stream of streams) stream.stop()
})

test('who came later is not shown what they may not see in the answer to it, and the others are', async () => {
  const { people, group } = await crowd(3)
  const [owner] = people as [TestAccount]
  const early = await send(owner, group, 'early')
  const late = await createAccount(app)
  await openDirect(owner, late)
  await done(owner, 'addConversationMembers', { conversationId: group, profileIds: [late.profileId] })
  const streams = await open([...people, late], group)
  const { told, executions } = await costOf(owner, group, streams, { replyToId: early.id })
  expect(executions).toBe(2)
  expect(told.map(({ change }) => change.message?.replyTo?.id)).toEqual([early.id, early.id, early.id, undefined])
  for (const stream of streams) stream.stop()
})
