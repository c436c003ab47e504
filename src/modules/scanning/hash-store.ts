import type { KeysetPlace, KeysetRange } from '../../platform/keyset.ts'
import type { Postgres, Sql } from '../../platform/postgres.ts'

export interface ImageHash {
  id: string
  /** 16 hexadecimal digits. */
  hash: string
  label: string
  source: string
  addedAt: Date
  withdrawnAt: Date | null
}

export interface NewImageHashes {
  ids: string[]
  hashes: string[]
  label: string
  source: string
  addedBy: string
}

/** A hash as it is looked for. */
export type ListedHash = Pick<ImageHash, 'id' | 'hash' | 'label' | 'source' | 'withdrawnAt'>

export type HashStore = ReturnType<typeof createHashStore>

const listed = `id, encode(hash, 'hex') as hash, label, source, withdrawn_at as "withdrawnAt"`
const columns = `${listed}, added_at as "addedAt"`
const lowestId = '00000000-0000-0000-0000-000000000000'
const highestId = 'ffffffff-ffff-ffff-ffff-ffffffffffff'
const timeOf = (place: KeysetPlace | undefined, otherwise: string) => (place ? new Date(place.key) : otherwise)

export function createHashStore({ sql }: Pick<Postgres, 'sql'>) {
  return {
    /** Adds those that are not there, and those that were withdrawn, again. Answers how many. By the clock of the database, as every look. */
    async add(tx: Sql, { ids, hashes, label, source, addedBy }: NewImageHashes): Promise<number> {
      const rows = await tx(
        {
          name: 'scanning-hashes-add',
          text: `insert into image_hashes (id, hash, label, source, added_by, added_at)
                 select id, decode(hash, 'hex'), $3, $4, $5::uuid, clock_timestamp() from unnest($1::uuid[], $2::text[]) as given (id, hash)
                 order by hash
                 on conflict (hash, label) do update set withdrawn_at = null, added_at = clock_timestamp(),
                   source = excluded.source, added_by = excluded.added_by
                 where image_hashes.withdrawn_at is not null returning id`,
        },
        [ids, hashes, label, source, addedBy],
      )
      return rows.length
    },

    /** `isNew`: it was not withdrawn before. Nothing for a hash that is not there. */
    async withdraw(tx: Sql, id: string): Promise<{ hash: ImageHash; isNew: boolean } | undefined> {
      const text = `update image_hashes set withdrawn_at = clock_timestamp() where id = $1 and withdrawn_at is null returning ${columns}`
      const [withdrawn] = await tx<ImageHash>({ name: 'scanning-hash-withdraw', text }, [id])
      if (withdrawn) return { hash: withdrawn, isNew: true }
      const [hash] = await tx<ImageHash>(
        { name: 'scanning-hash', text: `select ${columns} from image_hashes where id = $1` },
        [id],
      )
      return hash && { hash, isNew: false }
    },

    byIds: (ids: readonly string[]): Promise<ImageHash[]> =>
      sql({ name: 'scanning-hashes', text: `select ${columns} from image_hashes where id = any($1::uuid[])` }, [ids]),

    list: ({ from, to, order, limit }: KeysetRange): Promise<ImageHash[]> =>
      sql(
        {
          name: `scanning-hashes-${order}`,
          text: `select ${columns} from image_hashes
                 where (added_at, id) > ($1::timestamptz, $2::uuid) and (added_at, id) < ($3::timestamptz, $4::uuid)
                 order by added_at ${order}, id ${order} limit $5`,
        },
        [timeOf(from, '-infinity'), from?.id ?? lowestId, timeOf(to, 'infinity'), to?.id ?? highestId, limit],
      ),

    async now(): Promise<Date> {
      const [row] = await sql<{ at: Date }>({ name: 'scanning-now', text: 'select clock_timestamp() as at' })
      if (!row) throw new Error('no time')
      return row.at
    },

    /** Those that stand, in the order of their ids. */
    standing: (afterId: string | null, limit: number): Promise<ListedHash[]> =>
      sql(
        {
          name: 'scanning-hashes-standing',
          text: `select ${listed} from image_hashes where id > $1 and withdrawn_at is null order by id limit $2`,
        },
        [afterId ?? lowestId, limit],
      ),

    /** Those that were added or withdrawn since. */
    changedSince: (since: Date): Promise<ListedHash[]> =>
      sql(
        {
          name: 'scanning-hashes-changed',
          text: `select ${listed} from image_hashes where added_at > $1 union select ${listed} from image_hashes where withdrawn_at > $1`,
        },
        [since],
      ),

    /** Makes what an account added nobody's. */
    async disown(accountId: string): Promise<number> {
      const text = 'update image_hashes set added_by = null where added_by = $1 returning id'
      return (await sql({ name: 'scanning-hashes-disown', text }, [accountId])).length
    },
  }
}
