import { builder } from '../../graphql/builder.ts'
import { UnauthenticatedError } from '../../platform/errors.ts'
import { AccountType } from '../identity/account-schema.ts'

/** A payload with the viewer's own account as it is now. */
export const ownAccountPayload = (name: string, description: string) =>
  builder.objectRef<{ accountId: string }>(name).implement({
    description,
    fields: (t) => ({
      account: t.field({
        type: AccountType,
        description: 'Your account, as it is now.',
        resolve: async (_payload, _args, { services, viewer }) => {
          const account = await services.identity.account(viewer)
          if (!account) throw new UnauthenticatedError()
          return account
        },
      }),
    }),
  })
