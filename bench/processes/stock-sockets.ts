// Peer: the usual way, as the manuals of graphql-ws and graphql-redis-subscriptions show it, with a schema of the same shape,
// no token looked at and no limit on anything.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buildSchema } from 'graphql'
import { RedisPubSub } from 'graphql-redis-subscriptions'
import { useServer } from 'graphql-ws/use/ws'
import { WebSocketServer } from 'ws'
import { answer } from '../kit/answer.ts'
import { type EventsOrder, eventOf } from '../kit/followed.ts'
import { redisUrl } from '../kit/store.ts'

const schema = buildSchema(`
  type Query { ok: Boolean! }
  type Subscription { nudges: NudgeEvent! }
  union NudgeEvent = Ready | Nudge
  type Ready { cursor: String! }
  type Nudge { cursor: String!, matchId: ID!, sessionId: ID!, sharedInterests: [String!]!, nudgedAt: String! }
`)
const pubsub = new RedisPubSub({ connection: redisUrl })

function follow() {
  const events = pubsub.asyncIterableIterator('events')
  const { next } = events
  // The swarm waits for a first event; after it there is only the library's own iterator.
  events.next = () => {
    events.next = next
    return Promise.resolve({ done: false, value: { nudges: { __typename: 'Ready', cursor: 'ready' } } })
  }
  return events
}
Object.assign(schema.getSubscriptionType()?.getFields()['nudges'] ?? {}, { subscribe: follow })

const server = createServer((_req, res) => res.end())
useServer({ schema }, new WebSocketServer({ server, perMessageDeflate: false }))

let published = 0
async function publish({ count }: EventsOrder): Promise<void> {
  for (let i = 0; i < count; i += 1) {
    published += 1
    const { matchId, sessionId, shared, atMs } = eventOf(published)
    const cursor = `${published}`.padEnd(44, '-')
    const nudge = { cursor, matchId, sessionId, sharedInterests: shared, nudgedAt: new Date(atMs).toISOString() }
    await pubsub.publish('events', { nudges: { __typename: 'Nudge', ...nudge } })
  }
}

const listening = new Promise<void>((resolve) => server.listen(0, '127.0.0.1', 4096, resolve))
answer(listening, { publish, port: () => (server.address() as AddressInfo).port })
