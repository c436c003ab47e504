import type { Fetch } from '../../sdk/src/index.ts'

interface Call {
  /** The name of the operation. */
  name: string
  input: Record<string, unknown>
}

export interface Network {
  fetch: Fetch
  /** What was asked, oldest first. */
  calls: Call[]
  named(name: string): Call[]
  /** So many answers to an operation get lost on their way back. */
  loseAnswers(name: string, count: number): void
  /** Nothing goes out. */
  cut(isCut: boolean): void
}

/** The network as the SDK uses it, with everything that can go wrong; it keeps cookies as a browser does. */
export function createNetwork(): Network {
  const calls: Call[] = []
  const lost = new Map<string, number>()
  let isCut = false
  let cookie = ''
  return {
    calls,
    named: (name) => calls.filter((call) => call.name === name),
    loseAnswers: (name, count) => void lost.set(name, count),
    cut(next) {
      isCut = next
    },
    async fetch(url, { headers, body, credentials, ...init }) {
      if (isCut) throw new TypeError('fetch failed')
      const { query, variables } = JSON.parse(body) as { query: string; variables?: { input?: Call['input'] } }
      const name = /(?:mutation|query) (\w+)/.exec(query)?.[1] ?? ''
      calls.push({ name, input: variables?.input ?? {} })
      const brought = credentials === 'include' && cookie ? { cookie } : {}
      const answer = await fetch(url, { ...init, body, headers: { ...headers, ...brought } })
      const text = await answer.text()
      const left = lost.get(name) ?? 0
      lost.set(name, left - 1)
      if (left > 0) throw new TypeError('fetch failed')
      const [kept] = answer.headers.getSetCookie()
      if (kept && credentials === 'include') cookie = kept.split(';')[0] ?? ''
      return { status: answer.status, text: async () => text }
    },
  }
}
