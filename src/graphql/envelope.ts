import { renderGraphiQL } from '@graphql-yoga/render-graphiql'
import {
  type DocumentNode,
  type ExecutionResult,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  parse,
  type Source,
} from 'graphql'
import { createYoga, type GraphiQLOptions, type Plugin } from 'graphql-yoga'
import { DomainError } from '../platform/errors.ts'
import { describeError, type Logger } from '../platform/logger.ts'
import type { Metrics } from '../platform/metrics.ts'
import type { Context } from './context.ts'
import { type ErrorFacts, publicError } from './errors.ts'
import { createValidate, limits } from './limits.ts'
import { checkText } from './params.ts'

export interface EnvelopeOptions {
  schema: GraphQLSchema
  logger: Logger
  metrics: Metrics
  introspection: boolean
  /** GraphiQL's tabs and headers; false serves none. */
  graphiql: (() => GraphiQLOptions) | false
}

export type Envelope = ReturnType<typeof createEnvelope>

/**
 * The one envelope that every operation goes through, whichever way it came: parsing and validation with limits and caches,
 * execution, and errors as clients may see them. Yoga serves HTTP and SSE with it; the lane and the sockets ask it for
 * `getEnveloped` and do the same steps.
 */
export function createEnvelope(options: EnvelopeOptions) {
  return createYoga<Context>({
    schema: options.schema,
    graphqlEndpoint: '/graphql',
    graphiql: options.graphiql ? options.graphiql : false,
    renderGraphiQL: options.graphiql ? renderGraphiQL : () => '',
    landingPage: false,
    batching: false,
    multipart: false,
    cors: false,
    logging: false,
    healthCheckEndpoint: '/health/yoga',
    maxRequestBodySize: false,
    maskedErrors: { maskError: (error) => publicError(error) },
    plugins: [guard(options)],
  })
}

function guard({ logger, metrics, introspection }: EnvelopeOptions): Plugin<Context> {
  const validate = createValidate({ introspection })

  const shown = (
    error: unknown,
    requestId: string | undefined,
    facts: Pick<ErrorFacts, 'fallback' | 'http'> = {},
  ): GraphQLError => {
    const onInternal = (cause: unknown) => logger.error('unexpected error', { requestId, ...describeError(cause) })
    const answer = publicError(error, { ...facts, requestId, onInternal })
    metrics.errors.inc({ code: String(answer.extensions['code']) })
    return answer
  }
  // A request that is refused before it runs: 400, or 200 for `application/json`.
  const refused = { http: { status: 400, spec: true } }

  function finish(result: ExecutionResult, context: Context): ExecutionResult {
    if (!result.errors) return result
    const facts = 'data' in result ? {} : refused
    return { ...result, errors: result.errors.map((error) => shown(error, context.requestId, facts)) }
  }

  return {
    onParse({ setParseFn, context }) {
      setParseFn(parseWithin)
      return ({ result, replaceParseResult }) => {
        if (result instanceof Error)
          replaceParseResult(shown(result, requestIdOf(context), { fallback: 'BAD_REQUEST', ...refused }))
      }
    },
    onValidate({ setValidationFn, context }) {
      setValidationFn(validate)
      return ({ valid, result, setResult }) => {
        if (!valid)
          setResult(result.map((error) => shown(error, requestIdOf(context), { fallback: 'BAD_REQUEST', ...refused })))
      }
    },
    onExecute() {
      return {
        onExecuteDone({ args, result, setResult }) {
          const done = result as ExecutionResult
          metrics.operations.inc({
            kind: kindOf(args.document, args.operationName),
            outcome: done.errors ? 'error' : 'ok',
          })
          if (done.errors) setResult(finish(done, args.contextValue))
        },
      }
    },
    onSubscribe() {
      return {
        onSubscribeResult({ args, result, setResult }) {
          metrics.operations.inc({ kind: 'subscription', outcome: 'errors' in result ? 'error' : 'ok' })
          if ('errors' in result) setResult(finish(result as ExecutionResult, args.contextValue))
          return {
            onNext: (next) => {
              const event = next.result as ExecutionResult
              if (event.errors) next.setResult(finish(event, args.contextValue))
            },
          }
        },
        onSubscribeError({ error, setError }) {
          setError(shown(error, undefined))
        },
      }
    },
  }
}

function parseWithin(source: string | Source): DocumentNode {
  const text = typeof source === 'string' ? source : source.body
  if (text.length > limits.characters) throw tooComplex('The document is too long.')
  checkText(text)
  if (/\\u(0000|\{0+\})/.test(text)) checkText('\0')
  try {
    return parse(source, { maxTokens: limits.tokens })
  } catch (error) {
    if (error instanceof GraphQLError && error.message.includes('tokens'))
      throw tooComplex('The document has too many tokens.')
    if (error instanceof RangeError) throw tooComplex('The document is nested too deep.')
    throw error
  }
}

const tooComplex = (message: string) => new DomainError('QUERY_TOO_COMPLEX', message)

function requestIdOf(context: unknown): string | undefined {
  return (context as Partial<Context> | undefined)?.requestId
}

function kindOf(document: DocumentNode, operationName: string | null | undefined): string {
  return getOperationAST(document, operationName)?.operation ?? 'none'
}
