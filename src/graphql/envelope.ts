import type { IncomingMessage, ServerResponse } from 'node:http'
import { type DocumentNode, type ExecutionArgs, type ExecutionResult, GraphQLError, type GraphQLSchema } from 'graphql'
import { createYoga } from 'graphql-yoga'
import type { Context } from './context.ts'
import { createDocumentMemory } from './document-memory.ts'
import { publicError } from './errors.ts'
import { createExecutor } from './executor.ts'
import { createFanOut } from './fan-out.ts'
import { createGuard, type GuardOptions, reported } from './guard.ts'
import { LiveResults, type Outlet, openSource } from './live-results.ts'
import { operationKind } from './operation-kind.ts'
import type { Params } from './params.ts'

export interface EnvelopeOptions extends GuardOptions {
  schema: GraphQLSchema
}

export type Envelope = ReturnType<typeof createEnvelope>

/**
 * The one envelope that every operation goes through, whichever way it came: parsing and validation with limits and caches,
 * execution, and errors as clients may see them. Yoga serves HTTP and SSE with it; the lane and the sockets do the same steps
 * with the same documents, limits and errors.
 */
export function createEnvelope(options: EnvelopeOptions) {
  const guard = createGuard(options)
  const { executions } = options.metrics
  const live = {
    guard,
    fanOut: createFanOut(options.schema, executions.of({ for: 'shared' })),
    executions: executions.of({ for: 'own' }),
  }
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
    parserAndValidationCache: {
      documentCache: createDocumentMemory(),
      errorCache: { get: () => undefined, set: () => undefined },
    },
    maskedErrors: { maskError: (error) => publicError(error, { onInternal: reported(options.logger, undefined) }) },
    plugins: [guard.plugin],
  })
  // What yoga has parsed and validated with our guard: asked for again, it needs nothing of yoga.
  const accepted = createDocumentMemory()
  const run = createExecutor(options.schema)

  return {
    schema: options.schema,

    /** An error as a client may see it, logged if it is ours. */
    shown: guard.shown,

    /** Yoga's own way of a request. */
    serve: (req: IncomingMessage, res: ServerResponse, context: Context) => yoga(req, res, context),

    /** Parses and validates, or remembers: the document to run, or what refuses it, as clients may see it. */
    prepare(context: Context & { params: Params }): DocumentNode | readonly GraphQLError[] {
      const { query } = context.params
      const known = accepted.get(query)
      if (known) {
        const refusal = guard.refusalOf(known, context)
        return refusal ? [refusal] : known
      }
      try {
        const { parse, validate } = yoga.getEnveloped(context)
        const document = parse(query)
        const errors = validate(options.schema, document)
        if (errors.length > 0) return errors
        accepted.set(query, document)
        return document
      } catch (error) {
        // `parse` throws what a client may see; anything else is for whoever called us to refuse.
        if (error instanceof GraphQLError) return [error]
        throw error
      }
    },

    /** Runs a query or mutation that was prepared. */
    async execute(args: ExecutionArgs): Promise<ExecutionResult> {
      const result = await run(args)
      guard.count(operationKind(args.document, args.operationName) ?? 'none', result.errors)
      return guard.finish(result, args.contextValue as Context)
    },

    /** Starts a subscription that was prepared: the source of its events, or why there is none. */
    subscribe: (args: ExecutionArgs) => openSource(args, guard),

    /** What becomes of the events of a source, once it is told to run. */
    deliver: (id: string, args: ExecutionArgs, source: AsyncIterable<unknown>, outlet: Outlet) =>
      new LiveResults(id, args, source, outlet, live),
  }
}
