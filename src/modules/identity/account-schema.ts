import { builder } from '../../graphql/builder.ts'
import { loadersOf } from '../../graphql/loaders.ts'
import { pageSize } from '../../graphql/pagination.ts'
import { perViewer } from '../../graphql/per-viewer.ts'
import type { Account, Role, SignIn } from './index.ts'

export const RoleEnum = builder.enumType('Role', {
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
