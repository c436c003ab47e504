import { isInterfaceType, isObjectType } from 'graphql'
import { createId } from '../../src/platform/ids.ts'
import { schema } from '../../src/schema.ts'
import { createAccount, rawId, type TestAccount } from '../kit/accounts.ts'
import { start } from '../kit/activities.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { openDirect, send } from '../kit/conversations.ts'
import { decideNow, newDecision } from '../kit/decisions.ts'
import { impose } from '../kit/gate.ts'
import { type Answer, ask } from '../kit/gql.ts'
import { createOrganizer, type Organizer } from '../kit/organizers.ts'
import {
  beaconAt,
  createPhone,
  newClientId,
  nudgesDocument,
  openDocument,
  type Phone,
  reportDocument,
} from '../kit/phones.ts'
import { openSocket, type RawSocket } from '../kit/raw-socket.ts'
import { createStaff } from '../kit/staff.ts'

let app: TestApp
let phone: Phone
let socket: RawSocket
let sessionId: string
beforeAll(async () => {
  app = await createTestApp()
  phone = await createPhone(app)
  sessionId = (await phone.open(['jazz'])).id
  socket = await openSocket(app, { init: { authorization: `Bearer ${phone.token}` } })
})

/** The code that an answer refuses with, at its top or as a typed error. */
function refusalOf({ data, errors }: Pick<Answer<unknown>, 'data' | 'errors'>): unknown {
  const [first] = Object.values((data ?? {}) as Record<string, { code?: unknown } | null>)
  return errors?.[0]?.extensions?.['code'] ?? first?.code
}

const pageDocument =
  'query ($first: Int, $after: String) { session { matches(first: $first, after: $after) { pageInfo { hasNextPage } } } }'
const nodeDocument = 'query ($id: ID!) { node(id: $id) { __typename id } }'
const nodesDocument = 'query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }'
const blockDocument = 'mutation ($input: BlockInput!) { block(input: $input) { ... on BlockPayload { block { id } } } }'
const unblockDocument =
  'mutation ($input: UnblockInput!) { unblock(input: $input) { ... on UnblockPayload { blockId } } }'
const closeDocument =
  'mutation ($input: CloseSessionInput!) { closeSession(input: $input) { __typename ... on Error { code } } }'
const extendDocument =
  'mutation ($input: ExtendSessionInput!) { extendSession(input: $input) { __typename ... on Error { code } } }'
const registerDocument =
  'mutation ($input: RegisterDeviceInput!) { registerDevice(input: $input) { __typename ... on Error { code } } }'
const revokeDocument = 'mutation ($input: RevokeDeviceInput!) { revokeDevice(input: $input) { __typename } }'

const soon = () => new Date(app.clock.now()).toISOString()
const sighted = (changed: object) => ({
  input: { sightings: [{ beacon: 'a'.repeat(32), observedAt: soon(), ...changed }] },
})
const opening = (changed: object) => ({ input: { clientId: newClientId(), interests: ['jazz'], ...changed } })

type Row = [name: string, query: string, variables: () => Record<string, unknown>, ...codes: string[]]

const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)])

