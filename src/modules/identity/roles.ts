// Invariant: there is always an ADMIN left who can give roles; whatever staff does to an account is written down with it.
import type { Clock } from '../../platform/clock.ts'
import { BadUserInputError, ForbiddenError, NotFoundError } from '../../platform/errors.ts'
import { createId, isId } from '../../platform/ids.ts'
import { checkedText } from '../../platform/text.ts'
import { LastAdminError } from './errors.ts'
import type { RoleStore } from './role-store.ts'
import type { Account } from './store.ts'
import type { Role, Viewer } from './viewer.ts'

export interface RoleService {
  /** Ends every token of an account. Refuses everybody but ADMIN, and an unknown account with NOT_FOUND. Repeating it is safe. */
  revokeAccount(viewer: Viewer, accountId: string): Promise<Account>
  /** Gives an account a role; it counts within ten seconds. Refuses everybody but ADMIN, and an unknown account. Repeating it is safe. */
  grantRole(viewer: Viewer, accountId: string, role: Role): Promise<Account>
  /** Takes a role from an account. Refuses everybody but ADMIN, an unknown account, and the last ADMIN. Repeating it is safe. */
  withdrawRole(viewer: Viewer, accountId: string, role: Role): Promise<Account>
  /** Keeps an account from being erased, or lets it. Refuses everybody but ADMIN, and an unknown account. Repeating it is safe. */
  holdAccount(viewer: Viewer, accountId: string, held: boolean, reason: string): Promise<Account>
}

const reasonLength = 500

export function createRoles(deps: {
  store: RoleStore
  clock: Clock
  onRevoked: (account: Account) => void
}): RoleService {
  const { store, clock, onRevoked } = deps

  /** Whom it is about, and what is written down of it, for ADMIN only. */
  function by(viewer: Viewer, accountId: string) {
    if (!viewer.roles.includes('ADMIN')) throw new ForbiddenError()
    if (!isId(accountId)) throw new NotFoundError()
    return { auditId: createId(clock.now()), actorId: viewer.accountId, accountId }
  }

  const known = (account: Account | undefined): Account => {
    if (!account) throw new NotFoundError()
    return account
  }

  return {
    async revokeAccount(viewer, accountId) {
      const account = known(await store.revoke(by(viewer, accountId)))
      onRevoked(account)
      return account
    },

    grantRole: async (viewer, accountId, role) => known(await store.grant(by(viewer, accountId), role)),

    async withdrawRole(viewer, accountId, role) {
      const audited = by(viewer, accountId)
      if (role === 'USER') throw new BadUserInputError('Every account is a USER.', 'role')
      const account = await store.withdraw(audited, role)
      if (account === 'last admin') throw new LastAdminError()
      return known(account)
    },

    async holdAccount(viewer, accountId, held, reason) {
      const audited = by(viewer, accountId)
      const why = checkedText(reason, { min: 1, max: reasonLength, field: 'reason', lines: true })
      return known(await store.hold(audited, held, why))
    },
  }
}
