import type { Auth } from './auth/auth-types.ts'
import type { RequestOptions, TypedText } from './documents.ts'
import type { VicinityError } from './errors.ts'
import type { Observable } from './observable.ts'
import type { GraphQLAnswer } from './transport/http.ts'

/** Of the socket. `idle`: nothing is followed, so there is none. `offline`: it broke, and another try is under way. */
export type ConnectionStatus = 'idle' | 'connecting' | 'online' | 'offline'

export interface Sink<Data> {
  /** One event of the stream: also `Ready`, which comes again after every reconnect, and `ResyncRequired`. */
  next(data: Data): void
  /** Called once, instead of `complete`, when the stream cannot go on. A broken connection is none of these. */
  error?(error: VicinityError): void
  /** The stream is over: its last event was told, or the right to it was lost. Not called when you stop it. */
  complete?(): void
}

export interface VicinityClient {
  /** Rejects with a VicinityError. Result unions are data: `switch` on `__typename` and keep a `default`. */
  query<Data, Variables>(
    document: TypedText<Data, Variables>,
    variables: Variables,
    options?: RequestOptions,
  ): Promise<Data>
  mutate<Data, Variables>(
    document: TypedText<Data, Variables>,
    variables: Variables,
    options?: RequestOptions,
  ): Promise<Data>
  /**
   * Follows a stream until the function it returns is called. A document with an `$after` variable goes on by itself after the
   * last event that `next` has taken, through cuts and restarts of the server; `after` says where to begin.
   */
  subscribe<Data, Variables>(document: TypedText<Data, Variables>, variables: Variables, sink: Sink<Data>): () => void
  /** What the server answers, with its errors, for libraries that look at them themselves. Rejects only where there is no answer. */
  request(document: string, variables: unknown, options?: RequestOptions): Promise<GraphQLAnswer>
  readonly status: Observable<ConnectionStatus>
  readonly auth: Auth
  /** Ends every stream, without a word to it, and the socket. Tokens stay where they are kept. */
  dispose(): void
}
