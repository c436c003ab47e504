import type { KeysetPlace, KeysetRange } from '../../platform/keyset.ts'
import type { Postgres, Sql } from '../../platform/postgres.ts'

/** A domain whose links are known. */
export interface LinkDomain {
  domain: string
  denied: boolean
  addedAt: Date
}

export type LinkDomainStore = ReturnType<typeof createLinkDomainStore>

const columns = 'domain, denied, added_at as "addedAt"'
const lowestId = '00000000-0000-0000-0000-000000000000'
const highestId = 'ffffffff-ffff-ffff-ffff-ffffffffffff'
const timeOf = (place: KeysetPlace | undefined, otherwise: string) => (place ? new Date(place.key) : otherwise)

export function createLinkDomainStore({ sql }: Pick<Postgres, 'sql'>) {
  return {
    all: (): Promise<LinkDomain[]> =>
      sql({ name: 'scanning-domains', text: `select ${columns} from link_domains order by domain` }),

    /** Changes with every change of the list, whoever made it and however late it was committed. */
    async version(): Promise<string> {
      const [row] = await sql<{ version: string }>({
        name: 'scanning-domains-version',
        text: `select count(*) || ' ' || coalesce(sum(xmin::text::bigint), 0) as version from link_domains`,
      })
      return row?.version ?? ''
    },

    /** Those within a range of times, with an id each that is made of the domain. */
    list: ({ from, to, order, limit }: KeysetRange): Promise<(LinkDomain & { id: string })[]> =>
      sql(
        {
          name: `scanning-domains-${order}`,
          text: `select ${columns}, id from (select *, md5(domain)::uuid as id from link_domains) as listed
                 where (added_at, id) > ($1::timestamptz, $2::uuid) and (added_at, id) < ($3::timestamptz, $4::uuid)
                 order by added_at ${order}, id ${order} limit $5`,
        },
        [timeOf(from, '-infinity'), from?.id ?? lowestId, timeOf(to, 'infinity'), to?.id ?? highestId, limit],
      ),

    /** Answers whether that changed anything. */
    async put(
      tx: Sql,
      { domain, denied, addedBy }: { domain: string; denied: boolean; addedBy: string },
    ): Promise<boolean> {
      const rows = await tx(
        {
          name: 'scanning-domain-put',
          text: `insert into link_domains (domain, denied, added_by, added_at) values ($1, $2, $3, date_trunc('milliseconds', clock_timestamp()))
                 on conflict (domain) do update set denied = excluded.denied, added_by = excluded.added_by, added_at = excluded.added_at
                 where link_domains.denied <> excluded.denied returning domain`,
        },
        [domain, denied, addedBy],
      )
      return rows.length > 0
    },

    async remove(tx: Sql, domain: string): Promise<boolean> {
      return (
        (
          await tx(
            { name: 'scanning-domain-remove', text: 'delete from link_domains where domain = $1 returning domain' },
            [domain],
          )
        ).length > 0
      )
    },

    async one(tx: Sql, domain: string): Promise<LinkDomain | undefined> {
      const [row] = await tx<LinkDomain>(
        { name: 'scanning-domain', text: `select ${columns} from link_domains where domain = $1` },
        [domain],
      )
      return row
    },

    /** Makes what an account added nobody's. */
    async disown(accountId: string): Promise<number> {
      const text = 'update link_domains set added_by = null where added_by = $1 returning domain'
      return (await sql({ name: 'scanning-domains-disown', text }, [accountId])).length
    },
  }
}
