import { createAccount, type TestAccount } from '../kit/accounts.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import {
  bodiesOf,
  conversationOf,
  createGroup,
  done,
  entriesOf,
  insertAccounts,
  openDirect,
  outcome,
  perform,
  seen,
  send,
} from '../kit/conversations.ts'
import { codeOf } from '../kit/gql.ts'
import { newClientId } from '../kit/phones.ts'

let app: TestApp
let owner: TestAccount
let admin: TestAccount
let member: TestAccount
let stranger: TestAccount
beforeAll(async () => {
  app = await createTestApp()
  owner = await createAccount(app)
  admin = await createAccount(app)
  member = await createAccount(app)
  stranger = await createAccount(app)
})

/** A group with one of each role. */
async function group(more: TestAccount[] = []): Promise<string> {
  const conversationId = await createGroup(owner, [admin, member, ...more])
  await done(owner, 'setConversationRole', { conversationId, profileId: admin.profileId, role: 'ADMIN' })
  return conversationId
}
const rolesOf = async (who: TestAccount, id: string) =>
  Object.fromEntries((await conversationOf(who, id)).members.map(({ profile, role }) => [profile.id, role]))
const latest = async (who: TestAccount, id: string) => (await conversationOf(who, id)).latestSeq

describe('making a group', () => {
  test('makes its maker the owner, and everybody sees it from its first position on', async () => {
    const input = { clientId: newClientId(), name: '  Chess\u0301 club ', usernames: [admin.username, member.username] }
    const made = await done(owner, 'createGroupConversation', input)
    const id = made.conversation?.id ?? ''
    expect(made).toMatchObject({ created: true, conversation: { latestSeq: 1 } })
    for (const who of [owner, admin, member])
      expect(await conversationOf(who, id)).toMatchObject({
        ...{ kind: 'GROUP', name: 'Chesś club', firstSeq: 1, lastMessage: null },
        myRole: who === owner ? 'OWNER' : 'MEMBER',
      })
    expect(await done(owner, 'createGroupConversation', input)).toMatchObject({ created: false, conversation: { id } })
    expect(await outcome(owner, 'createGroupConversation', { ...input, name: 'Go club' })).toMatchObject({
      __typename: 'IdempotencyMismatchError',
    })
    expect(await done(admin, 'createGroupConversation', { ...input, usernames: [owner.username] })).toMatchObject({
      created: true,
    })
  })

  test('takes in by profile only those with whom its maker has to do', async () => {
    const [maker, known] = [await createAccount(app), await createAccount(app)]
    const make = (memberIds: string[]) =>
      outcome(maker, 'createGroupConversation', { clientId: newClientId(), name: 'Go', memberIds })
    expect(await make([known.profileId])).toMatchObject({ code: 'NOT_FOUND' })
    await openDirect(maker, known)
    expect(await make([known.profileId])).toMatchObject({ created: true })
    expect(await make([known.profileId, stranger.profileId])).toMatchObject({ code: 'NOT_FOUND' })
  })

  test('takes 1 to 255 others, and a name of 1 to 80 characters', async () => {
    const usernames = await insertAccounts(app, 256)
    const make = (more: object) =>
      outcome(owner, 'createGroupConversation', { clientId: newClientId(), name: 'Many', ...more })
    expect(await make({ usernames })).toMatchObject({ code: 'BAD_USER_INPUT' })
    expect(await make({ usernames: [] })).toMatchObject({ code: 'BAD_USER_INPUT' })
    expect(await make({ usernames: [owner.username] })).toMatchObject({ code: 'BAD_USER_INPUT' })
    expect(await make({ usernames: [...usernames, 'nobody-is-called-so'] })).toMatchObject({ code: 'NOT_FOUND' })
    expect(await make({ usernames: usernames.slice(1), name: 'x'.repeat(80) })).toMatchObject({ created: true })
    for (const name of ['', ' ', 'x'.repeat(81), 'two\nlines', '\u202eeman'])
      expect(await make({ usernames: usernames.slice(0, 1), name })).toMatchObject({ code: 'BAD_USER_INPUT' })
  })

  test('is possible 20 times an hour', async () => {
    const limited = await createTestApp({ RATE_LIMITS: 'on' })
    const [one, two] = [await createAccount(limited), await createAccount(limited)]
    for (let i = 0; i < 20; i++) await createGroup(one, [two], `Chess, table ${i}`)
    const input = { clientId: newClientId(), name: 'One more', usernames: [two.username] }
    expect(codeOf(await perform(one, 'createGroupConversation', input))).toBe('RATE_LIMITED')
  })
})

