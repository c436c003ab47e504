import { builder } from '../../graphql/builder.ts'
import { ErrorInterface } from '../../graphql/interfaces.ts'
import { loadersOf } from '../../graphql/loaders.ts'
import { pageSize } from '../../graphql/pagination.ts'
import { perViewer } from '../../graphql/per-viewer.ts'
import { signedIn } from '../../graphql/person.ts'
import { type Account, LastAdminError, type Role, type SignIn } from './index.ts'

builder.objectType(LastAdminError, {
  name: 'LastAdminError',
  description: 'There would be no ADMIN left. Give the role to somebody else first.',
  interfaces: [ErrorInterface],
})

const RoleEnum = builder.enumType('Role', {
  description: 'What an account may do beyond what everybody may.',
  values: {
    USER: { description: 'Nothing beyond.' },
    ORGANIZER: { description: 'Puts venues and events on the map.' },
    MODERATOR: { description: 'Decides on reports.' },
    ADMIN: { description: 'Reads statistics, revokes devices and accounts, changes signing keys.' },
  } satisfies Record<Role, { description: string }>,
})

export const SignInType = builder.objectRef<SignIn>('SignIn').implement({
  description: 'One signing-in of your account: what a list of “where you are signed in” shows.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'What `endSignIn` takes.' }),
    label: t.exposeString('label', { nullable: true, description: 'What the app called itself, if it did.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was.' }),
    lastUsedAt: t.expose('lastUsedAt', { type: 'DateTime', description: 'When it was last given tokens.' }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'When it ends if it is not used before.' }),
    current: t.boolean({
      description: 'Whether it is the one that this request’s token belongs to.',
      extensions: perViewer,
      resolve: ({ id }, _args, { viewer }) => id === viewer?.signInId,
    }),
  }),
})

export const AccountType = builder.objectRef<Account>('Account')

builder.node(AccountType, {
  description: 'A person who signs in. Seen by itself, and by ADMIN: what others see of it is its `Profile`.',
  fields: (t) => ({
    username: t.exposeString('username', { description: 'What it signs in with, in lower case.' }),
    displayName: t.string({
      description: 'What it is called; the username while nothing is set.',
      resolve: ({ displayName, username }) => displayName || username,
    }),
    email: t.exposeString('email', { nullable: true, description: 'Where it gets mail, if it told.' }),
    emailVerifiedAt: t.expose('emailVerifiedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'Since when the address is known to be its own; null while it is not.',
    }),
    roles: t.expose('roles', { type: [RoleEnum], description: 'What it may do.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    revokedAt: t.expose('revokedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'Since when none of its tokens counts any more; null while they do.',
    }),
    signIns: t.field({
      type: [SignInType],
      complexity: pageSize.cost({ first: 50 }),
      description: 'Where it is signed in at present, newest first. At most 50: one more ends the oldest.',
      extensions: perViewer,
      resolve: ({ id }, _args, context) => loadersOf(context).signIns.load(id),
    }),
  }),
  id: { resolve: ({ id }) => id },
  isTypeOf: (value) => typeof value === 'object' && value !== null && 'roles' in value && 'heldAt' in value,
  loadMany: async (ids, { services, viewer }) => {
    const found = await services.identity.accounts(viewer, ids)
    return ids.map((id) => found.get(id) ?? null)
  },
})

builder.queryField('me', (t) =>
  t.field({
    type: AccountType,
    nullable: true,
    description: 'The account that you are signed in to; null for a device on which nobody is, and without a token.',
    resolve: (_root, _args, { services, viewer }) => services.identity.account(viewer),
  }),
)

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
