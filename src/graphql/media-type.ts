/** The two ways of writing a result; which of them decides the status of a request that was refused. */
export type ResultType = 'application/graphql-response+json' | 'application/json'

const remembered = new Map<string, ResultType | null>()

/**
 * What yoga would answer a query or mutation with, for an Accept header; null where it would answer otherwise than with one
 * JSON body (a stream, or 406). The last listed of equals loses, and parameters but the charset are not looked at.
 */
export function resultTypeFor(accept: string | undefined): ResultType | null {
  const header = accept || '*/*'
  const known = remembered.get(header)
  if (known !== undefined) return known
  const chosen = choose(header)
  if (remembered.size < 100) remembered.set(header, chosen)
  return chosen
}

/** Whether an Accept header lets a subscription be answered: as a stream of events, and in no other way. */
export function acceptsStream(accept: string | undefined): boolean {
  return typesOf(accept || '*/*').some((type) => type === '*/*' || type === 'text/*' || type === 'text/event-stream')
}

function typesOf(header: string): string[] {
  return header
    .replace(/\s/g, '')
    .toLowerCase()
    .split(',')
    .map((part) => part.split(';'))
    .filter(([, ...parameters]) =>
      parameters.every((parameter) => !parameter.startsWith('charset=') || parameter === 'charset=utf-8'),
    )
    .map(([type = '']) => type)
}

function choose(header: string): ResultType | null {
  for (const type of typesOf(header)) {
    if (type === '*/*' || type === 'application/*' || type === 'application/json') return 'application/json'
    if (type === 'application/graphql-response+json') return type
  }
  return null
}
