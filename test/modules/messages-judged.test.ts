import { randomInt } from 'node:crypto'
import { createId } from '../../src/platform/ids.ts'
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
  send,
} from '../kit/conversations.ts'
import { rounds } from '../kit/fuzz.ts'
import { lift, rawId, restrict } from '../kit/hiding.ts'
import { newClientId } from '../kit/phones.ts'
import { redisDump, traces } from '../kit/stores.ts'
import { hashOf, ModelClient, serverState } from '../kit/sync-model.ts'

let app: TestApp
let other: TestApp
beforeAll(async () => {
  app = await createTestApp()
  other = await app.node()
})

const person = () => createAccount(app)
const sendDocument = `mutation ($input: SendMessageInput!) { sendMessage(input: $input) { __typename
  ... on SendMessagePayload { created sentMessage { id body } } ... on Error { code }
  ... on RestrictedError { restriction surface explanation retryAfterMs } } }`

async function pair() {
  const [ann, ben] = [await person(), await person()]
  return { ann, ben, id: await openDirect(ann, ben) }
}

describe('whoever may not write', () => {
  test('is told so by a type, with how long, wherever they write; what is there already is refused to nobody', async () => {
    const { ann, ben, id } = await pair()
    const cid = await person()
    await openDirect(ann, cid)
    const group = await createGroup(ann, [ben], 'Chess')
    const asked = { conversationId: id, clientId: newClientId(), body: 'before' }
    const { sentMessage: sent } = await done(ann, 'sendMessage', asked)
    await done(ann, 'editMessage', { messageId: sent?.id, body: 'before, edited' })
    const made = { clientId: newClientId(), name: 'Go', usernames: [ben.username] }
    const { conversation: go } = await done(ann, 'createGroupConversation', made)
    const mute = await restrict(app, ann, 'MUTE', { minutes: 10 })

    const { data } = await ann.ask(sendDocument, { input: { ...asked, clientId: newClientId() } })
    expect(data).toMatchObject({
      sendMessage: {
        __typename: 'RestrictedError',
        restriction: 'MUTE',
        explanation: 'Take a break.',
        code: 'FORBIDDEN',
      },
    })
    const { retryAfterMs } = (data as unknown as { sendMessage: { retryAfterMs: number } }).sendMessage
    expect(Math.ceil(retryAfterMs / 60_000)).toBe(10)
    const refused = async (name: string, input: object, on = app) =>
      expect(await outcome(ann, name, input, on)).toMatchObject({ __typename: 'RestrictedError' })
    await refused('editMessage', { messageId: sent?.id, body: 'otherwise' }, other)
    await refused('renameConversation', { conversationId: group, name: 'Draughts' })
    await refused('addConversationMembers', { conversationId: group, profileIds: [cid.profileId] })
    await refused('createGroupConversation', { ...made, clientId: newClientId() })
    await refused('openDirectConversation', { username: (await person()).username })

    expect(await done(ann, 'sendMessage', asked, other)).toMatchObject({
      created: false,
      sentMessage: { id: sent?.id },
    })
    expect((await outcome(ann, 'sendMessage', { ...asked, body: 'other words' })).code).toBe('IDEMPOTENCY_MISMATCH')
    await done(ann, 'editMessage', { messageId: sent?.id, body: 'before, edited' })
    await done(ann, 'renameConversation', { conversationId: group, name: 'Chess' })
    await done(ann, 'addConversationMembers', { conversationId: group, profileIds: [ben.profileId] })
    expect(await done(ann, 'createGroupConversation', made)).toMatchObject({
      created: false,
      conversation: { id: go?.id },
    })
    expect(await done(ann, 'openDirectConversation', { profileId: ben.profileId })).toMatchObject({ created: false })
    await done(ann, 'setReaction', { messageId: sent?.id, emoji: '👍', present: true })
    await lift(app, ann, mute)
    await done(ann, 'sendMessage', { ...asked, clientId: newClientId() }, other)
  })

  test('learns nothing of what they may not see', async () => {
    const { ann, id } = await pair()
    const strange = await pair()
    const theirs = await send(strange.ann, strange.id, 'not for ann')
    await restrict(app, ann, 'MUTE')
    expect((await outcome(ann, 'editMessage', { messageId: theirs.id, body: 'mine' })).code).toBe('NOT_FOUND')
    expect((await outcome(ann, 'renameConversation', { conversationId: strange.id, name: 'Mine' })).code).toBe(
      'NOT_FOUND',
    )
    expect((await outcome(ann, 'renameConversation', { conversationId: id, name: 'Mine' })).code).toBe('BAD_USER_INPUT')
  })
})

