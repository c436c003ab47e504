import type { Postgres } from '../../platform/postgres.ts'
import { type Account, type AccountRow, accountColumns, accountOf } from './store.ts'

/** An account with what its password is checked against. Goes nowhere but to the services here. */
export interface Credentials {
  account: Account
  passwordHash: string | null
}

export type CredentialStore = ReturnType<typeof createCredentialStore>

export function createCredentialStore({ sql }: Pick<Postgres, 'sql'>) {
  async function credentials(name: string, where: string, value: string): Promise<Credentials | undefined> {
    const [row] = await sql<AccountRow & { password_hash: string | null }>(
      { name, text: `select ${accountColumns}, password_hash from accounts where ${where}` },
      [value],
    )
    return row && { account: accountOf(row), passwordHash: row.password_hash }
  }

  return {
    of: (accountId: string) => credentials('sign-ins-credentials', 'id = $1', accountId),
    named: (username: string) => credentials('sign-ins-credentials-named', 'username = $1', username),
    /** Of the one account that has verified the address. */
    mailed: (email: string) =>
      credentials('sign-ins-credentials-mailed', 'lower(email) = lower($1) and email_verified_at is not null', email),

    async give(username: string, passwordHash: string): Promise<void> {
      const text = 'update accounts set password_hash = $2 where username = $1'
      await sql({ name: 'sign-ins-give-password', text }, [username, passwordHash])
    },

    /** Puts another hash of the same password in the place of one. */
    async rehash(accountId: string, from: string, to: string): Promise<void> {
      await sql(
        {
          name: 'sign-ins-rehash',
          text: 'update accounts set password_hash = $3 where id = $1 and password_hash = $2',
        },
        [accountId, from, to],
      )
    },
  }
}
