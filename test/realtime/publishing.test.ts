import { randomUUID } from 'node:crypto'
import type { ConversationEntryStore } from '../../src/modules/messages/entry-store.ts'
import { createConversationEntryStore } from '../../src/modules/messages/entry-store.ts'
import { conversationTopic, inboxTopic, type PublishedPointer } from '../../src/modules/messages/events.ts'
import { createInboxStore, type InboxStore } from '../../src/modules/messages/inbox-store.ts'
import { createPublishing, type Publishing } from '../../src/modules/messages/publishing.ts'
import { createRelay } from '../../src/modules/messages/relay.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { eventually } from '../kit/eventually.ts'
import { rounds } from '../kit/fuzz.ts'

interface Node {
  app: TestApp
  entries: ConversationEntryStore
  inboxes: InboxStore
  publishing: Publishing
  relay(): Promise<void>
}

function nodeOf(app: TestApp): Node {
  const { delivery, redis, postgres } = app
  const logger = { error() {}, warn() {}, info() {}, debug() {} }
  const entries = createConversationEntryStore(postgres)
  const inboxes = createInboxStore({ redis, delivery })
  const topic = conversationTopic(entries.source)
  const publishing = createPublishing({ entries, inboxes, delivery, topic, logger })
  return { app, entries, inboxes, publishing, relay: createRelay({ entries, inboxes, publishing }) }
}

let a: Node
let b: Node
beforeAll(async () => {
  const app = await createTestApp()
  a = nodeOf(app)
  b = nodeOf(await app.node())
})
afterAll(() => Promise.all([a?.publishing.close(), b?.publishing.close()]))

const sql = (text: string, values: unknown[] = []) => a.app.postgres.pool.query(text, values)

/** Accounts in a conversation of their own, with its first entry, which nobody has published. */
async function createConversation(members: number): Promise<{ id: string; memberIds: string[] }> {
  const id = randomUUID()
  const memberIds = Array.from({ length: members }, () => randomUUID())
  await sql(`insert into conversations (id, kind) values ($1, 'GROUP')`, [id])
  for (const accountId of memberIds) {
    await sql(`insert into accounts (id, username, roles) values ($1, $2, '{USER}')`, [accountId, accountId])
    await sql(`insert into conversation_members (conversation_id, account_id, joined_seq) values ($1, $2, 1)`, [
      id,
      accountId,
    ])
  }
  await write({ id, memberIds }, { kind: 'CREATED' })
  return { id, memberIds }
}

type Conversation = Awaited<ReturnType<typeof createConversation>>

/** What a statement of the module does: the next place in the conversation, and an entry there. */
async function write(
  { id, memberIds }: Conversation,
  { kind = 'MESSAGE', data = null }: { kind?: PublishedPointer['kind']; data?: object | null } = {},
): Promise<PublishedPointer> {
  const { rows } = await sql(
    `with given as (update conversations set last_seq = last_seq + 1 where id = $1 returning last_seq)
     insert into conversation_entries (conversation_id, seq, kind, actor_id, data)
     select $1, last_seq, $2::"EntryKind", $3, $4 from given returning seq`,
    [id, kind, memberIds[0], data],
  )
  return { conversationId: id, seq: rows[0].seq, kind, actorId: memberIds[0] ?? null, targetSeq: null }
}

/** Everything in an inbox: `[its own seq, that of the conversation]`. */
async function inboxOf(accountId: string | undefined): Promise<[number, number][]> {
  const { log } = a.app.delivery
  const [head] = await log.positions([{ topic: inboxTopic, key: accountId ?? '' }])
  const { entries } = await log.read(inboxTopic, accountId ?? '', { epoch: head?.epoch ?? '', seq: 0 }, 2000)
  return entries.map(({ seq, payload }) => [seq, (payload as PublishedPointer).seq])
}
const upTo = (n: number) => Array.from({ length: n }, (_, i): [number, number] => [i + 1, i + 1])
const settled = () => Promise.all([a.publishing.settled(), b.publishing.settled()])

test('what two nodes publish in whatever order is in every inbox once and in the order of the conversation', async () => {
  const conversations = await Promise.all(Array.from({ length: 40 }, () => createConversation(3)))
  const told: { pointer: PublishedPointer; memberIds: string[] | undefined }[] = []
  for (const conversation of conversations)
    for (let i = 0; i < 25; i += 1)
      told.push({ pointer: await write(conversation), memberIds: i % 3 === 0 ? undefined : conversation.memberIds })
  for (let i = told.length - 1; i > 0; i -= 1) {
    const j = Math.floor(Math.random() * (i + 1))
    ;[told[i], told[j]] = [told[j] as (typeof told)[0], told[i] as (typeof told)[0]]
  }
  for (const [i, { pointer, memberIds }] of told.entries()) {
    const node = Math.random() < 0.5 ? a : b
    node.publishing.publish([pointer], memberIds)
    // Some of it twice, and by both.
    if (i % 10 === 0) b.publishing.publish([pointer], memberIds)
    if (i % 20 === 0) await settled()
  }
  await settled()
  for (const { memberIds } of conversations)
    for (const accountId of memberIds) expect(await inboxOf(accountId)).toEqual(upTo(26))
})