test('an edit by a shadowed author takes the message from everybody else, and gives it back when that is undone', async () => {
  const { ann, ben, id } = await pair()
  const client = new ModelClient(ben)
  await client.begin()
  const message = await send(ann, id, 'fine words')
  const later = await send(ben, id, 'yes')
  await client.catchUp()
  const shadow = await restrict(app, ann, 'SHADOW')
  await done(ann, 'editMessage', { messageId: message.id, body: 'other words' })
  expect(await bodiesOf(ann, id)).toEqual(['other words', 'yes'])
  expect(await bodiesOf(ben, id)).toEqual(['yes'])
  await client.catchUp()
  expect([...(client.state.get(id)?.messages.keys() ?? [])]).toEqual([later.seq])
  await lift(app, ann, shadow)
  expect(await app.services.messages.subjects.reveal(ann.accountId, shadow)).toBe(1)
  await client.catchUp()
  expect(hashOf(client.state)).toBe(hashOf(await serverState(ben)))
  expect(await bodiesOf(ben, id)).toEqual(['other words', 'yes'])
})

describe('decisions of two nodes at once', () => {
  test('the same one happens once, and every client that follows has in the end what the server has', async () => {
    const { ann, ben, id } = await pair()
    const group = await createGroup(ann, [ben])
    const clients = [ann, ben].map((one) => new ModelClient(one))
    for (const client of clients) await client.begin()
    const said = []
    for (let i = 0; i < 12; i++) said.push(await send(i % 2 ? ann : ben, i % 3 ? id : group, `message ${i}`))
    const subjectsOf = (on: TestApp) => on.services.messages.subjects
    const states = ['VISIBLE', 'HIDDEN', 'REMOVED'] as const
    for (let round = 0; round < rounds(80); round += 1) {
      const by = createId(app.clock.now())
      const chosen = said.filter(() => randomInt(2) === 0)
      const state = states[randomInt(3)] ?? 'VISIBLE'
      const before = await stateChanges([id, group])
      const changed = await currentStates([id, group])
      const work = chosen.flatMap((one) =>
        [app, other, app].map((on) => subjectsOf(on).setState(rawId(one.id), state, by)),
      )
      expect(await Promise.all(work)).not.toContain(false)
      const expected = chosen.filter((one) => changed.get(one.id) !== state).length
      expect((await stateChanges([id, group])) - before).toBe(expected)
      if (round % 5 === 0) for (const client of clients) await client.catchUp(3)
    }
    for (const [i, who] of [ann, ben].entries()) {
      await clients[i]?.catchUp()
      expect(hashOf(clients[i]?.state ?? new Map())).toBe(hashOf(await serverState(who)))
    }
  })

  test('what is written while a shadow ends is seen by everybody in the end, once', async () => {
    const { ann, ben, id } = await pair()
    for (let round = 0; round < rounds(40); round += 1) {
      const shadow = await restrict(app, ann, 'SHADOW')
      const writes = Array.from({ length: 4 }, (_, i) =>
        done(
          ann,
          'sendMessage',
          { conversationId: id, clientId: newClientId(), body: `${round} ${i}` },
          i % 2 ? app : other,
        ),
      )
      const reveals = [app, other].map((on) => on.services.messages.subjects.reveal(ann.accountId, shadow))
      await Promise.all([...writes, lift(app, ann, shadow), ...reveals])
      await app.services.messages.subjects.reveal(ann.accountId, shadow)
      const bodies = (await bodiesOf(ben, id)).slice(-4)
      expect(bodies.sort()).toEqual([0, 1, 2, 3].map((i) => `${round} ${i}`))
    }
    const kinds = (await entriesOf(app, id)).map(({ seq }) => seq)
    expect(kinds).toEqual(kinds.map((_, i) => i + 1))
  })
})

