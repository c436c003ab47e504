import type { Child } from './child.ts'
import type { Figures } from './rounds.ts'

/** What the loading process is told. */
export interface LoadOrder {
  port: number
  /** Whole HTTP requests, sent in turns. */
  requests: string[]
  connections: number
  ms: number
  /** Sent at this rate, however long answers take: the wait for a free connection counts. Without it as fast as answers come. */
  perSecond?: number
}

export interface LoadResult {
  answers: number
  /** Answers that were not 200, or that hold GraphQL errors. */
  failures: number
  /** The first of them. */
  failure: string | undefined
  elapsedMs: number
  p50Ms: number
  p99Ms: number
}

/** One POST with a JSON body, as a phone sends it. */
export function post(body: unknown, token?: string): string {
  const text = JSON.stringify(body)
  const head = [
    'POST /graphql HTTP/1.1',
    'host: 127.0.0.1',
    'content-type: application/json',
    'accept: application/json',
    ...(token === undefined ? [] : [`authorization: Bearer ${token}`]),
    `content-length: ${Buffer.byteLength(text)}`,
  ]
  return `${head.join('\r\n')}\r\n\r\n${text}`
}

/** Loads a server for one round, and tells what each request cost the server. */
export async function load(loader: Child, server: Child, order: LoadOrder): Promise<Figures> {
  const before = await server.usage()
  const result = await loader.call<LoadResult>('load', order)
  const after = await server.usage()
  if (result.failures > 0 || result.answers === 0) {
    throw new Error(`${result.failures} of ${result.answers} requests to ${server.name} failed: ${result.failure}`)
  }
  const cpuMicros = after.cpuMicros - before.cpuMicros
  return {
    'req/s': (result.answers / result.elapsedMs) * 1000,
    'server µs/req': cpuMicros / result.answers,
    'p50 ms': result.p50Ms,
    'p99 ms': result.p99Ms,
    'server core': cpuMicros / 1000 / result.elapsedMs,
  }
}
