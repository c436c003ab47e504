import { lookup as systemLookup } from 'node:dns/promises'
import { type IncomingMessage, request } from 'node:http'
import { connect as connectPlainly, isIP, type Socket } from 'node:net'
import { pipeline, type Readable } from 'node:stream'
import { connect as connectSecurely } from 'node:tls'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { isPublicAddress, type Target, targetOf } from './url-addresses.ts'

/** Every address that a name has at the moment. */
export type Lookup = (host: string) => Promise<string[]>
/** A connection to that address, of all things: for TLS, with a certificate for that host. */
export type Connect = (
  to: { address: string; port: number; host: string; secure: boolean },
  signal: AbortSignal,
) => Promise<Socket>

export interface Fetched {
  /** Where it went, the given URL first. */
  hops: string[]
  outcome: 'fetched' | 'refused' | 'failed'
  /** Why it was refused: `address` is one that is not public, wherever it came from. */
  reason: string | null
  contentType: string
  body: Buffer
}

export interface FetchLimits {
  redirects: number
  timeMs: number
  bytes: number
}

const defaultLimits: FetchLimits = { redirects: 3, timeMs: 5000, bytes: 1024 * 1024 }
const redirecting = new Set([301, 302, 303, 307, 308])

/**
 * Fetches what is behind a URL of a stranger: from public addresses only, each looked up once and connected to as it was looked up, so that a
 * name that leads elsewhere a moment later leads nowhere. Nothing is sent along, and a certificate has to be right.
 */
export function createFetching(deps: { lookup?: Lookup; connect?: Connect; limits?: Partial<FetchLimits> } = {}) {
  const { lookup = lookUp, connect = connectTo } = deps
  const limits = { ...defaultLimits, ...deps.limits }

  async function get(target: Target, signal: AbortSignal): Promise<IncomingMessage | 'address'> {
    const addresses = isIP(target.host) === 0 ? await within(lookup(target.host), signal) : [target.host]
    const [address] = addresses
    if (address === undefined) throw new Error('no address')
    if (!addresses.every(isPublicAddress)) return 'address'
    const { url, secure, port, host } = target
    const socket = await connect({ address, port, host, secure }, signal)
    return new Promise((resolve, reject) => {
      const headers = {
        host: url.host,
        accept: '*/*',
        'accept-encoding': 'gzip, deflate, br',
        'user-agent': 'VicinityLinkCheck/1',
        connection: 'close',
      }
      const asked = request(
        {
          method: 'GET',
          path: url.pathname + url.search,
          headers,
          createConnection: () => socket,
          signal,
          maxHeaderSize: 16_384,
        },
        resolve,
      )
      asked.on('error', (error) => {
        socket.destroy()
        reject(error)
      })
      asked.end()
    })
  }

  return {
    /** Never fails: what goes wrong is an outcome. */
    async fetch(given: string): Promise<Fetched> {
      const hops: string[] = []
      const done = (outcome: Fetched['outcome'], reason: string | null, more: Partial<Fetched> = {}): Fetched => ({
        ...{ hops, outcome, reason, contentType: '', body: Buffer.alloc(0) },
        ...more,
      })
      const time = new AbortController()
      const timer = setTimeout(() => time.abort(new Error('too slow')), limits.timeMs)
      let next = given
      let base: URL | undefined
      try {
        for (;;) {
          const target = targetOf(next, base)
          if (typeof target === 'string') {
            if (base) hops.push(next)
            return done('refused', target)
          }
          hops.push(target.url.href)
          const response = await get(target, time.signal)
          if (response === 'address') return done('refused', 'address')
          const { location } = response.headers
          if (location !== undefined && redirecting.has(response.statusCode ?? 0)) {
            response.destroy()
            if (hops.length > limits.redirects) return done('refused', 'redirects')
            next = location
            base = target.url
            continue
          }
          const body = await bodyOf(response, limits.bytes)
          if (!body) return done('refused', 'size')
          return done('fetched', null, { body, contentType: response.headers['content-type'] ?? '' })
        }
      } catch (error) {
        return done('failed', error instanceof Error ? error.message : 'unknown')
      } finally {
        clearTimeout(timer)
        time.abort()
      }
    },
  }
}

/** Where links are not to be followed. */
export const fetchNothing = async (url: string): Promise<Fetched> => ({
  ...{ hops: [url], outcome: 'failed', reason: 'off', contentType: '', body: Buffer.alloc(0) },
})

/** The body, unpacked; nothing if it is too large, packed or unpacked. */
async function bodyOf(response: IncomingMessage, atMost: number): Promise<Buffer | undefined> {
  if (Number(response.headers['content-length'] ?? 0) > atMost) {
    response.destroy()
    return undefined
  }
  let sent = 0
  response.on('data', (part: Buffer) => {
    sent += part.length
    if (sent > atMost) response.destroy(new TooLarge())
  })
  const encoding = response.headers['content-encoding']?.trim().toLowerCase() ?? 'identity'
  const unpack = unpacking[encoding]
  if (encoding !== 'identity' && !unpack) throw new Error('an encoding nobody asked for')
  const source: Readable = unpack ? pipeline(response, unpack(), () => undefined) : response
  const parts: Buffer[] = []
  let size = 0
  try {
    for await (const part of source) {
      size += (part as Buffer).length
      if (size > atMost) return undefined
      parts.push(part as Buffer)
    }
  } catch (error) {
    if (sent > atMost || error instanceof TooLarge) return undefined
    throw error
  } finally {
    response.destroy()
    source.destroy()
  }
  return Buffer.concat(parts)
}

class TooLarge extends Error {}

const unpacking: Record<string, () => NodeJS.ReadWriteStream & Readable> = {
  gzip: () => createGunzip({ chunkSize: 16_384 }),
  'x-gzip': () => createGunzip({ chunkSize: 16_384 }),
  deflate: () => createInflate({ chunkSize: 16_384 }),
  br: () => createBrotliDecompress({ chunkSize: 16_384 }),
}

function within<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    work.then(resolve, reject)
  })
}

const lookUp: Lookup = async (host) => (await systemLookup(host, { all: true })).map(({ address }) => address)

const connectTo: Connect = ({ address, port, host, secure }, signal) =>
  new Promise((resolve, reject) => {
    const socket = secure
      ? connectSecurely({
          host: address,
          port,
          ALPNProtocols: ['http/1.1'],
          ...(isIP(host) === 0 && { servername: host }),
        })
      : connectPlainly({ host: address, port })
    const abandon = () => socket.destroy(new Error('too slow'))
    signal.addEventListener('abort', abandon, { once: true })
    socket.once('error', reject)
    socket.once(secure ? 'secureConnect' : 'connect', () => {
      socket.off('error', reject)
      resolve(socket)
    })
  })
