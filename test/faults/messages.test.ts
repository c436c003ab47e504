import fc from 'fast-check'
import { createAccount, type TestAccount } from '../kit/accounts.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { createGroup, entriesOf, messagesDocument, openDirect, outcome, send } from '../kit/conversations.ts'
import { eventually } from '../kit/eventually.ts'
import { ask } from '../kit/gql.ts'
import { followConversation, followInbox, type MessageEvent, take } from '../kit/message-streams.ts'
import { newClientId } from '../kit/phones.ts'
import { type Run, run } from '../kit/process.ts'
import { createOwnRedis, type OwnRedis } from '../kit/redis.ts'
import { createSilentProxy } from '../kit/silent-proxy.ts'
import type { Stream } from '../kit/socket.ts'

let own: OwnRedis
let app: TestApp
beforeAll(async () => {
  own = await createOwnRedis()
  app = await createTestApp({ REDIS_URL: own.url, REDIS_COMMAND_TIMEOUT_MS: '500' })
})
afterAll(() => own?.remove())

const sendDocument = messagesDocument('sendMessage')

interface Node {
  url: string
  process: Run
}

/** Another node of the deployment, in a process of its own. */
async function startProcess(): Promise<Node> {
  const { databaseUrl, redisUrl, redisPrefix, secret } = app.config
  const process = run(['dist/src/main.js'], {
    ...{ DATABASE_URL: databaseUrl, REDIS_URL: redisUrl, REDIS_PREFIX: redisPrefix, VICINITY_SECRET: secret },
    ...{ RATE_LIMITS: 'off', WORKER: 'separate', SOCKETS_PER_ADDRESS: '1000', LOG_LEVEL: 'warn', HOST: '127.0.0.1' },
  })
  const said = await process.says('GraphiQL')
  return { url: /http:\/\/\S+\/graphql/.exec(said)?.[0] ?? '', process }
}

type Sent = { clientId: string; seq: number; created: boolean }

