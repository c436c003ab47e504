import type { Position } from '../../src/platform/geo/index.ts'
import { createId } from '../../src/platform/ids.ts'
import { act, activityFields, activityInput, activityUuid, look, nearby, start } from '../kit/activities.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { rounds } from '../kit/fuzz.ts'
import { impose } from '../kit/gate.ts'
import { ask } from '../kit/gql.ts'
import { comparable, shadow } from '../kit/hidden.ts'
import { openFence } from '../kit/nearby.ts'
import { createPhone, newClientId, type Phone } from '../kit/phones.ts'
import { offset } from '../kit/places.ts'
import { follow } from '../kit/socket.ts'

let app: TestApp
let other: TestApp
beforeAll(async () => {
  app = await createTestApp()
  other = await app.node()
})

let used = 0
const somewhere = (): Position => {
  used += 1
  return { latitude: -40 + (used % 80), longitude: 20 + (used % 7) }
}
async function standing(at: Position): Promise<Phone> {
  const phone = await createPhone(app)
  await phone.beat(at, new Date(app.clock.now()))
  return phone
}
const cause = () => createId(app.clock.now())

interface Message {
  id: string
  seq: number
  body: string
  author: { displayName: string | null }
}
interface Told {
  __typename: string
  cursor: string
  message?: Message
  seq?: number
  attendee?: { displayName: string | null }
}
const messageFields = 'id seq body author { id displayName isHost }'
const sendDocument = `mutation ($input: SendActivityMessageInput!) { sendActivityMessage(input: $input) { __typename
  ... on SendActivityMessagePayload { message: activityMessage { ${messageFields} } } ... on Error { code } } }`
const chatDocument = `query ($id: ID!) { activity(id: $id) { ${activityFields} presentCount
  messages { edges { node { ${messageFields} } } } attendees { edges { node { id displayName isHost isViewer } } } } }`
const clustersDocument =
  'query ($bounds: MapBoundsInput!) { activityClusters(bounds: $bounds, zoom: 10) { count latitude longitude } }'
const eventsDocument = `subscription ($id: ID!, $after: Cursor) { activityEvents(id: $id, after: $after) { __typename
  ... on Ready { cursor } ... on ResyncRequired { cursor }
  ... on ActivityJoined { cursor joinCount attendee { id displayName isViewer } } ... on ActivityLeft { cursor joinCount }
  ... on ActivityMessageSent { cursor message { ${messageFields} } }
  ... on ActivityMessageRemoved { cursor messageId seq }
  ... on ActivityChanged { cursor activity { title joinCount } } ... on ActivityEnded { cursor cancelled } } }`

async function say(phone: Phone, activityId: string, body: string, clientId = newClientId(), on = app) {
  const input = { clientId, activityId, body }
  const { data, errors } = await ask<Record<string, { __typename: string; code?: string; message?: Message }>>(
    on,
    sendDocument,
    { input },
    { token: phone.token },
  )
  return data?.['sendActivityMessage'] ?? { __typename: 'refused', code: String(errors?.[0]?.extensions?.['code']) }
}
const listen = (phone: Phone, id: string, { after, on = app }: { after?: string; on?: TestApp } = {}) =>
  follow<Told>(on, eventsDocument, { token: phone.token, variables: { id, ...(after ? { after } : {}) } })

interface Chat {
  messages: { edges: { node: Message }[] } | null
  attendees: { edges: { node: { displayName: string | null; isViewer: boolean } }[] } | null
}
const chatOf = async (phone: Phone, id: string) =>
  (await phone.ask<{ activity: Chat | null }>(chatDocument, { id })).data?.activity ?? null
const bodies = async (phone: Phone, id: string) =>
  (await chatOf(phone, id))?.messages?.edges.map(({ node }) => node.body) ?? null
