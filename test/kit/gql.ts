import type { ExecutionResult } from 'graphql'

export interface Answer<Data> extends ExecutionResult<Data> {
  status: number
  headers: Headers
}

export interface AskOptions {
  token?: string | undefined
  headers?: Record<string, string>
}

/** One operation over HTTP, as a client sends it. */
export async function ask<Data = Record<string, unknown>>(
  app: { url: string },
  query: string,
  variables: Record<string, unknown> = {},
  { token, headers = {} }: AskOptions = {},
): Promise<Answer<Data>> {
  const response = await fetch(app.url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/graphql-response+json',
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...headers,
    },
    body: JSON.stringify({ query, variables }),
  })
  const body = (await response.json()) as ExecutionResult<Data>
  return { ...body, status: response.status, headers: response.headers }
}

/** The code of an answer's first error. */
export const codeOf = (answer: ExecutionResult<unknown>) => answer.errors?.[0]?.extensions?.['code']
