import type { IncomingMessage } from 'node:http'
import { type DocumentNode, type ExecutionResult, execute, GraphQLError, parse, type Source, subscribe } from 'graphql'
import type { Plugin } from 'graphql-yoga'
import { DomainError, type ErrorCode } from '../platform/errors.ts'
import { describeError, type Logger } from '../platform/logger.ts'
import type { Metrics } from '../platform/metrics.ts'
import type { Context } from './context.ts'
import { type ErrorFacts, publicError, statusOf } from './errors.ts'
import { createValidate, limits } from './limits.ts'
import { acceptsStream } from './media-type.ts'
import { operationKind } from './operation-kind.ts'
import { checkText, type Params } from './params.ts'

export interface GuardOptions {
  logger: Logger
  metrics: Metrics
  introspection: boolean
}

export type Guard = ReturnType<typeof createGuard>

export const reported = (logger: Logger, requestId: string | undefined) => (cause: unknown) =>
  logger.error('unexpected error', { requestId, ...describeError(cause) })

/** What stands between a document and its execution, and between a result and its client, on every way. */
export function createGuard({ logger, metrics, introspection }: GuardOptions) {
  const validate = createValidate({ introspection })

  const shown = (
    error: unknown,
    requestId: string | undefined,
    facts: Pick<ErrorFacts, 'fallback' | 'http'> = {},
  ): GraphQLError => {
    const answer = publicError(error, { ...facts, requestId, onInternal: reported(logger, requestId) })
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

  const counters = new Map<string, { inc(): void }>()
  function count(kind: string, failed: unknown) {
    const name = failed ? `${kind} error` : kind
    let counter = counters.get(name)
    if (!counter) {
      counter = metrics.operations.of({ kind, outcome: failed ? 'error' : 'ok' })
      counters.set(name, counter)
    }
    counter.inc()
  }

  const plugin: Plugin<Context> = {
    onParse({ setParseFn, context }) {
      setParseFn(parseWithin)
      return ({ result, replaceParseResult }) => {
        const refusal = result && !(result instanceof Error) && refusalOf(result, context as Context)
        if (refusal) replaceParseResult(refusal)
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
    onExecute({ setExecuteFn }) {
      // graphql-js, which needs less for a small operation than the executor that yoga brings.
      setExecuteFn(execute as Parameters<typeof setExecuteFn>[0])
      return {
        onExecuteDone({ args, result, setResult }) {
          const done = result as ExecutionResult
          count(operationKind(args.document, args.operationName) ?? 'none', done.errors)
          if (done.errors) setResult(finish(done, args.contextValue))
        },
      }
    },
    onSubscribe({ args: { contextValue }, setSubscribeFn }) {
      setSubscribeFn(subscribe as Parameters<typeof setSubscribeFn>[0])
      return {
        onSubscribeResult({ args, result, setResult }) {
          count('subscription', 'errors' in result)
          if ('errors' in result) setResult(finish(result as ExecutionResult, args.contextValue))
          return {
            onNext: (next) => {
              const event = next.result as ExecutionResult
              if (event.errors) next.setResult(finish(event, args.contextValue))
            },
          }
        },
        onSubscribeError({ error, setError }) {
          setError(shown(error, requestIdOf(contextValue)))
        },
      }
    },
    // What yoga itself refuses comes by none of the steps above.
    onResultProcess({ result, serverContext, setResult }) {
      if (!('errors' in result) || !result.errors || 'data' in result) return
      const requestId = requestIdOf(serverContext)
      const errors = result.errors.map((error) => {
        const http = error.extensions['http'] as ErrorFacts['http']
        if (http?.final) return publicError(error, { requestId, http: { status: http.status } })
        return error.extensions['requestId'] === requestId ? error : shown(error, requestId, httpFor(error))
      })
      setResult({ ...result, errors })
    },
  }

  /** Why an operation of a well-formed document cannot be run, if it cannot. */
  function refusalOf(document: DocumentNode, context: Context): GraphQLError | undefined {
    const refusal = refuseOperation(document, context)
    return refusal && shown(refusal.error, context.requestId, { http: { status: refusal.status, final: true } })
  }

  return { plugin, finish, count, shown, refusalOf }
}

function httpFor(error: GraphQLError): Pick<ErrorFacts, 'http'> {
  return error.extensions['http']
    ? {}
    : { http: { status: statusOf(publicError(error).extensions['code'] as ErrorCode) } }
}

/** Why an operation cannot be run although its document is well-formed: before anything of it is run. */
function refuseOperation(document: DocumentNode, context: unknown): { error: DomainError; status: number } | undefined {
  const { params, req } = context as { params?: Partial<Params>; req?: IncomingMessage }
  const kind = operationKind(document, params?.operationName)
  if (!kind)
    return { error: new DomainError('BAD_REQUEST', 'The operation to run could not be determined.'), status: 400 }
  if (kind !== 'subscription' || !req || acceptsStream(req.headers.accept)) return undefined
  return { error: new DomainError('BAD_REQUEST', 'A subscription is answered as text/event-stream only.'), status: 406 }
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
