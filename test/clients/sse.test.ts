import { print } from 'graphql'
import { InterestCatalogDocument, NudgesDocument } from '../../sdk/generated/graphql.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { beaconAt, createPhone } from '../kit/phones.ts'

let app: TestApp
beforeAll(async () => {
  app = await createTestApp({ NUDGE_COOLDOWN_SECONDS: '0' })
})

/** The events of a text/event-stream, as an `EventSource` would give them. */
async function* eventsOf(response: Response): AsyncGenerator<{ event: string; data: string }> {
  let text = ''
  for await (const chunk of (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) {
    text += chunk
    const blocks = text.split('\n\n')
    text = blocks.pop() ?? ''
    for (const block of blocks) {
      const field = (name: string) => new RegExp(`^${name}: ?(.*)$`, 'm').exec(block)?.[1] ?? ''
      if (field('event')) yield { event: field('event'), data: field('data') }
    }
  }
}

const stream = (query: string, token: string | undefined, signal: AbortSignal | null = null) =>
  fetch(app.url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      ...(token ? { authorization: `Bearer ${token}` } : {}),
    },
    body: JSON.stringify({ query }),
    signal,
  })

test('a query over SSE is answered in one event, and the stream completes', async () => {
  const response = await stream(print(InterestCatalogDocument), undefined)
  expect(response.headers.get('content-type')).toContain('text/event-stream')
  const events: { event: string; data: string }[] = []
  for await (const event of eventsOf(response)) events.push(event)
  expect(events.map(({ event }) => event)).toEqual(['next', 'complete'])
  expect(JSON.parse(events[0]?.data ?? '')).toMatchObject({ data: { interestCatalog: expect.any(Array) } })
})

test('a subscription over SSE says where it stands, and then brings the nudges', async () => {
  const [ann, ben] = [await createPhone(app), await createPhone(app)]
  await ann.open(['jazz'])
  const { beacons } = await ben.open(['jazz'])
  const leaving = new AbortController()
  const events = eventsOf(await stream(print(NudgesDocument), ben.token, leaving.signal))
  const next = async () => JSON.parse((await events.next()).value?.data ?? 'null')?.data.nudges
  expect(await next()).toMatchObject({ __typename: 'Ready' })
  const now = new Date(app.clock.now())
  await ann.report([beaconAt(beacons, now)], now)
  expect(await next()).toMatchObject({ __typename: 'Nudge', sharedInterests: ['jazz'] })
  leaving.abort()
})

test('a refused subscription over SSE tells why', async () => {
  const response = await stream(print(NudgesDocument), 'nonsense')
  expect(response.status).toBe(401)
  expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] })
})
