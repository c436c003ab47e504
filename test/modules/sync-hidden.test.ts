import { jest } from '@jest/globals'
import { createAccount, type TestAccount } from '../kit/accounts.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { createGroup, done, openDirect, send } from '../kit/conversations.ts'
import { bootstrap, changesFor, namedProfiles } from '../kit/sync-model.ts'

let app: TestApp
beforeAll(async () => {
  app = await createTestApp()
})

const person = () => createAccount(app)

async function trio() {
  const [ann, ben, cid] = [await person(), await person(), await person()]
  for (const other of [ben, cid]) await openDirect(ann, other)
  return { ann, ben, cid, group: await createGroup(ann, [ben, cid]) }
}

async function block(who: TestAccount, whom: TestAccount): Promise<string> {
  const { data, errors } = await who.ask<{ block: { block: { id: string } } }>(
    `mutation ($input: BlockInput!) { block(input: $input) { ... on BlockPayload { block { id } } } }`,
    { input: { profileId: whom.profileId } },
  )
  if (!data?.block?.block) throw new Error(JSON.stringify({ data, errors }))
  return data.block.block.id
}

async function unblock(who: TestAccount, blockId: string) {
  const { errors } = await who.ask('mutation ($input: UnblockInput!) { unblock(input: $input) { __typename } }', {
    input: { blockId },
  })
  if (errors) throw new Error(JSON.stringify(errors))
}

const changesIn = async (who: TestAccount, conversationId: string, seq = 0) => {
  const answer = await changesFor(who, { after: [{ conversationId, seq }] })
  return { answer, changes: answer.conversations[0]?.changes ?? [] }
}

describe('somebody whom a block hides', () => {
  test('is withheld, and only their places are left: for both, and for nobody else', async () => {
    const { ann, ben, cid, group } = await trio()
    const theirs = await send(ben, group, 'from ben')
    const mine = await send(cid, group, 'from cid', { replyToId: theirs.id })
    await done(ben, 'editMessage', { messageId: theirs.id, body: 'edited' })
    await done(ann, 'setReaction', { messageId: theirs.id, emoji: '👍', present: true })
    await done(ben, 'setReaction', { messageId: mine.id, emoji: '👎', present: true })
    await done(ben, 'markRead', { conversationId: group, upToSeq: 3 })
    await block(cid, ben)

    const { answer, changes } = await changesIn(cid, group)
    expect(changes.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7])
    expect(changes.map(({ __typename }) => __typename)).toEqual([
      ...['ConversationCreated', 'ChangeWithheld', 'MessageSent', 'ChangeWithheld'],
      ...['ChangeWithheld', 'ChangeWithheld', 'ChangeWithheld'],
    ])
    expect(changes[2]).toMatchObject({ message: { body: 'from cid', replyTo: null, reactions: [] } })
    expect(namedProfiles(answer)).not.toContain(ben.profileId)

    const others = (await changesIn(ben, group)).changes
    expect(others[2]?.__typename).toBe('ChangeWithheld')
    const inBetween = (await changesIn(ann, group)).changes.map(({ __typename }) => __typename)
    expect(inBetween).not.toContain('ChangeWithheld')
  })

  test('does to a group what everybody has to know, without being named', async () => {
    const { ann, ben, cid, group } = await trio()
    await done(ann, 'setConversationRole', { conversationId: group, profileId: ben.profileId, role: 'ADMIN' })
    const mine = await send(cid, group, 'words')
    await done(ben, 'deleteMessage', { messageId: mine.id })
    await block(cid, ben)
    await done(ben, 'renameConversation', { conversationId: group, name: 'Go' })
    await done(ben, 'leaveConversation', { conversationId: group })
    const { answer, changes } = await changesIn(cid, group, 3)
    expect(changes).toMatchObject([
      { __typename: 'MessageDeleted', message: { id: mine.id, body: null } },
      { __typename: 'ConversationRenamed', name: 'Go', by: null },
      { __typename: 'ChangeWithheld' },
    ])
    expect(namedProfiles(answer)).not.toContain(ben.profileId)
  })

  test('is in no page of a bootstrap, and says nothing there', async () => {
    const { ann, ben, cid, group } = await trio()
    await openDirect(ben, cid)
    for (let i = 0; i < 3; i++) await send(ben, group, 'from ben')
    const last = await send(ann, group, 'from ann')
    await block(cid, ben)
    const page = await bootstrap(cid, { messages: 2 })
    expect(page.conversations.map(({ conversation }) => conversation.kind).sort()).toEqual(['DIRECT', 'GROUP'])
    const snapshot = page.conversations.find(({ conversation }) => conversation.id === group)
    expect(snapshot).toMatchObject({ upToSeq: last.seq, hasOlder: false, messages: [{ body: 'from ann' }] })
    expect(snapshot?.conversation.members).toHaveLength(2)
    expect(namedProfiles(page)).not.toContain(ben.profileId)
  })

  test('takes a direct conversation along, and brings it back', async () => {
    const [ann, ben] = [await person(), await person()]
    const direct = await openDirect(ann, ben)
    await send(ben, direct, 'hello')
    const before = await changesFor(ann)
    const blockId = await block(ben, ann)
    const gone = await changesFor(ann, { since: before.since, after: [{ conversationId: direct, seq: 1 }] })
    expect(gone).toMatchObject({ left: [direct], changed: [], conversations: [] })
    expect((await bootstrap(ann)).conversations).toEqual([])
    await unblock(ben, blockId)
    const back = await changesFor(ann, { since: gone.since, after: [{ conversationId: direct, seq: 1 }] })
    expect(back).toMatchObject({ left: [], changed: [{ conversationId: direct, latestSeq: 2 }] })
    expect(back.conversations[0]?.changes).toMatchObject([{ message: { body: 'hello' } }])
  })
})