const countAround = async (phone: Phone, at: Position) => {
  const [sw, ne] = [offset(at, -2000, -2000), offset(at, 2000, 2000)]
  const bounds = { south: sw.latitude, west: sw.longitude, north: ne.latitude, east: ne.longitude }
  const { data } = await phone.ask<{ activityClusters: { count: number }[] }>(clustersDocument, { bounds })
  return data?.activityClusters.reduce((sum, { count }) => sum + count, 0)
}
const isAround = async (phone: Phone, id: string) => (await nearby(phone)).edges.some(({ node }) => node.id === id)
const nodeOf = async (phone: Phone, id: string) =>
  (await phone.ask<{ node: { id: string } | null }>('query ($id: ID!) { node(id: $id) { id } }', { id })).data?.node ??
  null

const activitySource = (on = app) => on.services.activities.subjects.ACTIVITY
const messageSource = (on = app) => on.services.activities.subjects.ACTIVITY_MESSAGE

/** Everything that one viewer can get of an activity: whether it is there, on each path. */
async function pathsOf(viewer: Phone, id: string, at: Position) {
  const stream = listen(viewer, id, { on: other })
  const first = await stream.next().then(
    () => true,
    () => false,
  )
  stream.stop()
  const { code } = await act(viewer, 'updateActivity', { activityId: id, title: 'Mine?' })
  return {
    query: (await look(viewer, id)) !== null,
    node: (await nodeOf(viewer, id)) !== null,
    list: await isAround(viewer, id),
    count: await countAround(viewer, at),
    stream: first,
    chat: (await bodies(viewer, id)) !== null,
    seen: (await activitySource().seenBy({ deviceId: viewer.personId, accountId: null }, activityUuid(id))) !== null,
    update: code ?? 'done',
  }
}

