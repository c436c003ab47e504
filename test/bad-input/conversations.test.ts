import { schema } from '../../src/schema.ts'
import { createAccount, type TestAccount } from '../kit/accounts.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { tell } from '../kit/authorization/asking.ts'
import { namingPlaces } from '../kit/authorization/schema-ids.ts'
import { createGroup, done, openDirect, outcome, send } from '../kit/conversations.ts'
import { newClientId } from '../kit/phones.ts'
import { follow } from '../kit/socket.ts'

let app: TestApp
let ann: TestAccount
let ben: TestAccount
let cid: TestAccount
let direct: string
let group: string
let messageId: string
beforeAll(async () => {
  app = await createTestApp({ SOCKETS_PER_VIEWER: '1000' })
  ;[ann, ben, cid] = [await createAccount(app), await createAccount(app), await createAccount(app)]
  direct = await openDirect(ann, ben)
  await openDirect(ann, cid)
  group = await createGroup(ann, [ben])
  messageId = (await send(ann, group, 'hello')).id
})
afterAll(() => {
  expect(app.logs.filter(({ level }) => level === 'error')).toEqual([])
})

const coded = (text: string) => Buffer.from(text).toString('base64')
const decoded = (id: string) => Buffer.from(id, 'base64').toString()

/** Everything of conversations in Postgres. */
async function written(): Promise<unknown> {
  const tables = ['conversations', 'conversation_members', 'conversation_entries', 'reactions', 'blocks', 'accounts']
  const sums = tables.map((name) => `(select sum(hashtext(t::text)) from ${name} t) as ${name}`)
  return (await app.postgres.pool.query(`select ${sums.join(', ')}`)).rows[0]
}

describe('64: a name of nothing', () => {
  /** By the last part of a place's path: a good one there, and what it names. */
  const good: Record<string, () => string> = {
    conversationId: () => group,
    messageId: () => messageId,
    replyToId: () => messageId,
    profileId: () => cid.profileId,
    profileIds: () => cid.profileId,
    memberIds: () => cid.profileId,
    accountId: () => coded(`Account:${cid.accountId}`),
  }
  const bad: [string, (id: string) => string][] = [
    ['empty', () => ''],
    ['*', () => '*'],
    ['SQL', () => "' OR 1=1 --"],
    ['60 KB', () => 'a'.repeat(60_000)],
    ['60 KB in its coded form', (id) => coded(`${decoded(id)}${'0'.repeat(40_000)}`)],
    ['one with a newline', (id) => `${id}\n`],
    ['one with a newline in its coded form', (id) => coded(`${decoded(id)}\n`)],
    ['one in capitals', (id) => coded(decoded(id).replace(/:.*/, (raw) => raw.toUpperCase()))],
    ['one of another type', (id) => coded(decoded(id).replace(/^\w+/, 'Venue'))],
    ['one of another type that is there', (id) => (id === group ? ann.profileId : group)],
    ['one of a type in capitals', (id) => coded(decoded(id).replace(/^\w+/, (type) => type.toUpperCase()))],
    ['one with a star', (id) => coded(decoded(id).replace(/.$/, '*'))],
    ['one with a colon', (id) => coded(`${decoded(id)}:1:`)],
    ['one with NUL', (id) => coded(`${decoded(id)}\0`)],
    ['one in braces', (id) => coded(decoded(id).replace(/:(.*)/, ':{$1}'))],
    ['one without hyphens', (id) => coded(decoded(id).replaceAll('-', ''))],
    ...['0', '-1', '1000000000', '2147483648', '4294967298', '02', '2.0', '+2', ' 2', '2e0', '0x2', ''].map(
      (seq): [string, (id: string) => string] => [
        `one at position ${seq}`,
        (id) => coded(`Message:${decoded(id).split(':')[1]}:${seq}`),
      ],
    ),
  ]
  const more: Record<string, object> = {
    ...{ sendMessage: { clientId: 'to be replaced', body: 'hello' }, editMessage: { body: 'other' } },
    ...{ setReaction: { emoji: '👍', present: true }, markRead: { upToSeq: 1 }, markDelivered: { upToSeq: 1 } },
    ...{ setTyping: { typing: true }, renameConversation: { name: 'Go' }, setConversationRole: { role: 'ADMIN' } },
    ...{ createGroupConversation: { name: 'Go', clientId: 'to be replaced' } },
    ...{
      grantRole: { role: 'ORGANIZER' },
      withdrawRole: { role: 'ORGANIZER' },
      holdAccount: { held: true, reason: 'so' },
    },
  }
  const places = namingPlaces(schema).flatMap((place): [string, string, string][] => {
    const [, name = '', member = ''] = /^Mutation\.(\w+)\(input\.(\w+)\)$/.exec(place) ?? []
    return good[member] ? [[place, name, member]] : []
  })

  test.each(places)('%s', async (place, name, member) => {
    const needs = places.filter(([, other]) => other === name).map(([, , needed]) => needed)
    const before = await written()
    for (const [what, spoil] of bad) {
      const right = Object.fromEntries(
        needs
          .filter((needed) => needed !== 'replyToId' || member === needed)
          .map((needed) => [needed, good[needed]?.()]),
      )
      const given = { ...more[name], ...right } as Record<string, unknown>
      if ('clientId' in given) given['clientId'] = newClientId()
      for (const list of ['profileIds', 'memberIds']) if (list in given) given[list] = [given[list]]
      const spoilt = spoil(good[member]?.() ?? '')
      given[member] = Array.isArray(given[member]) ? [spoilt] : spoilt
      const type = `${name[0]?.toUpperCase()}${name.slice(1)}Input`
      const query = `mutation ($input: ${type}!) { ${name}(input: $input) { __typename } }`
      const told = await tell(app, query, { input: given }, ann.token)
      const codes = /grantRole|withdrawRole|holdAccount|revokeAccount/.test(name)
        ? ['FORBIDDEN', 'BAD_USER_INPUT']
        : ['NOT_FOUND', 'BAD_USER_INPUT']
      expect({ place, what, code: codes.includes(String(told.code)) ? 'refused' : told.bytes }).toEqual({
        ...{ place, what, code: 'refused' },
      })
    }
    expect(await written()).toEqual(before)
  })

  test('of more than 64 KiB is not even read', async () => {
    const query = 'query ($id: ID!) { conversation(id: $id) { id } }'
    expect((await tell(app, query, { id: 'a'.repeat(1_000_000) }, ann.token)).code).toBe('PAYLOAD_TOO_LARGE')
  })
})

