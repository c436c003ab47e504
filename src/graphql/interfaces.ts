import { type DomainError, errorCodes } from '../platform/errors.ts'
import { LatitudeOutOfRangeError } from '../platform/geo/errors.ts'
import { builder } from './builder.ts'

export const ErrorCodeEnum = builder.enumType('ErrorCode', {
  description:
    'Every code an error can have, here and in `errors[].extensions.code`. It may grow: treat one that you do not know as INTERNAL.',
  values: errorCodes,
})

export const ErrorInterface = builder.interfaceRef<DomainError>('Error').implement({
  description:
    'An outcome that a correct client can cause and should handle with a `switch` on `__typename` or `code`.',
  fields: (t) => ({
    code: t.expose('code', { type: ErrorCodeEnum, description: 'What kind of refusal this is.' }),
    message: t.exposeString('message', {
      description: 'One English sentence for a developer, not for the person with the phone.',
    }),
  }),
})

builder.objectType(LatitudeOutOfRangeError, {
  name: 'LatitudeOutOfRangeError',
  description: 'Too near to a pole: the live map does not reach there.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    limit: t.exposeFloat('limit', { description: 'Degrees, north or south, as far as it reaches.' }),
  }),
})