const values: Row[] = [
  ['52: an Int of 2147483648', pageDocument, () => ({ first: 2_147_483_648 }), 'BAD_USER_INPUT'],
  ['52: an Int of 1.5', pageDocument, () => ({ first: 1.5 }), 'BAD_USER_INPUT'],
  ['52: an Int of "1"', pageDocument, () => ({ first: '1' }), 'BAD_USER_INPUT'],
  ['52: an Int of true', pageDocument, () => ({ first: true }), 'BAD_USER_INPUT'],
  [
    '52: an Int of 1e400, which is infinite',
    '{ session { matches(first: 1e400) { pageInfo { hasNextPage } } } }',
    () => ({}),
    'BAD_USER_INPUT',
  ],
  ['52: an rssi of -2147483649', reportDocument, () => sighted({ rssi: -2_147_483_649 }), 'BAD_USER_INPUT'],
  ['52: an rssi of 21', reportDocument, () => sighted({ rssi: 21 }), 'BAD_USER_INPUT'],
  ['52: a String of 7', reportDocument, () => sighted({ beacon: 7 }), 'BAD_USER_INPUT'],
  ['52: null where nothing may be missing', reportDocument, () => sighted({ beacon: null }), 'BAD_USER_INPUT'],
  [
    '56: half a surrogate pair in a client id',
    openDocument,
    () => opening({ clientId: 'abcdefgh\ud800' }),
    'BAD_USER_INPUT',
  ],
  ['56: the other half in an interest', openDocument, () => opening({ interests: ['\udc00'] }), 'BAD_USER_INPUT'],
  ['56: half a pair as the name of a member', openDocument, () => opening({ '\ud800': 1 }), 'BAD_USER_INPUT'],
  [
    '56: half a pair, written as an escape in the document',
    'mutation { openSession(input: { clientId: "abcdefgh\\ud800", interests: ["jazz"] }) { __typename ... on Error { code } } }',
    () => ({}),
    'BAD_REQUEST',
    'BAD_USER_INPUT',
  ],
  ['57: NUL in an interest', openDocument, () => opening({ interests: ['jazz\0'] }), 'BAD_USER_INPUT'],
  ['57: NUL in an id', nodeDocument, () => ({ id: 'RGV2aWNlOjE=\0' }), 'BAD_USER_INPUT'],
  ['57: NUL, written as an escape in the document', '{ node(id: "\\u0000") { id } }', () => ({}), 'BAD_USER_INPUT'],
  [
    '57: NUL, written as the new escape in the document',
    '{ node(id: "\\u{00}") { id } }',
    () => ({}),
    'BAD_USER_INPUT',
  ],
  [
    '58: an interest of ten thousand accents',
    openDocument,
    () => opening({ interests: [`a${'\u0301'.repeat(10_000)}`] }),
    'BAD_USER_INPUT',
  ],
  [
    '58: an interest written from right to left',
    openDocument,
    () => opening({ interests: ['\u202ezzaj'] }),
    'BAD_USER_INPUT',
  ],
  ['58: an interest of blanks', openDocument, () => opening({ interests: [' '] }), 'BAD_USER_INPUT'],
  [
    '58: an interest of nothing visible',
    openDocument,
    () => opening({ interests: ['\u200b\u200d'] }),
    'BAD_USER_INPUT',
  ],
  ['58: jazz with a zero-width joiner', openDocument, () => opening({ interests: ['ja\u200dzz'] }), 'BAD_USER_INPUT'],
  ['59: an empty interest', openDocument, () => opening({ interests: [''] }), 'BAD_USER_INPUT'],
  [
    '59: an interest of 16 KiB of emoji',
    openDocument,
    () => opening({ interests: ['\u{1f600}'.repeat(4096)] }),
    'BAD_USER_INPUT',
  ],
  ['59: eleven interests', openDocument, () => opening({ interests: 'abcdefghijk'.split('') }), 'BAD_USER_INPUT'],
  ['59: no interests', openDocument, () => opening({ interests: [] }), 'BAD_USER_INPUT'],
  [
    '60: a member __proto__',
    openDocument,
    () => JSON.parse('{"input":{"clientId":"abcdefgh","interests":["jazz"],"__proto__":{"admin":true}}}'),
    'BAD_USER_INPUT',
  ],
  [
    '60: a variable __proto__',
    openDocument,
    () => JSON.parse('{"__proto__":{"admin":true},"input":{"clientId":"abcdefgh","interests":["jazz"]}}'),
    'BAD_USER_INPUT',
  ],
  [
    '60: a member constructor',
    openDocument,
    () => opening({ constructor: { prototype: { admin: true } } }),
    'BAD_USER_INPUT',
  ],
  ['60: an interest __proto__', openDocument, () => opening({ interests: ['__proto__'] }), 'BAD_USER_INPUT'],
  ['60: an interest constructor', openDocument, () => opening({ interests: ['constructor'] }), 'BAD_USER_INPUT'],
  ['61: lists 33 deep', openDocument, () => opening({ interests: nested(33) }), 'BAD_USER_INPUT'],
  ['61: lists 1000 deep', openDocument, () => opening({ interests: nested(1000) }), 'BAD_USER_INPUT'],
  ['62: 30 February', reportDocument, () => sighted({ observedAt: '2026-02-30T00:00:00Z' }), 'BAD_USER_INPUT'],
  [
    '62: 29 February of no leap year',
    reportDocument,
    () => sighted({ observedAt: '2026-02-29T00:00:00Z' }),
    'BAD_USER_INPUT',
  ],
  ['62: a year of 275761', reportDocument, () => sighted({ observedAt: '+275761-01-01T00:00:00Z' }), 'BAD_USER_INPUT'],
  ['62: before 1970', reportDocument, () => sighted({ observedAt: '1969-12-31T23:59:59Z' }), 'BAD_USER_INPUT'],
  ['62: a number', reportDocument, () => sighted({ observedAt: Date.now() }), 'BAD_USER_INPUT'],
  [
    '62: an offset of 14:01',
    reportDocument,
    () => sighted({ observedAt: soon().replace('Z', '+14:01') }),
    'BAD_USER_INPUT',
  ],
  ['62: no offset', reportDocument, () => sighted({ observedAt: soon().replace('Z', '') }), 'BAD_USER_INPUT'],
  ['62: hour 24', reportDocument, () => sighted({ observedAt: soon().replace(/T\d\d/, 'T24') }), 'BAD_USER_INPUT'],
  [
    '62: second 60',
    reportDocument,
    () => sighted({ observedAt: soon().replace(/:\d\d\.\d+Z/, ':60Z') }),
    'BAD_USER_INPUT',
  ],
  ['62: a date alone', reportDocument, () => sighted({ observedAt: soon().slice(0, 10) }), 'BAD_USER_INPUT'],
  ['62: text', reportDocument, () => sighted({ observedAt: 'now' }), 'BAD_USER_INPUT'],
  [
    '62: a thousand digits of a second',
    reportDocument,
    () => sighted({ observedAt: soon().replace(/\.\d+Z/, `.${'1'.repeat(1000)}Z`) }),
    'BAD_USER_INPUT',
  ],
  ['64: an empty id', nodeDocument, () => ({ id: '' }), 'BAD_USER_INPUT'],
  ['64: an id of SQL', nodeDocument, () => ({ id: "' OR 1=1 --" }), 'BAD_USER_INPUT'],
  ['64: an id of *', nodeDocument, () => ({ id: '*' }), 'BAD_USER_INPUT'],
  ['64: an id of 60 KB', nodeDocument, () => ({ id: 'a'.repeat(60_000) }), 'BAD_USER_INPUT'],
  ['64: an id with a newline', nodeDocument, () => ({ id: `${phone.deviceId}\n` }), 'BAD_USER_INPUT', 'NOT_FOUND'],
  ['64: an id of an unknown type', nodeDocument, () => ({ id: globalId('Query', '1') }), 'BAD_USER_INPUT', 'NOT_FOUND'],
  [
    '64: an id of a type __proto__',
    nodeDocument,
    () => ({ id: globalId('__proto__', '1') }),
    'BAD_USER_INPUT',
    'NOT_FOUND',
  ],
  [
    '64: an id of a type that is no node',
    nodeDocument,
    () => ({ id: globalId('Interest', 'jazz') }),
    'BAD_USER_INPUT',
    'NOT_FOUND',
  ],
  ['64: an id that is a list', nodeDocument, () => ({ id: ['x'] }), 'BAD_USER_INPUT'],
  ['64: an id that is an object', nodeDocument, () => ({ id: { contains: '' } }), 'BAD_USER_INPUT'],
  ['64: a number for an id', nodeDocument, () => ({ id: 7 }), 'BAD_USER_INPUT', 'NOT_FOUND'],
  [
    '64: a session named by a device’s id',
    closeDocument,
    () => ({ input: { sessionId: phone.deviceId } }),
    'BAD_USER_INPUT',
    'NOT_FOUND',
  ],
  [
    '64: a session named by nonsense',
    closeDocument,
    () => ({ input: { sessionId: '*' } }),
    'BAD_USER_INPUT',
    'NOT_FOUND',
  ],
  [
    '64: a session of nobody',
    closeDocument,
    () => ({ input: { sessionId: globalId('Session', unknownId) } }),
    'NOT_FOUND',
  ],
  [
    '64: a session by an id with a star',
    closeDocument,
    () => ({ input: { sessionId: globalId('Session', '*') } }),
    'NOT_FOUND',
  ],
  [
    '64: to extend a session of nobody',
    extendDocument,
    () => ({ input: { sessionId: globalId('Session', unknownId) } }),
    'NOT_FOUND',
  ],
  [
    '64: to extend a session by a device’s id',
    extendDocument,
    () => ({ input: { sessionId: phone.deviceId } }),
    'BAD_USER_INPUT',
    'NOT_FOUND',
  ],
  [
    '64: to revoke a device of nobody',
    revokeDocument,
    () => ({ input: { deviceId: globalId('Device', unknownId) } }),
    'NOT_FOUND',
  ],
  [
    '64: to revoke a device by SQL',
    revokeDocument,
    () => ({ input: { deviceId: globalId('Device', "' OR 1=1 --") } }),
    'NOT_FOUND',
  ],
  [
    '64: to revoke a session',
    revokeDocument,
    () => ({ input: { deviceId: sessionId } }),
    'BAD_USER_INPUT',
    'NOT_FOUND',
  ],
  ['64: to block nobody', blockDocument, () => ({ input: {} }), 'BAD_USER_INPUT'],
  ['64: to block by null', blockDocument, () => ({ input: { matchId: null } }), 'BAD_USER_INPUT'],
  ['64: to block by an empty id', blockDocument, () => ({ input: { matchId: '' } }), 'NOT_FOUND', 'BAD_USER_INPUT'],
  ['64: to block by *', blockDocument, () => ({ input: { matchId: '*' } }), 'NOT_FOUND', 'BAD_USER_INPUT'],
  ['64: to block by the id of nothing', blockDocument, () => ({ input: { matchId: 'a'.repeat(40) } }), 'NOT_FOUND'],
  [
    '64: to block by an id with a newline',
    blockDocument,
    () => ({ input: { matchId: `${'a'.repeat(39)}\n` } }),
    'NOT_FOUND',
    'BAD_USER_INPUT',
  ],
  [
    '64: to unblock by SQL',
    unblockDocument,
    () => ({ input: { blockId: "' OR 1=1 --" } }),
    'NOT_FOUND',
    'BAD_USER_INPUT',
  ],
  ['64: to unblock by the id of nothing', unblockDocument, () => ({ input: { blockId: unknownId } }), 'NOT_FOUND'],
  ['65: an empty client id', openDocument, () => opening({ clientId: '' }), 'BAD_USER_INPUT'],
  ['65: a client id of 7 characters', openDocument, () => opening({ clientId: 'a'.repeat(7) }), 'BAD_USER_INPUT'],
  ['65: a client id of 65 characters', openDocument, () => opening({ clientId: 'a'.repeat(65) }), 'BAD_USER_INPUT'],
  ['65: a client id of 256 characters', openDocument, () => opening({ clientId: 'a'.repeat(256) }), 'BAD_USER_INPUT'],
  ['65: a client id that is not ASCII', openDocument, () => opening({ clientId: 'ключ-клиента' }), 'BAD_USER_INPUT'],
  ['65: a client id with a newline', openDocument, () => opening({ clientId: 'abcdefgh\n' }), 'BAD_USER_INPUT'],
  ['65: a client id with a colon', openDocument, () => opening({ clientId: 'abcdefgh:1' }), 'BAD_USER_INPUT'],
  ['65: an empty client id of a new device', registerDocument, () => ({ input: { clientId: '' } }), 'BAD_USER_INPUT'],
  [
    '65: a client id of a new device with a star',
    registerDocument,
    () => ({ input: { clientId: 'abcdefgh*' } }),
    'BAD_USER_INPUT',
  ],
  ['68: a beacon of 31 digits', reportDocument, () => sighted({ beacon: 'a'.repeat(31) }), 'BAD_USER_INPUT'],
  ['68: a beacon of 33 digits', reportDocument, () => sighted({ beacon: 'a'.repeat(33) }), 'BAD_USER_INPUT'],
  ['68: a beacon of other digits', reportDocument, () => sighted({ beacon: 'g'.repeat(32) }), 'BAD_USER_INPUT'],
  ['68: a beacon of full-width digits', reportDocument, () => sighted({ beacon: '１'.repeat(32) }), 'BAD_USER_INPUT'],
  [
    '68: 51 in one call',
    reportDocument,
    () => ({
      input: { sightings: Array.from({ length: 51 }, () => ({ beacon: 'a'.repeat(32), observedAt: soon() })) },
    }),
    'BAD_USER_INPUT',
  ],
  ['70: a page after nonsense', pageDocument, () => ({ after: '***' }), 'BAD_USER_INPUT'],
  ['70: a page after nothing', pageDocument, () => ({ after: '' }), 'BAD_USER_INPUT'],
  ['70: a page after a match of nobody', pageDocument, () => ({ after: 'b'.repeat(40) }), 'BAD_USER_INPUT'],
  ['70: a page after 60 KB', pageDocument, () => ({ after: 'b'.repeat(60_000) }), 'BAD_USER_INPUT'],
]

