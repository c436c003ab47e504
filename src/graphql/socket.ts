import { type ExecutionArgs, type ExecutionResult, GraphQLError } from 'graphql'
import { CloseCode, MessageType, parseMessage, type SubscribeMessage } from 'graphql-ws'
import { revocableNames, type Viewer } from '../modules/identity/index.ts'
import { DomainError, RevokedError, TokenExpiredError } from '../platform/errors.ts'
import { type Connection, type Conversation, closeCodes, type Protocol } from '../platform/ws.ts'
import type { Context } from './context.ts'
import { bearerToken } from './endpoint.ts'
import type { Envelope } from './envelope.ts'
import { publicError } from './errors.ts'
import type { LiveResults, Outlet } from './live-results.ts'
import { operationKind } from './operation-kind.ts'
import { checkParams } from './params.ts'
import { watchRoles } from './watched-roles.ts'

export interface SocketOptions {
  envelope: Envelope
  base: Pick<Context, 'services' | 'prisma'>
  authenticate: (token: string) => Promise<Viewer>
  limits: { perViewer: number; subscriptionsPerSocket: number }
}

const initTimeoutMs = 3000
const initMembers = 20
/** What a close frame can say. */
const reasonLength = 123

/**
 * The graphql-transport-ws protocol, in the words of graphql-ws, with every operation through the same envelope as HTTP. The
 * server that graphql-ws brings keeps an iteration waiting for each subscription, and serialises each event for each; here
 * live events are sent by groups, straight to the sockets.
 */
export const createProtocol = (options: SocketOptions): Protocol => ({
  opened: (connection) => new Exchange(connection, options),
})

/** An operation that is being prepared or run; its place in the list is what keeps its id taken. */
interface Operation {
  stop(): void
}

class Exchange implements Conversation, Outlet {
  readonly connection: Connection
  readonly #options: SocketOptions
  readonly #operations = new Map<string, Operation>()
  #viewer: Viewer | null = null
  #initTimeout: NodeJS.Timeout | undefined

