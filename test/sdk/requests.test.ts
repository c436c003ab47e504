import { createClient, type Fetch, isPassing, leaseLock, systemClock, VicinityError } from '../../sdk/src/index.ts'
import { HeartbeatText, ViewerText, VisibilityText, viewer } from '../../sdk/src/operations.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { eventually } from '../kit/eventually.ts'
import { connect, createSdk, hear } from '../kit/sdk.ts'

let app: TestApp
beforeAll(async () => {
  app = await createTestApp({ RATE_LIMITS: 'on', SUBSCRIPTIONS_PER_SOCKET: '2' })
})

/** A client whose requests are answered with this text. */
const answeredWith = (status: number, body: string) =>
  createClient({ url: 'http://127.0.0.1:9/graphql', fetch: async () => ({ status, text: async () => body }) })

const refusalOf = (asking: Promise<unknown>): Promise<VicinityError> =>
  asking.then(
    (data) => Promise.reject(new Error(JSON.stringify(data))),
    (error) => error,
  )

test('a refusal says its code, which value it is about, and what the server knows it by', async () => {
  const client = connect(app)
  await client.auth.registerDevice()
  const input = { latitude: 91, longitude: 8, accuracyMeters: 5, observedAt: new Date().toISOString() }
  const refusal = await refusalOf(client.mutate(HeartbeatText, { input }))
  expect(refusal).toBeInstanceOf(VicinityError)
  expect(refusal).toMatchObject({ code: 'BAD_USER_INPUT', requestId: expect.any(String) })
  expect(isPassing(refusal)).toBe(false)
  expect(await refusalOf(connect(app).query(VisibilityText, {}))).toMatchObject({ code: 'UNAUTHENTICATED' })
})

test('who asks too often is told for how long to wait', async () => {
  const client = connect(app)
  const guesses = Array.from({ length: 40 }, (_, at) =>
    client.auth.login({ username: 'ann', password: `a guess ${at}` }),
  )
  const answers = await Promise.allSettled(guesses)
  const refused = answers.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
  expect(refused.length).toBeGreaterThan(10)
  for (const reason of refused) {
    expect(reason).toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: expect.any(Number) })
    expect(isPassing(reason)).toBe(true)
  }
})

test('what is no answer of ours is not taken for one', async () => {
  const codes: [number, string, string][] = [
    [502, '<html>Bad gateway</html>', 'UNAVAILABLE'],
    [429, 'slow down', 'UNAVAILABLE'],
    [200, '<html>Sign in to the hotel</html>', 'PROTOCOL'],
    [200, '{}', 'PROTOCOL'],
    [200, '{"errors":[]}', 'PROTOCOL'],
    [200, '{"errors":[{"message":"no code"}]}', 'INTERNAL'],
    [200, '{"data":{"viewer":null},"errors":[{"message":"", "extensions":{"code":"TIMEOUT"}}]}', 'TIMEOUT'],
  ]
  for (const [status, body, code] of codes) {
    const refusal = await refusalOf(viewer(answeredWith(status, body)))
    expect({ body, code: refusal.code }).toEqual({ body, code })
  }
})

test('a request is left, and no answer in time is none', async () => {
  const signals: AbortSignal[] = []
  const fetch: Fetch = (_, { signal }) => {
    signals.push(signal)
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))))
  }
  const client = createClient({ url: 'http://127.0.0.1:9/graphql', fetch })
  const leaving = new AbortController()
  const asked = client.query(ViewerText, {}, { signal: leaving.signal })
  await eventually(
    () => signals.length,
    (length) => length === 1,
  )
  leaving.abort(new Error('left'))
  await expect(asked).rejects.toThrow('left')
  await expect(client.query(ViewerText, {}, { signal: leaving.signal })).rejects.toThrow('left')
  expect(signals).toHaveLength(1)
  const hasty = createClient({
    url: 'http://127.0.0.1:9/graphql',
    fetch,
    clock: { now: Date.now, after: (_, run) => systemClock.after(1, run) },
  })
  expect(await refusalOf(hasty.query(ViewerText, {}))).toMatchObject({ code: 'NETWORK' })
})

test('one stream too many is told so, and the others go on', async () => {
  const client = connect(app)
  await client.auth.registerDevice()
  const document = 'subscription($after:Cursor){nudges(after:$after){...on Ready{cursor}}}'
  const streams = Array.from({ length: 3 }, () => hear(client, document, {}))
  await eventually(
    () => streams.filter(({ over, events }) => over || events.length > 0).length,
    (count) => count === 3,
  )
  expect(streams.flatMap(({ error }) => (error as VicinityError | undefined)?.code ?? [])).toEqual([
    'SUBSCRIPTION_LIMIT',
  ])
  expect(client.status.get()).toBe('online')
})

test('without a WebSocket a stream says so, and requests work', async () => {
  const { WebSocket: own } = globalThis as { WebSocket?: unknown }
  Object.assign(globalThis, { WebSocket: undefined })
  const client = createSdk({ url: app.url, WebSocket: undefined })
  const heard = hear(client, 'subscription{nudges{...on Ready{cursor}}}', {})
  await eventually(
    () => heard.error,
    (error) => error !== undefined,
  )
  expect(heard.error).toMatchObject({ code: 'PROTOCOL', message: expect.stringContaining('WebSocket') })
  await expect(viewer(client)).resolves.toEqual({ viewer: null })
  client.dispose()
  Object.assign(globalThis, { WebSocket: own })
})

test('a lease lets one in at a time, and whoever dies with it is waited for no longer than it lasts', async () => {
  const kept = new Map<string, string>()
  const store = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  }
  kept.set('work.lease', `somebody ${Date.now() + 100}`)
  let inside = 0
  let most = 0
  let done = 0
  const tabs = Array.from({ length: 4 }, () => leaseLock(store, systemClock))
  await Promise.all(
    tabs.flatMap((lock) =>
      Array.from({ length: 3 }, () =>
        lock('work', async () => {
          inside += 1
          most = Math.max(most, inside)
          await new Promise((resolve) => setImmediate(resolve))
          inside -= 1
          done += 1
        }),
      ),
    ),
  )
  expect({ most, done, left: kept.size }).toEqual({ most: 1, done: 12, left: 0 })
})
