import { createAccount, registerAccount, type TestAccount } from '../kit/accounts.ts'
import { act, start } from '../kit/activities.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { openDirect, send } from '../kit/conversations.ts'
import { eventually } from '../kit/eventually.ts'
import { ask } from '../kit/gql.ts'
import { createMailbox } from '../kit/mail.ts'
import { openFence, peopleAround } from '../kit/nearby.ts'
import { beaconAt, createPhone, type Phone } from '../kit/phones.ts'
import { zurich } from '../kit/places.ts'
import { call } from '../kit/profiles.ts'

let app: TestApp
beforeAll(async () => {
  app = await createTestApp({}, { mail: createMailbox() })
})

const now = () => new Date(app.clock.now())
const asAccount = (phone: Phone, { token }: TestAccount): Phone => ({
  ...phone,
  ...{ token, ask: (query, variables) => ask(app, query, variables, { token }) },
})

/** Everything that a phone is told of others in passing: who is near, what goes on, who is there, whom it has met. */
const passingDocument = `query ($people: [ID!]!, $activities: [ID!]!) {
  nearbyPeople(radius: UNDER_1_KM, first: 10) { edges { node { id band } } }
  presence(ids: $people) { id online }
  nearbyActivities(radius: UNDER_1_KM, first: 10) { edges { node { id title joinCount band } } }
  nodes(ids: $activities) { id ... on Activity { title joinCount presentCount
    attendees(first: 10) { edges { node { id displayName isHost isPresent joinedAt } } }
    messages(first: 10) { edges { node { id seq body author { id displayName } } } } } }
  session { id matches(first: 10) { edges { node { id matchedAt nudgedAt sharedInterests } } } } }`

interface Passing {
  nearbyPeople: { edges: { node: { id: string } }[] }
  session: { matches: { edges: unknown[] } }
}

async function passing(viewer: Phone, activities: string[]): Promise<Passing> {
  const people = Object.keys(await peopleAround(viewer, 'UNDER_1_KM')).sort()
  const { data, errors } = await viewer.ask<Passing>(passingDocument, { people, activities })
  if (!data || errors) throw new Error(JSON.stringify(errors))
  // Inside a band the order tells nothing, and is another every time.
  data.nearbyPeople.edges.sort((a, b) => (a.node.id < b.node.id ? -1 : 1))
  return data
}

/** Everything that an account is told: of itself, and of those it writes with. */
const lastingDocument = `{ me { id username displayName profile { id } }
  syncBootstrap { profiles { id username displayName bio }
    conversations { upToSeq conversation { id members { role joinedAt profile { id username displayName bio } } }
      messages { id clientId seq body sentAt sender { id username displayName } } } } }`

async function lasting(viewer: TestAccount): Promise<object> {
  const { data, errors } = await viewer.ask<object>(lastingDocument)
  if (!data || errors) throw new Error(JSON.stringify(errors))
  return data
}

/** Whatever could name somebody or something: each text in an answer that is no constant, and what is inside of it if it is coded. */
function texts(answer: unknown): Set<string> {
  const found = new Set<string>()
  const visit = (value: unknown) => {
    if (typeof value === 'string' && value.length >= 8 && !/^[A-Z_]+$/.test(value)) {
      found.add(value)
      const inside = Buffer.from(value, 'base64').toString()
      if (/^[\x20-\x7e]+$/.test(inside)) for (const part of inside.split(':')) if (part.length >= 8) found.add(part)
    } else if (typeof value === 'object' && value !== null) for (const part of Object.values(value)) visit(part)
  }
  visit(answer)
  return found
}
const common = (one: Set<string>, other: Set<string>) => [...one].filter((text) => other.has(text))

