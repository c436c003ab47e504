import { builder } from '../../graphql/builder.ts'
import { ErrorInterface } from '../../graphql/interfaces.ts'
import { signedIn } from '../../graphql/person.ts'
import { AccountType, RoleEnum } from './account-schema.ts'
import { type Account, LastAdminError } from './index.ts'

builder.objectType(LastAdminError, {
  name: 'LastAdminError',
  description: 'There would be no ADMIN left. Give the role to somebody else first.',
  interfaces: [ErrorInterface],
})

/** An account’s id as it is in `Account.id`, or what is in that: both name it. */
function accountIdOf(given: string | number): string {
  const [type, id] = Buffer.from(String(given), 'base64').toString().split(':')
  return type === 'Account' && id !== undefined ? id : String(given)
}

const accountIdDescription = 'The `id` of the `Account`.'
const RevokeAccountInput = builder.inputType('RevokeAccountInput', {
  description: 'Which account to revoke.',
  fields: (t) => ({ accountId: t.id({ required: true, description: accountIdDescription }) }),
})
const GrantRoleInput = builder.inputType('GrantRoleInput', {
  description: 'Who gets which role.',
  fields: (t) => ({
    accountId: t.id({ required: true, description: accountIdDescription }),
    role: t.field({ type: RoleEnum, required: true, description: 'Which one.' }),
  }),
})
const WithdrawRoleInput = builder.inputType('WithdrawRoleInput', {
  description: 'Who loses which role.',
  fields: (t) => ({
    accountId: t.id({ required: true, description: accountIdDescription }),
    role: t.field({ type: RoleEnum, required: true, description: 'Which one; not USER, which every account is.' }),
  }),
})
const HoldAccountInput = builder.inputType('HoldAccountInput', {
  description: 'Which account must not be erased, or may again.',
  fields: (t) => ({
    accountId: t.id({ required: true, description: accountIdDescription }),
    held: t.boolean({ required: true, description: 'Whether it is to be kept.' }),
    reason: t.string({
      required: true,
      description: 'Why, in 1 to 500 characters. Written down, and seen by nobody but staff.',
    }),
  }),
})

const accountPayload = (name: string, description: string) =>
  builder.objectRef<{ account: Account }>(name).implement({
    description,
    fields: (t) => ({ account: t.expose('account', { type: AccountType, description: 'The account as it is now.' }) }),
  })
const RevokeAccountPayload = accountPayload('RevokeAccountPayload', 'The account is revoked.')
const GrantRolePayload = accountPayload('GrantRolePayload', 'The account has the role.')
const WithdrawRolePayload = accountPayload('WithdrawRolePayload', 'The account does not have the role.')
const HoldAccountPayload = accountPayload('HoldAccountPayload', 'The account is held, or is not any more.')

builder.mutationFields((t) => ({
  revokeAccount: t.field({
    type: RevokeAccountPayload,
    nullable: true,
    authScopes: { admin: true },
    errors: { types: [], union: { name: 'RevokeAccountResult', description: 'What `revokeAccount` answers.' } },
    args: { input: t.arg({ type: RevokeAccountInput, required: true, description: 'Which one.' }) },
    description:
      'Ends every token of an account for good and cuts its sockets with 4410, for ADMIN. Repeating it is safe.',
    resolve: async (_root, { input }, { services, viewer }) => ({
      account: await services.identity.revokeAccount(signedIn(viewer), accountIdOf(input.accountId)),
    }),
  }),
  grantRole: t.field({
    type: GrantRolePayload,
    nullable: true,
    authScopes: { admin: true },
    errors: { types: [], union: { name: 'GrantRoleResult', description: 'What `grantRole` answers.' } },
    args: { input: t.arg({ type: GrantRoleInput, required: true, description: 'Who, and which.' }) },
    description:
      'Gives an account a role, for ADMIN, and writes that down. It counts within ten seconds; on an open socket with its next token. Repeating it is safe.',
    resolve: async (_root, { input }, { services, viewer }) => ({
      account: await services.identity.grantRole(signedIn(viewer), accountIdOf(input.accountId), input.role),
    }),
  }),
  withdrawRole: t.field({
    type: WithdrawRolePayload,
    nullable: true,
    authScopes: { admin: true },
    errors: {
      types: [LastAdminError],
      union: { name: 'WithdrawRoleResult', description: 'What `withdrawRole` answers.' },
    },
    args: { input: t.arg({ type: WithdrawRoleInput, required: true, description: 'Who, and which.' }) },
    description:
      'Takes a role from an account, for ADMIN, and writes that down. It counts within ten seconds; on an open socket when its token ends. Repeating it is safe.',
    resolve: async (_root, { input }, { services, viewer }) => ({
      account: await services.identity.withdrawRole(signedIn(viewer), accountIdOf(input.accountId), input.role),
    }),
  }),
  holdAccount: t.field({
    type: HoldAccountPayload,
    nullable: true,
    authScopes: { admin: true },
    errors: { types: [], union: { name: 'HoldAccountResult', description: 'What `holdAccount` answers.' } },
    args: { input: t.arg({ type: HoldAccountInput, required: true, description: 'Which one, and why.' }) },
    description:
      'Keeps an account from being erased, or lets it be erased again, for ADMIN, and writes that down. Repeating it is safe.',
    resolve: async (_root, { input: { accountId, held, reason } }, { services, viewer }) => ({
      account: await services.identity.holdAccount(signedIn(viewer), accountIdOf(accountId), held, reason),
    }),
  }),
}))
