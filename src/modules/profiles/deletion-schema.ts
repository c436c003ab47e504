import { builder } from '../../graphql/builder.ts'
import { ErrorInterface } from '../../graphql/interfaces.ts'
import { accountOf } from '../../graphql/person.ts'
import { AccountOnHoldError, InvalidCredentialsError, MailedTokenError } from './index.ts'

builder.objectType(AccountOnHoldError, {
  name: 'AccountOnHoldError',
  description: 'The account has to be kept for a legal reason, for now. Nothing of it was erased.',
  interfaces: [ErrorInterface],
})

const RequestAccountDeletionInput = builder.inputType('RequestAccountDeletionInput', {
  description: 'What shows that it is you.',
  fields: (t) => ({ password: t.string({ required: true, description: 'Your password.' }) }),
})
const RequestAccountDeletionPayload = builder
  .objectRef<{ expiresAt: Date; token: string | null }>('RequestAccountDeletionPayload')
  .implement({
    description: 'The first of two steps. Nothing is deleted yet.',
    fields: (t) => ({
      expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'Until when the second step can be taken.' }),
      token: t.exposeString('token', {
        nullable: true,
        description: 'What `confirmAccountDeletion` takes. Null if it is mailed: to your verified address.',
      }),
    }),
  })

const ConfirmAccountDeletionInput = builder.inputType('ConfirmAccountDeletionInput', {
  description: 'The token of the first step.',
  fields: (t) => ({ token: t.string({ required: true, description: '64 characters.' }) }),
})
const ConfirmAccountDeletionPayload = builder
  .objectRef<{ erasureId: string; requestedAt: Date }>('ConfirmAccountDeletionPayload')
  .implement({
    description: 'The account is revoked, and is being erased.',
    fields: (t) => ({
      erasureId: t.exposeID('erasureId', { description: 'Names the proof that is kept: it says when, and not who.' }),
      requestedAt: t.expose('requestedAt', { type: 'DateTime', description: 'Since when.' }),
    }),
  })

builder.mutationFields((t) => ({
  requestAccountDeletion: t.field({
    type: RequestAccountDeletionPayload,
    nullable: true,
    authScopes: { account: true },
    errors: {
      types: [InvalidCredentialsError, AccountOnHoldError],
      union: { name: 'RequestAccountDeletionResult', description: 'What `requestAccountDeletion` answers.' },
    },
    args: { input: t.arg({ type: RequestAccountDeletionInput, required: true, description: 'Your password.' }) },
    description:
      'The first step to delete your account: gives a token that counts for 24 hours; an earlier one counts no more. At most 2 a day.',
    resolve: (_root, { input }, { services, viewer }) =>
      services.profiles.requestAccountDeletion(accountOf(viewer), input.password),
  }),
  confirmAccountDeletion: t.field({
    type: ConfirmAccountDeletionPayload,
    nullable: true,
    authScopes: { account: true },
    errors: {
      types: [MailedTokenError, AccountOnHoldError],
      union: { name: 'ConfirmAccountDeletionResult', description: 'What `confirmAccountDeletion` answers.' },
    },
    args: { input: t.arg({ type: ConfirmAccountDeletionInput, required: true, description: 'The token.' }) },
    description:
      'The second step: erases the account and all it left, also in what belongs to others. Its tokens end at once, its sockets are cut with 4410, and a few seconds later nothing is left but proof; the username is free again. A device that was signed in stays a device. For good.',
    resolve: (_root, { input }, { services, viewer }) =>
      services.profiles.confirmAccountDeletion(accountOf(viewer), input.token),
  }),
}))
