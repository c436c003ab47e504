import type { Job } from '../../sdk/src/messenger/jobs.ts'
import { pauseAfter, verdict } from '../../sdk/src/messenger/retry-rules.ts'
import { everything } from '../../sdk/src/store/storage.ts'
import { errorCodes } from '../../src/platform/errors.ts'
import { seeded, shownOn } from './histories.ts'
import { ModelServer, Refused } from './model-server.ts'
import { Device, noFaults, SimulatedClock } from './simulation.ts'

function stage(options = {}) {
  const clock = new SimulatedClock()
  const server = new ModelServer(clock.now)
  const parts = { server, clock, random: seeded(1), faults: { ...noFaults } }
  const device = (accountId: string, more = {}) => new Device({ ...parts, accountId, options: { ...options, ...more } })
  const id = server.create('DIRECT', 'ann', ['bob'])
  return { clock, server, device, id, faults: parts.faults }
}

const jobsOn = (device: Device): Promise<Job[]> =>
  device.read(async (tx) => (await tx.range<Job>('outbox', everything)).map(({ value }) => value))

const bodiesAt = (server: ModelServer, id: string) =>
  [...(server.conversations.get(id)?.messages.values() ?? [])].map(({ body }) => body)

/** Sending is refused as long as `code` is set. */
function refusing(server: ModelServer): {
  code: string | undefined
  retryAfterMs?: number
  gate?: ConstructorParameters<typeof Refused>[2]
  asked: string[]
} {
  const state: ReturnType<typeof refusing> = { code: undefined, asked: [] }
  const send = server.send.bind(server)
  server.send = (actor, message) => {
    state.asked.push(message.body)
    if (state.code) throw new Refused(state.code, state.retryAfterMs, state.gate)
    return send(actor, message)
  }
  return state
}

const status = async (device: Device, id: string) =>
  (await shownOn(device, id)).messages.map((message) => [message.body, message.status, message.code])

test.each([...errorCodes, 'NETWORK', 'PROTOCOL', 'SOMETHING_NEW'])(
  '%s loses nothing that was not sent, and once it passes or is tried again, it is sent once and in order',
  async (code) => {
    const { clock, server, device, id } = stage()
    const ann = device('ann')
    await clock.pass(2000)
    const refused = refusing(server)
    refused.code = code
    const keys = [await ann.messenger.send(id, 'one'), await ann.messenger.send(id, 'two')]
    await clock.pass(120_000)
    ann.kill()
    await clock.pass(120_000)
    const kept = await jobsOn(ann)
    expect(kept.map(({ clientId }) => clientId)).toEqual(keys)
    expect(kept.every(({ state }) => state === (verdict(code) === 'refused' ? 'failed' : 'waiting'))).toBe(true)
    refused.code = undefined
    if (verdict(code) === 'signed-out') {
      ann.signedIn.set(false)
      ann.signedIn.set(true)
    }
    for (const key of keys) await ann.messenger.retry(id, key)
    await clock.pass(120_000)
    expect(bodiesAt(server, id)).toEqual(['one', 'two'])
    expect(await jobsOn(ann)).toEqual([])
  },
)

test('a message that waits keeps those behind it waiting, and those of other conversations not', async () => {
  const { clock, server, device, id } = stage()
  const other = server.create('GROUP', 'ann', ['bob'], 'Other')
  const ann = device('ann')
  await clock.pass(2000)
  const send = server.send.bind(server)
  let passes = false
  server.send = (actor, message) => {
    if (message.body === 'one' && !passes) throw new Refused('UNAVAILABLE')
    return send(actor, message)
  }
  for (const body of ['one', 'two']) await ann.messenger.send(id, body)
  await ann.messenger.send(other, 'three')
  await clock.pass(20_000)
  expect(bodiesAt(server, id)).toEqual([])
  expect(bodiesAt(server, other)).toEqual(['three'])
  passes = true
  await clock.pass(120_000)
  expect(bodiesAt(server, id)).toEqual(['one', 'two'])
})

