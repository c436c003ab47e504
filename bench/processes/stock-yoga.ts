// Yardstick: yoga as its users have it, on node:http by itself, with the schema, the plugin, the limits and the tokens of the
// subject. Yoga reads the body here, so its own limit on it is on, as it is by default and as ours is; YOGA_BODY_LIMIT=off
// shows what that one costs.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createYoga } from 'graphql-yoga'
import { createApp } from '../../src/app.ts'
import { type ReadyConfig, readConfig } from '../../src/config.ts'
import type { Context } from '../../src/graphql/context.ts'
import { bearerToken } from '../../src/graphql/endpoint.ts'
import { publicError } from '../../src/graphql/errors.ts'
import { createGuard } from '../../src/graphql/guard.ts'
import { bodyLimit } from '../../src/platform/body.ts'
import { createLogger } from '../../src/platform/logger.ts'
import { schema } from '../../src/schema.ts'
import { answer } from '../kit/answer.ts'

async function serve(): Promise<number> {
  const { services, postgres, metrics } = await createApp(readConfig() as ReadyConfig)
  const guard = createGuard({ logger: createLogger({ level: 'warn' }), metrics, introspection: true })
  const yoga = createYoga<Context>({
    ...{ schema, graphqlEndpoint: '/graphql', graphiql: false, landingPage: false, logging: false },
    maxRequestBodySize: process.env['YOGA_BODY_LIMIT'] === 'off' ? false : bodyLimit,
    maskedErrors: { maskError: (error) => publicError(error) },
    plugins: [guard.plugin],
  })

  async function handle(req: IncomingMessage, res: ServerResponse) {
    const { authorization } = req.headers
    const viewer = authorization ? await services.identity.authenticate(bearerToken(authorization)) : null
    const address = req.socket.remoteAddress ?? ''
    await yoga(req, res, { services, prisma: postgres.prisma, requestId: 'bench', address, viewer, connection: null })
  }
  const server = createServer((req, res) => void handle(req, res))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', 4096, resolve))
  return (server.address() as AddressInfo).port
}

const port = serve()
answer(port, { port: () => port })
