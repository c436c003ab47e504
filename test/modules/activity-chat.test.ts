import { act, activityUuid, start } from '../kit/activities.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { impose } from '../kit/gate.ts'
import { ask } from '../kit/gql.ts'
import { createPhone, newClientId, type Phone } from '../kit/phones.ts'
import { follow } from '../kit/socket.ts'

let app: TestApp
let other: TestApp
beforeAll(async () => {
  app = await createTestApp()
  other = await app.node()
})

interface Message {
  id: string
  seq: number
  body: string
  sentAt: string
  author: { id: string; displayName: string | null; isHost: boolean }
}
interface Sent {
  __typename: string
  code?: string
  message?: Message
  retryAfterMs?: number
  field?: string
}

const messageFields = 'id seq body sentAt author { id displayName isHost }'
const sendDocument = `mutation ($input: SendActivityMessageInput!) { sendActivityMessage(input: $input) { __typename
  ... on SendActivityMessagePayload { message: activityMessage { ${messageFields} } } ... on Error { code } } }`
const signalDocument = `mutation ($input: SignalActivityInput!) { signalActivity(input: $input) { __typename
  ... on SignalActivityPayload { presentForSeconds } ... on Error { code } } }`
const messagesDocument = `query ($id: ID!, $first: Int, $last: Int, $after: String, $before: String) { activity(id: $id) {
  messages(first: $first, last: $last, after: $after, before: $before) { edges { cursor node { ${messageFields} } } pageInfo { hasNextPage hasPreviousPage } } } }`
const presentDocument =
  'query ($id: ID!) { activity(id: $id) { presentCount attendees { edges { node { id isViewer isPresent } } } } }'
const eventsDocument = `subscription ($id: ID!, $after: Cursor) { activityEvents(id: $id, after: $after) { __typename
  ... on Ready { cursor } ... on ResyncRequired { cursor reason }
  ... on ActivityJoined { cursor joinCount } ... on ActivityLeft { cursor }
  ... on ActivityMessageSent { cursor message { ${messageFields} } }
  ... on ActivityTyping { cursor typing attendee { id displayName isHost } } ... on ActivityEnded { cursor } } }`

interface Told {
  __typename: string
  cursor: string
  message?: Message
  typing?: boolean
  attendee?: { id: string; displayName: string | null }
}

async function call(phone: Phone, document: string, input: object, on: { url: string }): Promise<Sent> {
  const { data, errors } = await ask<Record<string, Sent>>(on, document, { input }, { token: phone.token })
  if (errors?.[0]) return { __typename: 'refused', ...errors[0].extensions }
  return Object.values(data ?? {})[0] ?? { __typename: 'nothing' }
}

const say = (phone: Phone, activityId: string, body: string, more: { clientId?: string; on?: TestApp } = {}) =>
  call(phone, sendDocument, { clientId: more.clientId ?? newClientId(), activityId, body }, more.on ?? app)
const signal = (phone: Phone, activityId: string, typing: boolean, on = app) =>
  call(phone, signalDocument, { activityId, typing }, on)
const join = (phone: Phone, activityId: string, displayName?: string) =>
  act(phone, 'joinActivity', { activityId, displayName })

async function read(phone: Phone, id: string, page: object = { first: 100 }) {
  const { data, errors } = await phone.ask<{
    activity: { messages: { edges: { cursor: string; node: Message }[]; pageInfo: object } | null } | null
  }>(messagesDocument, { id, ...page })
  if (errors) throw new Error(JSON.stringify(errors))
  return data?.activity?.messages
}
const said = async (phone: Phone, id: string) => (await read(phone, id))?.edges.map(({ node }) => node.body)
const listen = (phone: Phone, id: string, after?: string, on = app) =>
  follow<Told>(on, eventsDocument, { token: phone.token, variables: { id, after } })

/** A host and two who have joined. */
async function gathering(more: object = {}) {
  const [ann, ben, cyd] = [await createPhone(app), await createPhone(app), await createPhone(app)]
  const { id } = await start(ann, more)
  await join(ben, id, 'Ben')
  await join(cyd, id)
  return { ann, ben, cyd, id }
}

