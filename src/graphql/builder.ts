import SchemaBuilder from '@pothos/core'
import ComplexityPlugin from '@pothos/plugin-complexity'
import ErrorsPlugin from '@pothos/plugin-errors'
import PrismaPlugin from '@pothos/plugin-prisma'
import RelayPlugin from '@pothos/plugin-relay'
import ScopeAuthPlugin from '@pothos/plugin-scope-auth'
import SimpleObjectsPlugin from '@pothos/plugin-simple-objects'
import ValidationPlugin from '@pothos/plugin-validation'
import { type GraphQLResolveInfo, isInterfaceType, isObjectType } from 'graphql'
import type PrismaTypes from '../generated/pothos.ts'
import { getDatamodel } from '../generated/pothos.ts'
import {
  BadUserInputError,
  DomainError,
  type ErrorCode,
  ForbiddenError,
  UnauthenticatedError,
} from '../platform/errors.ts'
import type { Context } from './context.ts'
import { costLimit } from './limits.ts'
import { pageSize } from './pagination.ts'
import { cursorScalar, dateTimeScalar, latitudeScalar, longitudeScalar } from './scalars.ts'

/** Who may ask. `device`: a phone, by its token or that of an account on it. `session`: a phone, by its token or by its session's secret. `account`: whoever has signed in. `organizer`: an account that owns venues. `moderator`: an account that handles reports. */
interface AuthScopes {
  device: boolean
  session: boolean
  account: boolean
  organizer: boolean
  moderator: boolean
  admin: boolean
}

export const builder = new SchemaBuilder<{
  Context: Context
  PrismaTypes: PrismaTypes
  AuthScopes: AuthScopes
  DefaultFieldNullability: false
  Scalars: {
    DateTime: { Input: Date; Output: Date }
    Cursor: { Input: string; Output: string }
    Latitude: { Input: number; Output: number }
    Longitude: { Input: number; Output: number }
    ID: { Input: string; Output: string | number }
  }
  Interfaces: { Error: { code: ErrorCode; message: string } }
}>({
  plugins: [
    ErrorsPlugin,
    ScopeAuthPlugin,
    ValidationPlugin,
    ComplexityPlugin,
    SimpleObjectsPlugin,
    RelayPlugin,
    PrismaPlugin,
  ],
  defaultFieldNullability: false,
  complexity: {
    limit: ({ weighed }) => (weighed ? {} : { complexity: costLimit }),
    complexityError: () =>
      new DomainError('QUERY_TOO_COMPLEX', 'The operation is too costly. Ask for fewer fields or smaller pages.'),
  },
  errors: { defaultTypes: [], directResult: true },
  prisma: { client: (context) => context.prisma, dmmf: getDatamodel(), onUnusedQuery: 'error' },
  relay: {
    clientMutationId: 'omit',
    cursorType: 'String',
    // A page is paid for once, by the connection's own field: see pageSize.cost.
    edgesFieldOptions: { complexity: { field: 1, multiplier: 1 } },
    nodeQueryOptions: {
      resolve: (_root, { id }, _context, info, load) => load(ofNode(id, info)),
    },
    nodesQueryOptions: {
      complexity: ({ ids }) => pageSize.cost({ first: ids.length }),
      resolve(_root, { ids }, _context, info, load) {
        if (ids.length > pageSize.max) throw new BadUserInputError(`At most ${pageSize.max} nodes at once.`, 'ids')
        return load(ids.map((id) => ofNode(id, info)))
      },
    },
  },
  scopeAuth: {
    // Once, with its viewer: the events of a subscription are executed for whoever asked the same.
    authorizeOnSubscribe: true,
    authScopes: ({ viewer }) => ({
      device: viewer?.deviceId != null && viewer.sessionId === null,
      session: viewer?.deviceId != null,
      account: viewer?.accountId != null,
      organizer: viewer?.accountId != null && viewer.roles.some((role) => role === 'ORGANIZER' || role === 'ADMIN'),
      moderator: viewer?.accountId != null && viewer.roles.some((role) => role === 'MODERATOR' || role === 'ADMIN'),
      admin: viewer?.roles.includes('ADMIN') ?? false,
    }),
    unauthorizedError: (_parent, { viewer }) => (viewer ? new ForbiddenError() : new UnauthenticatedError()),
  },
  validation: {
    validationError: ({ issues: [issue] }) => {
      const path = issue?.path?.map((part) => String(typeof part === 'object' ? part.key : part)).join('.')
      return new BadUserInputError(issue?.message ?? 'Invalid input.', path)
    },
  },
})

/** An id of something that has a node of its own. */
function ofNode<Id extends { typename: string }>(id: Id, { schema }: GraphQLResolveInfo): Id {
  const node = schema.getType('Node')
  const type = schema.getType(id.typename)
  if (isInterfaceType(node) && isObjectType(type) && schema.isSubType(node, type)) return id
  throw new BadUserInputError('This is not the id of a node.', 'id')
}

builder.queryType({ description: 'What can be asked.' })
builder.mutationType({
  description:
    'What can be done. Each answers with its payload or with a typed error that a correct client may meet; everything else is in `errors`.',
})
builder.subscriptionType({
  description: 'What can be followed. Every stream takes `after` and resumes without a gap, or says `ResyncRequired`.',
})
builder.addScalarType('DateTime', dateTimeScalar)
builder.addScalarType('Cursor', cursorScalar)
builder.addScalarType('Latitude', latitudeScalar)
builder.addScalarType('Longitude', longitudeScalar)