const unknownId = '01900000-0000-7000-8000-000000000000'
function globalId(type: string, id: string): string {
  return Buffer.from(`${type}:${id}`).toString('base64')
}

describe.each([
  ['over HTTP', (query: string, variables: object) => phone.ask(query, variables as Record<string, unknown>)],
  [
    'over a socket',
    async (query: string, variables: object) => {
      const { type, payload } = await socket.answer(query, variables)
      return (type === 'error' ? { errors: payload } : payload) as Answer<Record<string, never>>
    },
  ],
] as const)('%s', (_way, send) => {
  test.each(values)('%s: refused', async (...[_name, query, variables, ...codes]: Row) => {
    const answer = await send(query, variables())
    expect(codes).toContain(refusalOf(answer))
  })

  test('and nothing of it was unexpected, opened a second session or changed an object', async () => {
    expect(app.logs.filter(({ level }) => level === 'error')).toEqual([])
    expect((await phone.ask<{ session: { id: string } }>('{ session { id } }')).data?.session.id).toBe(sessionId)
    expect(({} as { admin?: unknown }).admin).toBeUndefined()
  })
})

describe('what is odd but not wrong', () => {
  const okay: Row[] = [
    ['60: extensions of any kind are not looked at', pageDocument, () => ({})],
    ['62: an offset of +14:00', reportDocument, () => sighted({ observedAt: at(14 * 60, '+14:00') })],
    ['62: an offset of -00:30', reportDocument, () => sighted({ observedAt: at(-30, '-00:30') })],
    ['62: lower-case letters, as RFC 3339 allows', reportDocument, () => sighted({ observedAt: soon().toLowerCase() })],
    ['62: nine digits of a second', reportDocument, () => sighted({ observedAt: soon().replace('Z', '999999Z') })],
    [
      '68: the same beacon fifty times',
      reportDocument,
      () => ({
        input: { sightings: Array.from({ length: 50 }, () => ({ beacon: 'a'.repeat(32), observedAt: soon() })) },
      }),
    ],
    ['68: no rssi', reportDocument, () => sighted({ rssi: null })],
    ['a variable that is not asked for', pageDocument, () => ({ first: 1, more: 1 })],
  ]
  const at = (minutes: number, offset: string) =>
    new Date(app.clock.now() + minutes * 60_000).toISOString().replace('Z', offset)

  test.each(okay)('%s: answered', async (...[_name, query, variables]: Row) => {
    const answer = await phone.ask(query, variables())
    expect({ refusal: refusalOf(answer), errors: answer.errors }).toEqual({ refusal: undefined, errors: undefined })
  })
})

