import { createDeviceStore, createDeviceSubject } from '../../src/modules/discovery/index.ts'
import { createId } from '../../src/platform/ids.ts'
import { act, activityInput, activityUuid, nearby, start } from '../kit/activities.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { eventually } from '../kit/eventually.ts'
import { shadow } from '../kit/hidden.ts'
import { createRedisMonitor } from '../kit/monitor.ts'
import { createOrganizer, rawId } from '../kit/organizers.ts'
import { createPhone, newClientId, type Phone } from '../kit/phones.ts'
import { redisDump } from '../kit/stores.ts'

let app: TestApp
beforeAll(async () => {
  app = await createTestApp()
})

const sendDocument = `mutation ($input: SendActivityMessageInput!) { sendActivityMessage(input: $input) { __typename } }`
const say = (phone: Phone, activityId: string, body: string) =>
  phone.ask(sendDocument, { input: { clientId: newClientId(), activityId, body } })

test('of somebody who is erased nothing that was hidden stays, nor why it was', async () => {
  const [host, guest] = [await createPhone(app), await createPhone(app)]
  const theirs = await start(host)
  const { by } = await shadow(app, guest.personId)
  await act(guest, 'joinActivity', { activityId: theirs.id, displayName: 'kanariename' })
  await say(guest, theirs.id, 'kanarieword')
  const own = await start(guest, { title: 'kanarietitle' })
  await app.services.activities.subjects.ACTIVITY.setState(activityUuid(own.id), 'REMOVED', createId(app.clock.now()))
  await guest.ask('mutation { deleteDevice { __typename } }')
  const traces = async () => {
    await app.idle()
    const held = [...(await redisDump(app)).values()]
    return held.filter((text) => [by, guest.personId, 'kanarie'].some((word) => text.includes(word)))
  }
  // The gate's own keys of a person end by themselves, and hold no word of theirs.
  await eventually(
    async () => (await traces()).filter((text) => !text.includes('gate')),
    (found) => found.length === 0,
    15_000,
  )
})

test('an event keeps and counts what everybody could see, and nothing else', async () => {
  const organizer = await createOrganizer(app)
  const at = { latitude: 12, longitude: 34 }
  const { id: venueId } = await organizer.venue(at)
  const { id } = await organizer.event(venueId, { archiveMessages: true })
  await organizer.publish(id)
  await app.idle()
  const [ann, ben] = [await createPhone(app), await createPhone(app)]
  await ann.beat(at, new Date(app.clock.now()))
  const activityId = (await nearby(ann)).edges[0]?.node.id ?? ''
  for (const phone of [ann, ben]) await act(phone, 'joinActivity', { activityId })
  await say(ann, activityId, 'For all')
  await shadow(app, ben.personId)
  await say(ben, activityId, 'Only mine')
  await say(ann, activityId, 'To be removed')
  const { ACTIVITY_MESSAGE } = app.services.activities.subjects
  await ACTIVITY_MESSAGE.setState(`${activityUuid(activityId)}:3`, 'REMOVED', createId(app.clock.now()))
  app.clock.advance(7_200_001)
  await app.idle()
  const { rows: kept } = await app.postgres.pool.query('select seq, body from event_messages where event_id = $1', [
    rawId(id),
  ])
  expect(kept).toEqual([{ seq: 1, body: 'For all' }])
  const { rows } = await app.postgres.pool.query('select joins, messages from events where id = $1', [rawId(id)])
  expect(rows).toEqual([{ joins: 2, messages: 1 }])
})

test('being judged costs a write one round trip, and those that are hidden cost what others cost', async () => {
  const monitor = await createRedisMonitor(app)
  const [ann, ben] = [await createPhone(app), await createPhone(app)]
  await shadow(app, ben.personId)
  const trips = async (phone: Phone) => {
    const { id } = await start(phone)
    await say(phone, id, 'Warm')
    return [
      (await monitor.during(() => act(phone, 'createActivity', activityInput()))).length,
      (await monitor.during(() => act(phone, 'updateActivity', { activityId: id, title: 'Go' }))).length,
      (await monitor.during(() => say(phone, id, 'Hello'))).length,
    ]
  }
  const [usual, hidden] = [await trips(ann), await trips(ben)]
  monitor.close()
  expect(hidden).toEqual(usual)
  expect(usual[2]).toBeLessThanOrEqual(2)
})

test('of a device it is known that it is there, and nothing else', async () => {
  const subject = createDeviceSubject({ store: createDeviceStore(app.postgres) })
  const phone = await createPhone(app)
  const facts = { ownerId: phone.personId, campusId: null, text: '', isPublic: false, state: 'VISIBLE' }
  expect(await subject.facts(phone.personId)).toMatchObject({ ...facts, createdAt: expect.any(Date) })
  expect(await subject.seenBy({ deviceId: phone.personId, accountId: null }, phone.personId)).toMatchObject(facts)
  expect(await subject.setState(phone.personId, 'HIDDEN', createId(app.clock.now()))).toBe(false)
  for (const id of ['', 'x', createId(app.clock.now())]) expect(await subject.facts(id)).toBeNull()
})
