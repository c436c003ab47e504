import type { TypedText } from '../documents.ts'
import type { Clock, Fetch } from '../environment.ts'
import { refusal, VicinityError } from '../errors.ts'

export interface Post {
  document: string
  variables: unknown
  token: string | null
  /** Whether cookies go along: only where a sign-in is kept in one. */
  cookies?: boolean | undefined
  signal?: AbortSignal | undefined
  /** Without an answer by then it counts as lost, milliseconds. */
  deadlineMs?: number | undefined
}

/** What a GraphQL server answers. */
export interface GraphQLAnswer {
  data?: unknown
  errors?: readonly { message: string; extensions?: Record<string, unknown> }[]
}

/** One operation over HTTP, asked once. Rejects with a VicinityError, or with the reason of the caller's signal. */
export type Ask = (post: Post) => Promise<GraphQLAnswer>

/** The same, where an answer with errors is none. */
export type Send = <Data, Variables>(
  document: TypedText<Data, Variables>,
  variables: Variables,
  post: Omit<Post, 'document' | 'variables'>,
) => Promise<Data>

const patienceMs = 30_000

export const sending =
  (ask: Ask): Send =>
  async (document, variables, post) =>
    dataOf(await ask({ document, variables, ...post })) as never

export function dataOf({ data, errors }: GraphQLAnswer): unknown {
  if (errors && errors.length > 0) throw refusal(errors)
  return data
}

export function createHttp({ url, fetch, clock }: { url: string; fetch: Fetch; clock: Clock }): Ask {
  return async ({ document, variables, token, cookies = false, signal, deadlineMs = patienceMs }) => {
    signal?.throwIfAborted?.()
    const leaving = new AbortController()
    const leave = () => leaving.abort()
    signal?.addEventListener('abort', leave)
    const cancel = clock.after(deadlineMs, leave)
    try {
      const answer = await fetch(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/graphql-response+json',
          ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        },
        body: JSON.stringify({ query: document, variables }),
        signal: leaving.signal,
        credentials: cookies ? 'include' : 'omit',
      })
      return read(answer.status, await answer.text())
    } catch (error) {
      if (signal?.aborted) throw signal.reason ?? error
      if (error instanceof VicinityError) throw error
      throw new VicinityError('NETWORK', 'No answer came', { cause: error })
    } finally {
      cancel()
      signal?.removeEventListener('abort', leave)
    }
  }
}

function read(status: number, body: string): GraphQLAnswer {
  const answer = parsed(body)
  if (answer?.data || (Array.isArray(answer?.errors) && answer.errors.length > 0)) return answer
  // Something between here and the server answered in its place.
  if (status >= 500 || status === 429) throw new VicinityError('UNAVAILABLE', `Answered with status ${status}`)
  throw new VicinityError('PROTOCOL', `Not an answer to a GraphQL request, status ${status}`)
}

function parsed(body: string): GraphQLAnswer | undefined {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}
