import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ExecutionArgs, ExecutionResult, GraphQLSchema } from 'graphql'
import { createYoga } from 'graphql-yoga'
import type { Context } from './context.ts'
import { publicError } from './errors.ts'
import { createGuard, type GuardOptions, reported } from './guard.ts'
import { openStream } from './live-results.ts'

export interface EnvelopeOptions extends GuardOptions {
  schema: GraphQLSchema
}

export type Envelope = ReturnType<typeof createEnvelope>

/**
 * The one envelope that every operation goes through, whichever way it came: parsing and validation with limits and caches,
 * execution, and errors as clients may see them. Yoga serves HTTP and SSE with it; the lane and the sockets ask it for
 * `getEnveloped` and do the same steps.
 */
export function createEnvelope(options: EnvelopeOptions) {
  const guard = createGuard(options)
  const yoga = createYoga<Context>({
    schema: options.schema,
    graphqlEndpoint: '/graphql',
    // We serve the page ourselves: see graphiql.ts.
    graphiql: false,
    landingPage: false,
    batching: false,
    multipart: false,
    cors: false,
    logging: false,
    healthCheckEndpoint: '/health/yoga',
    maxRequestBodySize: false,
    // A refusal belongs to one request, whose id it carries: only documents are remembered.
    parserAndValidationCache: { errorCache: { get: () => undefined, set: () => undefined } },
    maskedErrors: { maskError: (error) => publicError(error, { onInternal: reported(options.logger, undefined) }) },
    plugins: [guard.plugin],
  })
  return {
    /** Yoga's own way of a request. */
    serve: (req: IncomingMessage, res: ServerResponse, context: Context) => yoga(req, res, context),
    getEnveloped: yoga.getEnveloped,
    /** An error as its client may see it, counted, and logged if it was not expected. */
    shown: guard.shown,
    /** Starts a subscription that was parsed and validated: its results, or why there are none. */
    subscribe: (args: ExecutionArgs): Promise<AsyncIterableIterator<ExecutionResult> | ExecutionResult> =>
      openStream(args, guard),
  }
}
