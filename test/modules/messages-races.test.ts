import { jest } from '@jest/globals'
import { createAccount, type TestAccount } from '../kit/accounts.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import {
  conversationOf,
  createGroup,
  done,
  entriesOf,
  insertAccounts,
  openDirect,
  outcome,
  send,
} from '../kit/conversations.ts'
import { rounds } from '../kit/fuzz.ts'
import { rawId } from '../kit/organizers.ts'
import { newClientId } from '../kit/phones.ts'

jest.setTimeout(120_000)

let app: TestApp
let other: TestApp
let crowd: TestAccount[]
beforeAll(async () => {
  app = await createTestApp({ DATABASE_POOL_SIZE: '10' })
  other = await app.node()
  crowd = await inBatches(46, 8, () => createAccount(app))
})

/** Does something so many times, so many at once. */
async function inBatches<T>(times: number, atOnce: number, work: (i: number) => Promise<T>): Promise<T[]> {
  const results: T[] = []
  for (let from = 0; from < times; from += atOnce) {
    const batch = Array.from({ length: Math.min(atOnce, times - from) }, (_, i) => work(from + i))
    results.push(...(await Promise.all(batch)))
  }
  return results
}
const member = (i: number) => crowd[i % crowd.length] as TestAccount

/** Every position is taken, once, and the conversation counts as many. */
async function expectWhole(conversationId: string) {
  const entries = await entriesOf(app, conversationId)
  expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, i) => i + 1))
  const text = 'select last_seq from conversations where id = $1'
  const { rows } = await app.postgres.pool.query(text, [rawId(conversationId)])
  expect(rows[0].last_seq).toBe(entries.length)
  return entries
}

test('one message sent to two nodes at once many times: it is there once, and one of them has made it', async () => {
  const [ann, ben] = [member(0), member(1)]
  const direct = await openDirect(ann, ben)
  const pairs = await inBatches(rounds(1000), 20, async (i) => {
    const input = { conversationId: direct, clientId: newClientId(), body: `message ${i}` }
    return Promise.all([done(ann, 'sendMessage', input, app), done(ann, 'sendMessage', input, other)])
  })
  for (const [one, two] of pairs) {
    expect(one.sentMessage).toEqual(two.sentMessage)
    expect([one.created, two.created].sort()).toEqual([false, true])
  }
  expect(await expectWhole(direct)).toHaveLength(rounds(1000) + 1)
})

test('two people who open the conversation with each other at once, many pairs: each pair has one', async () => {
  const pairs = crowd
    .flatMap((one, i) => crowd.slice(i + 1).map((two) => [one, two] as const))
    .slice(1, rounds(1000) + 1)
  expect(pairs).toHaveLength(rounds(1000))
  const opened = await inBatches(pairs.length, 20, async (i) => {
    const [one, two] = pairs[i] ?? [member(0), member(1)]
    return Promise.all([
      done(one, 'openDirectConversation', { profileId: two.profileId }, app),
      done(two, 'openDirectConversation', { username: one.username }, other),
    ])
  })
  for (const both of opened) {
    expect(both[0].conversation?.id).toBe(both[1].conversation?.id)
    expect(both.map(({ created }) => created).sort()).toEqual([false, true])
  }
})

test('32 people who write at once on two nodes get 1, 2, 3, … without a hole or a place given twice', async () => {
  const senders = crowd.slice(0, 32)
  const group = await createGroup(member(0), senders.slice(1))
  const each = 25
  const sent = await Promise.all(
    senders.map(async (sender, i) => {
      const seqs: number[] = []
      for (let n = 0; n < each; n++)
        seqs.push((await send(sender, group, `${n} of ${i}`, {}, (n + i) % 2 ? app : other)).seq)
      return seqs
    }),
  )
  for (const seqs of sent) expect(seqs).toEqual([...seqs].sort((a, b) => a - b))
  const all = sent.flat().sort((a, b) => a - b)
  expect(all).toEqual(Array.from({ length: 32 * each }, (_, i) => i + 2))
  await expectWhole(group)
})

