import type { Postgres, Sql } from '../../platform/postgres.ts'
import { lockAccount } from './mail-store.ts'
import type { ProfileFields } from './rules.ts'

/** What others see of an account. The same for everybody who may see it. */
export interface Profile {
  /** The account's id. */
  id: string
  username: string
  /** The username while none is set. */
  displayName: string
  bio: string
  campusId: string | null
  major: string
  graduationYear: number | null
  passions: string[]
}

/** What is kept, with what decides on a campus. */
export interface OwnProfile {
  fields: ProfileFields
  /** The account's address, if it is verified. */
  verifiedEmail: string | null
}

export interface ProfileStore {
  /** Those of these accounts that there are, in one statement. */
  byIds(accountIds: readonly string[]): Promise<Profile[]>
  /** Changes a profile under its account's lock. `campusDomain` tells the e-mail domain of a campus, if there is such a one. */
  change(
    accountId: string,
    nowMs: number,
    decide: (own: OwnProfile, campusDomain: (id: string) => Promise<string | undefined>) => Promise<ProfileFields>,
  ): Promise<boolean>
}

const ownColumns = `a.display_name as "displayName", coalesce(p.bio, '') as bio, p.campus_id as "campusId",
  coalesce(p.major, '') as major, p.graduation_year as "graduationYear", coalesce(p.passions, '{}') as passions`

export function createProfileStore({ sql, transaction }: Pick<Postgres, 'sql' | 'transaction'>): ProfileStore {
  return {
    byIds: (accountIds) =>
      sql<Profile>(
        {
          name: 'profiles-by-ids',
          text: `select a.id, a.username, coalesce(nullif(a.display_name, ''), a.username) as "displayName", coalesce(p.bio, '') as bio,
                        p.campus_id as "campusId", coalesce(p.major, '') as major, p.graduation_year as "graduationYear",
                        coalesce(p.passions, '{}') as passions
                 from accounts a left join profiles p on p.account_id = a.id where a.id = any($1::uuid[])`,
        },
        [accountIds],
      ),

    change: (accountId, nowMs, decide) =>
      transaction(async (tx) => {
        // The lock comes before the look: one statement would read what was there before it waited.
        const account = await lockAccount(tx, accountId)
        const [fields] = await tx<ProfileFields>(
          {
            name: 'profiles-own',
            text: `select ${ownColumns} from accounts a left join profiles p on p.account_id = a.id where a.id = $1`,
          },
          [accountId],
        )
        if (!account || !fields) return false
        const { verifiedEmail } = account
        await save(tx, accountId, await decide({ fields, verifiedEmail }, (id) => campusDomain(tx, id)), nowMs)
        return true
      }),
  }
}

async function campusDomain(sql: Sql, id: string): Promise<string | undefined> {
  const text = 'select email_domain as domain from campuses where id = $1'
  return (await sql<{ domain: string }>({ name: 'profiles-campus', text }, [id]))[0]?.domain
}

async function save(sql: Sql, accountId: string, fields: ProfileFields, nowMs: number): Promise<void> {
  await sql(
    {
      name: 'profiles-save',
      text: `with named as (update accounts set display_name = $2 where id = $1 and display_name <> $2)
             insert into profiles (account_id, bio, campus_id, major, graduation_year, passions, updated_at)
             values ($1, $3, $4, $5, $6, $7, $8)
             on conflict (account_id) do update set bio = excluded.bio, campus_id = excluded.campus_id, major = excluded.major,
               graduation_year = excluded.graduation_year, passions = excluded.passions, updated_at = excluded.updated_at`,
    },
    [
      ...[accountId, fields.displayName, fields.bio, fields.campusId, fields.major, fields.graduationYear],
      ...[fields.passions, new Date(nowMs)],
    ],
  )
}
