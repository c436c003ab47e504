import { Agent, request as plain } from 'node:http'
import { Agent as SecureAgent, request as secure } from 'node:https'
import { setTimeout as pause } from 'node:timers/promises'
import { CallError } from './failure.ts'

interface Operation {
  name: string
  url: string
  token?: string | undefined
  query: string
  variables?: Record<string, unknown>
}

export interface HttpClient {
  /**
   * Sends one operation and answers its one field. Sends it again, as an app does, when the connection broke and when the
   * server is short of something: each of ours may be repeated.
   */
  send<Answer>(operation: Operation): Promise<Answer>
  /** How often something was sent again. */
  repeats(): number
  close(): void
}

interface Body {
  data?: Record<string, { __typename?: string; code?: string; message?: string } | null> | null
  errors?: { message: string; extensions?: { code?: string; retryAfterMs?: number } }[]
}

const attempts = 8
const pauseMs = { first: 100, longest: 2000 }
const timeoutMs = 30_000
const passingCodes = new Set(['UNAVAILABLE', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'NO_ANSWER'])

/** node:http with connections that stay: `fetch` costs several times as much, and all phones are one process. */
export function createHttpClient(connections: number): HttpClient {
  const options = { keepAlive: true, maxSockets: connections }
  const agents = { 'http:': new Agent(options), 'https:': new SecureAgent(options) }

  let repeats = 0

  function post(operation: Operation): Promise<{ status: number; text: string }> {
    const { url, token, query, variables = {} } = operation
    const target = new URL(url)
    const body = Buffer.from(JSON.stringify({ query, variables }))
    const headers = {
      'content-type': 'application/json',
      'content-length': body.length,
      accept: 'application/graphql-response+json',
      ...(token ? { authorization: `Bearer ${token}` } : {}),
    }
    const [send, agent] = target.protocol === 'https:' ? [secure, agents['https:']] : [plain, agents['http:']]
    return new Promise((resolve, reject) => {
      const sent = send(target, { method: 'POST', agent, headers, timeout: timeoutMs }, (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => {
          text += chunk
        })
        response.on('error', reject)
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
      })
      sent.on('timeout', () => sent.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)))
      sent.on('error', reject)
      sent.end(body)
    })
  }

  async function attempt<Answer>(operation: Operation): Promise<Answer> {
    const { status, text } = await post(operation).catch((error: NodeJS.ErrnoException) => {
      throw new CallError(operation.name, error.code ?? 'NO_ANSWER', error.message)
    })
    return answerOf<Answer>(operation.name, status, text)
  }

  return {
    async send<Answer>(operation: Operation) {
      for (let count = 1; ; count++) {
        try {
          return await attempt<Answer>(operation)
        } catch (error) {
          const passing = error instanceof CallError && passingCodes.has(error.code)
          if (!passing || count === attempts) throw error
          repeats += 1
          const longestMs = Math.min(pauseMs.longest, pauseMs.first * 2 ** count)
          await pause(longestMs * (0.5 + Math.random() / 2))
        }
      }
    },
    repeats: () => repeats,
    close() {
      for (const agent of Object.values(agents)) agent.destroy()
    },
  }
}

function answerOf<Answer>(name: string, status: number, text: string): Answer {
  const { data, errors } = bodyOf(name, status, text)
  const [error] = errors ?? []
  if (error) {
    const { code = `HTTP ${status}`, ...details } = error.extensions ?? {}
    throw new CallError(name, code, error.message, details)
  }
  const [answer] = Object.values(data ?? {})
  if (!answer) throw new CallError(name, `HTTP ${status}`, 'nothing was answered')
  if (answer.__typename?.endsWith('Error')) {
    const { __typename: type, code = type, message = 'refused' } = answer
    throw new CallError(name, code, message, { type })
  }
  return answer as Answer
}

function bodyOf(name: string, status: number, text: string): Body {
  try {
    return JSON.parse(text)
  } catch {
    throw new CallError(name, `HTTP ${status}`, `the answer is not JSON: ${text.slice(0, 80)}`)
  }
}
