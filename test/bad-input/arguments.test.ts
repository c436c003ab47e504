import fc from 'fast-check'
import { type GraphQLField, getNamedType, isInterfaceType, isObjectType, isUnionType } from 'graphql'
import { schema } from '../../src/schema.ts'
import { createAccount } from '../kit/accounts.ts'
import { start } from '../kit/activities.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { tell } from '../kit/authorization/asking.ts'
import { createGroup, openDirect, send } from '../kit/conversations.ts'
import { runs } from '../kit/fuzz.ts'
import { argumentsWith, junk, type Known, type Place, placesIn, wellFormed } from '../kit/junk.ts'
import { caseGlobalId, openCase } from '../kit/moderation.ts'
import { createOrganizer } from '../kit/organizers.ts'
import { createPhone, newClientId } from '../kit/phones.ts'
import { zurich } from '../kit/places.ts'
import { createCampus } from '../kit/profiles.ts'
import { follow } from '../kit/socket.ts'

let app: TestApp
let token: string
let known: Record<string, unknown>
/** Of each type that has fields with arguments, one that the viewer may see. */
let nodes: Record<string, string>

beforeAll(async () => {
  app = await createTestApp({ SOCKETS_PER_VIEWER: '1000' })
  const phone = await createPhone(app)
  const session = await phone.open(['jazz'])
  const account = await createAccount(app, { onDevice: phone })
  // May do everything, so that no argument is spared because nobody gets as far.
  const everything = `update accounts set roles = '{USER,ORGANIZER,MODERATOR,ADMIN}' where id = $1`
  await app.postgres.pool.query(everything, [account.accountId])
  token = (await app.services.identity.mintSignIn(account.accountId, phone.token)).accessToken
  await phone.beat(zurich, new Date(app.clock.now()))
  const [other, third] = [await createAccount(app), await createAccount(app)]
  const direct = await openDirect(account, other)
  await openDirect(account, third)
  const group = await createGroup(account, [other])
  const { id: messageId } = await send(account, group, 'hello')
  const organizer = await createOrganizer(app)
  const venue = await organizer.venue()
  const event = await organizer.event(venue.id)
  for (const table of ['venues', 'events'])
    await app.postgres.pool.query(`update ${table} set owner_id = $1`, [account.accountId])
  const campus = await createCampus(app, 'junk.example')
  const activity = await start(phone)
  const cursorOf = async (query: string, variables = {}) => {
    const stream = follow<{ cursor: string }>(app, query, { token, variables })
    const { cursor } = await stream.next()
    stream.stop()
    return cursor
  }
  const inbox = await cursorOf('subscription { inbox { ... on Ready { cursor } } }')
  const caseId = caseGlobalId(await openCase(app))
  nodes = { Session: session.id, Conversation: group, Venue: venue.id, Activity: activity.id, ModerationCase: caseId }
  known = {
    ...{ conversationId: group, messageId, replyToId: messageId, profileId: other.profileId, id: direct },
    ...{ profileIds: third.profileId, memberIds: other.profileId, campusId: campus.id, campus: campus.id },
    ...{ accountId: Buffer.from(`Account:${third.accountId}`).toString('base64'), ids: direct },
    ...{
      activityId: activity.id,
      caseId,
      caseIds: caseId,
      sessionId: session.id,
      venueId: venue.id,
      deviceId: (await createPhone(app)).deviceId,
    },
    ...{ eventId: event.id, after: inbox, since: inbox, before: inbox },
    ...{ observedAt: new Date(app.clock.now()).toISOString(), startsAt: new Date(app.clock.now()).toISOString() },
    ...{ endsAt: new Date(app.clock.now() + 3_600_000).toISOString(), interests: 'jazz', beacon: 'a'.repeat(32) },
    ...{
      body: 'hello',
      name: 'Chess',
      title: 'Chess',
      emoji: '👍',
      password: 'not this one, surely',
      username: 'nobody-at-all',
    },
    ...{ currentPassword: 'not this one, surely', seq: 1, upToSeq: 1, zoom: 3, west: 0, east: 1, south: 0, north: 1 },
  }
})
afterAll(() => {
  expect(app.logs.filter(({ level }) => level === 'error')).toEqual([])
})

/** A client id is new each time, or nothing after the first call would be tried. */
const knownAs: Known = (name) => (name === 'clientId' ? newClientId() : known[name])