describe('a message', () => {
  test('reaches those who have joined, with its place and its author, on every node', async () => {
    const { ann, ben, cyd, id } = await gathering()
    const [near, far] = [listen(cyd, id), listen(ann, id, undefined, other)]
    await near.next()
    await far.next()
    const sent = await say(ben, id, '  Bring <b>water</b>\r\n& sun cream ')
    expect(sent.message).toMatchObject({ seq: 1, body: 'Bring <b>water</b>\n& sun cream' })
    expect(sent.message?.author).toEqual({ id: expect.any(String), displayName: 'Ben', isHost: false })
    const [seen, seenFar] = [await near.next(), await far.next()]
    expect(seen).toEqual({ __typename: 'ActivityMessageSent', cursor: expect.any(String), message: sent.message })
    expect(seenFar).toEqual(seen)
    expect((await say(ann, id, 'Sure')).message).toMatchObject({ seq: 2, author: { isHost: true } })
    expect((await read(cyd, id))?.edges.map(({ node }) => node)).toEqual([
      sent.message,
      expect.objectContaining({ seq: 2, body: 'Sure' }),
    ])
    for (const stream of [near, far]) stream.stop()
  })

  test('is for those who have joined, in every way there is', async () => {
    const { ann, ben, id } = await gathering()
    const dan = await createPhone(app)
    expect(await say(dan, id, 'Hi')).toMatchObject({ __typename: 'NotMemberError', code: 'FORBIDDEN' })
    expect(await signal(dan, id, true)).toMatchObject({ __typename: 'NotMemberError' })
    expect(await read(dan, id)).toBeNull()
    const stream = listen(dan, id)
    await stream.next()
    await say(ann, id, 'One')
    await signal(ben, id, true)
    await join(dan, id)
    expect(await stream.next()).toMatchObject({ __typename: 'ActivityJoined' })
    await say(ann, id, 'Two')
    expect((await stream.next()).message?.body).toBe('Two')
    await act(dan, 'leaveActivity', { activityId: id })
    expect(await stream.next()).toMatchObject({ __typename: 'ActivityLeft' })
    await say(ann, id, 'Three')
    await act(ann, 'cancelActivity', { activityId: id })
    expect(await stream.next()).toMatchObject({ __typename: 'ActivityEnded' })
    expect(await read(dan, id)).toBeNull()
    expect(await say(dan, id, 'Bye')).toMatchObject({ __typename: 'NotMemberError' })
  })

  test('reaches who joins and follows at the same moment', async () => {
    const { ann, id } = await gathering()
    for (let round = 0; round < 20; round += 1) {
      const eve = await createPhone(app)
      const stream = listen(eve, id)
      await join(eve, id)
      while ((await stream.next()).__typename !== 'Ready');
      const { message } = await say(ann, id, `Welcome ${round}`)
      let event = await stream.next()
      while (event.__typename !== 'ActivityMessageSent') event = await stream.next()
      expect(event.message).toEqual(message)
      stream.stop()
    }
  })

  test('is the same however often it is sent, also when it is over, when its author has left, and when others came since', async () => {
    const { ann, ben, id } = await gathering()
    const clientId = newClientId()
    const first = await say(ben, id, 'Once', { clientId })
    const again = await Promise.all(
      Array.from({ length: 50 }, (_, i) => say(ben, id, 'Once', { clientId, on: i % 2 ? app : other })),
    )
    for (const answer of again) expect(answer).toEqual(first)
    expect(await say(ben, id, 'Twice', { clientId })).toMatchObject({ __typename: 'IdempotencyMismatchError' })
    // Somebody else's client id is their own.
    expect((await say(ann, id, 'Once', { clientId })).message).toMatchObject({ seq: 2 })
    await act(ben, 'leaveActivity', { activityId: id })
    expect(await say(ben, id, 'Once', { clientId })).toEqual(first)
    await act(ann, 'cancelActivity', { activityId: id })
    expect(await say(ben, id, 'Once', { clientId })).toEqual(first)
    expect(await said(ann, id)).toEqual(['Once', 'Once'])
  })

  test('a thousand at once from two nodes, each sent twice, get the places 1 to 1000 without a gap; the last hundred are kept', async () => {
    const { ann, ben, cyd, id } = await gathering()
    const people = [ann, ben, cyd]
    const stream = listen(ann, id)
    await stream.next()
    const answers: Sent[] = []
    // As a client does: what was not answered is sent again.
    async function surely(who: Phone, body: string, more: { clientId: string; on: TestApp }): Promise<Sent> {
      const answer = await say(who, id, body, more)
      return answer.code === 'UNAVAILABLE' ? surely(who, body, more) : answer
    }
    for (let from = 0; from < 1000; from += 50) {
      const batch = Array.from({ length: 50 }, (_, i) => from + i).flatMap((n) => {
        const clientId = newClientId()
        const who = people[n % 3] as Phone
        return [app, other].map((on) => surely(who, `No ${n}`, { clientId, on }))
      })
      answers.push(...(await Promise.all(batch)))
    }
    const bySeq = new Map(answers.map(({ message }) => [message?.seq, message]))
    expect([...bySeq.keys()].sort((a = 0, b = 0) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i + 1))
    for (const { message } of answers) expect(message).toEqual(bySeq.get(message?.seq))
    for (let seq = 1; seq <= 1000; seq += 1) expect((await stream.next()).message).toEqual(bySeq.get(seq))
    stream.stop()
    const kept = (await read(ben, id))?.edges.map(({ node }) => node)
    expect(kept).toEqual(Array.from({ length: 100 }, (_, i) => bySeq.get(901 + i)))
  })

  test('of somebody whom a block hides is absent, from the list, its pages and the stream', async () => {
    const { ann, ben, cyd, id } = await gathering()
    await say(ann, id, 'a1')
    await say(ben, id, 'b2')
    await say(cyd, id, 'c3')
    await app.services.social.block(cyd.personId, ben.personId)
    expect(await said(cyd, id)).toEqual(['a1', 'c3'])
    expect(await said(ben, id)).toEqual(['a1', 'b2'])
    expect(await said(ann, id)).toEqual(['a1', 'b2', 'c3'])
    expect((await read(cyd, id, { first: 2 }))?.pageInfo).toMatchObject({ hasNextPage: false })
    const stream = listen(cyd, id)
    await stream.next()
    await signal(ben, id, true)
    await say(ben, id, 'b4')
    await say(ann, id, 'a5')
    expect((await stream.next()).message?.body).toBe('a5')
    stream.stop()
  })

  test('of somebody who hides is there: it was said to all; that they are there is not told', async () => {
    const { ann, ben, id } = await gathering()
    await app.services.social.setVisibility(ben.personId, { ghost: true })
    const stream = listen(ann, id)
    await stream.next()
    await signal(ben, id, true)
    await say(ben, id, 'Boo')
    expect((await stream.next()).message).toMatchObject({ body: 'Boo', author: { displayName: 'Ben' } })
    const { data } = await ann.ask<{ activity: { presentCount: number } }>(presentDocument, { id })
    expect(data?.activity.presentCount).toBe(1)
    stream.stop()
  })

  test('is found page by page from either end, by its place', async () => {
    const { ann, ben, id } = await gathering()
    for (let i = 1; i <= 7; i += 1) await say(ben, id, `m${i}`)
    const page = async (asked: object) => {
      const found = await read(ann, id, asked)
      return { bodies: found?.edges.map(({ node }) => node.body), ...found?.pageInfo }
    }
    const cursor = async (n: number) => (await read(ann, id))?.edges[n - 1]?.cursor
    expect(await page({ first: 3 })).toMatchObject({ bodies: ['m1', 'm2', 'm3'], hasNextPage: true })
    expect(await page({ first: 3, after: await cursor(3) })).toMatchObject({ bodies: ['m4', 'm5', 'm6'] })
    expect(await page({ last: 2 })).toMatchObject({ bodies: ['m6', 'm7'], hasPreviousPage: true })
    expect(await page({ last: 2, before: await cursor(3) })).toMatchObject({
      bodies: ['m1', 'm2'],
      hasPreviousPage: false,
    })
    expect(await page({ first: 3, after: await cursor(7) })).toMatchObject({ bodies: [], hasNextPage: false })
    const elsewhere = await gathering()
    await say(elsewhere.ann, elsewhere.id, 'x')
    const foreign = (await read(elsewhere.ann, elsewhere.id))?.edges[0]?.cursor
    for (const asked of [{ after: foreign }, { before: foreign }, { first: 0 }, { last: 101 }, { after: 'x' }])
      expect((await ann.ask(messagesDocument, { id, ...asked })).errors?.[0]?.extensions?.['code']).toBe(
        'BAD_USER_INPUT',
      )
  })

  test('is replayed after a cursor, once and in order; who left is told nothing more', async () => {
    const { ann, ben, id } = await gathering()
    const stream = listen(ben, id)
    const { cursor } = await stream.next()
    stream.drop()
    await say(ann, id, 'm1')
    await say(ann, id, 'm2')
    const resumed = listen(ben, id, cursor, other)
    expect((await resumed.next()).__typename).toBe('Ready')
    expect((await resumed.next()).message?.body).toBe('m1')
    expect((await resumed.next()).message?.body).toBe('m2')
    resumed.stop()
    await act(ben, 'leaveActivity', { activityId: id })
    const after = listen(ben, id, cursor)
    await after.next()
    expect((await after.next()).__typename).toBe('ActivityLeft')
    after.stop()
  })
})

