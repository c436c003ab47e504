import type { Postgres, Sql } from '../../platform/postgres.ts'

export type ScopeStore = ReturnType<typeof createScopeStore>

/** The campuses of staff. */
export function createScopeStore({ sql }: Pick<Postgres, 'sql'>) {
  return {
    /** By account; who is not there sees all. */
    async of(accountIds: readonly string[]): Promise<Map<string, string[]>> {
      const text = `select account_id as "accountId", array_agg(campus_id order by campus_id) as "campusIds" from staff_campuses
        where account_id = any($1::uuid[]) group by account_id`
      const rows = await sql<{ accountId: string; campusIds: string[] }>({ name: 'scopes-of', text }, [accountIds])
      return new Map(rows.map(({ accountId, campusIds }) => [accountId, campusIds]))
    },

    /** Says which campuses are somebody's, instead of those before. */
    async set(tx: Sql, accountId: string, campusIds: readonly string[]): Promise<void> {
      await tx({ name: 'scopes-clear', text: 'delete from staff_campuses where account_id = $1' }, [accountId])
      await tx(
        {
          name: 'scopes-set',
          text: 'insert into staff_campuses (account_id, campus_id) select $1, unnest($2::uuid[])',
        },
        [accountId, campusIds],
      )
    },

    /** How many of these campuses there are. */
    async known(tx: Sql, campusIds: readonly string[]): Promise<number> {
      const text = 'select id from campuses where id = any($1::uuid[])'
      return (await tx({ name: 'scopes-known', text }, [campusIds])).length
    },

    async erase(tx: Sql, accountId: string): Promise<number> {
      const text = 'delete from staff_campuses where account_id = $1 returning campus_id'
      return (await tx({ name: 'scopes-erase', text }, [accountId])).length
    },
  }
}