test('a limit of the server is waited for, by every conversation', async () => {
  const { clock, server, device, id } = stage()
  const other = server.create('GROUP', 'ann', ['bob'], 'Other')
  const ann = device('ann')
  await clock.pass(2000)
  const refused = refusing(server)
  Object.assign(refused, { code: 'RATE_LIMITED', retryAfterMs: 45_000 })
  await ann.messenger.send(id, 'one')
  await clock.pass(1000)
  await ann.messenger.send(other, 'two')
  await clock.pass(40_000)
  expect(refused.asked).toEqual(['one'])
  refused.code = undefined
  await clock.pass(10_000)
  expect([...bodiesAt(server, id), ...bodiesAt(server, other)]).toEqual(['one', 'two'])
})

test('whoever may not write for a while writes by itself when that is over; what they read is told meanwhile', async () => {
  const { clock, server, device, id } = stage()
  const other = server.create('GROUP', 'ann', ['bob'], 'Other')
  const ann = device('ann')
  await clock.pass(2000)
  server.send('bob', { conversationId: id, clientId: 'bob-says-hello', body: 'hello', replyToId: null })
  await clock.pass(2000)
  const refused = refusing(server)
  Object.assign(refused, { code: 'FORBIDDEN', retryAfterMs: 3 * 3_600_000, gate: { isRestricted: true } })
  await ann.messenger.send(id, 'one')
  await clock.pass(1000)
  await ann.messenger.send(other, 'two')
  await clock.pass(2000)
  await ann.messenger.markRead(id)
  await clock.pass(50 * 60_000)
  expect(server.conversations.get(id)?.entries.some(({ kind }) => kind === 'read')).toBe(true)
  expect(refused.asked).toEqual(['one'])
  expect((await status(ann, id)).at(-1)).toEqual(['one', 'pending', null])
  // Staff may end it sooner: it is asked again after an hour.
  await clock.pass(11 * 60_000)
  expect(refused.asked.length).toBeGreaterThan(1)
  expect(refused.asked.length).toBeLessThan(5)
  refused.code = undefined
  await clock.pass(60 * 60_000)
  expect([...bodiesAt(server, id), ...bodiesAt(server, other)]).toEqual(['hello', 'one', 'two'])
})

test('what the gate refuses is kept with what it says, and with what has to be answered first', async () => {
  const { clock, server, device, id } = stage()
  const ann = device('ann')
  await clock.pass(2000)
  const refused = refusing(server)
  const challenge = { challenge: 'a puzzle', difficulty: 16 }
  const saying = (reason: string, more: object | null = null) => ({ gate: { refused: { reason, challenge: more } } })
  Object.assign(refused, { code: 'CONTENT_REJECTED', ...saying('Be kind.') })
  await ann.messenger.send(id, 'rude')
  await clock.pass(2000)
  Object.assign(refused, { code: 'FORBIDDEN', ...saying('Answer first.', challenge) })
  const key = await ann.messenger.send(id, 'quick')
  await clock.pass(2000)
  ann.kill()
  await clock.pass(2000)
  expect((await shownOn(ann, id)).messages).toMatchObject([
    { body: 'rude', status: 'failed', code: 'CONTENT_REJECTED', reason: 'Be kind.', challenge: null },
    { body: 'quick', status: 'failed', code: 'FORBIDDEN', reason: 'Answer first.', challenge },
  ])
  refused.code = undefined
  await ann.messenger.retry(id, key)
  await clock.pass(2000)
  expect((await shownOn(ann, id)).messages[0]).toMatchObject({
    body: 'quick',
    status: 'sent',
    reason: null,
    challenge: null,
  })
})