describe('bad input to a chat', () => {
  const bodies: [string, string][] = [
    ['nothing', ''],
    ['blanks', ' \n\t '],
    ['zero-width characters', '\u200b\u2060\ufeff'],
    ['501 characters', 'x'.repeat(501)],
    ['501 families', '👨‍👩‍👧‍👦'.repeat(501)],
    ['half a surrogate pair', 'a\ud800b'],
    ['NUL', 'a\0b'],
    ['a right-to-left override', 'a\u202eb'],
    ['a bell', 'ding\u0007'],
  ]

  test.each(bodies)('%s is no message', async (_name, body) => {
    const { ann, id } = await gathering()
    expect(await say(ann, id, body)).toMatchObject({ code: 'BAD_USER_INPUT' })
    expect(await said(ann, id)).toEqual([])
    expect((await say(ann, id, 'x')).message?.seq).toBe(1)
  })

  test('500 characters are a message, whatever they weigh', async () => {
    const { ann, id } = await gathering()
    for (const body of ['x'.repeat(500), 'é'.repeat(500), '𝄞'.repeat(500)])
      expect((await say(ann, id, body)).message?.body).toBe(body)
  })

  test('a client id of another shape, an id of something else, and one that is not there are refused', async () => {
    const { ann, id } = await gathering()
    for (const clientId of ['short', 'x'.repeat(65), 'with space'])
      expect(await say(ann, id, 'x', { clientId })).toMatchObject({ code: 'BAD_USER_INPUT' })
    const missing = Buffer.from(`Activity:${activityUuid(id).replace(/^.{8}/, '00000000')}`).toString('base64')
    const strange = Buffer.from("Activity:1' or '1'='1").toString('base64')
    for (const wrong of [missing, strange]) {
      expect(await say(ann, wrong, 'x')).toMatchObject({ code: 'NOT_FOUND' })
      expect(await signal(ann, wrong, false)).toMatchObject({ code: 'NOT_FOUND' })
    }
    expect(await say(ann, ann.deviceId, 'x')).toMatchObject({ code: 'BAD_USER_INPUT' })
    expect(await said(ann, id)).toEqual([])
  })

  test('what is over, or hidden, takes no message', async () => {
    const { ann, ben, cyd, id } = await gathering()
    await app.services.social.block(ann.personId, cyd.personId)
    expect(await say(cyd, id, 'x')).toMatchObject({ code: 'NOT_FOUND' })
    await act(ann, 'cancelActivity', { activityId: id })
    expect(await say(ben, id, 'x')).toMatchObject({ __typename: 'ActivityOverError', code: 'CONFLICT' })
    expect(await signal(ben, id, true)).toMatchObject({ __typename: 'ActivityOverError' })
  })

  test('the 101st message of an hour waits exactly as long as is left, and a repetition does not count', async () => {
    const limited = await app.node({ RATE_LIMITS: 'on' })
    const { ben, id } = await gathering()
    const clientId = newClientId()
    const beganAt = app.clock.now()
    await say(ben, id, 'first', { clientId, on: limited })
    for (let i = 2; i <= 100; i += 1) {
      // As fast as anybody may, so that the hour's limit is the first that is met.
      app.clock.advance(2500)
      expect((await say(ben, id, `m${i}`, { on: limited })).message?.seq).toBe(i)
    }
    const refused = await say(ben, id, 'm101', { on: limited })
    expect(refused).toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: expect.any(Number) })
    expect(app.clock.now() + (refused.retryAfterMs ?? 0) - beganAt).toBeLessThan(3_600_000 + 1000)
    expect((await say(ben, id, 'first', { clientId, on: limited })).message?.seq).toBe(1)
    app.clock.advance(refused.retryAfterMs ?? 0)
    expect((await say(ben, id, 'm101', { on: limited })).message?.seq).toBe(101)
  })
})

