import type { TypedDocumentNode } from '@urql/core'

/** What the scenario needs of a client, whichever library is behind it. */
export interface Client {
  ask<Data, Variables>(document: TypedDocumentNode<Data, Variables>, variables: Variables): Promise<Outcome<Data>>
  follow<Data, Variables>(document: TypedDocumentNode<Data, Variables>, variables: Variables): Followed<Data>
  /** Cuts the connection as a tunnel does, without a goodbye. */
  drop(): void
  close(): void
}

export interface Outcome<Data> {
  data: Data | undefined
  /** The code of the first of `errors`. */
  code: unknown
}

export interface Followed<Data> {
  /** All that came, oldest first. */
  events: Data[]
  /** What ended it: the code that the socket was closed with. */
  ended: Promise<number | undefined>
  stop(): void
}

export interface ConnectOptions {
  url: string
  wsUrl: string
  token?: string | undefined
  /** Waited for before each reconnect. */
  beforeRetry?: () => Promise<void>
}

export type Connect = (options: ConnectOptions) => Client

export const authorizationOf = ({ token }: ConnectOptions): { authorization?: string } =>
  token ? { authorization: `Bearer ${token}` } : {}

/** A stream that a library's callbacks are fed into. */
export function createFollowed<Data>(
  start: (take: { next(data: Data): void; end(reason?: unknown): void }) => () => void,
): Followed<Data> {
  const events: Data[] = []
  let end: (code: number | undefined) => void
  const ended = new Promise<number | undefined>((resolve) => {
    end = resolve
  })
  const stop = start({
    next: (data) => void events.push(data),
    end: (reason) => end(closeCodeOf(reason)),
  })
  return { events, ended, stop }
}

/** The libraries hand on the close event, wrap it, or only tell of it. */
function closeCodeOf(reason: unknown): number | undefined {
  const { code, cause, networkError, message } = (reason ?? {}) as Record<string, unknown>
  if (typeof code === 'number') return code
  const told = /\b(4\d{3}|1\d{3})\b/.exec(String(message ?? ''))?.[1]
  return closeCodeOfEither(cause ?? networkError) ?? (told ? Number(told) : undefined)
}

const closeCodeOfEither = (reason: unknown) => (reason ? closeCodeOf(reason) : undefined)
