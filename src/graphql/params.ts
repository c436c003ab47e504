import { BadUserInputError, DomainError } from '../platform/errors.ts'

/** The parameters of one operation, as GraphQL over HTTP and graphql-transport-ws have them. */
export interface Params {
  query: string
  operationName?: string | undefined
  variables?: Record<string, unknown> | undefined
  extensions?: Record<string, unknown> | undefined
}

const known = new Set(['query', 'operationName', 'variables', 'extensions'])
const polluting = new Set(['__proto__', 'constructor', 'prototype'])
const deepest = 32

const refuse = (message: string) => new DomainError('BAD_REQUEST', message)

/** Checks what came in a body or a frame, before any of it is used. Throws BAD_REQUEST, or BAD_USER_INPUT for what is in the variables. */
export function checkParams(body: unknown): Params {
  if (Array.isArray(body)) throw refuse('Batching is not supported.')
  if (!isRecord(body)) throw refuse('The body must be a JSON object.')
  for (const name of Object.keys(body))
    if (!known.has(name) && body[name] != null)
      throw refuse('The body has a member that is not query, operationName, variables or extensions.')
  const { query, operationName, variables, extensions } = body as Record<keyof Params, unknown>
  if (typeof query !== 'string') throw refuse('`query` must be a string.')
  if (operationName != null && typeof operationName !== 'string') throw refuse('`operationName` must be a string.')
  if (variables != null && !isRecord(variables)) throw refuse('`variables` must be an object.')
  if (extensions != null && !isRecord(extensions)) throw refuse('`extensions` must be an object.')
  if (variables) checkValue(variables, 0)
  return {
    query,
    ...(operationName ? { operationName } : {}),
    ...(variables ? { variables } : {}),
    ...(extensions ? { extensions } : {}),
  }
}

/** Text that no store and no other client could take, wherever it stands. */
export function checkText(text: string): void {
  if (text.includes('\0')) throw new BadUserInputError('Text must not hold NUL.')
  if (!wellFormed(text)) throw new BadUserInputError('Text must be well-formed Unicode.')
}

function checkValue(value: unknown, depth: number): void {
  if (typeof value === 'string') checkText(value)
  if (typeof value !== 'object' || value === null) return
  if (depth > deepest) throw new BadUserInputError(`Variables are nested at most ${deepest} deep.`)
  if (Array.isArray(value)) {
    for (const item of value) checkValue(item, depth + 1)
    return
  }
  for (const name of Object.keys(value)) {
    if (polluting.has(name)) throw new BadUserInputError('Variables have a name that is not allowed.')
    checkValue((value as Record<string, unknown>)[name], depth + 1)
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

// A surrogate without its other half.
const loneSurrogate = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/
const surrogate = /[\uD800-\uDFFF]/

function wellFormed(text: string): boolean {
  return !surrogate.test(text) || !loneSurrogate.test(text)
}
