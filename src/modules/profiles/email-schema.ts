import { builder } from '../../graphql/builder.ts'
import { ErrorInterface } from '../../graphql/interfaces.ts'
import { accountOf } from '../../graphql/person.ts'
import { EmailTakenError, MailedTokenError, type MailedTokenFault } from './index.ts'
import { ownAccountPayload } from './own-account-schema.ts'

const MailedTokenFaultEnum = builder.enumType('MailedTokenFault', {
  description: 'Why a token that was mailed does not count.',
  values: {
    UNKNOWN: { description: 'None of this account: mistyped, or replaced by a newer one.' },
    USED: { description: 'It has done what it was for.' },
    EXPIRED: { description: 'Its 24 hours are over: ask for a new one.' },
  } satisfies Record<MailedTokenFault, { description: string }>,
})

builder.objectType(MailedTokenError, {
  name: 'MailedTokenError',
  description: 'The token does not count.',
  interfaces: [ErrorInterface],
  fields: (t) => ({ reason: t.expose('reason', { type: MailedTokenFaultEnum, description: 'Why.' }) }),
})

builder.objectType(EmailTakenError, {
  name: 'EmailTakenError',
  description: 'Another account has verified the address already. Only who reads its mail is told.',
  interfaces: [ErrorInterface],
})

const RequestEmailVerificationInput = builder.inputType('RequestEmailVerificationInput', {
  description: 'Which address to verify.',
  fields: (t) => ({
    email: t.string({
      description:
        'A new address, at most 254 characters. One that is verified stays yours until this one is. Without it: the one that waits for it, or the present one, once more.',
    }),
  }),
})
const RequestEmailVerificationPayload = builder
  .objectRef<{ sentTo: string }>('RequestEmailVerificationPayload')
  .implement({
    description: 'A token is on its way, unless the address is verified already. It counts for 24 hours.',
    fields: (t) => ({
      sentTo: t.exposeString('sentTo', { description: 'The address as it is kept. The same, whoever else uses it.' }),
    }),
  })

const VerifyEmailInput = builder.inputType('VerifyEmailInput', {
  description: 'The token of a mail.',
  fields: (t) => ({ token: t.string({ required: true, description: '64 characters, as they were mailed.' }) }),
})
const VerifyEmailPayload = ownAccountPayload('VerifyEmailPayload', 'The address is verified.')

builder.mutationFields((t) => ({
  requestEmailVerification: t.field({
    type: RequestEmailVerificationPayload,
    nullable: true,
    authScopes: { account: true },
    errors: {
      types: [],
      union: { name: 'RequestEmailVerificationResult', description: 'What `requestEmailVerification` answers.' },
    },
    args: { input: t.arg({ type: RequestEmailVerificationInput, required: true, description: 'Which address.' }) },
    description:
      'Mails a token to an address of yours; an earlier one counts no more. At most 3 an hour to one address, and 10 an hour of one account.',
    resolve: (_root, { input }, { services, viewer }) =>
      services.profiles.requestEmailVerification(accountOf(viewer), input.email ?? null),
  }),
  verifyEmail: t.field({
    type: VerifyEmailPayload,
    nullable: true,
    authScopes: { account: true },
    errors: {
      types: [MailedTokenError, EmailTakenError],
      union: { name: 'VerifyEmailResult', description: 'What `verifyEmail` answers.' },
    },
    args: { input: t.arg({ type: VerifyEmailInput, required: true, description: 'The token.' }) },
    description:
      'Shows that an address is yours, by the token that was mailed there, signed in to the account that asked. If its domain is that of a campus and you have chosen none, that is yours then. At most 10 tries a minute.',
    resolve: async (_root, { input }, { services, viewer }) => {
      const accountId = accountOf(viewer)
      await services.profiles.verifyEmail(accountId, input.token)
      return { accountId }
    },
  }),
}))
