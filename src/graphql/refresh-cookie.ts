import type { IncomingMessage } from 'node:http'
import type { Clock } from '../platform/clock.ts'
import { ForbiddenError } from '../platform/errors.ts'
import type { Exchange } from '../platform/http.ts'
import type { Origins } from '../platform/origins.ts'

/** The refresh token of a browser, where no script can read it. */
export interface RefreshCookie {
  /** The token that the request brought along. FORBIDDEN when a page of somebody else's sent it. */
  read(): string | null
  keep(token: string, expiresAt: Date): void
  drop(): void
}

export type RefreshCookies = (exchange: Pick<Exchange, 'req' | 'res'>) => RefreshCookie

const name = 'vicinity_refresh'

interface RefreshCookieOptions {
  clock: Clock
  origins: Origins
  /** A browser that is on this very machine gets the cookie over plain http, too. */
  plainOnLocalhost: boolean
}

export const createRefreshCookies =
  (options: RefreshCookieOptions): RefreshCookies =>
  (exchange) =>
    new HttpRefreshCookie(options, exchange)

/** A class, since one is made for every request, and few are ever asked. */
class HttpRefreshCookie implements RefreshCookie {
  readonly #options: RefreshCookieOptions
  readonly #exchange: Pick<Exchange, 'req' | 'res'>

  constructor(options: RefreshCookieOptions, exchange: Pick<Exchange, 'req' | 'res'>) {
    this.#options = options
    this.#exchange = exchange
  }

  read(): string | null {
    const { req } = this.#exchange
    const token = cookieOf(req)
    if (token !== null && !this.#options.origins.trusts(req)) throw new ForbiddenError()
    return token
  }

  keep(token: string, expiresAt: Date): void {
    const { clock } = this.#options
    this.#write(token, Math.max(0, Math.round((expiresAt.getTime() - clock.now()) / 1000)))
  }

  drop(): void {
    this.#write('', 0)
  }

  #write(value: string, maxAgeSeconds: number): void {
    const { req, res } = this.#exchange
    const secure = this.#options.plainOnLocalhost && isLocal(req) ? '' : ' Secure;'
    const attributes = `HttpOnly;${secure} SameSite=Strict; Path=/graphql; Max-Age=${maxAgeSeconds}`
    res.setHeader('set-cookie', `${name}=${value}; ${attributes}`)
  }
}

function cookieOf({ headers: { cookie = '' } }: IncomingMessage): string | null {
  for (const pair of cookie.split(';')) {
    const [key, value = ''] = pair.trim().split('=', 2)
    if (key === name && value !== '') return value
  }
  return null
}

/** Reached without any proxy in between, as `localhost`. */
function isLocal({ headers }: IncomingMessage): boolean {
  const host = (headers.host ?? '').replace(/:\d+$/, '')
  const viaProxy = ['x-forwarded-for', 'x-forwarded-proto', 'forwarded', 'via'].some((header) => header in headers)
  return !viaProxy && ['localhost', '127.0.0.1', '[::1]'].includes(host)
}
