// Yardstick: yoga as its users have it, on node:http by itself, with the schema, the limits and the tokens of the subject.
// The limit on the body is yoga's own, since a server on the open net has one.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type DocumentNode, parse, type Source } from 'graphql'
import { createYoga, type Plugin } from 'graphql-yoga'
import { createApp } from '../../src/app.ts'
import { type ReadyConfig, readConfig } from '../../src/config.ts'
import type { Context } from '../../src/graphql/context.ts'
import { bearerToken } from '../../src/graphql/endpoint.ts'
import { publicError } from '../../src/graphql/errors.ts'
import { createValidate, limits } from '../../src/graphql/limits.ts'
import { bodyLimit } from '../../src/platform/body.ts'
import { schema } from '../../src/schema.ts'
import { answer } from '../kit/answer.ts'

async function serve(): Promise<number> {
  const { services, postgres, metrics } = await createApp(readConfig() as ReadyConfig)
  const validate = createValidate({ introspection: true })
  const limited: Plugin<Context> = {
    onParse: ({ setParseFn }) =>
      setParseFn((source: string | Source): DocumentNode => parse(source, { maxTokens: limits.tokens })),
    onValidate: ({ setValidationFn }) => setValidationFn(validate),
    onExecute: () => ({ onExecuteDone: () => metrics.operations.inc({ kind: 'query', outcome: 'ok' }) }),
  }
  const yoga = createYoga<Context>({
    ...{ schema, graphqlEndpoint: '/graphql', graphiql: false, landingPage: false, logging: false },
    maxRequestBodySize: bodyLimit,
    maskedErrors: { maskError: (error) => publicError(error) },
    plugins: [limited],
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
