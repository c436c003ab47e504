import type { ExecutionResult, GraphQLError } from 'graphql'
import type { Exchange } from '../platform/http.ts'
import type { Context } from './context.ts'
import type { Envelope } from './envelope.ts'
import type { ResultType } from './media-type.ts'
import { operationKind } from './operation-kind.ts'
import type { Params } from './params.ts'

/** A context with what it came with: yoga's own way gives plugins the same. */
export type HttpContext = Context & Pick<Exchange, 'req' | 'res'> & { params: Params }

interface HttpFacts {
  status?: number
  spec?: boolean
}

/** An error's `http`, which is read here and not printed. */
const httpOf = (error: GraphQLError) => error.extensions['http'] as HttpFacts | undefined

/** The status of a result: 200 where GraphQL has spoken, the refusal's own where it has not. */
export function statusFor(result: ExecutionResult, type: ResultType): number {
  let status = 0
  for (const error of result.errors ?? []) {
    const http = httpOf(error)
    if (!http?.status || (http.spec && type === 'application/json')) continue
    status = Math.max(status, http.status)
  }
  return status || 200
}

const contentTypes = {
  'application/graphql-response+json': 'application/graphql-response+json; charset=utf-8',
  'application/json': 'application/json; charset=utf-8',
} satisfies Record<ResultType, string>

export function writeResult(
  { res, requestId }: Pick<Exchange, 'res' | 'requestId'>,
  result: ExecutionResult,
  type: ResultType,
  status = statusFor(result, type),
): void {
  // A string goes out in one write with the headers; a buffer would be a second one.
  const body = JSON.stringify(result)
  res.writeHead(status, {
    'content-type': contentTypes[type],
    'content-length': Buffer.byteLength(body),
    'x-request-id': requestId,
  })
  res.end(body)
}

/**
 * The short way of a query or mutation from node:http through the envelope and back, without Request and Response objects,
 * which cost most of a small operation's time. Answers false, and has done nothing, if the operation is for yoga.
 */
export async function runLane(envelope: Envelope, context: HttpContext, type: ResultType): Promise<boolean> {
  const { params, res } = context
  const prepared = envelope.prepare(context)
  if (!('kind' in prepared)) {
    if (!res.destroyed) writeResult(context, { errors: prepared }, type)
    return true
  }
  if (operationKind(prepared, params.operationName) === 'subscription') return false
  const result = await envelope.execute({
    schema: envelope.schema,
    document: prepared,
    contextValue: context,
    variableValues: params.variables ?? null,
    operationName: params.operationName ?? null,
  })
  if (!res.destroyed) writeResult(context, result, type)
  return true
}
