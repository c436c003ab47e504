import { NudgesText, OpenSessionText } from '../../sdk/src/operations.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { eventually } from '../kit/eventually.ts'
import { beaconAt, createPhone, newClientId } from '../kit/phones.ts'
import { connect, hear, type SdkClient } from '../kit/sdk.ts'

let app: TestApp
beforeAll(async () => {
  app = await createTestApp({ NUDGE_COOLDOWN_SECONDS: '0', NUDGES_PER_SESSION: '0' })
})

/** A phone through the SDK, with a session, and how to have somebody nudge it. */
async function phone(client: SdkClient = connect(app)) {
  expect(await client.auth.registerDevice()).toMatchObject({ __typename: 'RegisterDevicePayload' })
  const { openSession } = await client.mutate(OpenSessionText, {
    input: { clientId: newClientId(), interests: ['jazz'] },
  })
  if (openSession?.__typename !== 'OpenSessionPayload') throw new Error(JSON.stringify(openSession))
  const { beacons } = openSession
  return {
    client,
    async meet() {
      const other = await createPhone(app)
      await other.open(['jazz'])
      const now = new Date(app.clock.now())
      await other.report([beaconAt(beacons, now)], now)
    },
  }
}

test('what a stream misses in cuts at random moments comes once and in order', async () => {
  const { client, meet } = await phone()
  const heard = hear(client, NudgesText, {})
  const nudges = () =>
    heard.events.flatMap(({ nudges: event }) => (event.__typename === 'Nudge' ? [event.matchId] : []))
  await eventually(
    () => heard.events.length,
    (length) => length === 1,
  )
  const met = 30
  for (let count = 0; count < met; count += 1) {
    const meeting = meet()
    if (Math.random() < 0.5) client.drop()
    await meeting
    if (Math.random() < 0.5) client.drop()
    client.wake()
  }
  await eventually(
    () => {
      client.wake()
      return nudges().length
    },
    (length) => length >= met,
  )
  expect(new Set(nudges()).size).toBe(met)
  expect(nudges()).toHaveLength(met)
  expect(client.sockets()).toBeGreaterThan(5)
  expect(heard.events.map(({ nudges: { __typename } }) => __typename)).not.toContain('ResyncRequired')
})
