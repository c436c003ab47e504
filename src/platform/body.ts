import type { IncomingMessage } from 'node:http'

/** The longest body, in bytes. */
export const bodyLimit = 64 * 1024

/** Reads a body as text; null when it is longer than allowed. What is left of a longer one is not read. */
export function readBody(req: IncomingMessage): Promise<string | null> {
  const declared = Number(req.headers['content-length'] ?? 0)
  if (declared > bodyLimit) return Promise.resolve(null)
  return new Promise((resolve, reject) => {
    let first: Buffer | undefined
    let rest: Buffer[] | undefined
    let length = 0
    req.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length > bodyLimit) {
        req.removeAllListeners('data')
        req.pause()
        resolve(null)
      } else if (!first) first = chunk
      else if (rest) rest.push(chunk)
      else rest = [chunk]
    })
    req.on('end', () =>
      resolve(rest && first ? Buffer.concat([first, ...rest]).toString('utf8') : (first?.toString('utf8') ?? '')),
    )
    req.on('error', reject)
    req.on('close', () => {
      if (!req.complete) reject(new Error('The client went away.'))
    })
  })
}