describe('65: a client id of somebody else', () => {
  test('makes another group, and neither is told of the other', async () => {
    const clientId = newClientId()
    const make = (who: TestAccount, other: TestAccount) =>
      outcome(who, 'createGroupConversation', { clientId, name: 'Go', memberIds: [other.profileId] })
    const [hers, his] = [await make(ann, ben), await make(ben, ann)]
    expect([hers, his]).toMatchObject([{ created: true }, { created: true }])
    expect(hers.conversation?.id).not.toBe(his.conversation?.id)
    expect(await make(ann, ben)).toMatchObject({ created: false, conversation: { id: hers.conversation?.id } })
    expect(await make(ann, cid)).toMatchObject({ code: 'IDEMPOTENCY_MISMATCH' })
  })
})

describe('70: a cursor of a stream', () => {
  const events = `subscription ($id: ID!, $after: Cursor) { conversationEvents(conversationId: $id, after: $after) {
    __typename ... on Ready { cursor } } }`
  const inbox = 'subscription ($after: Cursor) { inbox(after: $after) { __typename ... on Ready { cursor } } }'
  const first = async (who: TestAccount, query: string, variables = {}) => {
    const stream = follow<{ cursor: string }>(app, query, { token: who.token, variables })
    const { cursor } = await stream.next()
    stream.stop()
    return cursor
  }
  const tried = async (who: TestAccount, query: string, variables: object) => {
    const { code, data } = await tell(app, query, variables, who.token)
    return code ?? (Object.values(data ?? {})[0] as { __typename: string }).__typename
  }

  test('of another conversation, another stream, another list or of nobody is refused', async () => {
    const [ofDirect, ofInbox] = [await first(ann, events, { id: direct }), await first(ann, inbox)]
    const page = '{ conversations(first: 1) { pageInfo { endCursor } } }'
    const { data } = await ann.ask<{ conversations: { pageInfo: { endCursor: string } } }>(page)
    const listed = data?.conversations.pageInfo.endCursor
    const wrong = [ofDirect, ofInbox, listed, messageId, 'nonsense', '', '*', 'a'.repeat(60_000)]
    for (const after of wrong) expect(await tried(ann, events, { id: group, after })).toBe('BAD_USER_INPUT')
    const foreign = [await first(ben, inbox), ofDirect, listed, 'nonsense', '']
    for (const after of foreign) expect(await tried(ann, inbox, { after })).toBe('BAD_USER_INPUT')
  })

  test('of the future, and of before the beginning, is refused; it is never taken for another', async () => {
    const own = await first(ann, events, { id: group })
    const at = (position: string) =>
      Buffer.from(
        Buffer.from(own, 'base64url')
          .toString()
          .replace(/[0-9]+$/, position),
      ).toString('base64url')
    for (const position of ['99999', '-1', '1e3', '01', '1.5', '9'.repeat(16), '9'.repeat(400), 'NaN', '', '1 '])
      expect([position, await tried(ann, events, { id: group, after: at(position) })]).toEqual([
        position,
        'BAD_USER_INPUT',
      ])
    expect(await tried(ann, events, { id: group, after: at('1') })).toBe('Ready')
  })

  test('with any bit changed is refused, or is a place in one’s own stream', async () => {
    const own = Buffer.from(await first(ann, inbox), 'base64url')
    const outcomes = new Set<unknown>()
    for (let bit = 0; bit < own.length * 8; bit += 3) {
      const bytes = Buffer.from(own)
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      outcomes.add(await tried(ann, inbox, { after: bytes.toString('base64url') }))
    }
    expect(
      [...outcomes].filter((outcome) => !['BAD_USER_INPUT', 'Ready', 'ResyncRequired'].includes(String(outcome))),
    ).toEqual([])
    expect(outcomes).toContain('BAD_USER_INPUT')
  })
})

