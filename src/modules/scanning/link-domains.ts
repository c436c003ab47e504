// Invariant: a domain that is listed is known as such on every node within a second, with all that is under it and nothing beside it.
import { parse } from 'tldts'
import { BadUserInputError } from '../../platform/errors.ts'
import { keysetCursor, keysetRange, type Listed, type PageRequest } from '../../platform/keyset.ts'
import { describeError, type Logger } from '../../platform/logger.ts'
import type { Postgres } from '../../platform/postgres.ts'
import type { AuditService } from '../audit/index.ts'
import type { LinkDomain, LinkDomainStore } from './link-domain-store.ts'
import { type DomainVerdict, placeOf } from './links.ts'

export interface LinkDomainService {
  /** What the list says of a host: of itself, or else of the nearest domain above it. At once, from memory. */
  hostVerdict(host: string): DomainVerdict
  /** All that are listed, the last first. Refuses cursors of other lists. */
  list(page: PageRequest): Promise<Listed<LinkDomain>[]>
  /** Lists a domain as allowed or denied, or takes it from the list. Refuses what is no domain, or one that many share. Repeating it is safe. */
  set(adminId: string, given: { domain: string; verdict: 'ALLOWED' | 'DENIED' | null }): Promise<LinkDomain | null>
  /** What an account listed is nobody's. Repeating it is safe. */
  erase(accountId: string): Promise<number>
  close(): void
}

/** Somewhat under the second within which every node must know. */
const lookEveryMs = 700
const list = 'link domains'

export function createLinkDomains(deps: {
  store: LinkDomainStore
  postgres: Pick<Postgres, 'transaction'>
  audit: Pick<AuditService, 'write'>
  logger: Logger
}): LinkDomainService {
  const { store, postgres, audit, logger } = deps
  let denied: ReadonlyMap<string, boolean> = new Map()
  let version: string | undefined
  let looking: Promise<void> | undefined
  let reported = false
  let closed = false

  async function lookOnce() {
    try {
      const now = await store.version()
      if (now !== version) denied = new Map((await store.all()).map((each) => [each.domain, each.denied]))
      version = now
      reported = false
    } catch (error) {
      if (!reported && !closed) logger.warn('scanning: the list of domains is not read', describeError(error))
      reported = true
    }
  }
  function look(): Promise<void> {
    looking ??= lookOnce().finally(() => {
      looking = undefined
    })
    return looking
  }

  const timer = setInterval(() => void look(), lookEveryMs)
  timer.unref()
  void look()

  return {
    hostVerdict(host) {
      for (let name = host; name !== ''; name = name.includes('.') ? name.slice(name.indexOf('.') + 1) : '') {
        const isDenied = denied.get(name)
        if (isDenied !== undefined) return isDenied ? 'denied' : 'allowed'
      }
      return undefined
    },

    async list(page) {
      const found = await store.list(keysetRange(list, page, 'desc'))
      return found.map(({ id, ...item }) => ({ item, cursor: keysetCursor(list, { key: item.addedAt.getTime(), id }) }))
    },

    async set(adminId, given) {
      const domain = checkedDomain(given.domain)
      const { verdict } = given
      const now = await postgres.transaction(async (sql) => {
        const changed =
          verdict === null
            ? await store.remove(sql, domain)
            : await store.put(sql, { domain, denied: verdict === 'DENIED', addedBy: adminId })
        const listed = await store.one(sql, domain)
        const detail = { verdict }
        if (changed)
          await audit.write(sql, {
            actorId: adminId,
            action: 'SET_LINK_DOMAIN',
            target: `link-domain:${domain}`,
            detail,
          })
        return listed ?? null
      })
      // One that is under way may have begun before the commit.
      await looking
      await look()
      return now
    },

    erase: (accountId) => store.disown(accountId),

    close() {
      closed = true
      clearInterval(timer)
    },
  }
}

/** A domain or an address, as it is compared: `EXAMPLE.com.` is `example.com`. A whole country is none. */
function checkedDomain(given: string): string {
  const refuse = () =>
    new BadUserInputError('`domain` is a domain such as `example.com`, without anything around it.', 'domain')
  const name = given.trim()
  if (name.length < 1 || name.length > 253 || /[\s/?#@:\\]/.test(name)) throw refuse()
  const place = placeOf(`http://${name}`)
  if (!place || (place.domain === '' && !parse(place.host, { allowPrivateDomains: true }).isPrivate)) throw refuse()
  return place.host
}