/** Says something as an app does that has lost its server: the same again, elsewhere, until it is acknowledged. */
async function sendUntilSure(
  who: TestAccount,
  conversationId: string,
  nodes: () => { url: string }[],
  tell: { unsure(): void },
): Promise<Sent> {
  const clientId = newClientId()
  const input = { conversationId, clientId, body: `I say ${clientId}` }
  for (let attempt = 0; ; attempt += 1) {
    const at = nodes()
    const on = at[attempt % at.length] as { url: string }
    const answer = await ask<{ sendMessage: { sentMessage: { seq: number }; created: boolean } }>(
      ...([on, sendDocument, { input }, { token: who.token }] as const),
    ).catch(() => undefined)
    const result = answer?.data?.sendMessage
    if (result) return { clientId, seq: result.sentMessage.seq, created: result.created }
    tell.unsure()
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** A reader that comes back with its cursor whenever it is cut, as an app does. */
async function keepFollowing(open: (after?: string) => Stream<MessageEvent>) {
  let stream = open()
  let { cursor } = await stream.next()
  let over = false
  const seen: MessageEvent[] = []
  void (async () => {
    while (!over) {
      const event = await stream.next().catch(() => undefined)
      if (event?.__typename === 'ConversationChanged') seen.push(event)
      if (event) cursor = event.cursor
      else if (!over) stream = open(cursor)
    }
  })()
  return {
    seen,
    stop() {
      over = true
      stream.stop()
    },
  }
}

const seqsFor = (events: MessageEvent[], id: string) =>
  events.flatMap((event) =>
    event.__typename === 'ConversationChanged' && event.change.conversationId === id ? [event.change.seq] : [],
  )

test('a node killed again and again while people write: nothing acknowledged is lost, nothing is doubled, nothing is out of place', async () => {
  const people = await Promise.all(Array.from({ length: 8 }, () => createAccount(app)))
  const [reader, ...others] = people as [TestAccount, ...TestAccount[]]
  const conversations = await Promise.all([0, 1, 2].map((i) => createGroup(others[i] as TestAccount, people, `${i}`)))
  const inbox = await keepFollowing((after) => followInbox(reader, after))
  const streams = await Promise.all(
    conversations.map((id) => keepFollowing((after) => followConversation(reader, id, after))),
  )
  let victim = await startProcess()
  let writing = true
  let unsure = 0
  const sent = new Map<string, Sent[]>(conversations.map((id) => [id, []]))
  const load = people.map(async (who, i) => {
    for (let n = 0; writing; n += 1) {
      const id = conversations[(i + n) % conversations.length] as string
      const nodes = () => (i % 4 === 3 ? [app, victim] : [victim, app])
      sent.get(id)?.push(await sendUntilSure(who, id, nodes, { unsure: () => (unsure += 1) }))
      await new Promise((resolve) => setTimeout(resolve, 15))
    }
  })
  const moments = fc.sample(fc.integer({ min: 20, max: 400 }), { numRuns: 5, seed: 20_261_121 })
  for (const moment of moments) {
    await new Promise((resolve) => setTimeout(resolve, moment))
    victim.process.child.kill('SIGKILL')
    await victim.process.ended
    victim = await startProcess()
  }
  writing = false
  await Promise.all(load)
  victim.process.child.kill('SIGKILL')
  expect(unsure).toBeGreaterThan(0)

  const total = [...sent.values()].flat().length
  await eventually(
    async () => {
      await app.idle()
      return inbox.seen.length
    },
    (count) => count >= total,
    20_000,
  )
  for (const [i, id] of conversations.entries()) {
    const acknowledged = sent.get(id) ?? []
    const entries = await entriesOf(app, id)
    expect(entries.map(({ seq }) => seq)).toEqual(Array.from({ length: entries.length }, (_, n) => n + 1))
    const kept = (entries as unknown as { seq: number; client_id: string | null }[]).slice(1)
    expect(kept.length).toBe(acknowledged.length)
    const seqOf = new Map(kept.map(({ client_id, seq }) => [client_id, seq]))
    expect(acknowledged.filter(({ clientId, seq }) => seqOf.get(clientId) !== seq)).toEqual([])
    const expected = kept.map(({ seq }) => seq)
    await eventually(
      () => streams[i]?.seen.length ?? 0,
      (count) => count >= expected.length,
      20_000,
    )
    expect(seqsFor(streams[i]?.seen ?? [], id)).toEqual(expected)
    expect(seqsFor(inbox.seen, id)).toEqual(expected)
  }
  for (const one of [inbox, ...streams]) one.stop()
}, 120_000)

test('an answer that is lost after its commit: asked again elsewhere, it is the same message', async () => {
  const [ann, ben] = [await createAccount(app), await createAccount(app)]
  const id = await openDirect(ann, ben)
  const other = await app.node()
  const proxy = await createSilentProxy(app)
  for (let n = 0; n < 20; n += 1) {
    const input = { conversationId: id, clientId: newClientId(), body: `${n}` }
    await expect(ask(proxy, sendDocument, { input }, { token: ann.token })).rejects.toThrow()
    const again = await outcome(ann, 'sendMessage', input, other)
    expect(again).toMatchObject({ created: false, sentMessage: { seq: n + 2, body: `${n}` } })
  }
  proxy.close()
  expect((await entriesOf(app, id)).map(({ seq }) => seq)).toEqual(Array.from({ length: 21 }, (_, n) => n + 1))
})

test('Redis killed, and then stopped: what is said is acknowledged at once, and told later', async () => {
  const [ann, ben] = [await createAccount(app), await createAccount(app)]
  const id = await openDirect(ann, ben)
  const stream = followConversation(ben, id)
  await stream.next()
  await own.kill()
  for (let n = 0; n < 20; n += 1) await send(ann, id, `${n}`)
  await own.start()
  expect(seqsFor(await take(stream, 20), id)).toEqual(Array.from({ length: 20 }, (_, n) => n + 2))
  await eventually(
    () => fetch(app.url.replace('/graphql', '/health/ready')),
    ({ status }) => status === 200,
  )
  own.signal('SIGSTOP')
  const begun = Date.now()
  await Promise.all(Array.from({ length: 20 }, (_, n) => send(ann, id, `${n}`)))
  expect(Date.now() - begun).toBeLessThan(3000)
  own.signal('SIGCONT')
  expect(seqsFor(await take(stream, 20), id)).toEqual(Array.from({ length: 20 }, (_, n) => n + 22))
  stream.stop()
})
