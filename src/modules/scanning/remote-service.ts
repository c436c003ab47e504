import type { z } from 'zod'
import { describeError, type Logger } from '../../platform/logger.ts'

const maxReplyBytes = 64 * 1024
/** So many failures in a row, and it is left alone for a while. */
const failuresAtMost = 5
const restMs = 10_000

/** A service of the operator's own that answers in JSON. Nothing waits for it longer than it may take, and nothing fails because of it. */
export function createRemoteService<Reply>(deps: {
  name: string
  url: string
  reply: z.ZodType<Reply>
  timeMs: number
  logger: Logger
}) {
  const { name, url, reply, timeMs, logger } = deps
  let failures = 0
  let restsUntil = 0

  /** Nothing: it did not answer in time, or not as agreed, or is left alone since it did not. */
  async function send(type: string, body: string | Uint8Array<ArrayBuffer>): Promise<Reply | undefined> {
    if (failures >= failuresAtMost && performance.now() < restsUntil) return undefined
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': type, accept: 'application/json' },
        body,
        redirect: 'error',
        signal: AbortSignal.timeout(timeMs),
      })
      const text = await shortText(response)
      if (!response.ok) throw new Error(`${name} answered ${response.status}`)
      const answer = reply.parse(JSON.parse(text))
      failures = 0
      return answer
    } catch (error) {
      failures += 1
      restsUntil = performance.now() + restMs
      if (failures <= failuresAtMost) logger.warn(`scanning: ${name} does not say`, describeError(error))
      return undefined
    }
  }

  return { ask: (question: unknown) => send('application/json', JSON.stringify(question)), send }
}

/** Read as far as a reply may be long, whatever is sent. */
async function shortText(response: Response): Promise<string> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of response.body ?? []) {
    parts.push(part)
    size += part.length
    if (size > maxReplyBytes) throw new Error('the answer is too long')
  }
  return Buffer.concat(parts).toString()
}