  constructor(connection: Connection, options: SocketOptions) {
    this.connection = connection
    this.#options = options
    this.#initTimeout = setTimeout(
      () => connection.cut(CloseCode.ConnectionInitialisationTimeout, 'Connection initialisation timeout'),
      initTimeoutMs,
    )
  }

  async heard(text: string): Promise<void> {
    const message = readMessage(text)
    switch (message?.type) {
      case MessageType.ConnectionInit:
        return this.#init(message.payload)
      case MessageType.Ping:
        return this.#say({ type: MessageType.Pong, ...(message.payload && { payload: message.payload }) })
      case MessageType.Pong:
        return
      case MessageType.Subscribe:
        return this.#begin(message)
      case MessageType.Complete: {
        const operation = this.#operations.get(message.id)
        this.#operations.delete(message.id)
        return operation?.stop()
      }
      default:
        this.connection.cut(CloseCode.BadRequest, 'Invalid message received')
    }
  }

  closed(): void {
    clearTimeout(this.#initTimeout)
    const operations = [...this.#operations.values()]
    this.#operations.clear()
    for (const operation of operations) operation.stop()
  }

  over(id: string, results: LiveResults, how: 'complete' | 'silent' | readonly GraphQLError[]): void {
    if (this.#operations.get(id) !== results) return
    this.#operations.delete(id)
    if (how === 'complete') this.#say({ id, type: MessageType.Complete })
    else if (how !== 'silent') this.#refuse(id, how)
  }

  async #init(params: Record<string, unknown> | undefined): Promise<void> {
    if (this.#initTimeout === undefined)
      return this.connection.cut(CloseCode.TooManyInitialisationRequests, 'Too many initialisation requests')
    clearTimeout(this.#initTimeout)
    this.#initTimeout = undefined
    if (!(await this.#admit(params))) return this.connection.cut(CloseCode.Forbidden, 'Forbidden')
    this.connection.acknowledged = true
    this.#say({ type: MessageType.ConnectionAck })
  }

  async #admit(params: Record<string, unknown> | undefined): Promise<boolean> {
    const { connection } = this
    const { authenticate, base, limits } = this.#options
    if (Object.keys(params ?? {}).length > initMembers) {
      connection.cut(closeCodes.badRequest, 'Too many members in connection_init')
      return false
    }
    const authorization = params?.['authorization'] ?? params?.['Authorization']
    if (authorization === undefined) return true
    let viewer: Viewer
    try {
      viewer = await authenticate(bearerToken(String(authorization)))
    } catch (error) {
      if (error instanceof TokenExpiredError) connection.cut(closeCodes.expired, 'Token expired')
      if (error instanceof RevokedError) connection.cut(closeCodes.revoked, 'Session revoked')
      if (error instanceof DomainError && error.code === 'UNAVAILABLE') connection.cut(1013, 'Try again later')
      return false
    }
    this.#viewer = viewer
    // Somebody with a phone and a laptop is signed in twice, and counts twice.
    const counted = viewer.signInId === null ? viewer.principal : `sign-in:${viewer.signInId}`
    const theirs = connection.identify(counted, revocableNames(viewer), viewer.expiresAtMs)
    // A revocation that came while the token was looked at found no socket of theirs to cut.
    if (base.services.identity.isRevoked(viewer)) {
      connection.cut(closeCodes.revoked, 'Session revoked')
      return false
    }
    if (theirs > limits.perViewer) {
      connection.cut(closeCodes.tooMany, 'Too many connections')
      return false
    }
    // With the next token, or the same one again, it is another viewer.
    const lost = () => connection.cut(closeCodes.expired, 'Role withdrawn')
    const stopWatching = watchRoles(base.services.identity, viewer, lost)
    if (stopWatching) connection.onClosed(stopWatching)
    return true
  }

  async #begin({ id, payload }: SubscribeMessage): Promise<void> {
    if (!this.connection.acknowledged) return this.connection.cut(CloseCode.Unauthorized, 'Unauthorized')
    if (this.#operations.has(id)) {
      const reason = `Subscriber for ${id} already exists`
      const fits = Buffer.byteLength(reason) <= reasonLength
      return this.connection.cut(CloseCode.SubscriberAlreadyExists, fits ? reason : 'Subscriber already exists')
    }
    const operation: Operation = { stop: () => undefined }
    this.#operations.set(id, operation)
    const prepared = this.#prepare(payload)
    if (Array.isArray(prepared)) {
      this.#operations.delete(id)
      return this.#refuse(id, prepared)
    }
    const run = kindOf(prepared) === 'subscription' ? this.#follow : this.#answer
    try {
      await run.call(this, id, operation, prepared)
    } catch (error) {
      if (this.#operations.get(id) === operation) this.#operations.delete(id)
      throw error
    }
  }

  /** The steps before execution. Whatever refuses the operation refuses only the operation: the socket stays. */
  #prepare(payload: unknown): ExecutionArgs | GraphQLError[] {
    const { envelope, base, limits } = this.#options
    const { connection } = this
    const { requestId, address } = connection
    try {
      const params = checkParams(payload)
      const context: Context = { ...base, requestId, address, viewer: this.#viewer, connection, refreshCookie: null }
      const document = envelope.prepare({ ...context, params })
      if (!('kind' in document)) return [...document]
      const live = operationKind(document, params.operationName) === 'subscription'
      if (live && this.#operations.size > limits.subscriptionsPerSocket) {
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

  async #answer(id: string, operation: Operation, args: ExecutionArgs): Promise<void> {
    this.connection.unanswered += 1
    try {
      this.#conclude(id, operation, await this.#options.envelope.execute(args))
    } finally {
      this.connection.unanswered -= 1
    }
  }

  async #follow(id: string, operation: Operation, args: ExecutionArgs): Promise<void> {
    const { envelope } = this.#options
    const source = await envelope.subscribe(args)
    if (!(Symbol.asyncIterator in source)) return this.#conclude(id, operation, source)
    const results = envelope.deliver(id, args, source, this)
    if (this.#operations.get(id) !== operation) return results.stop()
    this.#operations.set(id, results)
    // Not awaited: what a message has begun is not kept for as long as the subscription runs.
    void results.run()
  }

  /** The one result of an operation, unless the client wants it no more. */
  #conclude(id: string, operation: Operation, result: ExecutionResult): void {
    if (this.#operations.get(id) !== operation) return
    this.#operations.delete(id)
    this.#say({ id, type: MessageType.Next, payload: result })
    this.#say({ id, type: MessageType.Complete })
  }

  #refuse(id: string, errors: readonly GraphQLError[]): void {
    this.#say({ id, type: MessageType.Error, payload: errors.map((error) => publicError(error)) })
  }

  #say(message: object): void {
    this.connection.send(JSON.stringify(message))
  }
}

function readMessage(text: string) {
  try {
    return parseMessage(text)
  } catch {
    return undefined
  }
}

const kindOf = ({ document, operationName }: ExecutionArgs) => operationKind(document, operationName)
