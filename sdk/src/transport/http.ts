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

export type Send = <Data, Variables>(
  document: TypedText<Data, Variables>,
  variables: Variables,
  post: Omit<Post, 'document' | 'variables'>,
) => Promise<Data>

const patienceMs = 30_000

/** One operation over HTTP, asked once. Rejects with a VicinityError, or with the reason of the caller's signal. */
export function createHttp({ url, fetch, clock }: { url: string; fetch: Fetch; clock: Clock }): Send {
  return async (document, variables, { token, cookies = false, signal, deadlineMs = patienceMs }) => {
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
      return read(answer.status, await answer.text()) as never
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

function read(status: number, body: string): unknown {
  const answer = parsed(body)
  if (Array.isArray(answer?.errors) && answer.errors.length > 0) throw refusal(answer.errors)
  if (answer?.data) return answer.data
  // Something between here and the server answered in its place.
  if (status >= 500 || status === 429) throw new VicinityError('UNAVAILABLE', `Answered with status ${status}`)
  throw new VicinityError('PROTOCOL', `Not an answer to a GraphQL request, status ${status}`)
}

function parsed(body: string): { data?: unknown; errors?: { message: string }[] } | undefined {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}