describe('65: a client id is its device’s own', () => {
  const open = async (who: Phone, clientId: string, interests: string[]) =>
    (
      await who.ask<{ openSession: { __typename: string; session?: { id: string } } }>(openDocument, {
        input: { clientId, interests },
      })
    ).data?.openSession

  test('the same one with other interests is a mismatch, whatever the order of the same ones is', async () => {
    const [ann, clientId] = [await createPhone(app), newClientId()]
    const first = await open(ann, clientId, ['jazz', 'ai'])
    expect(await open(ann, clientId, ['ai', 'jazz'])).toMatchObject({ session: { id: first?.session?.id } })
    expect(await open(ann, clientId, ['ai'])).toMatchObject({ __typename: 'IdempotencyMismatchError' })
  })

  test('the same one of two devices is two sessions, and neither is told of the other', async () => {
    const clientId = newClientId()
    const [ann, ben] = [await createPhone(app), await createPhone(app)]
    const [hers, his] = [await open(ann, clientId, ['jazz']), await open(ben, clientId, ['ai'])]
    expect([hers, his]).toMatchObject([{ __typename: 'OpenSessionPayload' }, { __typename: 'OpenSessionPayload' }])
    expect(hers?.session?.id).not.toBe(his?.session?.id)
    expect((await open(ann, clientId, ['jazz']))?.session?.id).toBe(hers?.session?.id)
    expect((await open(ben, clientId, ['ai']))?.session?.id).toBe(his?.session?.id)
  })

  test('two at once give one session', async () => {
    const [ann, clientId] = [await createPhone(app), newClientId()]
    const both = await Promise.all(Array.from({ length: 8 }, () => open(ann, clientId, ['jazz'])))
    expect(new Set(both.map((each) => each?.session?.id)).size).toBe(1)
  })
})