test('what was said before somebody came is not told by what happens to it afterwards', async () => {
  const { ann, ben, group } = await trio()
  const dan = await person()
  await openDirect(ann, dan)
  const early = await send(ann, group, 'secret')
  await done(ann, 'addConversationMembers', { conversationId: group, profileIds: [dan.profileId] })
  await done(ann, 'editMessage', { messageId: early.id, body: 'still secret' })
  await done(ben, 'setReaction', { messageId: early.id, emoji: '👍', present: true })
  await send(ben, group, 'an answer', { replyToId: early.id })
  const { changes } = await changesIn(dan, group)
  expect(changes).toMatchObject([
    { __typename: 'MemberChanged', change: 'ADDED' },
    { __typename: 'ChangeWithheld' },
    { __typename: 'ChangeWithheld' },
    { __typename: 'MessageSent', message: { body: 'an answer', replyTo: null } },
  ])
})

test('of who is erased, only places are left', async () => {
  const { ann, ben, cid, group } = await trio()
  const theirs = await send(ben, group, 'theirs')
  const mine = await send(ann, group, 'mine')
  await done(ben, 'setReaction', { messageId: mine.id, emoji: '👍', present: true })
  await done(cid, 'setReaction', { messageId: theirs.id, emoji: '👍', present: true })
  await done(ben, 'markRead', { conversationId: group, upToSeq: 3 })
  await app.services.messages.erase(ben.accountId)
  const { answer, changes } = await changesIn(ann, group)
  expect(namedProfiles(answer)).not.toContain(ben.profileId)
  expect(JSON.stringify(answer)).not.toContain('theirs')
  expect(changes.map(({ seq }) => seq)).toEqual(changes.map((_, i) => i + 1))
  expect(changes[1]).toMatchObject({
    message: { id: theirs.id, body: null, sender: null, clientId: null, reactions: [] },
  })
  expect(changes[2]).toMatchObject({ message: { body: 'mine', reactions: [] } })
  expect(changes.find(({ __typename }) => __typename === 'MessagesErased')).toMatchObject({
    ranges: [{ from: theirs.seq, to: theirs.seq }],
  })
})

describe('the number of statements', () => {
  /** How many statements some work takes, once everything is warm. */
  async function statementsOf(work: () => Promise<unknown>): Promise<number> {
    await work()
    const query = jest.spyOn(app.postgres.pool, 'query')
    await work()
    const names = query.mock.calls.map(([statement]) => (statement as { name?: string }).name ?? '')
    query.mockRestore()
    // Not what a timer of the app happens to ask.
    return names.filter((name) => /^(sync|changes|messages|profiles)-/.test(name)).length
  }

  test('is the same for one conversation and for twenty, for one change and for many', async () => {
    const ann = await person()
    const groups = []
    for (let i = 0; i < 20; i++) {
      const ben = await person()
      await openDirect(ann, ben)
      const group = await createGroup(ann, [ben])
      const first = await send(ben, group, 'one')
      await send(ann, group, 'two', { replyToId: first.id })
      await done(ben, 'editMessage', { messageId: first.id, body: 'changed' })
      await done(ann, 'setReaction', { messageId: first.id, emoji: '👍', present: true })
      await done(ben, 'markRead', { conversationId: group, upToSeq: 3 })
      groups.push(group)
    }
    const { since } = await bootstrap(ann, { first: 1, messages: 1 })
    const positions = groups.map((conversationId) => ({ conversationId, seq: 0 }))
    const few = await statementsOf(() => changesFor(ann, { since, after: positions.slice(0, 1) }))
    const many = await statementsOf(() => changesFor(ann, { since, after: positions }))
    expect(many).toBe(few)
    expect(many).toBeLessThanOrEqual(12)
    const small = await statementsOf(() => bootstrap(ann, { first: 1, messages: 5 }))
    const large = await statementsOf(() => bootstrap(ann, { first: 40, messages: 5 }))
    expect(large).toBe(small)
    expect(large).toBeLessThanOrEqual(12)
  })
})