describe('an activity', () => {
  const all = (update: string, chat = true) => ({
    ...{ query: true, node: true, list: true, count: 1, stream: true, chat, seen: true, update },
  })
  const nothing = {
    ...{ query: false, node: false, list: false, count: 0, stream: false, chat: false, seen: false },
    update: 'NOT_FOUND',
  }
  const rows = [
    ['VISIBLE', { host: all('done'), member: all('FORBIDDEN'), stranger: all('FORBIDDEN', false) }],
    ['HIDDEN', { host: all('done'), member: nothing, stranger: nothing }],
    ['REMOVED', { host: nothing, member: nothing, stranger: nothing }],
  ] as const

  test.each(rows)('that is %s is there for whom it should be, on every path', async (state, expected) => {
    const at = somewhere()
    const [host, member, stranger] = [await standing(at), await standing(at), await standing(at)]
    const { id } = await start(host, at)
    await act(member, 'joinActivity', { activityId: id })
    await say(host, id, 'Hello')
    expect(await activitySource(other).setState(activityUuid(id), state, cause())).toBe(true)
    const found = {
      stranger: await pathsOf(stranger, id, at),
      member: await pathsOf(member, id, at),
      host: await pathsOf(host, id, at),
    }
    expect(found).toEqual(expected)
    const outsider = await act(stranger, 'joinActivity', { activityId: id })
    expect(outsider.code ?? 'done').toBe(state === 'VISIBLE' ? 'done' : 'NOT_FOUND')
    expect((await say(member, id, 'Me too')).code ?? 'done').toBe(state === 'VISIBLE' ? 'done' : 'NOT_FOUND')
    expect((await activitySource().facts(activityUuid(id)))?.state).toBe(state)
    // And all of it again once it is shown.
    expect(await activitySource().setState(activityUuid(id), 'VISIBLE', cause())).toBe(true)
    expect({ member: await pathsOf(member, id, at), stranger: await pathsOf(stranger, id, at) }).toEqual({
      ...{ member: all('FORBIDDEN'), stranger: all('FORBIDDEN', state === 'VISIBLE') },
    })
  })

  test('of a shadowed host is there for nobody else, until that is undone', async () => {
    const at = somewhere()
    const [host, stranger] = [await standing(at), await standing(at)]
    const fence = await openFence(other, stranger, { radius: 'UNDER_1_KM' })
    const held = await shadow(app, host.personId)
    const input = activityInput(at)
    const made = await act(host, 'createActivity', input)
    const id = made.activity?.id ?? ''
    expect((await act(host, 'createActivity', input, other)).activity?.id).toBe(id)
    expect(await pathsOf(host, id, at)).toMatchObject({ query: true, list: true, stream: true, chat: true })
    expect(await pathsOf(stranger, id, at)).toMatchObject({ query: false, node: false, list: false, stream: false })
    expect(await act(stranger, 'joinActivity', { activityId: id })).toMatchObject({ code: 'NOT_FOUND' })
    await held.lift()
    await fence.until((inside) => inside.size === 1)
    expect([...fence.inside.keys()]).toEqual([id])
    expect(fence.seen.filter(({ __typename }) => __typename === 'NearbyChanged')).toHaveLength(1)
    expect(await look(stranger, id)).not.toBeNull()
    fence.stream.stop()
  })

  test('what a shadowed host gets is what any host gets', async () => {
    async function world(isShadowed: boolean) {
      const at = somewhere()
      const host = await standing(at)
      if (isShadowed) await shadow(app, host.personId)
      const fence = await openFence(app, host, { radius: 'UNDER_1_KM', stayed: true })
      const input = activityInput({ ...at, capacity: 5 })
      const made = await act(host, 'createActivity', input)
      const id = made.activity?.id ?? ''
      await fence.next()
      const stream = listen(host, id)
      const ready = await stream.next()
      const changed = await act(host, 'updateActivity', { activityId: id, title: 'Checkers', capacity: 7 })
      await fence.next()
      const told = [await stream.next()]
      const clientId = newClientId()
      const said = [
        await say(host, id, 'Hello', clientId),
        await say(host, id, 'Hello', clientId),
        await say(host, id, 'Hi'),
      ]
      told.push(await stream.next(), await stream.next())
      const replayed = listen(host, id, { after: ready.cursor })
      for (let i = 0; i < 4; i += 1) told.push(await replayed.next())
      const found = [await look(host, id), await chatOf(host, id), await nearby(host), await countAround(host, at)]
      const again = await act(host, 'createActivity', input)
      const flagged = await act(host, 'flagActivity', { activityId: id, reason: 'SPAM' })
      const off = [await act(host, 'cancelActivity', { activityId: id }), await stream.next(), await replayed.next()]
      await fence.next()
      const frames = fence.seen.map((event) => comparable(event))
      fence.stream.stop()
      return comparable({ made, changed, told, said, found, again, flagged, off, frames })
    }
    expect(await world(true)).toEqual(await world(false))
  })

  test('that is hidden ends the streams of all but its host, who is not told; removed, of everybody', async () => {
    const at = somewhere()
    const [host, member] = [await standing(at), await standing(at)]
    const { id } = await start(host, at)
    await act(member, 'joinActivity', { activityId: id })
    const fence = await openFence(other, member, { radius: 'UNDER_1_KM', stayed: true })
    const own = await openFence(other, host, { radius: 'UNDER_1_KM', stayed: true })
    fence.inside.set(id, 'HERE')
    const [hosts, members] = [listen(host, id), listen(member, id, { on: other })]
    const cursors = [await hosts.next(), await members.next()].map(({ cursor }) => cursor)
    await activitySource().setState(activityUuid(id), 'HIDDEN', cause())
    expect((await members.ended).errors).toBeUndefined()
    await fence.until((inside) => inside.size === 0)
    expect(await countAround(host, at)).toBe(1)
    await say(host, id, 'Anybody there?')
    expect(await hosts.next()).toMatchObject({ __typename: 'ActivityMessageSent' })
    // Back, and whoever goes on from before it gets what they missed.
    await activitySource(other).setState(activityUuid(id), 'VISIBLE', cause())
    await fence.until((inside) => inside.size === 1)
    const back = listen(member, id, { after: cursors[1] ?? '' })
    expect([await back.next(), await back.next()].map(({ __typename }) => __typename)).toEqual([
      'Ready',
      'ActivityMessageSent',
    ])
    await activitySource(other).setState(activityUuid(id), 'REMOVED', cause())
    await Promise.all([hosts.ended, back.ended])
    await own.next()
    expect(own.seen.map((event) => ('changes' in event ? event.changes.map(({ change }) => change) : []))).toEqual([
      [],
      ['LEFT'],
    ])
    expect((await listen(host, id, { after: cursors[0] ?? '' }).ended).errors?.[0]?.extensions).toMatchObject({
      code: 'NOT_FOUND',
    })
    for (const { stream } of [fence, own]) stream.stop()
  })

  test('that staff has shown again is hidden by three more flags, and by no fewer', async () => {
    const [host, ...others] = await Promise.all(Array.from({ length: 7 }, () => createPhone(app)))
    const { id } = await start(host as Phone)
    const flag = (phone: Phone) => act(phone, 'flagActivity', { activityId: id, reason: 'SPAM' })
    for (const phone of others.slice(0, 3)) await flag(phone)
    expect(await look(others[5] as Phone, id)).toBeNull()
    await activitySource().setState(activityUuid(id), 'VISIBLE', cause())
    for (const phone of others.slice(3, 5)) await flag(phone)
    expect(await look(others[5] as Phone, id)).not.toBeNull()
    await flag(others[5] as Phone)
    expect(await look(others[0] as Phone, id)).toBeNull()
  })

  test('a restricted host changes nothing, and still finds what a lost answer made', async () => {
    const [host, refused] = [await createPhone(app), activityInput()]
    const input = activityInput()
    const made = await act(host, 'createActivity', input)
    const activityId = made.activity?.id ?? ''
    const clientId = newClientId()
    const said = await say(host, activityId, 'Hello', clientId)
    await impose(app, { personId: host.personId, kind: 'MUTE', minutes: 60 })
    expect((await act(host, 'createActivity', input, other)).activity?.id).toBe(activityId)
    expect(await act(host, 'createActivity', { ...input, title: 'Another' })).toMatchObject({
      __typename: 'IdempotencyMismatchError',
    })
    expect(await say(host, activityId, 'Hello', clientId, other)).toEqual(said)
    for (const outcome of [
      await act(host, 'createActivity', refused),
      await act(host, 'updateActivity', { activityId, title: 'Other' }),
      await say(host, activityId, 'More'),
      await act(host, 'joinActivity', { activityId: (await start(await createPhone(app))).id, displayName: 'Ann' }),
    ])
      expect(outcome).toMatchObject({ __typename: 'RestrictedError' })
    const elsewhere = await start(await createPhone(app))
    expect(await act(host, 'joinActivity', { activityId: elsewhere.id })).toMatchObject({
      __typename: 'JoinActivityPayload',
    })
    // What is not theirs is told as ever.
    expect(await act(host, 'updateActivity', { activityId: elsewhere.id, title: 'x' })).toMatchObject({
      code: 'FORBIDDEN',
    })
  })
})