test('what is taken away goes from the device at once, with its place in lists, and comes back', async () => {
  const { clock, server, device, id } = stage()
  const ann = device('ann')
  await clock.pass(2000)
  for (const body of ['one', 'two'])
    server.send('bob', { conversationId: id, clientId: `bob-says-${body}`, body, replyToId: null })
  await clock.pass(2000)
  server.setState(id, 3, 'HIDDEN')
  await clock.pass(2000)
  expect((await status(ann, id)).map(([body]) => body)).toEqual(['one'])
  const [view] = await listOn(ann, clock)
  expect(view).toMatchObject({ unreadCount: 1, lastMessage: { body: 'one' } })
  server.setState(id, 3, 'VISIBLE')
  await clock.pass(2000)
  expect((await status(ann, id)).map(([body]) => body)).toEqual(['one', 'two'])
  expect(await listOn(ann, clock)).toMatchObject([{ unreadCount: 2, lastMessage: { body: 'two' } }])
})

async function listOn(device: Device, clock: SimulatedClock) {
  const live = device.messenger.conversations()
  const stop = live.subscribe(() => undefined)
  await clock.pass(1)
  stop()
  return live.get()
}

test('waits grow to a minute, half of each left to chance, and never end', () => {
  expect([1, 2, 3, 7, 8, 5000].map((failures) => pauseAfter(failures, {}, 1))).toEqual([
    ...[1000, 2000, 4000, 60_000, 60_000, 60_000],
  ])
  expect([1, 5000].map((failures) => pauseAfter(failures, {}, 0))).toEqual([500, 30_000])
  expect(pauseAfter(1, { retryAfterMs: 9000 }, 0.5)).toBe(9000)
})

test('a refused message is shown as that with its reason; the next one goes; it can be tried again or given up', async () => {
  const { clock, server, device, id } = stage()
  const ann = device('ann')
  await clock.pass(2000)
  const refused = refusing(server)
  refused.code = 'CONTENT_REJECTED'
  const key = await ann.messenger.send(id, 'rude')
  const lost = await ann.messenger.send(id, 'ruder')
  await clock.pass(5000)
  refused.code = undefined
  await ann.messenger.send(id, 'kind')
  await clock.pass(5000)
  const expected = [
    ['kind', 'sent', null],
    ['rude', 'failed', 'CONTENT_REJECTED'],
    ['ruder', 'failed', 'CONTENT_REJECTED'],
  ]
  expect(await status(ann, id)).toEqual(expected)
  await ann.messenger.discard(id, lost)
  await ann.messenger.retry(id, key)
  await clock.pass(5000)
  expect(await status(ann, id)).toEqual([
    ['kind', 'sent', null],
    ['rude', 'sent', null],
  ])
  expect(bodiesAt(server, id)).toEqual(['kind', 'rude'])
})

test('a name that stands for another text is refused and shown so, also when that text came back first; the text is kept', async () => {
  const { clock, server, device, id } = stage({ newClientId: () => 'the-same-name' })
  server.send('ann', { conversationId: id, clientId: 'the-same-name', body: 'other text', replyToId: null })
  const ann = device('ann')
  await clock.pass(2000)
  await ann.messenger.send(id, 'my text')
  await clock.pass(5000)
  expect(await status(ann, id)).toEqual([
    ['other text', 'sent', null],
    ['my text', 'failed', 'IDEMPOTENCY_MISMATCH'],
  ])
})

test('what nobody tried to send yet changes or goes without a trace', async () => {
  const { clock, server, device, id } = stage()
  const ann = device('ann')
  await clock.pass(2000)
  ann.setOnline(false)
  await clock.pass(2000)
  ann.kill()
  for (const body of ['one', 'two', 'three']) await ann.messenger.send(id, body)
  const [one, two] = (await shownOn(ann, id)).messages
  await ann.messenger.edit(one!, 'uno')
  await ann.messenger.remove(two!)
  ann.setOnline(true)
  await clock.pass(60_000)
  const entries = server.conversations.get(id)?.entries.map(({ kind }) => kind)
  expect(bodiesAt(server, id)).toEqual(['uno', 'three'])
  expect(entries?.filter((kind) => kind === 'edited' || kind === 'deleted')).toEqual([])
})