test('T41: who is seen nearby, and registers an account on that phone, is nobody’s acquaintance by that', async () => {
  const [ann, ben, cyd] = [await createPhone(app), await createPhone(app), await createPhone(app)]
  for (const phone of [ann, ben, cyd]) await phone.beat(zurich, now())
  const sessions = [await ann.open(['jazz']), await ben.open(['jazz']), await cyd.open(['jazz'])]
  for (const phone of [ben, cyd]) {
    await phone.report([beaconAt(sessions[0]?.beacons ?? [], now())], now())
    await ann.report(
      sessions.slice(1).map(({ beacons }) => beaconAt(beacons, now())),
      now(),
    )
  }
  const { id: hosted } = await start(ann, { title: 'Chess' })
  const { id: joined } = await start(ben, { title: 'Rowing' })
  for (const phone of [ben, cyd]) await act(phone, 'joinActivity', { activityId: hosted })
  await act(ann, 'joinActivity', { activityId: joined, displayName: 'A.' })
  await act(cyd, 'joinActivity', { activityId: joined })
  const say = (phone: Phone, activityId: string, body: string) =>
    phone.ask(`mutation ($input: SendActivityMessageInput!) { sendActivityMessage(input: $input) { __typename } }`, {
      input: { clientId: `say-${body}-${activityId.slice(-8)}`.replace(/[^A-Za-z0-9_-]/g, '_'), activityId, body },
    })
  await say(ann, hosted, 'welcome')
  await say(ann, joined, 'hello')
  const viewers = [ben, cyd]
  const activities = [hosted, joined]
  const seen = () => Promise.all(viewers.map((viewer) => passing(viewer, activities)))
  // Until what came last has arrived with everybody.
  const before = await eventually(seen, (all) => all.every((each) => JSON.stringify(each).includes('hello')))
  for (const { nearbyPeople, session } of before)
    expect([nearbyPeople.edges.length, session.matches.edges.length]).toEqual([2, 1])
  const fences = await Promise.all(viewers.map((viewer) => openFence(app, viewer, { radius: 'UNDER_1_KM' })))

  // Ann registers where she is, and goes on by her account's token.
  const annAccount = await registerAccount(app, { onDevice: ann })
  const signedIn = asAccount(ann, annAccount)
  expect((await signedIn.ask<{ viewer: { deviceId: string } }>('{ viewer { deviceId } }')).data?.viewer.deviceId).toBe(
    ann.deviceId,
  )
  expect(await signedIn.beat(zurich, now())).toMatchObject({ __typename: 'HeartbeatPayload' })
  expect(await seen()).toEqual(before)

  // Those who see her have accounts, on their phones too, and all of them write to each other.
  const accounts = [await registerAccount(app, { onDevice: ben }), await createAccount(app, { onDevice: cyd })]
  const canary = 'kanarieprofile'
  await call(annAccount, 'updateProfile', { displayName: canary, bio: canary })
  await call(annAccount, 'requestEmailVerification', { email: `${canary}@example.org` })
  const conversations: string[] = []
  for (const account of accounts) {
    const id = await openDirect(annAccount, account)
    conversations.push(id)
    await send(annAccount, id, 'a message that lasts')
    await send(account, id, 'an answer that lasts')
  }
  await app.idle()
  expect(await seen()).toEqual(before)
  const byAccount = await Promise.all(
    viewers.map((viewer, i) => passing(asAccount(viewer, accounts[i] as TestAccount), activities)),
  )
  expect(byAccount).toEqual(before)

  // No text that either viewer was told in one half was told to anybody in the other.
  const told = { passing: texts(before), lasting: texts(await Promise.all([annAccount, ...accounts].map(lasting))) }
  expect(told.passing.size).toBeGreaterThan(20)
  expect(told.lasting.size).toBeGreaterThan(20)
  expect(common(told.passing, told.lasting)).toEqual([])
  const ids = [ann, ben, cyd].flatMap(({ deviceId, personId }) => [deviceId, personId])
  for (const id of [...ids, ...sessions.map((session) => session.id)]) expect(told.lasting).not.toContain(id)
  const theirs = [annAccount, ...accounts].flatMap(({ accountId, profileId, username }) => [
    accountId,
    profileId,
    username,
  ])
  for (const id of [...theirs, ...conversations, canary]) expect(told.passing).not.toContain(id)

  // What both viewers were told of Ann in passing, they were told by different names, but inside what they share.
  const [bens, cyds] = before.map(({ nearbyPeople }) => texts(nearbyPeople))
  expect(common(bens ?? new Set(), cyds ?? new Set())).toEqual([])

  // Blocked in one half, she is still there in the other; and she leaves one without leaving the other.
  const blocked = await accounts[0]?.ask<{ block: { __typename: string } }>(
    'mutation ($input: BlockInput!) { block(input: $input) { __typename } }',
    { input: { profileId: annAccount.profileId } },
  )
  expect(blocked?.data?.block.__typename).toBe('BlockPayload')
  expect(await seen()).toEqual(before)
  const { token } = await call(annAccount, 'requestAccountDeletion', { password: 'correct horse battery' })
  expect(await call(annAccount, 'confirmAccountDeletion', { token })).toMatchObject({
    __typename: 'ConfirmAccountDeletionPayload',
  })
  await eventually(
    async () => {
      await app.idle()
      return (await app.postgres.pool.query('select 1 from accounts where id = $1', [annAccount.accountId])).rowCount
    },
    (count) => count === 0,
    15_000,
  )
  expect(await seen()).toEqual(before)
  // Who watched was told of nobody that left, and of nobody that was not there before.
  for (const [i, { stream }] of fences.entries())
    for (const event of stream.waiting()) {
      const changes = event.__typename === 'NearbyChanged' ? event.changes : []
      expect(changes.map(({ change }) => change)).not.toContain('LEFT')
      const named = changes.flatMap(({ personId, activityId }) => personId ?? activityId ?? [])
      for (const id of named) expect(texts(before[i])).toContain(id)
    }
  for (const { stream } of fences) stream.stop()
})