describe('a subject', () => {
  const subjects = () => app.services.messages.subjects

  test('says what there is of it to staff, and to others what they may see', async () => {
    const { ann, ben, id } = await pair()
    const message = await send(ann, id, 'in question')
    const uuid = rawId(message.id)
    const facts = { ownerId: ann.accountId, campusId: null, text: 'in question', isPublic: false, state: 'VISIBLE' }
    const beholder = ({ accountId }: TestAccount) => ({ deviceId: null, accountId })
    expect(await subjects().facts(uuid)).toMatchObject(facts)
    expect(await subjects().seenBy(beholder(ben), uuid)).toMatchObject(facts)
    expect(await subjects().seenBy(beholder(await person()), uuid)).toBeNull()
    expect(await subjects().seenBy({ deviceId: ann.accountId, accountId: null }, uuid)).toBeNull()
    await subjects().setState(uuid, 'HIDDEN', createId(app.clock.now()))
    expect(await subjects().facts(uuid)).toMatchObject({ ...facts, state: 'HIDDEN' })
    expect(await subjects().seenBy(beholder(ben), uuid)).toBeNull()
    expect(await subjects().seenBy(beholder(ann), uuid)).toMatchObject({ text: 'in question' })
    for (const none of ['junk', `${rawId(id)}:1`, `${rawId(id)}:99`, `${createId(app.clock.now())}:2`]) {
      expect(await subjects().facts(none)).toBeNull()
      expect(await subjects().setState(none, 'HIDDEN', createId(app.clock.now()))).toBe(false)
    }
  })

  test('of somebody erased is only a place, and what they hid from others leaves nothing', async () => {
    const { ann, ben, id } = await pair()
    const shadow = await restrict(app, ann, 'SHADOW')
    const cid = await person()
    const hidden = await send(ann, id, 'unheard words')
    const alone = await openDirect(ann, cid)
    await send(ann, alone, 'unheard words')
    const group = await createGroup(ben, [ann], 'Walks')
    await done(ben, 'setConversationRole', { conversationId: group, profileId: ann.profileId, role: 'ADMIN' })
    await done(ann, 'renameConversation', { conversationId: group, name: 'unheard name' })
    await done(ann, 'addConversationMembers', { conversationId: group, usernames: [], profileIds: [cid.profileId] })
    await app.services.messages.erase(ann.accountId)
    expect(await traces(app, 'unheard words', 'unheard name')).toEqual([])
    expect(await subjects().facts(rawId(hidden.id))).toMatchObject({ ownerId: null, text: '' })
    const { rows } = await app.postgres.pool.query(
      'select 1 from conversation_entries where hidden_by = $1 union all select 1 from conversation_members where hidden_by = $1',
      [shadow],
    )
    expect(rows).toEqual([])
    const ends = (await entriesOf(app, id)).filter(({ kind }) => kind === 'ERASED')
    expect(ends).toEqual([])
    expect((await conversationOf(ben, group)).members).toHaveLength(1)
    expect((await entriesOf(app, alone)).length).toBe(0)
    expect([...(await redisDump(app)).values()].join()).not.toContain('unheard')
  })
})

/** How many times anything was hidden or shown. */
async function stateChanges(ids: string[]): Promise<number> {
  const entries = await Promise.all(ids.map((id) => entriesOf(app, id)))
  return entries.flat().filter(({ kind }) => kind === 'HIDDEN' || kind === 'SHOWN').length
}

async function currentStates(ids: string[]): Promise<Map<string, string>> {
  const { rows } = await app.postgres.pool.query<{ id: string; state: string }>(
    `select conversation_id || ':' || seq as id, content_state as state from conversation_entries
     where kind = 'MESSAGE' and conversation_id = any($1::uuid[])`,
    [ids.map(rawId)],
  )
  return new Map(rows.map(({ id, state }) => [Buffer.from(`Message:${id}`).toString('base64'), state]))
}
