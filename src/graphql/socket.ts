import { type ExecutionArgs, GraphQLError } from 'graphql'
import { makeServer, type ServerOptions } from 'graphql-ws'
import type { Viewer } from '../modules/identity/index.ts'
import { DomainError, RevokedError, TokenExpiredError } from '../platform/errors.ts'
import { type Connection, closeCodes } from '../platform/ws.ts'
import type { Context } from './context.ts'
import { bearerToken } from './endpoint.ts'
import type { Envelope } from './envelope.ts'
import { publicError } from './errors.ts'
import { operationKind } from './operation-kind.ts'
import { checkParams } from './params.ts'

export interface SocketOptions {
  envelope: Envelope
  base: Pick<Context, 'services' | 'prisma'>
  authenticate: (token: string) => Promise<Viewer>
  limits: { perViewer: number; subscriptionsPerSocket: number }
}

const initTimeoutMs = 3000
const initMembers = 20

/** The graphql-transport-ws protocol, by graphql-ws, with every operation through the same envelope as HTTP. */
export function createProtocol(options: SocketOptions) {
  const { envelope, base, limits } = options
  const viewers = new WeakMap<Connection, Viewer>()

  async function admit(connection: Connection, params: Record<string, unknown> | undefined): Promise<boolean> {
    if (Object.keys(params ?? {}).length > initMembers) {
      connection.cut(closeCodes.badRequest, 'Too many members in connection_init')
      return false
    }
    const authorization = params?.['authorization'] ?? params?.['Authorization']
    if (authorization === undefined) return true
    let viewer: Viewer
    try {
      viewer = await options.authenticate(bearerToken(String(authorization)))
    } catch (error) {
      if (error instanceof TokenExpiredError) connection.cut(closeCodes.expired, 'Token expired')
      if (error instanceof RevokedError) connection.cut(closeCodes.revoked, 'Session revoked')
      if (error instanceof DomainError && error.code === 'UNAVAILABLE') connection.cut(1013, 'Try again later')
      return false
    }
    viewers.set(connection, viewer)
    const theirs = connection.identify(viewer.principal, viewer.expiresAtMs)
    // A revocation that came while the token was looked at found no socket of theirs to cut.
    if (base.services.identity.isRevoked(viewer)) {
      connection.cut(closeCodes.revoked, 'Session revoked')
      return false
    }
    if (theirs > limits.perViewer) {
      connection.cut(closeCodes.tooMany, 'Too many connections')
      return false
    }
    return true
  }

  /** The steps before execution. Whatever refuses the operation refuses only the operation: the socket stays. */
  function prepare(connection: Connection, payload: unknown, subscriptions: number): ExecutionArgs | GraphQLError[] {
    const { requestId, address } = connection
    try {
      const params = checkParams(payload)
      const viewer = viewers.get(connection) ?? null
      const context: Context = { ...base, requestId, address, viewer, connection }
      const document = envelope.prepare({ ...context, params })
      if (!('kind' in document)) return [...document]
      const live = operationKind(document, params.operationName) === 'subscription'
      if (live && subscriptions > limits.subscriptionsPerSocket) {
        throw new DomainError(
          'SUBSCRIPTION_LIMIT',
          `A socket runs at most ${limits.subscriptionsPerSocket} operations at once.`,
        )
      }
      const { operationName = null, variables: variableValues = null } = params
      return { schema: envelope.schema, document, contextValue: context, variableValues, operationName }
    } catch (error) {
      return [error instanceof GraphQLError ? error : envelope.shown(error, requestId)]
    }
  }

  const serverOptions: ServerOptions<Record<string, unknown>, Connection> = {
    connectionInitWaitTimeout: initTimeoutMs,
    execute: envelope.execute as NonNullable<ServerOptions['execute']>,
    subscribe: envelope.subscribe as NonNullable<ServerOptions['subscribe']>,
    async onConnect(context) {
      const { extra, connectionParams } = context
      const admitted = await admit(extra, connectionParams)
      extra.acknowledged = admitted
      // The token has been read; graphql-ws would keep it for as long as the socket lives.
      delete (context as { connectionParams?: unknown }).connectionParams
      return admitted
    },
    async onSubscribe({ extra, subscriptions }, id, payload) {
      const prepared = prepare(extra, payload, Object.keys(subscriptions).length)
      if (!Array.isArray(prepared) && kindOf(prepared) !== 'subscription') {
        extra.running ??= new Set()
        extra.running.add(id)
      }
      return prepared
    },
    onComplete({ extra }, id) {
      extra.running?.delete(id)
    },
    onError(_context, _id, _payload, errors) {
      return errors.map((error) => publicError(error).toJSON())
    },
  }
  return makeServer(serverOptions)
}

const kindOf = ({ document, operationName }: ExecutionArgs) => operationKind(document, operationName)
