import { createErasedName } from '../../src/modules/identity/erased.ts'
import { createId } from '../../src/platform/ids.ts'
import { act, activityUuid, look, nearby, start } from '../kit/activities.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { untilErased } from '../kit/erasing.ts'
import { eventually } from '../kit/eventually.ts'
import { ask, codeOf } from '../kit/gql.ts'
import { createOrganizer, rawId } from '../kit/organizers.ts'
import { beaconAt, createPhone, newClientId, type Phone } from '../kit/phones.ts'
import { zurich } from '../kit/places.ts'
import { follow } from '../kit/socket.ts'
import { redisDump, traces } from '../kit/stores.ts'

let app: TestApp
let other: TestApp
beforeAll(async () => {
  app = await createTestApp({ RATE_LIMITS: 'on' })
  other = await app.node()
})
// As many phones as register here are too many for a minute.
beforeEach(() => app.clock.advance(60_000))

const now = () => new Date(app.clock.now())
const deleteDocument = `mutation { deleteDevice { __typename ... on DeleteDevicePayload { erasureId requestedAt } } }`
const sendDocument = `mutation ($input: SendActivityMessageInput!) { sendActivityMessage(input: $input) { __typename ... on Error { code } } }`
const eventsDocument = `subscription ($id: ID!, $after: Cursor) { activityEvents(id: $id, after: $after) { __typename ... on Ready { cursor }
  ... on ActivityJoined { cursor attendee { id displayName } } ... on ActivityMessageSent { cursor message { body author { id } } }
  ... on ActivityAttendeeErased { cursor attendeeId joinCount } } }`

interface Told {
  __typename: string
  cursor: string
  attendeeId?: string
  joinCount?: number
  attendee?: { id: string; displayName: string | null }
  message?: { body: string; author: { id: string } }
}

const remove = (phone: Phone, on: TestApp = app) =>
  ask<{ deleteDevice: { __typename: string; erasureId: string } }>(on, deleteDocument, {}, { token: phone.token })
async function say(phone: Phone, activityId: string, body: string) {
  const answer = await phone.ask(sendDocument, { input: { clientId: newClientId(), activityId, body } })
  expect(answer).toMatchObject({ data: { sendActivityMessage: { __typename: 'SendActivityMessagePayload' } } })
}
const said = async (phone: Phone, id: string) => {
  const { data } = await phone.ask<{ activity: { messages: { edges: { node: { seq: number; body: string } }[] } } }>(
    'query ($id: ID!) { activity(id: $id) { messages(first: 100) { edges { node { seq body } } } } }',
    { id },
  )
  return data?.activity.messages.edges.map(({ node }) => `${node.seq} ${node.body}`)
}
const listen = (phone: Phone, id: string, after?: string) =>
  follow<Told>(app, eventsDocument, { token: phone.token, variables: { id, after } })
const proofs = async (phone: Phone) =>
  (
    await app.postgres.pool.query<{ completed_at: Date | null; counts: Record<string, number> }>(
      'select completed_at, counts from erasures where subject = $1',
      [createErasedName(app.config.secret)(phone.personId)],
    )
  ).rows

const erased = (phone: Phone) => untilErased([app, other], phone, async () => (await proofs(phone))[0]?.completed_at)

