import { type DocumentNode, type ExecutionArgs, type ExecutionResult, execute, type GraphQLSchema } from 'graphql'
import { type CompiledQuery, compileQuery, isCompiledQuery } from 'graphql-jit'
import { operationKind } from './operation-kind.ts'

/** How often a query is run by graphql-js before it is compiled: what is sent once or twice would not earn that back. */
const interpretedFirst = 20

interface Known {
  runs: number
  /** Null for what cannot be compiled. */
  compiled: CompiledQuery | null | undefined
}

export type Execute = (args: ExecutionArgs) => ExecutionResult | Promise<ExecutionResult>

/**
 * Runs operations. A query that is asked again and again is compiled, which spares a long list most of what graphql-js does for
 * each of its fields. Whatever does not go smoothly is left to graphql-js: mutations, and queries with errors in their result,
 * which are run once more, so that errors are always those of one engine.
 */
export function createExecutor(schema: GraphQLSchema): Execute {
  const known = new WeakMap<DocumentNode, Map<string, Known>>()

  function compiledFor({ document, operationName }: ExecutionArgs): CompiledQuery | undefined {
    const operations = known.get(document) ?? new Map<string, Known>()
    known.set(document, operations)
    const name = operationName ?? ''
    const operation = operations.get(name) ?? { runs: 0, compiled: undefined }
    operations.set(name, operation)
    operation.runs += 1
    if (operation.compiled === undefined && operation.runs > interpretedFirst) {
      const compiled = compileQuery(schema, document, operationName ?? undefined)
      operation.compiled = isCompiledQuery(compiled) ? compiled : null
    }
    return operation.compiled ?? undefined
  }

  return (args) => {
    if (operationKind(args.document, args.operationName) !== 'query') return execute(args)
    const compiled = compiledFor(args)
    if (!compiled) return execute(args)
    const checked = (result: ExecutionResult) => (result.errors ? execute(args) : result)
    const result = compiled.query(args.rootValue, args.contextValue, args.variableValues ?? {})
    return result instanceof Promise ? result.then(checked) : checked(result as ExecutionResult)
  }
}
