import type { Postgres, Sql } from '../../platform/postgres.ts'
import type { ContentState } from '../enforcement/index.ts'
import { lockAccount } from './mail-store.ts'
import type { ProfileFields } from './rules.ts'

/** What is seen of an account: the same for everybody else who may see it, and all of it for itself. */
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

/** A profile, and who may see what it says: while others may not, they see the username. */
export interface StoredProfile extends Profile {
  contentState: ContentState
  createdAt: Date
}

export interface ProfileStore {
  /** Those of these accounts that there are, whoever may see what they say, in one statement. */
  byIds(accountIds: readonly string[]): Promise<StoredProfile[]>
  /** Who may see what a profile says from now on, and why. False if there is no such account. */
  setState(accountId: string, state: ContentState, by: string): Promise<boolean>
  /** Hides what an account says that is made in this transaction. */
  hideNew(sql: Sql, accountId: string, by: string): Promise<void>
  /** Shows it if this hides it. */
  reveal(accountId: string, by: string): Promise<boolean>
  /**
   * Changes a profile under its account's lock; `hiddenBy` hides it from others from now on. `campusDomain` tells the e-mail domain of a
   * campus, if there is such a one.
   */
  change(
    accountId: string,
    { nowMs, hiddenBy }: { nowMs: number; hiddenBy: string | null },
    decide: (own: OwnProfile, campusDomain: (id: string) => Promise<string | undefined>) => Promise<ProfileFields>,
  ): Promise<boolean>
}

const ownColumns = `a.display_name as "displayName", coalesce(p.bio, '') as bio, p.campus_id as "campusId",
  coalesce(p.major, '') as major, p.graduation_year as "graduationYear", coalesce(p.passions, '{}') as passions`

export function createProfileStore({ sql, transaction }: Pick<Postgres, 'sql' | 'transaction'>): ProfileStore {
  return {
    byIds: (accountIds) =>
      sql<StoredProfile>(
        {
          name: 'profiles-by-ids',
          text: `select a.id, a.username, coalesce(nullif(a.display_name, ''), a.username) as "displayName", coalesce(p.bio, '') as bio,
                        p.campus_id as "campusId", coalesce(p.major, '') as major, p.graduation_year as "graduationYear",
                        coalesce(p.passions, '{}') as passions, coalesce(p.content_state, 'VISIBLE') as "contentState", a.created_at as "createdAt"
                 from accounts a left join profiles p on p.account_id = a.id where a.id = any($1::uuid[])`,
        },
        [accountIds],
      ),

    async setState(accountId, state, by) {
      const rows = await sql(
        {
          name: 'profiles-state',
          text: `insert into profiles (account_id, content_state, hidden_by)
                 select id, $2::"ContentState", case when $2 = 'VISIBLE' then null else $3::uuid end from accounts where id = $1
                 on conflict (account_id) do update set content_state = excluded.content_state, hidden_by = excluded.hidden_by returning 1 as kept`,
        },
        [accountId, state, by],
      )
      return rows.length > 0
    },

    async hideNew(tx, accountId, by) {
      const text = `insert into profiles (account_id, content_state, hidden_by) values ($1, 'HIDDEN', $2)`
      await tx({ name: 'profiles-hide-new', text }, [accountId, by])
    },

    async reveal(accountId, by) {
      const text = `update profiles set content_state = 'VISIBLE', hidden_by = null where account_id = $1 and hidden_by = $2 returning 1 as shown`
      return (await sql({ name: 'profiles-reveal', text }, [accountId, by])).length > 0
    },

    change: (accountId, { nowMs, hiddenBy }, decide) =>
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
        const next = await decide({ fields, verifiedEmail }, (id) => campusDomain(tx, id))
        await save(tx, accountId, next, { nowMs, hiddenBy })
        return true
      }),
  }
}

async function campusDomain(sql: Sql, id: string): Promise<string | undefined> {
  const text = 'select email_domain as domain from campuses where id = $1'
  return (await sql<{ domain: string }>({ name: 'profiles-campus', text }, [id]))[0]?.domain
}

async function save(
  sql: Sql,
  accountId: string,
  fields: ProfileFields,
  { nowMs, hiddenBy }: { nowMs: number; hiddenBy: string | null },
): Promise<void> {
  await sql(
    {
      name: 'profiles-save',
      text: `with named as (update accounts set display_name = $2 where id = $1 and display_name <> $2)
             insert into profiles as p (account_id, bio, campus_id, major, graduation_year, passions, updated_at, content_state, hidden_by)
             values ($1, $3, $4, $5, $6, $7, $8, case when $9::uuid is null then 'VISIBLE' else 'HIDDEN' end::"ContentState", $9::uuid)
             on conflict (account_id) do update set bio = excluded.bio, campus_id = excluded.campus_id, major = excluded.major,
               graduation_year = excluded.graduation_year, passions = excluded.passions, updated_at = excluded.updated_at,
               content_state = case when p.content_state = 'VISIBLE' then excluded.content_state else p.content_state end,
               hidden_by = case when p.content_state = 'VISIBLE' then excluded.hidden_by else p.hidden_by end`,
    },
    [
      ...[accountId, fields.displayName, fields.bio, fields.campusId, fields.major, fields.graduationYear],
      ...[fields.passions, new Date(nowMs), hiddenBy],
    ],
  )
}