test('many processes that die between commit and publishing lose nothing, and the relay doubles nothing', async () => {
  const times = rounds(1600)
  const conversations = await Promise.all(Array.from({ length: 20 }, () => createConversation(2)))
  for (let i = 0; i < times; i += 1) {
    const conversation = conversations[i % 20] as Conversation
    const pointer = await write(conversation)
    // One in five lives long enough, and one dies in the middle.
    if (i % 5 === 0) a.publishing.publish([pointer], conversation.memberIds)
    if (i % 5 === 1) await reachOne(conversation, pointer)
  }
  await settled()
  await eventually(
    async () => {
      await Promise.all([a.relay(), b.relay()])
      return Promise.all(conversations.map(({ memberIds }) => inboxOf(memberIds[1])))
    },
    (inboxes) => inboxes.every((inbox) => inbox.length === times / 20 + 1),
  )
  await Promise.all([a.relay(), b.relay()])
  for (const { memberIds } of conversations)
    for (const accountId of memberIds) expect(await inboxOf(accountId)).toEqual(upTo(times / 20 + 1))
})

async function reachOne({ id, memberIds: [accountId = ''] }: Conversation, pointer: PublishedPointer) {
  const { seq } = pointer
  const place = { accountId, after: seq - 1, upTo: seq, fromNothing: false, lossy: false }
  await b.inboxes.append(id, [{ ...place, pointers: [pointer] }], [])
}

test('what cannot be published keeps nothing else back, and is tried again', async () => {
  const [stuck, fine] = [await createConversation(1), await createConversation(1)]
  for (const conversation of [stuck, fine]) await write(conversation)
  const stubborn = createRelay({
    ...a,
    publishing: {
      publishUpTo: (id, seq) => (id === stuck.id ? Promise.reject(new Error('no')) : a.publishing.publishUpTo(id, seq)),
    },
  })
  await eventually(
    async () => {
      await stubborn().catch(() => undefined)
      return inboxOf(fine.memberIds[0])
    },
    (inbox) => inbox.length === 2,
  )
  await expect(stubborn()).rejects.toThrow('no')
  expect(await inboxOf(stuck.memberIds[0])).toEqual([])
  await b.relay()
  expect(await inboxOf(stuck.memberIds[0])).toEqual(upTo(2))
})

test('the relay asks nothing twice of what it knows to be there', async () => {
  const conversation = await createConversation(2)
  for (let i = 0; i < 5; i += 1) a.publishing.publish([await write(conversation)], conversation.memberIds)
  await a.publishing.close()
  const marks = await a.inboxes.marks([conversation.id])
  expect(marks).toEqual([6])
})

test('who is removed is told so as the last thing, also by whoever publishes what comes after it', async () => {
  const conversation = await createConversation(3)
  const [, removed, stays] = conversation.memberIds
  a.publishing.publish([await write(conversation)], conversation.memberIds)
  await settled()
  const { seq } = await write(conversation, { kind: 'MEMBER', data: { accountId: removed, change: 'REMOVED' } })
  await sql('update conversation_members set left_seq = $3 where conversation_id = $1 and account_id = $2', [
    ...[conversation.id, removed, seq],
  ])
  // Its process has died, and somebody speaks on.
  const present = conversation.memberIds.filter((id) => id !== removed)
  b.publishing.publish([await write({ ...conversation, memberIds: present })], present)
  await settled()
  expect(await inboxOf(stays)).toEqual(upTo(4))
  expect(await inboxOf(removed)).toEqual(upTo(3))
})

test('who joins finds what happened from then on, whatever else was not published', async () => {
  const conversation = await createConversation(2)
  await write(conversation)
  const joining = randomUUID()
  await sql(`insert into accounts (id, username, roles) values ($1, $2, '{USER}')`, [joining, joining])
  const entry = await write(conversation, { kind: 'MEMBER', data: { accountId: joining, change: 'ADDED' } })
  await sql('insert into conversation_members (conversation_id, account_id, joined_seq) values ($1, $2, $3)', [
    ...[conversation.id, joining, entry.seq],
  ])
  const after = await write(conversation)
  a.publishing.publish([after], [...conversation.memberIds, joining])
  b.publishing.publish([entry])
  await settled()
  expect((await inboxOf(joining)).map(([, seq]) => seq)).toEqual([3, 4])
  expect(await inboxOf(conversation.memberIds[0])).toEqual(upTo(4))
})

test('an inbox that missed more than it keeps says so', async () => {
  const conversation = await createConversation(1)
  const [accountId = ''] = conversation.memberIds
  a.publishing.publish([await write(conversation)], conversation.memberIds)
  await settled()
  const reader = await a.app.delivery.subscribe(inboxTopic, accountId)
  const ready = await reader.next()
  await reader.return?.()
  await sql(
    `with given as (update conversations set last_seq = 1202 where id = $1)
     insert into conversation_entries (conversation_id, seq, kind) select $1, n, 'MESSAGE' from generate_series(3, 1202) n`,
    [conversation.id],
  )
  await b.publishing.publishUpTo(conversation.id, 1202)
  expect((await inboxOf(accountId)).map(([, seq]) => seq)).toEqual(Array.from({ length: 1000 }, (_, i) => 203 + i))
  const again = await b.app.delivery.subscribe(inboxTopic, accountId, { after: ready.value?.cursor })
  expect((await again.next()).value).toMatchObject({ kind: 'resync', reason: 'WINDOW_EXCEEDED' })
  await again.return?.()
})