describe('68: beacons of one’s own, of the past and of nobody', () => {
  test('get the same answer', async () => {
    const [ann, ben] = [await createPhone(app), await createPhone(app)]
    const hers = await ann.open(['jazz'])
    const his = await ben.open(['jazz'])
    const now = new Date(app.clock.now())
    await ben.ask(closeDocument, { input: { sessionId: his.id } })
    const heard = [beaconAt(hers.beacons, now), beaconAt(his.beacons, now), 'f'.repeat(32)]
    const nothing = { match: false, sharedInterests: [], nudgeSent: false }
    expect(await ann.report(heard, now)).toEqual([nothing, nothing, nothing])
  })
})

describe('70: a cursor that is none of this stream', () => {
  let own: string
  let foreign: string
  beforeAll(async () => {
    const follow = async (who: Phone) => {
      const stream = who.nudges()
      const { cursor } = await stream.next()
      stream.stop()
      return cursor
    }
    own = await follow(phone)
    foreign = await follow(await createPhone(app))
  })
  const changed = (change: (text: string) => string) =>
    Buffer.from(change(Buffer.from(own, 'base64url').toString())).toString('base64url')

  test.each([
    ['nonsense', () => 'nonsense'],
    ['nothing', () => ''],
    ['***', () => '***'],
    ['a number', () => 7],
    ['10 KB', () => 'a'.repeat(10_000)],
    ['somebody else’s', () => foreign],
    ['a position before the first', () => changed((text) => text.replace(/[0-9]+$/, '-1'))],
    ['a position ahead of the stream', () => changed((text) => text.replace(/[0-9]+$/, '999999999999999'))],
    ['a position of sixteen digits', () => changed((text) => text.replace(/[0-9]+$/, '9'.repeat(16)))],
    ['a position of no number', () => changed((text) => text.replace(/[0-9]+$/, 'NaN'))],
    ['a position with more behind it', () => changed((text) => `${text} `)],
    ['a life of its own making', () => changed((text) => text.replace(/\.[0-9a-f]+\./, '.*.'))],
  ])('%s: refused, and the socket stays', async (_name, after) => {
    const answer = await socket.answer(nudgesDocument, { after: after() })
    const errors = answer.type === 'error' ? answer.payload : (answer.payload as { errors: unknown }).errors
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', requestId: expect.any(String) } }])
    expect(await socket.answer('{ __typename }')).toMatchObject({ type: 'next' })
  })

  test('one of another life of the log: the stream says that something was lost, and goes on', async () => {
    const stream = phone.nudges({ after: changed((text) => text.replace(/\.[0-9a-f]{16}\./, `.${'0'.repeat(16)}.`)) })
    expect(await stream.next()).toMatchObject({ __typename: 'ResyncRequired', cursor: expect.any(String) })
    stream.stop()
  })
})

