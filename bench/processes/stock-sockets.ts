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
import { type EventsOrder, eventOf, leanEventOf, leanSchema, subscriptionField } from '../kit/followed.ts'
import { redisUrl } from '../kit/store.ts'

interface Kind {
  schema: GraphQLSchema
  context: object
  ready: object
  made(cursor: string, key: string, n: number): object
}

const leanKind: Kind = {
  schema: buildSchema(leanSchema),
  context: {},
  ready: { [subscriptionField]: { __typename: 'Ready', cursor: 'ready' } },
  made: leanEventOf,
}

async function ourKind(): Promise<Kind> {
  const { services, postgres } = await createApp(readConfig() as ReadyConfig)
  return {
    schema: ours,
    context: { services, prisma: postgres.prisma, requestId: 'bench', address: '', viewer: null, connection: null },
    ready: { kind: 'ready', cursor: 'cursor' },
    made: (cursor, key, n) => ({ kind: 'event', cursor, payload: eventOf(key, n) }),
  }
}

const pubsub = new RedisPubSub({ connection: redisUrl })
// Nobody hears what another process publishes to its own sockets.
const channel = `events.${process.pid}`
let made: Kind['made'] = leanKind.made

async function serve(): Promise<number> {
  const kind = process.env['STOCK_SCHEMA'] === 'ours' ? await ourKind() : leanKind
  made = kind.made
  const follow = () => {
    const events = pubsub.asyncIterableIterator(channel)
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
async function publish({ key, count }: EventsOrder): Promise<void> {
  const events = Array.from({ length: count }, (_, i) => made(`${published + i}`.padEnd(44, '-'), key, i))
  published += count
  await Promise.all(events.map((event) => pubsub.publish(channel, event)))
}

const port = serve()
answer(port, { publish, port: () => port })