test('what may have arrived already is edited and deleted after it, in that order', async () => {
  const { clock, server, device, id, faults } = stage()
  const ann = device('ann')
  await clock.pass(2000)
  faults.lostAnswer = 1
  await ann.messenger.send(id, 'one')
  await ann.messenger.send(id, 'two')
  await clock.pass(500)
  const [one, two] = (await shownOn(ann, id)).messages
  await ann.messenger.edit(one!, 'uno')
  await ann.messenger.react(one!, '👍', true)
  await ann.messenger.remove(two!)
  expect((await shownOn(ann, id)).messages.at(0)).toMatchObject({ body: 'uno', reactions: [{ emoji: '👍' }] })
  faults.lostAnswer = 0
  await clock.pass(120_000)
  const messages = [...(server.conversations.get(id)?.messages.values() ?? [])]
  expect(messages.map(({ body }) => body).sort()).toEqual(['uno'])
  expect(messages[0]?.reactions).toEqual([{ emoji: '👍', profileIds: ['ann'] }])
})

test('a reply to a message that was not sent yet waits for it and names it', async () => {
  const { clock, server, device, id } = stage()
  const ann = device('ann')
  await clock.pass(2000)
  ann.setOnline(false)
  await ann.messenger.send(id, 'question')
  const [question] = (await shownOn(ann, id)).messages
  await ann.messenger.send(id, 'answer', { replyTo: question! })
  ann.kill()
  ann.setOnline(true)
  await clock.pass(60_000)
  const [asked, answered] = [...(server.conversations.get(id)?.messages.values() ?? [])]
  expect(answered?.replyToId).toBe(asked?.id)
})

test('signed out, what is to be sent stays, and goes when the same person is back; somebody else touches none of it', async () => {
  const { clock, server, device, id } = stage()
  const ann = device('ann')
  await clock.pass(2000)
  ann.signedIn.set(false)
  await ann.messenger.send(id, 'later')
  await clock.pass(100_000)
  expect(ann.messenger.phase.get()).toBe('signed-out')
  expect((await jobsOn(ann)).map(({ state }) => state)).toEqual(['waiting'])
  Object.assign(ann, { accountId: 'bob' })
  ann.kill()
  ann.signedIn.set(true)
  await clock.pass(100_000)
  expect(ann.messenger.phase.get()).toBe('other-account')
  expect(bodiesAt(server, id)).toEqual([])
  Object.assign(ann, { accountId: 'ann' })
  ann.kill()
  await clock.pass(100_000)
  expect(bodiesAt(server, id)).toEqual(['later'])
})

test('how far somebody has read is told once, the furthest, and counts here at once', async () => {
  const { clock, server, device, id } = stage()
  const ann = device('ann')
  await clock.pass(2000)
  for (let n = 0; n < 5; n++)
    server.send('bob', { conversationId: id, clientId: `bob-${n}-bob`, body: `${n}`, replyToId: null })
  await clock.pass(3000)
  ann.setOnline(false)
  await clock.pass(1000)
  const unread = async () => {
    const live = ann.messenger.conversations()
    const stop = live.subscribe(() => undefined)
    await clock.pass(1)
    stop()
    return live.get()[0]?.unreadCount
  }
  expect(await unread()).toBe(5)
  await ann.messenger.markRead(id, 3)
  expect(await unread()).toBe(3)
  await ann.messenger.markRead(id)
  await ann.messenger.markRead(id, 2)
  expect(await unread()).toBe(0)
  expect((await jobsOn(ann)).length).toBe(1)
  await clock.pass(1000)
  ann.setOnline(true)
  await clock.pass(60_000)
  const reads = server.conversations.get(id)?.entries.filter(({ kind }) => kind === 'read')
  expect(reads).toMatchObject([{ upToSeq: 6 }])
})