test('34: what is no text or number is never a condition', async () => {
  const before = await written()
  const lists = 'query ($id: ID!) { conversation(id: $id) { id } }'
  const input = { conversationId: direct, clientId: newClientId(), body: 'hello' }
  for (const odd of [{ contains: '' }, { not: null }, [], [direct], { in: [direct] }, true, 1.5, null]) {
    const ways: [string, object][] = [
      [lists, { id: odd }],
      [
        'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { __typename } }',
        { input: { ...input, conversationId: odd } },
      ],
      [
        'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { __typename } }',
        { input: { ...input, body: odd } },
      ],
      [
        'query ($after: [SyncPositionInput!]) { syncChanges(after: $after) { since } }',
        { after: [{ conversationId: odd, seq: 0 }] },
      ],
    ]
    for (const [query, variables] of ways)
      expect((await tell(app, query, variables, ann.token)).code).toBe('BAD_USER_INPUT')
  }
  expect(await written()).toEqual(before)
})

test('a hundred and one positions, a page of a hundred and one, and one of none are refused', async () => {
  const after = Array.from({ length: 101 }, () => ({ conversationId: group, seq: 0 }))
  const ways: [string, object][] = [
    ['query ($after: [SyncPositionInput!]) { syncChanges(after: $after) { since } }', { after }],
    ['query ($after: [SyncPositionInput!]) { syncChanges(after: $after) { since } }', { after: after.slice(0, 2) }],
    ...[101, 0, -1].map((first): [string, object] => [
      'query ($first: Int) { conversations(first: $first) { edges { cursor } } }',
      { first },
    ]),
    ...[51, 0, -1].map((first): [string, object] => [
      'query ($first: Int) { syncBootstrap(first: $first) { since } }',
      { first },
    ]),
    ...[-1, 1001].map((messages): [string, object] => [
      'query ($messages: Int) { syncBootstrap(messages: $messages) { since } }',
      { messages },
    ]),
  ]
  for (const [query, variables] of ways)
    expect([variables, (await tell(app, query, variables, ann.token)).code]).toEqual([variables, 'BAD_USER_INPUT'])
  await done(ann, 'markRead', { conversationId: group, upToSeq: 2 ** 31 - 1 })
  expect(await outcome(ann, 'markRead', { conversationId: group, upToSeq: -1 })).toMatchObject({
    code: 'BAD_USER_INPUT',
  })
})
