// Peer: the usual way, as the manuals of graphql-ws and graphql-redis-subscriptions show it, no token looked at and no limit on
// anything. Its schema is the leanest of the same shape, or ours with our resolvers (STOCK_SCHEMA=ours).
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buildSchema, type GraphQLSchema } from 'graphql'
import { RedisPubSub } from 'graphql-redis-subscriptions'
import { useServer } from 'graphql-ws/use/ws'
import { WebSocketServer } from 'ws'
import { createApp } from '../../src/app.ts'
import { type ReadyConfig, readConfig } from '../../src/config.ts'
import { schema as ours } from '../../src/schema.ts'
import { answer } from '../kit/answer.ts'
import { type EventsOrder, eventOf, subscriptionField } from '../kit/followed.ts'
import { redisUrl } from '../kit/store.ts'

const lean = `
  type Query { ok: Boolean! }
  type Subscription { nudges: NudgeEvent! }
  union NudgeEvent = Ready | Nudge
  type Ready { cursor: String! }
  type Nudge { cursor: String!, matchId: ID!, sessionId: ID!, sharedInterests: [String!]!, nudgedAt: String! }
`

interface Kind {
  schema: GraphQLSchema
  context: object
  ready: object
  made(cursor: string, payload: ReturnType<typeof eventOf>): object
}

const leanKind: Kind = {
  schema: buildSchema(lean),
  context: {},
  ready: { [subscriptionField]: { __typename: 'Ready', cursor: 'ready' } },
  made: (cursor, { matchId, sessionId, shared, atMs }) => {
    const event = { cursor, matchId, sessionId, sharedInterests: shared, nudgedAt: new Date(atMs).toISOString() }
    return { [subscriptionField]: { __typename: 'Nudge', ...event } }
  },
}

async function ourKind(): Promise<Kind> {
  const { services, postgres } = await createApp(readConfig() as ReadyConfig)
  return {
    schema: ours,
    context: { services, prisma: postgres.prisma, requestId: 'bench', address: '', viewer: null, connection: null },
    ready: { kind: 'ready', cursor: 'cursor' },
    made: (cursor, payload) => ({ kind: 'event', cursor, payload }),
  }
}

const pubsub = new RedisPubSub({ connection: redisUrl })
let made: Kind['made'] = leanKind.made

async function serve(): Promise<number> {
  const kind = process.env['STOCK_SCHEMA'] === 'ours' ? await ourKind() : leanKind
  made = kind.made
  const follow = () => {
    const events = pubsub.asyncIterableIterator('events')
    const { next } = events
    // The swarm waits for a first event; after it there is only the library's own iterator.
    events.next = () => {
      events.next = next
      return Promise.resolve({ done: false, value: kind.ready })
    }
    return events
  }
  Object.assign(kind.schema.getSubscriptionType()?.getFields()[subscriptionField] ?? {}, { subscribe: follow })
  const server = createServer((_req, res) => res.end())
  const { schema, context } = kind
  useServer({ schema, context: () => ({ ...context }) }, new WebSocketServer({ server, perMessageDeflate: false }))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', 4096, resolve))
  return (server.address() as AddressInfo).port
}

let published = 0
async function publish({ count }: EventsOrder): Promise<void> {
  for (let i = 0; i < count; i += 1) {
    published += 1
    await pubsub.publish('events', made(`${published}`.padEnd(44, '-'), eventOf(published)))
  }
}

const port = serve()
answer(port, { publish, port: () => port })
