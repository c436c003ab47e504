import type { TestApp } from '../app.ts'
import { openSocket } from '../raw-socket.ts'
import type { Outcome } from './rows.ts'

export interface Told {
  data: Record<string, unknown> | null
  code: unknown
  /** The errors as they came, but for the id of the request. */
  bytes: string
}

/** One operation as this viewer, over HTTP or, if it is a stream, over a socket: its first answer. */
export const tell = (app: TestApp, query: string, variables: object, token: string | undefined): Promise<Told> =>
  query.startsWith('subscription') ? overSocket(app, query, variables, token) : overHttp(app, query, variables, token)

async function overHttp(app: TestApp, query: string, variables: object, token: string | undefined): Promise<Told> {
  const response = await fetch(app.url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/graphql-response+json',
      ...(token ? { authorization: `Bearer ${token}` } : {}),
    },
    body: JSON.stringify({ query, variables }),
  })
  return told(await response.text(), response.status)
}

async function overSocket(app: TestApp, query: string, variables: object, token: string | undefined): Promise<Told> {
  const socket = await openSocket(app, { init: token ? { authorization: `Bearer ${token}` } : {} })
  const { type, payload } = await socket.answer(query, variables)
  socket.socket.close(1000)
  return told(JSON.stringify(type === 'error' ? { errors: payload } : payload), type)
}

function told(body: string, status: string | number): Told {
  const { data = null, errors } = JSON.parse(body) as {
    data?: Told['data']
    errors?: { extensions: { code: unknown } }[]
  }
  const bytes = `${status} ${body.replaceAll(/"requestId":"[^"]*"/g, '"requestId":""')}`
  return { data, code: errors?.[0]?.extensions.code, bytes }
}

/** What an answer comes to: its code, else the type of what came, else whether something came. */
export function outcomeOf({ data, code }: Told): Outcome {
  if (code !== undefined) return String(code)
  const [first] = Object.values(data ?? {})
  if (first === null || first === undefined) return 'null'
  return (first as { __typename?: string }).__typename ?? 'given'
}

/** Whether an outcome shows the thing to nobody: then it must not show either that it exists. */
export const isRefusal = (outcome: Outcome) =>
  ['NOT_FOUND', 'FORBIDDEN', 'UNAUTHENTICATED', 'BAD_USER_INPUT', 'NoOpenSessionError', 'NOT_THERE', 'null'].includes(
    outcome,
  )
