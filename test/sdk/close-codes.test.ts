import { readFileSync } from 'node:fs'
import { memoryTokens } from '../../sdk/src/index.ts'
import { DeleteDeviceText, NudgesText } from '../../sdk/src/operations.ts'
import { newUsername, password } from '../kit/accounts.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { createClosingServer } from '../kit/closing-server.ts'
import { eventually } from '../kit/eventually.ts'
import { connect, createSdk, hear } from '../kit/sdk.ts'

const stream = 'subscription($after:Cursor){stream(after:$after){cursor}}'
const documented = [...readFileSync('docs/close-codes.md', 'utf8').matchAll(/^\| ([\d ]+) \|/gm)].flatMap(
  ([, codes = '']) => codes.trim().split(' ').map(Number),
)

/** A client to which pauses are short, and who remembers how long they were meant to be. */
function hasty(wsUrl: string, token = () => 'a token') {
  const pausesMs: number[] = []
  const clock = {
    now: Date.now,
    after(ms: number, run: () => void) {
      pausesMs.push(ms)
      const timer = setTimeout(run, 1)
      return () => clearTimeout(timer)
    },
  }
  const client = createSdk({ url: 'http://127.0.0.1:9/graphql', wsUrl, auth: { token }, clock })
  return { client, pausesMs }
}

/** With it no pause ever ends by itself. */
const endless = { now: Date.now, after: () => () => undefined }

const within20Percent = (ms: number) => (pause: number) => pause >= ms * 0.8 && pause <= ms * 1.2

describe('what is done about each code', () => {
  const comesBack = new Map([
    [1001, 0],
    [1006, 1000],
    [1013, 1000],
    [4408, 1000],
    [4411, 0],
    [4412, 1000],
    [4413, 8000],
    [4500, 1000],
  ])
  const ends = new Map([
    ...([1007, 1008, 4400, 4401, 4406, 4409, 4429] as const).map((code) => [code, 'PROTOCOL'] as const),
    [1009, 'PAYLOAD_TOO_LARGE'],
    [4403, 'UNAUTHENTICATED'],
    [4410, 'SESSION_REVOKED'],
    [4414, 'SUBSCRIPTION_LIMIT'],
  ])

  test('none of the documented ones is forgotten here', () => {
    expect([...comesBack.keys(), ...ends.keys()].sort()).toEqual(documented.sort())
  })

  test.each([...comesBack])('after %d the stream goes on where it was, after a pause of %d ms', async (code, ms) => {
    const server = await createClosingServer(code === 1006 ? undefined : code)
    const { client, pausesMs } = hasty(server.url)
    const heard = hear(client, stream, {})
    await eventually(
      () => heard.events.length,
      (length) => length === 2,
    )
    expect(server.afters).toEqual([null, 'c1'])
    expect(pausesMs).toHaveLength(ms === 0 ? 0 : 1)
    expect(pausesMs.every(within20Percent(ms))).toBe(true)
    expect({ error: heard.error, status: client.status.get() }).toEqual({ error: undefined, status: 'online' })
    client.dispose()
  })

  test.each([...ends])('%d ends the stream with %s, and nothing is tried again', async (code, error) => {
    const server = await createClosingServer(code, { times: 10 })
    const { client } = hasty(server.url)
    const heard = hear(client, stream, {})
    await eventually(
      () => heard.over,
      (over) => over,
    )
    expect(heard.error).toMatchObject({ name: 'VicinityError', code: error, cause: { code } })
    client.wake()
    expect(client.sockets()).toBe(1)
    client.dispose()
  })
})

test('a server that fails five times in a row, and tells nothing new in between, is given up', async () => {
  const server = await createClosingServer(4500, { times: 100, silent: true })
  const { client, pausesMs } = hasty(server.url)
  const heard = hear(client, stream, {})
  await eventually(
    () => heard.over,
    (over) => over,
  )
  expect(heard.error).toMatchObject({ code: 'INTERNAL', cause: { code: 4500 } })
  expect(pausesMs.map((ms, failed) => within20Percent(1000 * 2 ** failed)(ms))).toEqual([true, true, true, true])
  client.dispose()
})

