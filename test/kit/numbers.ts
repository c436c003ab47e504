import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import SchemaBuilder from '@pothos/core'
import ScopeAuthPlugin from '@pothos/plugin-scope-auth'
import { z } from 'zod'
import type { Context } from '../../src/graphql/context.ts'
import { createEnvelope } from '../../src/graphql/envelope.ts'
import { cutWhenSlow } from '../../src/graphql/event-stream.ts'
import { perViewer } from '../../src/graphql/per-viewer.ts'
import { createProtocol } from '../../src/graphql/socket.ts'
import { createDelivery, type Delivery, type DeliveryEngine } from '../../src/platform/delivery/index.ts'
import { ephemeralTopic } from '../../src/platform/delivery/topics.ts'
import { createMetrics, type Metrics } from '../../src/platform/metrics.ts'
import { createRedis, type RedisConnections } from '../../src/platform/redis.ts'
import { createSocketServer } from '../../src/platform/ws.ts'

export const numbersTopic = ephemeralTopic({
  name: 'numbers',
  slot: 'test',
  maxLength: 2000,
  windowMs: 60_000,
  payload: z.object({ n: z.number(), text: z.string().optional() }),
})

/** A node that serves streams of numbers over sockets, by our own envelope and protocol. A viewer is whatever the token says. */
export interface NumbersNode {
  wsUrl: string
  delivery: DeliveryEngine
  redis: RedisConnections
  metrics: Metrics
  /** What was logged as our fault. */
  logged: string[]
  /** What `slowly` and `failing` wait for, if anything. */
  gate: { opens?: Promise<unknown> | undefined }
  /** Takes from a viewer the right to the streams that it follows now. */
  banish(viewer: string): void
  /** How many streams have told that they are over. */
  ended(): number
  /** Selections executed so far, for groups. */
  executions(): Promise<number>
  close(): Promise<void>
}

type Numbered = Delivery<{ n: number; text?: string | undefined }>

export async function createNumbersNode(url: string, prefix: string): Promise<NumbersNode> {
  const logged: string[] = []
  const logger = {
    error: (_message: string, fields: object = {}) => void logged.push(JSON.stringify(fields)),
    ...{ warn: () => undefined, info: () => undefined, debug: () => undefined },
  }
  const redis = await createRedis({ url, prefix, logger, commandTimeoutMs: 5000 })
  const metrics = createMetrics()
  const delivery = createDelivery({ redis, metrics, logger })
  const gate: NumbersNode['gate'] = {}
  const rights = new Map<string, AbortController>()
  let ended = 0

  const rightOf = (viewer: string) => {
    const right = rights.get(viewer) ?? new AbortController()
    rights.set(viewer, right)
    return right.signal
  }
  const nOf = (event: Numbered) => (event.kind === 'event' ? event.payload.n : null)

  const builder = new SchemaBuilder<{
    Context: Context
    AuthScopes: { member: boolean }
    DefaultFieldNullability: false
  }>({
    plugins: [ScopeAuthPlugin],
    defaultFieldNullability: false,
    // The options of a plugin that only the app uses.
    prisma: undefined as never,
    scopeAuth: { authorizeOnSubscribe: true, authScopes: ({ viewer }) => ({ member: viewer !== null }) },
  })
  const EventType = builder.objectRef<Numbered>('NumberEvent').implement({
    fields: (t) => ({
      kind: t.exposeString('kind'),
      cursor: t.exposeString('cursor'),
      n: t.int({ nullable: true, resolve: nOf }),
      text: t.string({
        nullable: true,
        resolve: (event) => (event.kind === 'event' ? event.payload.text : null),
      }),
      slowly: t.int({
        nullable: true,
        async resolve(event) {
          await gate.opens
          return nOf(event)
        },
      }),
      failing: t.int({
        nullable: true,
        resolve(event) {
          if (nOf(event) === 13) throw new Error('a secret of ours')
          return nOf(event)
        },
      }),
      mine: t.string({
        nullable: true,
        extensions: perViewer,
        resolve: (_event, _args, { viewer }) => viewer?.principal,
      }),
      careless: t.string({ nullable: true, resolve: (_event, _args, { viewer }) => viewer?.principal }),
      guarded: t.int({ nullable: true, authScopes: { member: true }, resolve: nOf }),
    }),
  })
  builder.queryType({ fields: (t) => ({ ok: t.boolean({ resolve: () => true }) }) })
  builder.subscriptionType({})
  builder.subscriptionFields((t) => {
    const subscribed = (extensions: Record<string, unknown>) =>
      t.field({
        type: EventType,
        authScopes: { member: true },
        extensions,
        args: {
          key: t.arg.string({ required: true }),
          after: t.arg.string(),
          until: t.arg.int(),
          even: t.arg.boolean(),
          odd: t.arg.boolean(),
        },
        subscribe: (_root, { key, after, until, even, odd }, context) => {
          const viewer = context.viewer?.principal ?? ''
          return delivery.subscribe(numbersTopic, key, {
            after,
            until: rightOf(viewer),
            accept({ n }) {
              // Even viewers are those who are named so: what differs between them is asked of each.
              if (viewer.startsWith('even') && n % 2 !== 0) return false
              if ((even && n % 2 !== 0) || (odd && n % 2 === 0)) return false
              return n === until ? 'last' : true
            },
            onSlow: cutWhenSlow(context),
            onEnded: () => {
              ended += 1
            },
          })
        },
        resolve: (event) => event as never,
      })
    return { numbers: subscribed({}), ownNumbers: subscribed(perViewer) }
  })

  const envelope = createEnvelope({ schema: builder.toSchema(), logger, metrics, introspection: true })
  const base = { services: { identity: { isRevoked: () => false } }, prisma: undefined } as never
  const authenticate = async (token: string) => ({
    ...{ principal: token, deviceId: null, accountId: null, signInId: null, roles: [], sessionId: null },
    expiresAtMs: Number.POSITIVE_INFINITY,
  })
  const sockets = createSocketServer({
    protocol: createProtocol({
      ...{ envelope, base, authenticate },
      limits: { perViewer: 100_000, subscriptionsPerSocket: 1000 },
    }),
    limits: { perAddress: 100_000, messages: false },
    ...{ clock: { now: Date.now }, metrics },
  })
  const http = createServer()
  http.on('upgrade', (req, socket, head) =>
    sockets.upgrade(req, socket, head, { requestId: randomBytes(6).toString('hex'), address: '127.0.0.1' }),
  )
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))

  return {
    wsUrl: `ws://127.0.0.1:${(http.address() as AddressInfo).port}/graphql`,
    ...{ delivery, redis, metrics, logged, gate },
    banish(viewer) {
      rights.get(viewer)?.abort()
      rights.delete(viewer)
    },
    ended: () => ended,
    executions: () => executionsOf(metrics),
    async close() {
      await sockets.drain(0, 1000)
      await new Promise((resolve) => http.close(resolve))
      delivery.close()
      await redis.close()
    },
  }
}

/** Selections that a process has executed for groups of subscribers. */
export async function executionsOf({ registry }: Metrics): Promise<number> {
  const counted = await registry.getSingleMetric('vicinity_subscription_executions_total')?.get()
  return counted?.values.find(({ labels }) => labels['for'] === 'shared')?.value ?? 0
}