describe('a device that deletes itself', () => {
  test('leaves no trace of it in any store or log, in its own things and in those of others', async () => {
    const [ann, ben, cyd, dan] = [
      await createPhone(app),
      await createPhone(app),
      await createPhone(app),
      await createPhone(app),
    ]

    // There, open to talk, matched, blocked, hidden.
    await ann.beat(zurich, now())
    await ben.beat(zurich, now())
    const [mine, yours] = [await ann.open(['jazz']), await ben.open(['jazz'])]
    await ann.report([beaconAt(yours.beacons, now())], now())
    await ben.report([beaconAt(mine.beacons, now())], now())
    const nudges = ann.nudges()
    await nudges.next()
    await app.services.social.block(ann.personId, cyd.personId)
    await app.services.social.block(dan.personId, ann.personId)
    await ann.ask('mutation { setVisibility(input: { visibility: EVERYONE }) { __typename } }')
    await ann.ask('mutation { renewDevice { __typename } }')

    // A host, a guest, one who has left, one who flagged.
    const own = await start(ann, { title: 'kanarietitle' })
    await act(ben, 'joinActivity', { activityId: own.id })
    await say(ann, own.id, 'kanariehost')
    const theirs = await start(ben, {})
    await act(ann, 'joinActivity', { activityId: theirs.id, displayName: 'kanariename' })
    await say(ann, theirs.id, 'kanarieguest')
    await say(ben, theirs.id, 'of ben')
    const left = await start(ben, {})
    await act(ann, 'joinActivity', { activityId: left.id, displayName: 'kanarieleft' })
    await say(ann, left.id, 'kanariegone')
    await act(ann, 'leaveActivity', { activityId: left.id })
    const flagged = await start(ben, {})
    await act(ann, 'flagActivity', { activityId: flagged.id, reason: 'SPAM' })

    // An event whose messages are archived already.
    const organizer = await createOrganizer(app)
    const event = await organizer.event((await organizer.venue()).id, {
      ...{ title: 'Concert', archiveMessages: true },
      ...{
        startsAt: new Date(app.clock.now() + 30_000).toISOString(),
        endsAt: new Date(app.clock.now() + 50_000).toISOString(),
      },
    })
    await organizer.publish(event.id)
    await app.idle()
    const concert = (await nearby(ann)).edges.find(({ node }) => node.title === 'Concert')?.node.id ?? ''
    for (const phone of [ann, ben]) await act(phone, 'joinActivity', { activityId: concert })
    await say(ann, concert, 'kanariearchive')
    await say(ben, concert, 'bravo')
    app.clock.advance(51_000)
    await app.idle()
    expect(await traces(app, 'kanariearchive')).toContain('public.event_messages')

    const canaries = [
      'kanarietitle',
      'kanariehost',
      'kanariename',
      'kanarieguest',
      'kanariegone',
      'kanariearchive',
      'kanarieleft',
    ]
    for (const text of canaries) expect([text, (await traces(app, text)).length > 0]).toEqual([text, true])
    const names = await traces(app, ann.personId)
    for (const part of [
      'presence',
      'sessions',
      'matches',
      'activities',
      'delivery',
      'rate',
      'public.devices',
      'public.blocks',
      'public.visibility_settings',
    ])
      expect([part, names.some((name) => name.includes(part))]).toEqual([part, true])

    const watching = listen(ben, theirs.id)
    await watching.next()
    expect((await remove(ann, other)).data?.deleteDevice).toMatchObject({ __typename: 'DeleteDevicePayload' })
    expect((await nudges.ended).code).toBe(4410)
    expect(await look(ben, own.id)).toMatchObject({ title: 'kanarietitle' })
    await erased(ann)

    expect(await traces(app, ann.personId)).toEqual([])
    for (const text of canaries) expect([text, await traces(app, text)]).toEqual([text, []])
    expect((await proofs(ann))[0]?.counts).toMatchObject({ archive: 1, social: 3 })

    // What others did is as it was.
    expect(await look(ben, own.id)).toBeNull()
    expect(await said(ben, theirs.id)).toEqual(['2 of ben'])
    expect(await look(ben, theirs.id)).toMatchObject({ joinCount: 0, state: 'LIVE' })
    expect(await said(ben, left.id)).toEqual([])
    expect(await traces(app, 'bravo')).toContain('public.event_messages')
    expect(await watching.next()).toMatchObject({ __typename: 'ActivityAttendeeErased', joinCount: 0 })
    watching.stop()
    expect(await proofs(ben)).toEqual([])
    expect((await ben.ask<{ viewer: { deviceId: string } }>('{ viewer { deviceId } }')).data?.viewer.deviceId).toBe(
      ben.deviceId,
    )
  })

  test('is not let in again by its token, on any node, before and after it is erased', async () => {
    const ann = await createPhone(app)
    await remove(ann)
    const refused = async (on: { url: string }) =>
      codeOf(await ask(on, '{ viewer { deviceId } }', {}, { token: ann.token }))
    expect(await refused(app)).toBe('SESSION_REVOKED')
    await eventually(
      () => refused(other),
      (code) => code === 'SESSION_REVOKED',
      1000,
    )
    expect(codeOf(await remove(ann))).toBe('SESSION_REVOKED')
    await erased(ann)
    for (const node of [app, other, await app.node()]) expect(await refused(node)).toBe('SESSION_REVOKED')
  })

  test('is cut off by a node that hears of it only when it is erased', async () => {
    const ann = await createPhone(app)
    const stream = ann.nudges({ server: other })
    await stream.next()
    await app.postgres.pool.query(
      `insert into erasures (id, kind, subject, requested_at) values ($1, 'DEVICE', $2, now())`,
      [createId(app.clock.now()), createErasedName(app.config.secret)(ann.personId)],
    )
    expect((await stream.ended).code).toBe(4410)
  })

  test('is erased once, however often that is tried', async () => {
    const [ann, ben] = [await createPhone(app), await createPhone(app)]
    const { id } = await start(ben)
    await act(ann, 'joinActivity', { activityId: id })
    await say(ann, id, 'once')
    await Promise.all([remove(ann), remove(ann, other)])
    await erased(ann)
    const [proof] = await proofs(ann)
    for (let i = 0; i < 2; i += 1) await app.jobs.add('erase-person', { personId: ann.personId })
    await Promise.all([app.idle(), other.idle()])
    expect(await proofs(ann)).toEqual([proof])
    expect(await look(ben, id)).toMatchObject({ joinCount: 0 })
    expect(await traces(app, ann.personId)).toEqual([])
  })

  test('cannot be deleted with the secret of a session, or without a token', async () => {
    const ann = await createPhone(app)
    const { secret } = await ann.open(['jazz'])
    expect(codeOf(await ask(app, deleteDocument, {}, { token: secret }))).toBe('FORBIDDEN')
    expect(codeOf(await ask(app, deleteDocument))).toBe('UNAUTHENTICATED')
  })
})