describe('who may do what', () => {
  type Who = 'owner' | 'admin' | 'member' | 'stranger'
  const people = (): Record<Who, TestAccount> => ({ owner, admin, member, stranger })
  const operations: [name: string, input: () => Promise<object>, allowed: Who[]][] = [
    ['addConversationMembers', async () => ({ usernames: await insertAccounts(app, 1) }), ['owner', 'admin']],
    ['removeConversationMember', async () => ({ profileId: extra.profileId }), ['owner', 'admin']],
    ['renameConversation', async () => ({ name: newClientId() }), ['owner', 'admin']],
    ['setConversationRole', async () => ({ profileId: extra.profileId, role: 'ADMIN' }), ['owner']],
    ['setConversationRole', async () => ({ profileId: extra.profileId, role: 'OWNER' }), ['owner']],
    ['sendMessage', async () => ({ clientId: newClientId(), body: 'hello' }), ['owner', 'admin', 'member']],
    ['markRead', async () => ({ upToSeq: 1 }), ['owner', 'admin', 'member']],
    ['leaveConversation', async () => ({}), ['owner', 'admin', 'member']],
  ]
  let extra: TestAccount
  beforeAll(async () => {
    extra = await createAccount(app)
  })

  const cases = operations.flatMap(([name, input, allowed]) =>
    (['owner', 'admin', 'member', 'stranger'] as const).map(
      (who) => [name, who, input, allowed.includes(who)] as const,
    ),
  )
  test.each(cases)('%s by %s', async (name, who, input, allowed) => {
    const conversationId = await group([extra])
    const before = await latest(extra, conversationId)
    const { code } = await outcome(people()[who], name, { conversationId, ...(await input()) })
    expect(code).toBe(allowed ? undefined : who === 'stranger' ? 'NOT_FOUND' : 'FORBIDDEN')
    if (!allowed) expect(await latest(extra, conversationId)).toBe(before)
  })

  test('nobody takes the owner out, or themselves, or who never was there', async () => {
    const conversationId = await group()
    const remove = (who: TestAccount, whom: TestAccount) =>
      outcome(who, 'removeConversationMember', { conversationId, profileId: whom.profileId })
    expect(await remove(admin, owner)).toMatchObject({ code: 'FORBIDDEN' })
    expect(await remove(owner, owner)).toMatchObject({ code: 'BAD_USER_INPUT' })
    expect(await remove(owner, stranger)).toMatchObject({ code: 'NOT_FOUND' })
    const before = await latest(owner, conversationId)
    expect((await remove(owner, member)).code).toBeUndefined()
    expect((await remove(owner, member)).code).toBeUndefined()
    expect(await latest(owner, conversationId)).toBe(before + 1)
  })

  test('an owner who hands over becomes an administrator, and there is one owner', async () => {
    const conversationId = await group()
    const hand = (who: TestAccount, whom: TestAccount) =>
      outcome(who, 'setConversationRole', { conversationId, profileId: whom.profileId, role: 'OWNER' })
    expect((await hand(owner, member)).code).toBeUndefined()
    expect(await rolesOf(owner, conversationId)).toEqual({
      ...{ [owner.profileId]: 'ADMIN', [admin.profileId]: 'ADMIN', [member.profileId]: 'OWNER' },
    })
    const before = await latest(owner, conversationId)
    expect((await hand(owner, member)).code).toBeUndefined()
    expect(await latest(owner, conversationId)).toBe(before)
    expect(await hand(owner, admin)).toMatchObject({ code: 'FORBIDDEN' })
    expect(await hand(member, member)).toMatchObject({ code: 'BAD_USER_INPUT' })
  })

  test('an owner who leaves is followed by the oldest administrator, or else by the oldest member; the last one just goes', async () => {
    const conversationId = await group([stranger])
    await done(owner, 'leaveConversation', { conversationId })
    expect(await rolesOf(admin, conversationId)).toMatchObject({ [admin.profileId]: 'OWNER' })
    await done(admin, 'leaveConversation', { conversationId })
    const roles = await rolesOf(member, conversationId)
    expect(Object.values(roles).sort()).toEqual(['MEMBER', 'OWNER'])
    const text = (await entriesOf(app, conversationId)).map(
      ({ kind, data }) => `${kind} ${(data as { change?: string })?.change}`,
    )
    expect(text.slice(-4)).toEqual(['MEMBER ROLE', 'MEMBER LEFT', 'MEMBER ROLE', 'MEMBER LEFT'])
    for (const who of [member, stranger]) await done(who, 'leaveConversation', { conversationId })
    await done(stranger, 'leaveConversation', { conversationId })
    for (const who of [owner, admin, member, stranger]) expect(await seen(who, conversationId)).toBe('NOT_FOUND')
  })
})

