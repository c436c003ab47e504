// Invariant: nothing in this network is ever connected to for a stranger, and what a link leads to is looked at only as far as a limit.
import { z } from 'zod'
import { describeError, type Logger } from '../../platform/logger.ts'
import type { Level } from './labels.ts'
import { type DomainVerdict, placeOf } from './links.ts'
import type { QuarantineSubject } from './quarantine-store.ts'
import { createRemoteService } from './remote-service.ts'
import type { Fetched } from './url-fetching.ts'
import { type JudgedUrl, type UrlVerdict, type UrlVerdictStore, verdicts } from './url-verdict-store.ts'

/** Links of something that was written, to be looked at. */
export interface LinksToScan {
  subject: QuarantineSubject
  ownerId: string | null
  urls: readonly string[]
}

/** Something was found behind a link. */
export interface UrlFinding {
  subject: QuarantineSubject
  ownerId: string | null
  kind: 'url'
  locator: string
  labels: Record<string, Level>
  verdict: UrlVerdict
}

export interface UrlScanner {
  /** Looks at links and tells what it finds. Refuses nothing. Repeating it is safe: a verdict holds for a day. */
  scan(links: LinksToScan): Promise<void>
  /** What is behind one URL. Never fails. */
  judge(url: string): Promise<JudgedUrl>
}

const urlsAtMost = 20
const verdictTimeMs = 2000
const replySchema = z.object({ verdict: z.enum(verdicts) })
const worse = (one: UrlVerdict, other: UrlVerdict): UrlVerdict => {
  const order: UrlVerdict[] = ['unknown', 'clean', 'suspicious', 'malicious']
  return order.indexOf(one) > order.indexOf(other) ? one : other
}

export function createUrlScanner(deps: {
  store: UrlVerdictStore
  hostVerdict: (host: string) => DomainVerdict
  fetch: (url: string) => Promise<Fetched>
  /** Asked what it thinks of every hop, if there is one. */
  verdictUrl: string | undefined
  /** What is to be seen on an image; nothing, if it cannot be told. */
  scanImage: (bytes: Uint8Array) => Promise<Record<string, Level>>
  onFinding: (finding: UrlFinding) => Promise<void>
  logger: Logger
}): UrlScanner {
  const { store, hostVerdict, fetch, verdictUrl: url, scanImage, onFinding, logger } = deps
  const service =
    url === undefined
      ? undefined
      : createRemoteService({ name: 'the verdict service', url, reply: replySchema, timeMs: verdictTimeMs, logger })

  /** What the list says of where a URL leads. */
  const listed = (given: string): DomainVerdict => {
    const place = placeOf(given)
    return place && hostVerdict(place.host)
  }

  async function lookAt(given: string): Promise<JudgedUrl> {
    const fetched = await fetch(given)
    const { hops, outcome, reason } = fetched
    if (hops.some((hop) => listed(hop) === 'denied')) return { verdict: 'malicious', image: {} }
    // Somebody's name for a place in this network, or a name in front of another.
    const disguised = reason === 'credentials' || (reason === 'address' && hops.length > 1)
    let verdict: UrlVerdict = disguised ? 'suspicious' : outcome === 'fetched' ? 'clean' : 'unknown'
    const said = await service?.ask({ urls: hops.length > 0 ? hops : [given] })
    if (said) verdict = worse(verdict, said.verdict)
    return { verdict, image: await imageLabels(fetched) }
  }

  async function imageLabels({ outcome, contentType, body }: Fetched): Promise<Record<string, Level>> {
    if (outcome !== 'fetched' || !/^image\//i.test(contentType.trim())) return {}
    try {
      return await scanImage(body)
    } catch (error) {
      logger.debug('scanning: an image behind a link is not read', describeError(error))
      return {}
    }
  }

  async function judge(given: string): Promise<JudgedUrl> {
    const known = listed(given)
    if (known) return { verdict: known === 'denied' ? 'malicious' : 'clean', image: {} }
    const kept = await store.get(given).catch(() => undefined)
    if (kept) return kept
    const judged = await lookAt(given)
    await store
      .set(given, judged)
      .catch((error: unknown) => logger.debug('scanning: a verdict is not kept', describeError(error)))
    return judged
  }

  return {
    judge,
    async scan({ subject, ownerId, urls }) {
      for (const locator of [...new Set(urls)].slice(0, urlsAtMost)) {
        const { verdict, image } = await judge(locator)
        const labels: Record<string, Level> = { ...image }
        if (verdict === 'malicious') labels['unsafe_links'] = 'high'
        if (verdict === 'suspicious') labels['unsafe_links'] = 'medium'
        const isSure = Object.values(labels).some((level) => level === 'medium' || level === 'high')
        if (isSure) await onFinding({ subject, ownerId, kind: 'url', locator, labels, verdict })
      }
    },
  }
}