test('while the server is away the pauses grow to half a minute, and it is begun anew once it has answered', async () => {
  const away = await createClosingServer(1013, { times: 8 })
  const { client, pausesMs } = hasty('ws://127.0.0.1:9')
  const heard = hear(client, stream, {})
  await eventually(
    () => pausesMs.length,
    (length) => length >= 8,
  )
  client.dispose()
  const meant = [1, 2, 4, 8, 16, 30, 30, 30].map((seconds) => seconds * 1000)
  expect(meant.map((ms, failed) => within20Percent(ms)(pausesMs[failed] ?? 0))).toEqual(meant.map(() => true))
  expect(heard.over).toBe(false)
  const back = hasty(away.url)
  hear(back.client, stream, {})
  await eventually(
    () => away.afters.length,
    (length) => length === 9,
  )
  expect(back.pausesMs.every(within20Percent(1000))).toBe(true)
  back.client.dispose()
})

test('a network that is back is tried at once', async () => {
  const server = await createClosingServer(undefined)
  const url = 'http://127.0.0.1:9/graphql'
  const client = createSdk({ url, wsUrl: server.url, auth: { token: () => null }, clock: endless })
  const heard = hear(client, stream, {})
  await eventually(client.status.get, (status) => status === 'offline')
  await eventually(
    () => {
      client.wake()
      return heard.events.length
    },
    (length) => length === 2,
  )
  client.dispose()
})

describe('against a server', () => {
  let app: TestApp
  beforeAll(async () => {
    app = await createTestApp()
  })

  const ready = (heard: { events: unknown[] }, count: number) =>
    eventually(
      () => heard.events.length,
      (length) => length === count,
      10_000,
    )

  test('a device that is deleted signs out, and its socket stays away', async () => {
    const deviceStorage = memoryTokens()
    const client = connect(app, { auth: { deviceStorage } })
    await client.auth.registerDevice()
    const heard = hear(client, NudgesText, {})
    await ready(heard, 1)
    await client.mutate(DeleteDeviceText, {})
    await eventually(
      () => heard.error,
      (error) => error !== undefined,
    )
    expect(heard.error).toMatchObject({ code: 'SESSION_REVOKED', cause: { code: 4410 } })
    expect(client.auth.status.get()).toBe('signed-out')
    expect(await deviceStorage.get()).toBeNull()
    expect(client.sockets()).toBe(1)
  })

  test('a token that ends is renewed, and the stream goes on', async () => {
    const client = connect(app)
    await client.auth.registerDevice()
    await client.auth.register({ username: newUsername(), password })
    const heard = hear(client, NudgesText, {})
    await ready(heard, 1)
    app.clock.advance(16 * 60_000)
    await ready(heard, 2)
    expect(heard.events[1]).toEqual(heard.events[0])
    expect({ error: heard.error, sockets: client.sockets() }).toEqual({ error: undefined, sockets: 2 })
  })

  test('when a node stops its streams go on at another one, at once', async () => {
    const node = await app.node()
    let stopped = false
    const client = connect(app, { wsUrl: () => (stopped ? app.wsUrl : node.wsUrl), clock: endless })
    await client.auth.registerDevice()
    const heard = hear(client, NudgesText, {})
    await ready(heard, 1)
    stopped = true
    await Promise.all([node.close(), ready(heard, 2)])
    expect(heard).toMatchObject({ over: false, error: undefined })
  })

  test('a token that nobody can renew ends the stream', async () => {
    const client = connect(app, { auth: { token: () => 'nonsense' } })
    const heard = hear(client, NudgesText, {})
    await eventually(
      () => heard.error,
      (error) => error !== undefined,
    )
    expect(heard.error).toMatchObject({ code: 'UNAUTHENTICATED', cause: { code: 4403 } })
    expect(client.sockets()).toBe(1)
  })
})