/** With nothing in their input these end whoever asks. */
const ending = ['logout', 'revokeDevice']

interface Asked {
  name: string
  field: GraphQLField<unknown, unknown>
  /** The document for a field with these arguments. */
  document(names: readonly string[]): string
}

const roots = [
  ['query', schema.getQueryType()],
  ['mutation', schema.getMutationType()],
  ['subscription', schema.getSubscriptionType()],
] as const
const rootTypes: string[] = roots.map(([, type]) => type?.name ?? '')

const asked: Asked[] = [
  ...roots.flatMap(([kind, type]) =>
    Object.values(type?.getFields() ?? {}).map(
      (field): Asked => ({
        name: `${type?.name}.${field.name}`,
        field,
        document: (names) => `${kind} ${variables(field, names)} { ${selection(field, names)} }`,
      }),
    ),
  ),
  ...Object.values(schema.getTypeMap()).flatMap((type) => {
    // What is no node is reached by a field that is tried itself.
    if (!isObjectType(type) || !type.getInterfaces().some(({ name }) => name === 'Node')) return []
    return Object.values(type.getFields()).map(
      (field): Asked => ({
        name: `${type.name}.${field.name}`,
        field,
        document: (names) =>
          `query ${variables(field, names)} { node(id: ${JSON.stringify(nodes[type.name])}) { ... on ${type.name} { ${selection(field, names)} } } }`,
      }),
    )
  }),
].filter(({ field }) => field.args.length > 0)

function variables(field: GraphQLField<unknown, unknown>, names: readonly string[]): string {
  const declared = field.args.filter(({ name }) => names.includes(name)).map(({ name, type }) => `$${name}: ${type}`)
  return declared.length > 0 ? `(${declared.join(', ')})` : ''
}

function selection(field: GraphQLField<unknown, unknown>, names: readonly string[]): string {
  const given = names.length > 0 ? `(${names.map((name) => `${name}: $${name}`).join(', ')})` : ''
  const type = getNamedType(field.type)
  const inside = isObjectType(type) || isUnionType(type) || isInterfaceType(type) ? '{ __typename }' : ''
  return `${field.name}${given} ${inside}`
}

/** What is in every table, as one text: nothing of a refused call is in it, but for what was judged before it was refused. */
async function written(): Promise<string> {
  const { pool } = app.postgres
  tables ??= (
    await pool.query<{ name: string }>(
      `select table_name as name from information_schema.tables
       where table_type = 'BASE TABLE' and table_schema = 'public' and table_name <> 'judged_writes'`,
    )
  ).rows.map(({ name }) => name)
  const sums = tables.map((name) => `(select sum(hashtext(t::text)) from "${name}" t) as "${name}"`)
  const { rows } = await pool.query(`select ${sums.join(', ')}`)
  return JSON.stringify(rows[0])
}
let tables: string[] | undefined

test('each field that takes something is tried', () => {
  const nested = asked.filter(({ name }) => !rootTypes.includes(name.split('.')[0] ?? ''))
  expect(Object.keys(nodes).sort()).toEqual([...new Set(nested.map(({ name }) => name.split('.')[0]))].sort())
})

test.each(asked.map((each) => [each.name, each] as const))(
  '%s: whatever is put into it',
  async (_name, { field, document }) => {
    const places = placesIn(field)
    const tried = fc.constantFrom(...places).chain((place) =>
      fc.tuple(
        fc.constant(place),
        junk(
          place,
          wellFormed(place.type, place.path.at(-1) ?? '', (name) => known[name]),
        ),
      ),
    )
    let before = await written()
    await fc.assert(
      fc.asyncProperty(tried, async ([place, value]: [Place, unknown]) => {
        const given = argumentsWith(field, place, value, knownAs)
        const held = ending.includes(field.name)
          ? (await createAccount(app, { onDevice: await createPhone(app) })).token
          : token
        if (held !== token) before = await written()
        const told = await tell(app, document(Object.keys(given)), given, held)
        expect(told.bytes).not.toMatch(/^5|"(INTERNAL|UNAVAILABLE|TIMEOUT|SESSION_REVOKED)"/)
        const [first] = Object.values(told.data ?? {}) as ({ __typename?: string } | null)[]
        const after = await written()
        if (told.code !== undefined || first?.__typename?.endsWith('Error')) expect(after).toBe(before)
        before = after
      }),
      runs(2 * places.length),
    )
  },
)