describe('a message', () => {
  async function scene(more: object = {}) {
    const [host, author, member] = await Promise.all([createPhone(app), createPhone(app), createPhone(app)])
    const { id } = await start(host as Phone, more)
    for (const phone of [author, member]) await act(phone as Phone, 'joinActivity', { activityId: id })
    return { id, host: host as Phone, author: author as Phone, member: member as Phone }
  }
  const nameOf = (id: string, seq: number) => `${activityUuid(id)}:${seq}`

  test('of a shadowed author is theirs alone: listed, live, replayed, archived and counted; until that is undone', async () => {
    const { id, host, author, member } = await scene()
    const held = await shadow(app, author.personId)
    const [hosts, authors] = [listen(host, id, { on: other }), listen(author, id)]
    const [{ cursor }] = [await hosts.next(), await authors.next()]
    expect((await say(author, id, 'Only mine')).message?.seq).toBe(1)
    expect((await say(member, id, 'For all')).message?.seq).toBe(2)
    expect((await hosts.next()).message?.body).toBe('For all')
    expect([await authors.next(), await authors.next()].map(({ message }) => message?.body)).toEqual([
      'Only mine',
      'For all',
    ])
    expect(await bodies(author, id)).toEqual(['Only mine', 'For all'])
    for (const phone of [host, member]) expect(await bodies(phone, id)).toEqual(['For all'])
    const replayed = listen(member, id, { after: cursor })
    expect([await replayed.next(), await replayed.next()].map(({ message }) => message?.body)).toEqual([
      undefined,
      'For all',
    ])
    const seen = async (phone: Phone) =>
      (await messageSource().seenBy({ deviceId: phone.personId, accountId: null }, nameOf(id, 1)))?.text ?? null
    expect([await seen(author), await seen(member)]).toEqual(['Only mine', null])
    await held.lift()
    for (const stream of [hosts, replayed])
      expect(await stream.next()).toMatchObject({ __typename: 'ActivityMessageSent', message: { seq: 1 } })
    expect(await bodies(member, id)).toEqual(['Only mine', 'For all'])
    // The author had it, and has it once.
    await say(host, id, 'Last')
    expect((await authors.next()).message?.body).toBe('Last')
    const anew = listen(author, id, { after: cursor })
    const got = [await anew.next(), await anew.next(), await anew.next(), await anew.next()]
    expect(got.map(({ message }) => message?.body)).toEqual([undefined, 'Only mine', 'For all', 'Last'])
  })

  test.each(['HIDDEN', 'REMOVED'] as const)(
    'that is %s is taken from the list and the log, and comes back',
    async (state) => {
      const { id, host, author, member } = await scene()
      const streams = [host, author, member].map((phone, i) => listen(phone, id, { on: i === 0 ? app : other }))
      const cursors = await Promise.all(streams.map(async (stream) => (await stream.next()).cursor))
      const clientId = newClientId()
      await say(author, id, 'A secret word', clientId)
      await say(host, id, 'And more')
      for (const stream of streams) await Promise.all([stream.next(), stream.next()])
      const by = cause()
      expect(await messageSource(other).setState(nameOf(id, 1), state, by)).toBe(true)
      expect(await messageSource().setState(nameOf(id, 1), state, by)).toBe(true)
      const gone = { __typename: 'ActivityMessageRemoved', seq: 1 }
      for (const i of state === 'HIDDEN' ? [0, 2] : [0, 1, 2]) expect(await streams[i]?.next()).toMatchObject(gone)
      expect(await bodies(member, id)).toEqual(['And more'])
      expect(await bodies(author, id)).toEqual(state === 'HIDDEN' ? ['A secret word', 'And more'] : ['And more'])
      expect((await say(author, id, 'A secret word', clientId)).code ?? 'done').toBe(
        state === 'HIDDEN' ? 'done' : 'NOT_FOUND',
      )
      let replays = 0
      const replay = async (phone: Phone, after: string) => {
        const stream = listen(phone, id, { after })
        await stream.next()
        replays += 1
        await say(host, id, `Up to here ${replays}`)
        const got: (string | undefined)[] = []
        while (got.at(-1) !== `Up to here ${replays}`) got.push((await stream.next()).message?.body)
        stream.stop()
        return got.filter((body) => body !== undefined && !body.startsWith('Up to here'))
      }
      expect(await replay(member, cursors[2] ?? '')).toEqual(['And more'])
      expect(await replay(author, cursors[1] ?? '')).toEqual(
        state === 'HIDDEN' ? ['A secret word', 'And more'] : ['And more'],
      )
      if (state === 'REMOVED') {
        const keys = await app.redis.run((client) => client.keys(`${app.config.redisPrefix}*${activityUuid(id)}*log`))
        for (const key of keys)
          expect(JSON.stringify(await app.redis.run((client) => client.xrange(key, '-', '+')))).not.toContain('secret')
      }
      expect(await messageSource().setState(nameOf(id, 1), 'VISIBLE', by)).toBe(true)
      expect((await bodies(member, id))?.[0]).toBe('A secret word')
      expect((await replay(member, cursors[2] ?? '')).filter((body) => body === 'A secret word')).toHaveLength(1)
      expect((await replay(author, cursors[1] ?? '')).filter((body) => body === 'A secret word')).toHaveLength(1)
      for (const stream of streams) stream.stop()
    },
  )

  test('what a shadowed member gets is what any member gets', async () => {
    async function world(isShadowed: boolean) {
      const [host, member] = [await createPhone(app), await createPhone(app)]
      const { id } = await start(host)
      if (isShadowed) await shadow(app, member.personId)
      const joined = await act(member, 'joinActivity', { activityId: id, displayName: 'Ann of the hill' })
      const stream = listen(member, id)
      const told = [await stream.next()]
      const said: unknown[] = []
      for (const body of ['Hello', 'Hello again']) {
        said.push(await say(member, id, body))
        told.push(await stream.next())
      }
      await say(host, id, 'Good evening')
      told.push(await stream.next())
      const replayed = listen(member, id, { after: told[0]?.cursor ?? '' })
      for (let i = 0; i < 4; i += 1) told.push(await replayed.next())
      const chat = await chatOf(member, id)
      const again = await act(member, 'joinActivity', { activityId: id, displayName: 'Ann of the hill' })
      for (const open of [stream, replayed]) open.stop()
      return comparable({ joined, told, said, chat, again })
    }
    expect(await world(true)).toEqual(await world(false))
  })

  test('the name of a shadowed member is theirs alone, wherever it is told', async () => {
    const [host, member] = [await createPhone(app), await createPhone(app)]
    const { id } = await start(host)
    const held = await shadow(app, member.personId)
    const [hosts, members] = [listen(host, id, { on: other }), listen(member, id)]
    await Promise.all([hosts.next(), members.next()])
    await act(member, 'joinActivity', { activityId: id, displayName: 'A bad name' })
    expect([(await hosts.next()).attendee?.displayName, (await members.next()).attendee?.displayName]).toEqual([
      null,
      'A bad name',
    ])
    const names = async (phone: Phone) =>
      (await chatOf(phone, id))?.attendees?.edges.map(({ node }) => node.displayName) ?? []
    expect(await names(host)).toEqual([null, null])
    expect(await names(member)).toEqual([null, 'A bad name'])
    await held.lift()
    expect(await names(host)).toEqual([null, 'A bad name'])
    for (const stream of [hosts, members]) stream.stop()
  })

  test('shown and hidden on two nodes at once, every list, log and state agree', async () => {
    const { id, host, author, member } = await scene()
    await say(author, id, 'Back and forth')
    const uuid = activityUuid(id)
    for (let i = 0; i < rounds(1000) / 25; i += 1)
      await Promise.all(
        Array.from({ length: 25 }, (_, j) => {
          const on = j % 2 ? app : other
          const state = (['VISIBLE', 'HIDDEN', 'REMOVED'] as const)[(i + j) % 3] ?? 'VISIBLE'
          return j % 5 === 0
            ? activitySource(on).setState(uuid, state, cause())
            : messageSource(on).setState(nameOf(id, 1), state, cause())
        }),
      )
    const { state } = (await messageSource().facts(nameOf(id, 1))) ?? {}
    await activitySource().setState(uuid, 'VISIBLE', cause())
    expect((await bodies(member, id))?.length).toBe(state === 'VISIBLE' ? 1 : 0)
    expect((await bodies(author, id))?.length).toBe(state === 'REMOVED' ? 0 : 1)
    await messageSource().setState(nameOf(id, 1), 'VISIBLE', cause())
    expect(await bodies(host, id)).toEqual(['Back and forth'])
    const facts = await messageSource().facts(nameOf(id, 1))
    expect(facts).toMatchObject({ ownerId: author.personId, text: 'Back and forth', isPublic: false, state: 'VISIBLE' })
  })

  test('names that are none have no facts, and nothing to hide', async () => {
    for (const id of ['', 'x', cause(), `${cause()}:1`, `${cause()}:0`, `${cause()}:-1`, '::', 'a:1'])
      for (const source of [activitySource(), messageSource()]) {
        expect(await source.facts(id)).toBeNull()
        expect(await source.seenBy({ deviceId: cause(), accountId: null }, id)).toBeNull()
        expect(await source.setState(id, 'HIDDEN', cause())).toBe(false)
      }
  })
})
