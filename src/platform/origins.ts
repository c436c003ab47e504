import type { IncomingMessage, ServerResponse } from 'node:http'

/** Which web pages may talk to us. Phones send no Origin; our own pages are of our own host. */
export function createOrigins(allowed: string[]) {
  const any = allowed.includes('*')

  /** A page of our own, or one that is named: not one of those that may only because everybody may. */
  function trusts(req: IncomingMessage): boolean {
    const { origin, host } = req.headers
    if (origin === undefined || allowed.includes(origin)) return true
    return origin === `http://${host}` || origin === `https://${host}`
  }

  const permits = (req: IncomingMessage) => any || trusts(req)

  return {
    permits,
    trusts,
    /** Writes what a browser needs to let the page read our answer; nothing for a page that may not. */
    allow({ req, res }: { req: IncomingMessage; res: ServerResponse }): void {
      const { origin } = req.headers
      if (origin === undefined || !permits(req)) return
      res.setHeader('access-control-allow-origin', origin)
      if (trusts(req)) res.setHeader('access-control-allow-credentials', 'true')
      res.setHeader('vary', 'Origin')
      res.setHeader('access-control-allow-methods', 'GET, POST')
      res.setHeader('access-control-allow-headers', 'authorization, content-type, accept')
      res.setHeader('access-control-expose-headers', 'x-request-id')
      res.setHeader('access-control-max-age', '7200')
    },
  }
}

export type Origins = ReturnType<typeof createOrigins>
