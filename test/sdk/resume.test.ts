import {
  ActivityEventsText,
  ConversationEventsText,
  CreateActivityText,
  InboxText,
  JoinActivityText,
  NudgesText,
  OpenDirectConversationText,
  OpenSessionText,
  SendActivityMessageText,
  SendMessageText,
} from '../../sdk/src/operations.ts'
import { newUsername, password } from '../kit/accounts.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { eventually } from '../kit/eventually.ts'
import { beaconAt, createPhone, newClientId } from '../kit/phones.ts'
import { createOwnRedis, type OwnRedis } from '../kit/redis.ts'
import { connect, type Heard, hear, type SdkClient } from '../kit/sdk.ts'

let app: TestApp
beforeAll(async () => {
  app = await createTestApp({ NUDGE_COOLDOWN_SECONDS: '0', NUDGES_PER_SESSION: '0' })
})

let own: OwnRedis
beforeAll(async () => {
  own = await createOwnRedis()
})
afterAll(() => own?.remove())

const begun = (heard: Heard<unknown>) =>
  eventually(
    () => heard.events.length,
    (length) => length === 1,
  )

/** Lets something happen again and again while the connection of who hears of it is cut at random moments. */
async function cutAtRandom(client: SdkClient, rounds: number, happens: (round: number) => Promise<unknown>) {
  for (let round = 0; round < rounds; round += 1) {
    const happening = happens(round)
    if (Math.random() < 0.5) client.drop()
    await happening
    if (Math.random() < 0.5) client.drop()
    client.wake()
  }
}

/** What came, once there is all of it; more than that comes too. */
const told = (client: SdkClient, list: () => string[], count: number) =>
  eventually(
    () => {
      client.wake()
      return list()
    },
    ({ length }) => length >= count,
    15_000,
  )

const typesOf = (heard: Heard<Record<string, { __typename: string }>>) =>
  new Set(heard.events.flatMap((event) => Object.values(event).map(({ __typename }) => __typename)))

test('nudges that are missed in cuts at random moments come once and in order', async () => {
  const client = connect(app)
  await client.auth.registerDevice()
  const { openSession } = await client.mutate(OpenSessionText, {
    input: { clientId: newClientId(), interests: ['jazz'] },
  })
  if (openSession?.__typename !== 'OpenSessionPayload') throw new Error(JSON.stringify(openSession))
  const heard = hear(client, NudgesText, {})
  await begun(heard)
  await cutAtRandom(client, 30, async () => {
    const other = await createPhone(app)
    await other.open(['jazz'])
    const now = new Date(app.clock.now())
    await other.report([beaconAt(openSession.beacons, now)], now)
  })
  const matches = await told(
    client,
    () => heard.events.flatMap(({ nudges: event }) => (event.__typename === 'Nudge' ? [event.matchId] : [])),
    30,
  )
  expect({ came: matches.length, different: new Set(matches).size }).toEqual({ came: 30, different: 30 })
  expect(client.sockets()).toBeGreaterThan(5)
  expect(typesOf(heard)).toEqual(new Set(['Ready', 'Nudge']))
})

test('so does what is said in an activity', async () => {
  const [host, guest] = [connect(app), connect(app)]
  const here = { latitude: 47.3769, longitude: 8.5417 }
  for (const { auth } of [host, guest]) await auth.registerDevice()
  const { createActivity } = await host.mutate(CreateActivityText, {
    input: { clientId: newClientId(), title: 'Chess in the park', emoji: '♟️', ...here },
  })
  if (createActivity?.__typename !== 'CreateActivityPayload') throw new Error(JSON.stringify(createActivity))
  const activityId = createActivity.activity.id
  await guest.mutate(JoinActivityText, { input: { activityId } })
  const heard = hear(host, ActivityEventsText, { id: activityId })
  await begun(heard)
  await cutAtRandom(host, 30, (round) =>
    guest.mutate(SendActivityMessageText, { input: { activityId, clientId: newClientId(), body: `move ${round}` } }),
  )
  const said = await told(
    host,
    () =>
      heard.events.flatMap(({ activityEvents: event }) =>
        event.__typename === 'ActivityMessageSent' ? [event.message.body] : [],
      ),
    30,
  )
  expect(said).toEqual(Array.from({ length: 30 }, (_, round) => `move ${round}`))
})