describe('presence in an activity', () => {
  const present = async (phone: Phone, id: string) => {
    const { data } = await phone.ask<{
      activity: {
        presentCount: number | null
        attendees: { edges: { node: { isViewer: boolean; isPresent: boolean | null } }[] } | null
      }
    }>(presentDocument, { id })
    const nodes = data?.activity.attendees?.edges.map(({ node }) => node.isPresent)
    return { count: data?.activity.presentCount, nodes }
  }

  test('lasts a minute after joining, speaking or signalling', async () => {
    const { ann, ben, cyd, id } = await gathering()
    expect(await present(cyd, id)).toEqual({ count: 2, nodes: [false, true, true] })
    app.clock.advance(40_000)
    expect(await signal(ann, id, false)).toMatchObject({ presentForSeconds: 60 })
    await say(ben, id, 'Here')
    app.clock.advance(30_000)
    expect(await present(cyd, id)).toEqual({ count: 2, nodes: [true, true, false] })
    app.clock.advance(31_000)
    expect(await present(cyd, id)).toEqual({ count: 0, nodes: [false, false, false] })
  })

  test('is told to those who have joined, and speaks of those whom they may be shown', async () => {
    const { ann, ben, cyd, id } = await gathering()
    const dan = await createPhone(app)
    expect(await present(dan, id)).toEqual({ count: null, nodes: undefined })
    await app.services.social.block(ann.personId, ben.personId)
    expect(await present(ann, id)).toEqual({ count: 1, nodes: [false, true] })
    await act(cyd, 'leaveActivity', { activityId: id })
    expect(await present(ann, id)).toEqual({ count: 0, nodes: [false] })
  })

  test('typing passes to others at once, its end only to whom its beginning was told, and neither is replayed', async () => {
    const { ann, ben, id } = await gathering()
    const stream = listen(ann, id, undefined, other)
    const { cursor } = await stream.next()
    await signal(ben, id, false)
    await signal(ben, id, true)
    expect(await stream.next()).toMatchObject({
      ...{ __typename: 'ActivityTyping', typing: true, cursor },
      attendee: { displayName: 'Ben' },
    })
    await signal(ann, id, true)
    await signal(ben, id, false)
    expect(await stream.next()).toMatchObject({ __typename: 'ActivityTyping', typing: false })
    stream.stop()
    const later = listen(ann, id, cursor)
    await later.next()
    await say(ben, id, 'Done')
    expect((await later.next()).__typename).toBe('ActivityMessageSent')
    later.stop()
  })

  test('of somebody shadowed is for themselves: others are told nothing, and see nobody', async () => {
    const { ann, ben, cyd, id } = await gathering()
    for (const surface of [null, 'ACTIVITY_MESSAGE'] as const) {
      const by = await impose(app, { personId: ben.personId, kind: 'SHADOW', surface, minutes: 5 })
      app.clock.advance(61_000)
      const stream = listen(ann, id, undefined, other)
      await stream.next()
      expect(await signal(ben, id, true)).toEqual(await signal(cyd, id, true))
      expect(await stream.next()).toMatchObject({ __typename: 'ActivityTyping', attendee: { displayName: null } })
      expect(await present(ben, id)).toEqual({ count: 2, nodes: [false, true, true] })
      expect(await present(ann, id)).toEqual({ count: 1, nodes: [false, false, true] })
      app.clock.advance(61_000)
      await say(ben, id, 'Hello')
      expect(await present(ben, id)).toEqual({ count: 1, nodes: [false, true, false] })
      expect(await present(ann, id)).toEqual({ count: 0, nodes: [false, false, false] })
      await app.postgres.transaction((sql) => app.services.gate.restrictions.revoke(sql, { id: by, by: null }))
      await app.services.gate.refresh(ben.personId)
      await signal(ben, id, true)
      expect(await stream.next()).toMatchObject({ __typename: 'ActivityTyping', attendee: { displayName: 'Ben' } })
      expect(await present(ann, id)).toEqual({ count: 1, nodes: [false, true, false] })
      stream.stop()
    }
    await impose(app, { personId: ben.personId, kind: 'SHADOW', surface: 'MESSAGE', minutes: 5 })
    const stream = listen(ann, id)
    await stream.next()
    await signal(ben, id, true)
    expect(await stream.next()).toMatchObject({ __typename: 'ActivityTyping', attendee: { displayName: 'Ben' } })
    stream.stop()
  })

  test('61 signals a minute are one too many', async () => {
    const limited = await app.node({ RATE_LIMITS: 'on' })
    const { ben, id } = await gathering()
    for (let i = 0; i < 60; i += 1) await signal(ben, id, i % 2 === 0, limited)
    const refused = await signal(ben, id, true, limited)
    expect(refused).toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: expect.any(Number) })
    app.clock.advance(refused.retryAfterMs ?? 0)
    expect(await signal(ben, id, true, limited)).toMatchObject({ presentForSeconds: 60 })
  })
})
