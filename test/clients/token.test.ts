import { NudgesDocument, RegisterDeviceDocument, ViewerDocument } from '../../sdk/generated/graphql.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { eventually } from '../kit/eventually.ts'
import { newClientId } from '../kit/phones.ts'
import type { ConnectOptions } from './client.ts'
import { type Credentials, freshToken } from './fresh-token.ts'
import { connectWithFetch } from './with-fetch.ts'

let app: TestApp
beforeAll(async () => {
  app = await createTestApp({ DEVICE_TOKEN_DAYS: '2' })
})

async function register(): Promise<Credentials> {
  const { data } = await connectWithFetch(app).ask(RegisterDeviceDocument, { input: { clientId: newClientId() } })
  if (data?.registerDevice?.__typename !== 'RegisterDevicePayload') throw new Error(JSON.stringify(data))
  return data.registerDevice
}

const hourMs = 3_600_000

test('a token is renewed during its last day, and not before', async () => {
  const kept = await register()
  const { token: first } = kept
  expect(await freshToken(app.url, kept, app.clock.now())).toBe(first)
  app.clock.advance(25 * hourMs)
  const second = await freshToken(app.url, kept, app.clock.now())
  expect(second).not.toBe(first)
  expect(await freshToken(app.url, kept, app.clock.now())).toBe(second)
  expect((await connectWithFetch({ ...app, token: second }).ask(ViewerDocument, {})).data?.viewer).toBeTruthy()
})

test('a socket whose token has ended comes back with a fresh one and goes on where it was', async () => {
  const kept = await register()
  const options: ConnectOptions = { ...app, token: kept.token }
  const client = connectWithFetch(options)
  const stream = client.follow(NudgesDocument, {})
  await eventually(
    () => stream.events.length,
    (count) => count === 1,
  )
  app.clock.advance(25 * hourMs)
  options.token = await freshToken(app.url, kept, app.clock.now())
  app.clock.advance(24 * hourMs)
  await eventually(
    () => stream.events.length,
    (count) => count === 2,
  )
  expect(stream.events[1]).toEqual(stream.events[0])
  client.close()
})