describe('the events of an activity', () => {
  test('go on without a gap around what was erased, and do not tell it again', async () => {
    const [ann, ben] = [await createPhone(app), await createPhone(app)]
    const { id } = await start(ben)
    const first = listen(ben, id)
    const { cursor } = await first.next()
    await act(ann, 'joinActivity', { activityId: id, displayName: 'kanarie' })
    await say(ann, id, 'kanarie one')
    await say(ben, id, 'two')
    await say(ann, id, 'kanarie three')
    const live: Told[] = []
    while (live.length < 4) live.push(await first.next())
    const whom = live[0]?.attendee?.id
    await remove(ann)
    await erased(ann)
    expect(await first.next()).toMatchObject({ __typename: 'ActivityAttendeeErased', attendeeId: whom, joinCount: 0 })
    for (const after of [cursor, ...live.map((event) => event.cursor)]) {
      const again = listen(ben, id, after)
      const seen = [await again.next()]
      while (seen.at(-1)?.__typename !== 'ActivityAttendeeErased') seen.push(await again.next())
      const bodies = seen.flatMap(({ message }) => message?.body ?? [])
      expect(seen.map(({ __typename }) => __typename).filter((name) => name !== 'ActivityMessageSent')).toEqual([
        'Ready',
        'ActivityAttendeeErased',
      ])
      expect(bodies).toEqual([cursor, live[0]?.cursor, live[1]?.cursor].includes(after) ? ['two'] : [])
      again.stop()
    }
    first.stop()
    const log = [...(await redisDump(app)).values()].find((text) => text.includes(`activity:${activityUuid(id)}:log`))
    expect(log).not.toContain('kanarie')
    expect(log).toContain('"1-0"')
  })
})

test('an event of a venue that is erased mid-way is archived without whoever is gone', async () => {
  const [ann, ben] = [await createPhone(app), await createPhone(app)]
  const organizer = await createOrganizer(app)
  const event = await organizer.event((await organizer.venue()).id, {
    ...{ title: 'Reading', archiveMessages: true },
    ...{
      startsAt: new Date(app.clock.now() + 10_000).toISOString(),
      endsAt: new Date(app.clock.now() + 60_000).toISOString(),
    },
  })
  await organizer.publish(event.id)
  await app.idle()
  await ben.beat(zurich, now())
  const id = (await nearby(ben)).edges.find(({ node }) => node.title === 'Reading')?.node.id ?? ''
  for (const phone of [ann, ben]) await act(phone, 'joinActivity', { activityId: id })
  await say(ann, id, 'kanarie')
  await say(ben, id, 'stays')
  // Over, and noted, when the erasure comes.
  await remove(ann)
  app.clock.advance(61_000)
  await erased(ann)
  expect(await traces(app, 'kanarie')).toEqual([])
  const { rows } = await app.postgres.pool.query<{ body: string }>(
    'select body from event_messages where event_id = $1',
    [rawId(event.id)],
  )
  expect(rows).toEqual([{ body: 'stays' }])
})