describe('64: what may not be seen is answered like what is not there', () => {
  const nodeTypes = Object.values(schema.getTypeMap()).filter(
    (type) => isObjectType(type) && type.getInterfaces().some((each) => isInterfaceType(each) && each.name === 'Node'),
  )
  let ann: Phone
  let secret: string
  let organizer: Organizer
  let account: TestAccount
  const ids: Record<string, string> = {}
  const everybody = [
    ...['its device', 'the secret of its session', 'another device', 'the secret of another session', 'nobody'],
    ...['ADMIN', 'MODERATOR', 'its organizer', 'another organizer', 'its account', 'another account'],
  ]
  /** Who may see what Ann has, or the organizer with a draft, by type. A type that is not here has no policy yet. */
  const seenBy: Record<string, string[]> = {
    Account: ['its account', 'ADMIN'],
    Activity: ['its device', 'another device'],
    Campus: everybody,
    Conversation: ['its account'],
    Message: ['its account'],
    Decision: ['its account', 'ADMIN', 'MODERATOR'],
    Appeal: ['its account', 'ADMIN', 'MODERATOR'],
    Policy: ['ADMIN', 'MODERATOR'],
    PolicyReplay: ['ADMIN', 'MODERATOR'],
    QuarantineItem: ['ADMIN', 'MODERATOR'],
    ModerationCase: ['ADMIN', 'MODERATOR'],
    Report: ['its account'],
    ImageHash: ['ADMIN'],
    Profile: ['its account', 'ADMIN'],
    Restriction: ['its account', 'ADMIN', 'MODERATOR'],
    Venue: everybody,
    Event: ['its organizer'],
    Device: ['its device', 'the secret of its session', 'ADMIN'],
    Session: ['its device', 'the secret of its session'],
  }
  const viewers: Record<string, () => Promise<string | undefined>> = {
    'its device': async () => ann.token,
    'the secret of its session': async () => secret,
    'another device': async () => (await createPhone(app)).token,
    'the secret of another session': async () => (await (await createPhone(app)).open(['jazz'])).secret,
    nobody: async () => undefined,
    ADMIN: async () => (await createStaff(app)).token,
    MODERATOR: async () => (await createStaff(app, 'MODERATOR')).token,
    'its organizer': async () => organizer.token,
    'another organizer': async () => (await createOrganizer(app)).token,
    'its account': async () => account.token,
    'another account': async () => (await createAccount(app)).token,
  }
  beforeAll(async () => {
    ann = await createPhone(app)
    const session = await ann.open(['jazz'])
    secret = session.secret
    Object.assign(ids, { Device: ann.deviceId, Session: session.id, Activity: (await start(ann)).id })
    account = await createAccount(app)
    ids['Account'] = globalId('Account', account.accountId)
    ids['Profile'] = globalId('Profile', account.accountId)
    const conversationId = await openDirect(account, await createAccount(app))
    Object.assign(ids, { Conversation: conversationId, Message: (await send(account, conversationId, 'hello')).id })
    const about = { kind: 'ACCOUNT', id: account.accountId } as const
    const warned = newDecision(about, account.accountId, 'WARN')
    const decisionId = await decideNow(app, app.services.enforcement, warned)
    const appeal = await app.services.appeals.createAppeal([account.accountId], {
      ...{ clientId: 'an-appeal', decisionId, note: 'I see it otherwise.' },
    })
    Object.assign(ids, { Decision: globalId('Decision', decisionId), Appeal: globalId('Appeal', appeal.id) })
    organizer = await createOrganizer(app)
    const venue = await organizer.venue()
    const { quarantine, imageHashes, moderation } = app.services
    const reported = await moderation.report(
      ...([
        { deviceId: null, accountId: account.accountId },
        [],
        async () => ({ kind: 'VENUE' as const, id: rawId(venue.id) }),
      ] as const),
      { clientId: newClientId(), reason: 'OTHER', note: null },
    )
    Object.assign(ids, {
      Report: globalId('Report', reported.id),
      ModerationCase: globalId('ModerationCase', reported.caseId),
    })
    const found = { kind: 'image', locator: 'x', labels: {}, state: 'NEEDS_REVIEW' } as const
    const subject = { kind: 'VENUE', id: venue.id } as const
    ids['QuarantineItem'] = globalId(
      'QuarantineItem',
      (await quarantine.quarantine({ subject, ownerId: null, ...found })).id,
    )
    await imageHashes.add((await createStaff(app)).id, {
      hashes: ['5555aaaa5555aaaa'],
      label: 'scam',
      source: 'a test',
    })
    const [listed] = await imageHashes.list({ limit: 1, inverted: false })
    ids['ImageHash'] = globalId('ImageHash', listed?.item.id ?? '')
    const policy = await app.services.policies.activePolicy()
    const times = { since: new Date(1000), until: new Date(2000) }
    const asked = { clientId: newClientId(), policyId: policy.id, ...times }
    const replay = await app.services.policies.replayPolicy((await createStaff(app)).id, asked)
    Object.assign(ids, { Policy: globalId('Policy', policy.id), PolicyReplay: globalId('PolicyReplay', replay.id) })
    const { accountId: personId } = account
    ids['Restriction'] = globalId('Restriction', await impose(app, { personId, kind: 'MUTE', minutes: 5 }))
    const campusId = createId(app.clock.now())
    await app.postgres.pool.query(`insert into campuses values ($1, 'A campus', 0, 0, 'campus.example')`, [campusId])
    Object.assign(ids, {
      Campus: globalId('Campus', campusId),
      Venue: venue.id,
      Event: (await organizer.event(venue.id)).id,
    })
  })

  test('every type that has a node id has a policy here', () => {
    expect(nodeTypes.map(({ name }) => name).sort()).toEqual(Object.keys(seenBy).sort())
  })

  const pairs = Object.keys(seenBy).flatMap((type) => Object.keys(viewers).map((viewer) => [type, viewer] as const))
  test.each(pairs)('%s, asked for by %s', async (type, viewer) => {
    const token = await viewers[viewer]?.()
    const [there, notThere] = [ids[type] ?? '', globalId(type, unknownId)]
    const one = (id: string) => ask(app, nodeDocument, { id }, { token })
    const many = (list: string[]) => ask(app, nodesDocument, { ids: list }, { token })
    const [found, missed] = [await one(there), await one(notThere)]
    const seen = seenBy[type]?.includes(viewer)
    expect(missed.data).toEqual({ node: null })
    expect(found.data).toEqual({ node: seen ? { __typename: type, id: there } : null })
    const listed = await many([there, notThere])
    expect(listed.data).toEqual({ nodes: [seen ? { __typename: type, id: there } : null, null] })
    if (!seen) expect(comparable(found, there)).toEqual(comparable(missed, notThere))
  })

  test.each(['\0', '*', "' OR 1=1 --", `${unknownId}\n`, unknownId.toUpperCase(), '1'.repeat(10_000)])(
    'an id of %j, in its coded form, is of nothing',
    async (id) => {
      for (const { name } of nodeTypes) {
        const answer = await ask(app, nodeDocument, { id: globalId(name, id) }, { token: ann.token })
        expect(answer).toMatchObject({ status: 200, data: { node: null } })
      }
    },
  )

  test('more nodes than a page are refused', async () => {
    const answer = await ask(
      app,
      nodesDocument,
      { ids: Array.from({ length: 101 }, () => ann.deviceId) },
      { token: ann.token },
    )
    expect(refusalOf(answer)).toBe('BAD_USER_INPUT')
  })

  /** An answer without what names the question. */
  function comparable({ status, data, errors }: Answer<unknown>, id: string) {
    const shown = errors?.map(({ message, path, extensions }) => ({
      message: message.replace(id, '…'),
      path,
      code: extensions?.['code'],
    }))
    return { status, data, errors: shown }
  }
})