test('so does everything of an account, and of one conversation', async () => {
  const [ann, ben] = [connect(app), connect(app)]
  const names = [newUsername(), newUsername()]
  for (const [at, client] of [ann, ben].entries()) {
    await client.auth.register({ username: names[at] ?? '', password })
  }
  const { openDirectConversation: opened } = await ben.mutate(OpenDirectConversationText, {
    input: { username: names[0] ?? '' },
  })
  if (opened?.__typename !== 'OpenDirectConversationPayload') throw new Error(JSON.stringify(opened))
  const conversationId = opened.conversation.id
  const inbox = hear(ann, InboxText, {})
  const one = hear(ann, ConversationEventsText, { conversationId })
  await begun(inbox)
  await begun(one)
  await cutAtRandom(ann, 30, (round) =>
    ben.mutate(SendMessageText, { input: { conversationId, clientId: newClientId(), body: `word ${round}` } }),
  )
  const all = Array.from({ length: 30 }, (_, round) => `word ${round}`)
  const bodies = (events: (typeof inbox.events)[number]['inbox'][]) =>
    events.flatMap((event) =>
      event.__typename === 'ConversationChanged' && event.change.__typename === 'MessageSent'
        ? [event.change.message.body ?? '']
        : [],
    )
  expect(await told(ann, () => bodies(inbox.events.map(({ inbox: event }) => event)), 30)).toEqual(all)
  expect(await told(ann, () => bodies(one.events.map(({ conversationEvents: event }) => event)), 30)).toEqual(all)
  expect(typesOf(inbox)).toEqual(new Set(['Ready', 'ConversationChanged']))
})

test('a place in a stream that is lost is told, and the stream goes on by itself', async () => {
  const lonely = await createTestApp({ REDIS_URL: own.url })
  const client = connect(lonely)
  await client.auth.registerDevice()
  const { openSession } = await client.mutate(OpenSessionText, {
    input: { clientId: newClientId(), interests: ['jazz'] },
  })
  if (openSession?.__typename !== 'OpenSessionPayload') throw new Error(JSON.stringify(openSession))
  const before = hear(client, NudgesText, {})
  await begun(before)
  before.stop()
  const { nudges: ready } = before.events[0] ?? {}
  if (ready?.__typename !== 'Ready') throw new Error('not ready')
  await lonely.redis.command.flushdb()
  const heard = hear(client, NudgesText, { after: ready.cursor })
  await begun(heard)
  expect(heard.events[0]).toMatchObject({ nudges: { __typename: 'ResyncRequired', reason: 'EPOCH_CHANGED' } })
  client.drop()
  client.wake()
  await eventually(
    () => {
      client.wake()
      return heard.events.length
    },
    (length) => length === 2,
  )
  expect(heard.events[1]).toMatchObject({ nudges: { __typename: 'Ready' } })
})

test('what listens and fails does not end the stream of others', async () => {
  const client = connect(app)
  await client.auth.registerDevice()
  const uncaught: unknown[] = []
  const { queueMicrotask: real } = globalThis
  globalThis.queueMicrotask = (run) =>
    real(
      () =>
        void Promise.resolve()
          .then(run)
          .catch((error) => uncaught.push(error)),
    )
  client.subscribe(
    NudgesText,
    {},
    {
      next() {
        throw new Error('of the app')
      },
    },
  )
  const heard = hear(client, NudgesText, {})
  await begun(heard)
  globalThis.queueMicrotask = real
  expect(uncaught).toMatchObject([{ message: 'of the app' }])
  expect({ over: heard.over, sockets: client.sockets() }).toEqual({ over: false, sockets: 1 })
})
