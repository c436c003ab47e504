import type { IncomingMessage, ServerResponse } from 'node:http'
import { type ExecutionResult, GraphQLError, getOperationAST } from 'graphql'
import type { Context } from './context.ts'
import type { Envelope } from './envelope.ts'
import type { ResultType } from './media-type.ts'
import type { Params } from './params.ts'

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

export function writeResult(
  res: ServerResponse,
  result: ExecutionResult,
  type: ResultType,
  status = statusFor(result, type),
): void {
  const body = Buffer.from(JSON.stringify(result))
  res.writeHead(status, { 'content-type': `${type}; charset=utf-8`, 'content-length': body.length })
  res.end(body)
}

/**
 * The short way of a query or mutation from node:http through the envelope and back, without Request and Response objects,
 * which cost most of a small operation's time. Answers false, and has done nothing, if the operation is for yoga.
 */
export async function runLane(
  envelope: Envelope,
  context: Context,
  params: Params,
  type: ResultType,
  exchange: { req: IncomingMessage; res: ServerResponse },
): Promise<boolean> {
  const { parse, validate, contextFactory, execute, schema } = envelope.getEnveloped({
    ...context,
    ...exchange,
    params,
  })
  const { res } = exchange
  let result: ExecutionResult
  try {
    const document = parse(params.query)
    const errors = validate(schema, document)
    if (errors.length > 0) {
      result = { errors }
    } else {
      if (getOperationAST(document, params.operationName)?.operation === 'subscription') return false
      const contextValue = await contextFactory()
      result = await execute({
        schema,
        document,
        contextValue,
        variableValues: params.variables,
        operationName: params.operationName,
      })
    }
  } catch (error) {
    // `parse` throws what a client may see; anything else is for whoever called us to refuse.
    if (!(error instanceof GraphQLError)) throw error
    result = { errors: [error] }
  }
  if (!res.destroyed) writeResult(res, result, type)
  return true
}
