import type { Postgres, Sql } from '../../platform/postgres.ts'
import { type Account, type AccountRow, accountColumns, accountOf } from './store.ts'
import type { Role } from './viewer.ts'

/** Who does something to whom. */
export interface Audited {
  auditId: string
  actorId: string | null
  accountId: string
}

export type RoleStore = ReturnType<typeof createRoleStore>

/** Any number will do, as long as nothing else locks by it. */
const adminsLock = 7_101_002

export function createRoleStore({ transaction }: Pick<Postgres, 'transaction'>) {
  /** Changes an account and writes that down, all of it or nothing. */
  async function change(tx: Sql, name: string, set: string, values: unknown[], audit: Audit): Promise<Account> {
    const [row] = await tx<AccountRow>(
      { name, text: `update accounts set ${set} where id = $1 returning ${accountColumns}` },
      [audit.accountId, ...values],
    )
    if (!row) throw new Error('update returned nothing')
    await write(tx, audit)
    return accountOf(row)
  }

  return {
    /** Nothing for an account that is not there. By the database's clock, as every revocation. */
    revoke: (audited: Audited): Promise<Account | undefined> =>
      transaction(async (tx) => {
        const account = await locked(tx, audited.accountId)
        if (!account || account.revokedAt) return account
        const audit = { ...audited, action: 'REVOKE', detail: {} }
        return change(tx, 'roles-revoke', 'revoked_at = clock_timestamp()', [], audit)
      }),

    /** Nothing for an account that is not there. */
    grant: (audited: Audited, role: Role): Promise<Account | undefined> =>
      transaction(async (tx) => {
        const account = await locked(tx, audited.accountId)
        if (!account || account.roles.includes(role)) return account
        const audit = { ...audited, action: 'GRANT_ROLE', detail: { role } }
        return change(tx, 'roles-grant', 'roles = array_append(roles, $2::"Role")', [role], audit)
      }),

    withdraw: (audited: Audited, role: Role): Promise<Account | 'last admin' | undefined> =>
      transaction(async (tx) => {
        // One at a time, so that two who each take it from the other do not both succeed.
        if (role === 'ADMIN') {
          await tx({ name: 'roles-lock-admins', text: 'select pg_advisory_xact_lock($1)' }, [adminsLock])
        }
        const account = await locked(tx, audited.accountId)
        if (!account?.roles.includes(role)) return account
        if (role === 'ADMIN' && !(await otherAdmin(tx, account.id))) return 'last admin'
        const audit = { ...audited, action: 'WITHDRAW_ROLE', detail: { role } }
        return change(tx, 'roles-withdraw', 'roles = array_remove(roles, $2::"Role")', [role], audit)
      }),

    hold: (audited: Audited, held: boolean, reason: string): Promise<Account | undefined> =>
      transaction(async (tx) => {
        const account = await locked(tx, audited.accountId)
        if (!account || (account.heldAt !== null) === held) return account
        const audit = { ...audited, action: held ? 'HOLD' : 'RELEASE', detail: { reason } }
        return change(tx, 'roles-hold', 'held_at = case when $2 then clock_timestamp() end', [held], audit)
      }),
  }
}

interface Audit extends Audited {
  action: string
  detail: Record<string, string>
}

async function write(tx: Sql, { auditId, actorId, action, accountId, detail }: Audit): Promise<void> {
  await tx(
    {
      name: 'roles-audit',
      text: 'insert into account_audits (id, actor_id, action, account_id, detail) values ($1, $2, $3, $4, $5)',
    },
    [auditId, actorId, action, accountId, JSON.stringify(detail)],
  )
}

async function locked(tx: Sql, id: string): Promise<Account | undefined> {
  const text = `select ${accountColumns} from accounts where id = $1 for no key update`
  const [row] = await tx<AccountRow>({ name: 'roles-lock', text }, [id])
  return row && accountOf(row)
}

async function otherAdmin(tx: Sql, id: string): Promise<boolean> {
  const text = `select 1 from accounts where 'ADMIN' = any(roles) and revoked_at is null and id <> $1 limit 1`
  return (await tx({ name: 'roles-other-admin', text }, [id])).length > 0
}