describe('what a member sees', () => {
  test('begins with their joining and ends with their leaving, and begins anew when they come back', async () => {
    const conversationId = await group()
    await send(owner, conversationId, 'before')
    const add = () => done(owner, 'addConversationMembers', { conversationId, usernames: [stranger.username] })
    await add()
    const joined = await latest(owner, conversationId)
    expect(await conversationOf(stranger, conversationId)).toMatchObject({
      ...{ firstSeq: joined, latestSeq: joined, lastMessage: null, unreadCount: 0, myRole: 'MEMBER' },
    })
    await send(owner, conversationId, 'while there')
    expect(await bodiesOf(stranger, conversationId)).toEqual(['while there'])
    await done(admin, 'removeConversationMember', { conversationId, profileId: stranger.profileId })
    const unseen = await send(owner, conversationId, 'after')
    expect(await seen(stranger, conversationId)).toBe('NOT_FOUND')
    await add()
    expect(await bodiesOf(stranger, conversationId)).toEqual([])
    expect((await conversationOf(stranger, conversationId)).unreadCount).toBe(0)
    const node = await stranger.ask('query ($id: ID!) { node(id: $id) { id } }', { id: unseen.id })
    expect(node.data).toEqual({ node: null })
    const react = { messageId: unseen.id, emoji: '👀', present: true }
    expect(await outcome(stranger, 'setReaction', react)).toMatchObject({ code: 'NOT_FOUND' })
  })

  test('adding somebody who is there changes nothing of them, and one of nobody adds no one', async () => {
    const conversationId = await group()
    await send(owner, conversationId, 'hello')
    await done(member, 'markRead', { conversationId, upToSeq: 99 })
    const before = await conversationOf(member, conversationId)
    const add = (usernames: string[]) => outcome(owner, 'addConversationMembers', { conversationId, usernames })
    await add([member.username, admin.username, owner.username])
    expect(await conversationOf(member, conversationId)).toEqual(before)
    expect(await add([stranger.username, 'nobody-is-called-so'])).toMatchObject({ code: 'NOT_FOUND' })
    expect(await add([])).toMatchObject({ code: 'BAD_USER_INPUT' })
    expect(await conversationOf(member, conversationId)).toEqual(before)
  })

  test('a group has 256 seats', async () => {
    const conversationId = await group()
    const usernames = await insertAccounts(app, 254)
    const add = (some: string[]) => outcome(owner, 'addConversationMembers', { conversationId, usernames: some })
    expect(await add(usernames)).toMatchObject({ __typename: 'ConversationFullError', code: 'CONFLICT' })
    expect(await add(usernames.slice(1))).toMatchObject({ __typename: 'AddConversationMembersPayload' })
    expect((await conversationOf(member, conversationId)).members).toHaveLength(256)
    expect(await add(usernames.slice(0, 1))).toMatchObject({ __typename: 'ConversationFullError' })
    expect(await add(usernames.slice(1, 5))).toMatchObject({ __typename: 'AddConversationMembersPayload' })
    await send(member, conversationId, 'so many of us')
  })

  test('a name that it has already is no change', async () => {
    const conversationId = await group()
    await done(admin, 'renameConversation', { conversationId, name: 'Openings' })
    const before = await latest(owner, conversationId)
    await done(owner, 'renameConversation', { conversationId, name: ' Openings ' })
    expect(await latest(owner, conversationId)).toBe(before)
    expect((await entriesOf(app, conversationId)).at(-1)).toMatchObject({ kind: 'RENAMED', data: { name: 'Openings' } })
  })
})