test('who is taken out while they write says nothing afterwards, many times', async () => {
  const [owner, writer] = [member(0), member(1)]
  const group = await createGroup(owner, [writer, member(2)])
  for (let round = 0; round < rounds(200); round++) {
    const [said] = await Promise.all([
      Promise.all(
        [app, other].map((on) =>
          outcome(writer, 'sendMessage', { conversationId: group, clientId: newClientId(), body: 'still here' }, on),
        ),
      ),
      done(
        owner,
        'removeConversationMember',
        { conversationId: group, profileId: writer.profileId },
        round % 2 ? app : other,
      ),
    ])
    const { rows } = await app.postgres.pool.query<{ left_seq: number; last: number }>(
      `select left_seq, (select max(seq) from conversation_entries e where e.conversation_id = m.conversation_id
         and e.actor_id = m.account_id and e.kind = 'MESSAGE') as last
       from conversation_members m where conversation_id = $1 and account_id = $2`,
      [rawId(group), writer.accountId],
    )
    expect(rows[0]?.last ?? 0).toBeLessThan(rows[0]?.left_seq ?? 0)
    for (const { code } of said) expect([undefined, 'NOT_FOUND']).toContain(code)
    await done(owner, 'addConversationMembers', { conversationId: group, usernames: [writer.username] })
  }
  await expectWhole(group)
})

test('one group made by two nodes at once, many times: there is one', async () => {
  const made = await inBatches(rounds(100), 10, async () => {
    const input = { clientId: newClientId(), name: 'Go', usernames: [member(1).username] }
    return Promise.all([app, other].map((on) => done(member(0), 'createGroupConversation', input, on)))
  })
  for (const both of made) {
    expect(both[0]?.conversation?.id).toBe(both[1]?.conversation?.id)
    expect(both.map(({ created }) => created).sort()).toEqual([false, true])
  }
})

test('the last seat goes to one of those who are added at once, many times', async () => {
  const [owner, admin] = [member(0), member(1)]
  const group = await createGroup(owner, [admin])
  await done(owner, 'setConversationRole', { conversationId: group, profileId: admin.profileId, role: 'ADMIN' })
  const usernames = await insertAccounts(app, 253)
  await done(owner, 'addConversationMembers', { conversationId: group, usernames })
  for (let round = 0; round < rounds(100); round++) {
    const [one, two] = [member(2 + (round % 20)), member(23 + (round % 20))]
    const added = await Promise.all([
      outcome(owner, 'addConversationMembers', { conversationId: group, usernames: [one.username] }, app),
      outcome(admin, 'addConversationMembers', { conversationId: group, usernames: [two.username] }, other),
    ])
    expect(added.map(({ __typename }) => __typename).sort()).toEqual([
      'AddConversationMembersPayload',
      'ConversationFullError',
    ])
    const winner = added[0]?.code ? two : one
    await done(winner, 'leaveConversation', { conversationId: group })
  }
})

test('an owner and everybody else who leave at once, many times: whoever is left has one owner', async () => {
  for (let round = 0; round < rounds(50); round++) {
    const people = crowd.slice(0, 5)
    const group = await createGroup(member(0), people.slice(1))
    const leaving = people.slice(0, 4)
    await Promise.all(
      leaving.map((one, i) => done(one, 'leaveConversation', { conversationId: group }, i % 2 ? app : other)),
    )
    const { members } = await conversationOf(member(4), group)
    expect(members).toMatchObject([{ profile: { id: member(4).profileId }, role: 'OWNER' }])
    await expectWhole(group)
  }
})

test('receipts of several devices at once only ever go ahead, and each that is told goes further than the one before', async () => {
  const [ann, ben] = [member(0), member(2)]
  const direct = await openDirect(ann, ben)
  for (let round = 0; round < rounds(50); round++) {
    const sent = await Promise.all(Array.from({ length: 4 }, (_, i) => send(ann, direct, `${round} ${i}`)))
    const marks = sent.flatMap(({ seq }) => ['markRead', 'markDelivered'].map((name) => ({ name, upToSeq: seq })))
    await Promise.all(
      marks.map(({ name, upToSeq }, i) => done(ben, name, { conversationId: direct, upToSeq }, i % 2 ? app : other)),
    )
    const { members } = await conversationOf(ben, direct)
    const mine = members.find(({ profile }) => profile.id === ben.profileId)
    const highest = Math.max(...sent.map(({ seq }) => seq))
    expect(mine).toMatchObject({ readSeq: highest, deliveredSeq: highest })
  }
  await expectWhole(direct)
  const text = `select kind, target_seq from conversation_entries where conversation_id = $1 and kind in ('READ', 'DELIVERED') order by seq`
  const { rows } = await app.postgres.pool.query<{ kind: string; target_seq: number }>(text, [rawId(direct)])
  for (const kind of ['READ', 'DELIVERED']) {
    const targets = rows.filter((row) => row.kind === kind).map(({ target_seq }) => target_seq)
    expect(targets).toEqual([...new Set(targets)].sort((a, b) => a - b))
  }
})
