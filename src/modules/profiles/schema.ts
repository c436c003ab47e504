import { builder } from '../../graphql/builder.ts'
import { ErrorInterface } from '../../graphql/interfaces.ts'
import { loadersOf } from '../../graphql/loaders.ts'
import { accountOf } from '../../graphql/person.ts'
import { NotFoundError } from '../../platform/errors.ts'
import { gateErrors } from '../gate/schema.ts'
import { AccountType } from '../identity/account-schema.ts'
import { CampusType } from '../places/schema.ts'
import { CampusNotYoursError, type Profile } from './index.ts'
import { ownAccountPayload } from './own-account-schema.ts'

builder.objectType(CampusNotYoursError, {
  name: 'CampusNotYoursError',
  description: 'The campus is for those who have verified an e-mail address of it.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    emailDomain: t.exposeString('emailDomain', { description: 'What that address ends with.' }),
  }),
})

export const ProfileType = builder.objectRef<Profile>('Profile')

builder.node(ProfileType, {
  description:
    'What others see of an account: those who share, or shared, a conversation with it and whom no block keeps from it. For everybody else it is not there. The same for everybody else who sees it.',
  fields: (t) => ({
    username: t.exposeString('username', { description: 'What its person signs in with, and is found by.' }),
    displayName: t.exposeString('displayName', {
      description: 'What to call them: the username while nothing is set.',
    }),
    bio: t.exposeString('bio', { description: 'What they say of themselves; empty if nothing.' }),
    campus: t.field({
      type: CampusType,
      nullable: true,
      description: 'Their campus, if any.',
      resolve: ({ campusId }, _args, context) => (campusId === null ? null : loadersOf(context).campus.load(campusId)),
    }),
    major: t.exposeString('major', { description: 'What they study; empty if nothing is said.' }),
    graduationYear: t.exposeInt('graduationYear', { nullable: true, description: 'When they graduate.' }),
    passions: t.exposeStringList('passions', { description: 'What they like: at most 8.' }),
  }),
  id: { resolve: ({ id }) => id },
  isTypeOf: (value) => typeof value === 'object' && value !== null && 'passions' in value,
  loadMany: async (ids, { services, viewer }) => {
    const found = await services.profiles.visible(viewer, ids)
    return ids.map((id) => found.get(id) ?? null)
  },
})

builder.objectField(AccountType, 'profile', (t) =>
  t.field({
    type: ProfileType,
    description: 'What others see of it.',
    resolve: async ({ id }, _args, context) => {
      const profile = await loadersOf(context).profile.load(id)
      if (!profile) throw new NotFoundError()
      return profile
    },
  }),
)

const UpdateProfileInput = builder.inputType('UpdateProfileInput', {
  description: 'What to change. What is not named stays; null clears.',
  fields: (t) => ({
    displayName: t.string({ description: '1 to 64 characters. Null: the username is shown.' }),
    bio: t.string({ description: 'At most 500 characters; may have lines.' }),
    campusId: t.globalID({
      for: CampusType,
      description: 'A campus of whose e-mail domain you have a verified address.',
    }),
    major: t.string({ description: 'At most 80 characters.' }),
    graduationYear: t.int({ description: '1900 to 2100.' }),
    passions: t.stringList({ description: 'At most 8 of 2 to 40 characters, all different whatever their case.' }),
  }),
})

const UpdateProfilePayload = ownAccountPayload('UpdateProfilePayload', 'The profile is changed.')

builder.mutationField('updateProfile', (t) =>
  t.field({
    type: UpdateProfilePayload,
    nullable: true,
    authScopes: { account: true },
    errors: {
      types: [...gateErrors, CampusNotYoursError],
      union: { name: 'UpdateProfileResult', description: 'What `updateProfile` answers.' },
    },
    args: { input: t.arg({ type: UpdateProfileInput, required: true, description: 'What to change.' }) },
    description: 'Changes what others see of you. Repeating it is safe. At most 30 changes a minute.',
    resolve: async (_root, { input: { campusId, ...changes } }, { services, viewer }) => {
      const accountId = accountOf(viewer)
      await services.profiles.updateProfile(accountId, {
        ...changes,
        campusId: campusId === null ? null : campusId?.id,
      })
      return { accountId }
    },
  }),
)
