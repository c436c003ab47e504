import { createTestApp, type TestApp } from '../kit/app.ts'
import { eventually } from '../kit/eventually.ts'
import { ask, codeOf } from '../kit/gql.ts'
import { beaconAt, createPhone, type Phone, reportDocument } from '../kit/phones.ts'
import { createOwnRedis, type OwnRedis } from '../kit/redis.ts'

let own: OwnRedis
let app: TestApp
let other: TestApp
beforeAll(async () => {
  own = await createOwnRedis()
  app = await createTestApp({
    ...{ REDIS_URL: own.url, REDIS_COMMAND_TIMEOUT_MS: '500', NUDGE_COOLDOWN_SECONDS: '0' },
  })
  other = await app.node()
})
afterAll(() => own?.remove())

const ready = async (on: TestApp) => (await fetch(on.url.replace('/graphql', '/health/ready'))).status
const live = async (on: TestApp) => (await fetch(on.url.replace('/graphql', '/health/live'))).status

async function join() {
  const phone = await createPhone(app)
  const { beacons } = await phone.open(['jazz'])
  return { phone, beacon: () => beaconAt(beacons, new Date()) }
}
const report = (phone: Phone, beacon: string, on: { url: string } = app) =>
  ask<{ reportSightings: { __typename: string } }>(
    on,
    reportDocument,
    { input: { sightings: [{ beacon, observedAt: new Date().toISOString() }] } },
    { token: phone.token },
  )

test('Redis killed and started again empty, under load: the process lives, says so, and works again by itself', async () => {
  const [ann, ben] = [await join(), await join()]
  const nudges = ann.phone.nudges({ server: other })
  const first = await nudges.next()
  expect(first).toMatchObject({ __typename: 'Ready' })

  let loading = true
  const codes = new Set<unknown>()
  const load = Promise.all(
    Array.from({ length: 8 }, async (_, i) => {
      while (loading) {
        const answer = await report(ann.phone, ben.beacon(), i % 2 === 0 ? app : other)
        codes.add(codeOf(answer) ?? answer.data?.reportSightings.__typename)
      }
    }),
  )
  expect(await nudges.next()).toMatchObject({ __typename: 'Nudge' })

  await own.kill()
  const killedAt = Date.now()
  await eventually(
    () => Promise.all([ready(app), ready(other)]),
    (statuses) => statuses.every((status) => status === 503),
    2000,
  )
  expect(Date.now() - killedAt).toBeLessThan(2000)
  expect(await live(app)).toBe(200)
  await eventually(() => codes.has('UNAVAILABLE'), Boolean)

  await own.start()
  await eventually(
    () => Promise.all([ready(app), ready(other)]),
    (statuses) => statuses.every((status) => status === 200),
  )
  expect(await nudges.next()).toMatchObject({ __typename: 'ResyncRequired', reason: 'EPOCH_CHANGED' })
  await eventually(() => codes.has('NoOpenSessionError'), Boolean)
  loading = false
  await load
  expect(
    [...codes].filter(
      (code) => !['ReportSightingsPayload', 'UNAVAILABLE', 'NoOpenSessionError'].includes(String(code)),
    ),
  ).toEqual([])

  expect((await ann.phone.ask('{ session { id } }')).data).toEqual({ session: null })
  await ann.phone.open(['jazz'])
  const again = await join()
  await report(ann.phone, again.beacon())
  expect(await nudges.next()).toMatchObject({ __typename: 'Nudge', sharedInterests: ['jazz'] })
  nudges.stop()

  const old = ann.phone.nudges({ after: first.cursor })
  expect(await old.next()).toMatchObject({ __typename: 'ResyncRequired', reason: 'EPOCH_CHANGED' })
  old.stop()
})

test('a Redis that stops answering fails every call within its deadline, and what it did late happens once', async () => {
  const [ann, ben] = [await join(), await join()]
  own.signal('SIGSTOP')
  const begun = Date.now()
  const answers = await Promise.all(Array.from({ length: 5 }, () => report(ann.phone, ben.beacon())))
  expect(answers.map(codeOf)).toEqual(answers.map(() => 'UNAVAILABLE'))
  expect(Date.now() - begun).toBeLessThan(3000)
  expect(await ready(app)).toBe(503)
  own.signal('SIGCONT')
  const nudges = await eventually(
    async () => {
      const answer = await report(ann.phone, ben.beacon())
      return answer.data?.reportSightings.__typename
    },
    (name) => name === 'ReportSightingsPayload',
  )
  expect(nudges).toBe('ReportSightingsPayload')
  const { data } = await ann.phone.ask<{ session: { matches: { edges: unknown[] } } }>(
    '{ session { matches { edges { node { id } } } } }',
  )
  expect(data?.session.matches.edges).toHaveLength(1)
})

test('a pub/sub message that nobody can read is counted and ignored', async () => {
  const { phone } = await join()
  const nudges = phone.nudges()
  await nudges.next()
  const channels = (await app.redis.command.pubsub('CHANNELS', '*nudges*')) as string[]
  for (const channel of channels) await app.redis.command.publish(channel, '{bad')
  await eventually(
    async () => (await app.metrics.droppedWakeups.get()).values[0]?.value ?? 0,
    (count) => count > 0,
  )
  const met = await join()
  await report(met.phone, await beaconOf(phone))
  expect(await nudges.next()).toMatchObject({ __typename: 'Nudge' })
  nudges.stop()
})

async function beaconOf(phone: Phone): Promise<string> {
  const { data } = await phone.ask<{
    session: { beacons: { value: string; validFrom: string; validUntil: string }[] }
  }>('{ session { beacons { value validFrom validUntil } } }')
  return beaconAt(data?.session.beacons ?? [], new Date())
}
