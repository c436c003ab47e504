import { Agent, request as plain } from 'node:http'
import { Agent as SecureAgent, request as secure } from 'node:https'
import { ReplayError } from './failure.ts'

interface Operation {
  name: string
  url: string
  token?: string | undefined
  query: string
  variables?: Record<string, unknown>
}

export interface HttpClient {
  /** Sends one operation and answers its one field. Sends it again when the connection broke: each of ours may be repeated. */
  send<Answer>(operation: Operation): Promise<Answer>
  close(): void
}

interface Body {
  data?: Record<string, { __typename?: string; code?: string; message?: string } | null> | null
  errors?: { message: string; extensions?: { code?: string } }[]
}

const attempts = 3
const timeoutMs = 30_000

/** node:http with connections that stay: `fetch` costs several times as much, and the replay is one process. */
export function createHttpClient(connections: number): HttpClient {
  const options = { keepAlive: true, maxSockets: connections }
  const agents = { 'http:': new Agent(options), 'https:': new SecureAgent(options) }

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

  async function posted(operation: Operation) {
    for (let attempt = 1; ; attempt++) {
      try {
        return await post(operation)
      } catch (error) {
        const { code = 'NO_ANSWER', message } = error as NodeJS.ErrnoException
        if (attempt === attempts || code === 'ECONNREFUSED') throw new ReplayError(operation.name, code, message)
      }
    }
  }

  return {
    async send<Answer>(operation: Operation) {
      const { status, text } = await posted(operation)
      const { data, errors } = bodyOf(operation, status, text)
      const [error] = errors ?? []
      if (error) throw new ReplayError(operation.name, error.extensions?.code ?? `HTTP ${status}`, error.message)
      const [answer] = Object.values(data ?? {})
      if (!answer) throw new ReplayError(operation.name, `HTTP ${status}`, 'nothing was answered')
      if (answer.__typename?.endsWith('Error')) {
        throw new ReplayError(operation.name, answer.code ?? answer.__typename, answer.message ?? 'refused')
      }
      return answer as Answer
    },
    close() {
      for (const agent of Object.values(agents)) agent.destroy()
    },
  }
}

function bodyOf({ name }: Operation, status: number, text: string): Body {
  try {
    return JSON.parse(text)
  } catch {
    throw new ReplayError(name, `HTTP ${status}`, `the answer is not JSON: ${text.slice(0, 80)}`)
  }
}
